/* "Please do this": a fixed-size record from a key, a subcommand or a request. */
#ifndef POSTROOM_CORE_COMMAND_H
#define POSTROOM_CORE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

enum command_kind {
    COMMAND_NONE,
    COMMAND_PAUSE, /* worker: "" = all; text = the reason */
    COMMAND_RESUME,
    COMMAND_TRIGGER,   /* process now; a parked lane tries one request */
    COMMAND_RETRY,     /* failed -> pending: one id, or what the filter names */
    COMMAND_CANCEL,    /* pending/failed -> cancelled */
    COMMAND_MARK_SENT, /* uncertain -> sent: an operator knows that it went out */
};

/* Which messages, where no id is given. Everything empty = all the command may touch. */
struct filter {
    char error_code[64];
    char to[128];       /* part of the recipient */
    int64_t since_us;   /* created at or after; 0: any */
    int64_t until_us;   /* failed (or created, for cancel) at or before: fixed when a dialog
                           opened; 0: now */
    bool uncertain_too; /* else uncertain ones are left out unless error_code names them */
};

struct command {
    int64_t id; /* given by the sender; answers carry it */
    enum command_kind kind;
    char message_id[72]; /* "" : the filter decides */
    struct filter filter;
    char worker[128]; /* pause, resume: one worker's name; "" = all */
    char text[200];   /* the reason of a pause */
    char operator_name[64];
};

const char *command_name(enum command_kind kind); /* "pause", "retry", ... */

#endif
