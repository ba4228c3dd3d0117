/* What the files of src/config share: the configuration while it is being put together. */
#ifndef POSTROOM_CONFIG_INTERNAL_H
#define POSTROOM_CONFIG_INTERNAL_H

#include "config/config.h"
#include "config/keys.h"

enum layer {
    LAYER_DEFAULT,
    LAYER_FILE,
    LAYER_CREDENTIALS,
    LAYER_ENVIRONMENT,
    LAYER_FLAG
};

struct value {
    char *text;
    enum layer layer;
    char source[200];
};

struct config {
    struct settings settings;
    struct value values[CONFIG_KEY_MAX];
    char *columns[COLUMN_COUNT]; /* NULL: SPEC's name */
    const char *file;            /* the file that was read; NULL: none */
    bool secret_in_file;
};

/* Where a value was found: the layer, how it is told, how an error calls the key there. */
struct place {
    enum layer layer;
    char source[200];
    char label[280];
};

/* --- set.c: one value ------------------------------------------------------------------------ */

bool set_value(struct config *c, int i, const char *text, const struct place *p,
               struct err *err) MUST_CHECK;

/* `key` in the file's spelling, <key>_file for a secret included; *known = false where there is
 * no such key (and true is returned). */
bool set_named(struct config *c, const char *key, const char *text, const struct place *p,
               bool *known, struct err *err) MUST_CHECK;

/* The value is what the file holds, without its last line break. blank_is_absent: a file without
 * anything in it is no value; else it is an error. */
bool set_from_file(struct config *c, int i, const char *path, bool blank_is_absent,
                   const struct place *p, struct err *err) MUST_CHECK;

/* A URL without a password is no secret. */
bool holds_secret(const struct key *k, const char *text);

/* Zeroes and frees. */
void drop_text(char *text);

/* Index of the key that may have been meant, or -1. */
int nearest_key(const char *word);

/* --- layers.c: where values come from, lowest first ------------------------------------------ */

bool read_defaults(struct config *c, struct err *err) MUST_CHECK;
bool read_file(struct config *c, const char *path, struct err *err) MUST_CHECK;
bool read_usual_file(struct config *c, struct err *err) MUST_CHECK;
bool read_credentials(struct config *c, struct err *err) MUST_CHECK;
bool read_environment(struct config *c, struct err *err) MUST_CHECK;
bool read_flags(struct config *c, const struct config_flag *flags, int n,
                struct err *err) MUST_CHECK;

#endif
