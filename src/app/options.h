/* The command line: a table of options per command, the configuration keys as further ones
 * (--batch-size 50), and what was given of them. Main thread. */
#ifndef POSTROOM_APP_OPTIONS_H
#define POSTROOM_APP_OPTIONS_H

#include "base/err.h"
#include "base/when.h"
#include "config/config.h"

#include <stdint.h>

struct cmd;

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
    bool cmd_named; /* else `run`, because no word was given */
    bool help, version;
    const char *config_file; /* --config, else NULL */
    struct given *given;
    int given_count;
    const char **words; /* what is no option: IDs ... */
    int word_count;
    struct config_flag *flags; /* configuration keys, as in the file ("batch_size") */
    int flag_count;
    const struct config *config; /* where the settings come from; set by main for the command */
};

/* Finds the command (the first word; `run` without one) and its options. On a mistake: ERR_USAGE
 * with a hint in the text; a->cmd is what was recognised of the command. args_free in any case. */
bool args_parse(struct args *a, int argc, char **argv, struct err *err) MUST_CHECK;
void args_free(struct args *a);

bool args_has(const struct args *a, const char *name);
const char *args_value(const struct args *a,
                       const char *name); /* NULL: not given; "" for a switch */
const char *args_value_at(const struct args *a, const char *name, int i); /* the i-th, or NULL */

/* A number within low..high; *out is untouched where the option was not given. */
bool args_int(const struct args *a, const char *name, int64_t low, int64_t high, int64_t *out,
              struct err *err) MUST_CHECK;
bool args_double(const struct args *a, const char *name, double low, double high, double *out,
                 struct err *err) MUST_CHECK;

/* A time (base/when.h); *out is untouched where the option was not given. */
bool args_time(const struct args *a, const char *name, bool ago, struct when *out,
               struct err *err) MUST_CHECK;

#endif
