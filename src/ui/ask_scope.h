/* What a retry or cancel would act on, from what stands under the cursor. Pure. */
#ifndef POSTROOM_UI_ASK_SCOPE_H
#define POSTROOM_UI_ASK_SCOPE_H

#include "ui/dialog.h"

/* Fills scope and command of d (kind: retry or cancel); false: there is nothing of that. */
bool scope_choose(struct dialog *d, const struct scene *scene, char what);

#endif
