/* Defaults, file, credentials, environment and flags become one struct settings, with the source of
 * each value.
 *
 * main calls this before any thread starts; the result is const afterwards. Errors are ERR_USAGE
 * and name the key, its place (file and line, variable or flag) and what is allowed. */
#ifndef POSTROOM_CONFIG_CONFIG_H
#define POSTROOM_CONFIG_CONFIG_H

#include "base/buf.h"
#include "core/settings.h"

struct config; /* owns the strings settings points to */

/* One "--key=value" given on the command line; key as in the file ("rate", "database_url"). */
struct config_flag {
    const char *key;
    const char *value;
};

struct config *config_load(const char *file, /* --config, or NULL to look in the usual places */
                           const struct config_flag *flags, int flag_count,
                           struct err *err) MUST_CHECK;
void config_free(struct config *c);

const struct settings *config_settings(const struct config *c);

/* "worker_name", i: the keys in order, for --help, the man page's check and `doctor`. */
struct config_key_info {
    const char *key;      /* as in the file */
    const char *env;      /* as in the environment */
    const char *fallback; /* the default as written in SPEC, "" where none */
    const char *help;     /* one line */
    bool secret;
};
int config_key_count(void);
struct config_key_info config_key_at(int i);

/* The value in force and where it came from ("default", "environment", "credential",
 * "postroom.conf:12", "flag"); secrets as "…last4". */
void config_describe(const struct config *c, int i, struct buf *value, struct buf *source);

/* The file that was read; NULL: none. */
const char *config_file(const struct config *c);

/* What is in force, row by row: every key, then the columns that the table calls otherwise.
 * Appends as config_describe does and returns the row's name. */
int config_row_count(const struct config *c);
const char *config_row(const struct config *c, int i, struct buf *value, struct buf *source);

/* Is `key` known, i.e. may it be given as a flag? */
bool config_is_key(const char *key);

#endif
