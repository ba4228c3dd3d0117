/* The edit distance (insert, delete, replace, swap neighbours), case and '-' for '_' not counted.
 * Near enough means at most one mistake in three characters, or one in all. Pure; any thread. */
#include "config/nearest.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX ((size_t)48) /* longer words are not guessed at */

static char fold(char c) {
    return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t distance(const char *a, const char *b) {
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    size_t n = strlen(a), m = strlen(b);
    for (size_t j = 0; j <= m; j++) {
        before[j] = 0;
        last[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t replaced = last[j - 1] + (fold(a[i - 1]) != fold(b[j - 1]));
            row[j] = least(replaced, least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *free_row = before;
        before = last;
        last = row;
        row = free_row;
    }
    return last[m];
}

void nearest_start(struct nearest *n, const char *word) {
    n->word = word;
    n->best = NULL;
    n->distance = strlen(word) < 6 ? 2 : strlen(word) / 3 + 1;
}

void nearest_try(struct nearest *n, const char *candidate) {
    if (strlen(n->word) > WORD_MAX || strlen(candidate) > WORD_MAX)
        return;
    size_t d = distance(n->word, candidate);
    if (d < n->distance) {
        n->best = candidate;
        n->distance = d;
    }
}
