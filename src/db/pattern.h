/* A part of a text, as a pattern for LIKE. */
#ifndef POSTROOM_DB_PATTERN_H
#define POSTROOM_DB_PATTERN_H

#include <stddef.h>

#define PATTERN_MAX 264

/* "%part%", with what LIKE takes for a sign taken as itself; a part that is too long is cut. */
void pattern_containing(char *dst, size_t size, const char *part);

#endif
