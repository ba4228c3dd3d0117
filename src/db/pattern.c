/* A part of a text, as a pattern for LIKE. Pure; any thread. */
#include "db/pattern.h"

void pattern_containing(char *dst, size_t size, const char *part) {
    size_t n = 0;
    dst[n++] = '%';
    for (; *part && n + 4 <= size; part++) {
        if (*part == '%' || *part == '_' || *part == '\\')
            dst[n++] = '\\';
        dst[n++] = *part;
    }
    dst[n++] = '%';
    dst[n] = '\0';
}
