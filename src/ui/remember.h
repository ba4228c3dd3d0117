/* What a window had when it was left comes back at the next start: the pane, the sort and the
 * filter of the failures, the refresh, UTC or local time. It is kept in the file "dashboard" of the
 * state folder (base/state.h); the window that is left last wins. Nothing fails where it cannot be
 * read or written: then the next one starts as the first did. */
#ifndef POSTROOM_UI_REMEMBER_H
#define POSTROOM_UI_REMEMBER_H

#include "ui/internal.h"

/* At the start, once the first picture is there. A filter is announced. */
void remember_load(struct ui *ui, int64_t boot_us);

void remember_save(const struct ui *ui);

#endif
