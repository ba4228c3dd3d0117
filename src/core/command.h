/* "Please do this": a fixed-size record from a key, a subcommand or a request. */
#ifndef POSTROOM_CORE_COMMAND_H
#define POSTROOM_CORE_COMMAND_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum command_kind {
    COMMAND_NONE,
    COMMAND_PAUSE, /* worker: "" = all; text = the reason */
    COMMAND_RESUME,
    COMMAND_TRIGGER,   /* process now; a parked lane tries one request */
    COMMAND_RETRY,     /* failed -> pending: one id, or what the filter names */
    COMMAND_CANCEL,    /* pending/failed -> cancelled */
    COMMAND_MARK_SENT, /* uncertain -> sent: an operator knows that it went out */
    COMMAND_UNDO,      /* what the last retry or cancel of this window changed, as far as it is
                          not taken yet */
};

/* Which messages, where no id is given. Everything empty = all the command may touch. */
struct filter {
    char error_code[64];
    char to[128];       /* part of the recipient */
    int64_t since_us;   /* created at or after; 0: any */
    int64_t until_us;   /* failed (or created, for cancel) at or before: fixed when a dialog
                           opened; 0: now */
    bool uncertain_too; /* else uncertain ones are left out unless error_code names them */

    /* a list's, in a window: */
    char status[16]; /* "" : failed ones (cancel without an error_code: pending ones), else as
                        `list --status` names them */
    char text[128];  /* part of the recipient, the subject or the error */
    char error[64];  /* part of the error's code or words */
    char id[72];     /* how the id begins */
};

#define COMMAND_IDS 100

struct command {
    int64_t id; /* given by the sender; answers carry it */
    enum command_kind kind;
    char message_id[72]; /* "" : the tagged ones, or what the filter names */
    int id_count;        /* of ids; 0: none are tagged */
    char ids[COMMAND_IDS][72];
    struct filter filter;
    int64_t named;    /* how many the filter held when somebody said yes; 0: nobody was asked */
    char worker[128]; /* pause, resume: one worker's name; "" = all */
    char text[200];   /* the reason of a pause */
    char operator_name[64];
};

const char *command_name(enum command_kind kind); /* "pause", "retry", ... */

/* Does it name less than its list holds? Its status and `uncertain_too` do not count. */
bool filter_is_empty(const struct filter *f);

/* "to:shop err:invalid older:1h lea" -> the members above; the status stays. A word without a name
 * is part of anything. false: err says which word is no good and what is. */
bool filter_parse(struct filter *f, const char *words, int64_t now_us, struct err *err) MUST_CHECK;

#endif
