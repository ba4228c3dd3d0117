/* "Did you mean ...?": the known word nearest to a mistyped one. Pure. */
#ifndef POSTROOM_CONFIG_NEAREST_H
#define POSTROOM_CONFIG_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *word;
    const char *best; /* NULL while nothing tried is near enough */
    size_t distance;
};

void nearest_start(struct nearest *n, const char *word);
void nearest_try(struct nearest *n, const char *candidate);

#endif
