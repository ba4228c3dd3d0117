/* What `send` puts into one message: bodies and attachments from files, headers from words. Main
 * thread. */
#ifndef POSTROOM_APP_PARTS_H
#define POSTROOM_APP_PARTS_H

#include "app/options.h"
#include "base/buf.h"

/* The columns' texts; a buffer without data stands for null. */
struct parts {
    struct buf html, text;
    struct buf headers;     /* JSON object */
    struct buf attachments; /* JSON array */
};

/* From --html --text --header --attach. parts_free in any case. */
bool parts_read(struct parts *p, const struct args *args, struct err *err) MUST_CHECK;
void parts_free(struct parts *p);

/* NULL where it was not given. */
const char *parts_text(const struct buf *b);

#endif
