/* What became of a message that left a list, in words: src/ui/fate.c. Pure. */
#ifndef POSTROOM_UI_FATE_H
#define POSTROOM_UI_FATE_H

#include "core/page.h"

/* "b81d…f613 was retried by bob"; the id whole where there are that many columns. */
void fate_say(const struct page *p, int cols, const char *ellipsis, char *dst, size_t size);

#endif
