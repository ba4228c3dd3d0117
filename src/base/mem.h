/* Checked allocation, and the test hook "fail the n-th".
 *
 * Nothing else in postroom calls malloc and its kin. Allocation may fail: callers hand the
 * failure on as ERR_NOMEM. Any thread. */
#ifndef POSTROOM_BASE_MEM_H
#define POSTROOM_BASE_MEM_H

#include <stddef.h>

/* Zeroed memory; NULL when out of memory or when n * size overflows. A size of 0 gives 1 byte. */
void *mem_alloc(size_t size);
void *mem_array(size_t n, size_t size);

/* As realloc; on failure returns NULL and *old stays valid. New bytes are not zeroed. */
void *mem_resize(void *old, size_t size);

/* Copies; NULL in gives NULL out. */
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);

void mem_free(void *p);

/* Freed memory is kept for the next rows and bodies, up to some megabytes, which come and go by the
 * hundred: each page taken anew costs as much as filling it. At the start of the program. */
void mem_keep_some(void);

/* Gives the system back what is free; takes milliseconds. */
void mem_give_back(void);

/* Test hook: the n-th allocation from now on fails (1 = the next one); with `forever` all later
 * ones too. 0 switches it off. Not for production code. */
void mem_fail_at(unsigned long n, int forever);

/* How many blocks are alive; for leak checks in tests. */
long mem_live(void);

#endif
