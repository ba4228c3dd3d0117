/* The command line: a table of options per command, the configuration keys as further ones
 * (--batch-size 50), and what was given of them. Main thread. */
#ifndef POSTROOM_APP_OPTIONS_H
#define POSTROOM_APP_OPTIONS_H

#include "base/err.h"
#include "config/config.h"

#include <stdint.h>

struct option {
    const char *name;     /* "dry-run"; NULL ends the table */
    const char *argument; /* "FILE": it takes a value; NULL: it is a switch */
    const char *help;     /* one line */
    bool many;            /* may be given more than once */
};

struct given {
    const struct option *option;
    const char *value; /* NULL for a switch */
};

/* A command line taken apart; the strings are argv's. */
struct args {
    const struct cmd *cmd;
    bool help, version;
    const char *config_file; /* --config, else NULL */
    struct given *given;
    int given_count;
    const char **words; /* what is no option: IDs ... */
    int word_count;
    struct config_flag *flags; /* configuration keys, as in the file ("batch_size") */
    int flag_count;
    char (*keys)[64]; /* flags' names, dashes turned to underscores */
};

/* Finds the command (the first word; `run` without one) and its options. On a mistake: ERR_USAGE,
 * text with a hint, and a->cmd is the command meant as far as it was recognised. */
bool args_parse(struct args *a, int argc, char **argv, struct err *err) MUST_CHECK;
void args_free(struct args *a);

bool args_has(const struct args *a, const char *name);
const char *args_value(const struct args *a, const char *name); /* the last; NULL: not given */
const char *args_value_at(const struct args *a, const char *name, int i); /* the i-th, or NULL */

/* A whole number within low..high; *out is untouched where the option was not given. */
bool args_int(const struct args *a, const char *name, int64_t low, int64_t high, int64_t *out,
              struct err *err) MUST_CHECK;

/* A time: ISO 8601 ("2026-11-21T23:00", UTC unless it says otherwise), a date, or a distance
 * ("10m", "2d") from now: before it where `ago`, else after it ("+10m" is the same). */
bool args_time(const struct args *a, const char *name, bool ago, int64_t *wall_us,
               struct err *err) MUST_CHECK;

/* `postroom --help` and `postroom COMMAND --help`, to stdout. */
void help_print_all(void);
void help_print(const struct cmd *cmd);

#endif
