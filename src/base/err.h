/* The one error carrier: a code to decide by, a sentence to show.
 *
 * Every fallible function returns bool (true: done) and takes a `struct err *` as its last
 * argument, filled only on failure. Nothing here allocates. Any thread. */
#ifndef POSTROOM_BASE_ERR_H
#define POSTROOM_BASE_ERR_H

#include <stdbool.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum err_code {
    ERR_NONE = 0,
    ERR_USAGE,    /* bad flags or configuration: exit 2 */
    ERR_NOMEM,    /* an allocation failed */
    ERR_IO,       /* a file, socket or process */
    ERR_AWAY,     /* the database cannot be reached or went away: try again later */
    ERR_SCHEMA,   /* the database's schema is missing, too old or too new */
    ERR_DB,       /* the database refused a statement */
    ERR_INVALID,  /* data that cannot be used (a row, an answer, a document) */
    ERR_NOTFOUND, /* what was named does not exist */
};

struct err {
    enum err_code code;
    char sqlstate[6]; /* with ERR_DB and ERR_AWAY where the server gave one, else "" */
    char text[512];   /* one line, no trailing newline, says what to do where that is known */
};

/* Fills *err (which may be NULL) and returns false, so that callers write `return err_set(...)`. */
bool err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "prefix: " before the text already there; returns false. */
bool err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The common case: out of memory. Returns false. */
bool err_nomem(struct err *err);

#endif
