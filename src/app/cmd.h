/* A command: what it is called, what it takes, what it does. One const descriptor per cmd_*.c,
 * registered by one line in main.c; --help is made from it, so it cannot lie. */
#ifndef POSTROOM_APP_CMD_H
#define POSTROOM_APP_CMD_H

#include "app/options.h"
#include "core/settings.h"

/* SPEC section 3. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,    /* the work failed */
    EXIT_USAGE = 2,     /* bad usage or configuration */
    EXIT_IN_FLIGHT = 3, /* stopped with mail still in flight */
    EXIT_KILLED = 130,  /* second signal */
};

struct cmd {
    const char *name;
    const char *arguments;        /* after the name in the usage line: "ID..."; "" for none */
    const char *summary;          /* one line, for `postroom --help` */
    const char *details;          /* more for its own --help, lines of at most 78; may be NULL */
    const struct option *options; /* ends with a row without a name; NULL: none of its own */
    int max_words;                /* how many words (IDs ...) may follow; -1: any number */
    bool no_settings;             /* true: the configuration is not read, run gets NULL */

    /* Returns an exit code. */
    int (*run)(const struct args *args, const struct settings *settings);
};

/* Every command, `run` (the default) first; ends with NULL. */
extern const struct cmd *const commands[];

extern const struct cmd cmd_run, cmd_watch, cmd_migrate, cmd_send, cmd_status, cmd_list, cmd_show,
    cmd_why, cmd_retry, cmd_cancel, cmd_mark_sent, cmd_suppress, cmd_unsuppress, cmd_suppressions,
    cmd_prune, cmd_pause, cmd_resume, cmd_trigger, cmd_sandbox, cmd_demo, cmd_doctor;

/* "postroom: <text>" on stderr, one line, cleaned; returns the exit code the error stands for. */
int cmd_fail(const struct err *err);

/* A mistake in the command line: the same, with "see `postroom NAME --help`"; EXIT_USAGE. */
int cmd_usage(const struct cmd *cmd, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
