/* What an examination found, one sentence each, and what to do about it. Filled by whoever looks
 * (db, provider, doctor), in the order in which it is to be read. One owner, one thread. */
#ifndef POSTROOM_CORE_FINDINGS_H
#define POSTROOM_CORE_FINDINGS_H

#include "base/err.h"

enum finding_level {
    FINDING_OK,
    FINDING_NOTE,    /* works; worth knowing or doing all the same */
    FINDING_UNKNOWN, /* cannot be known from here */
    FINDING_MEND,    /* keeps mail from being sent, now or soon */
};

struct finding {
    enum finding_level level;
    const char *check; /* "database.version": constant, the same in every version */
    char text[400];
    char remedy[400]; /* what to do; "" where there is nothing to do */
};

struct findings {
    struct finding *all;
    int n;
    int room;
    bool failed; /* out of memory: some are missing */
};

const char *finding_level_name(enum finding_level level); /* "ok", "note", "unknown", "mend" */

void findings_init(struct findings *f);
void findings_free(struct findings *f);

/* check must be a constant. Texts from outside come out as one line. */
void findings_add(struct findings *f, enum finding_level level, const char *check, const char *fmt,
                  ...) PRINTF_LIKE(4, 5);

/* What to do about the last one. */
void findings_remedy(struct findings *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

int findings_count(const struct findings *f, enum finding_level level);

#endif
