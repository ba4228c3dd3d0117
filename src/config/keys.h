/* The table of configuration keys, private to src/config. */
#ifndef POSTROOM_CONFIG_KEYS_H
#define POSTROOM_CONFIG_KEYS_H

#include "core/settings.h"

#include <stddef.h>

enum key_type {
    KEY_TEXT,     /* const char * */
    KEY_MAILBOX,  /* const char *: "Name <a@b>" */
    KEY_URL,      /* const char *: http or https, trailing slashes taken off */
    KEY_SMTP,     /* const char *: smtp:// or smtps://, may hold a password */
    KEY_PATH,     /* const char *: a file that can be read */
    KEY_NAME,     /* const char *: low..high bytes */
    KEY_TOKEN,    /* const char *: low..high characters that may stand in a header, no blanks */
    KEY_ORIGINS,  /* const char *: "*" or https://app.example, several with commas */
    KEY_INT,      /* int */
    KEY_COUNT,    /* int64_t */
    KEY_NUMBER,   /* double */
    KEY_SHARE,    /* double 0..1, written "10 %" or "0.1" */
    KEY_DURATION, /* int64_t milliseconds */
    KEY_SPAN,     /* two int64_t in a row, milliseconds: "30s..1h" */
    KEY_CHOICE,   /* enum: the place of the word in `words` */
};

struct key {
    const char *name;     /* as in the file; a flag has dashes for underscores */
    const char *env;      /* as in the environment */
    const char *fallback; /* the default as SPEC writes it */
    enum key_type type;
    size_t offset;     /* of the field in struct settings */
    double low, high;  /* what is allowed; durations in ms */
    const char *words; /* KEY_CHOICE: "hold retry"; numbers: the word that stands for 0 */
    bool secret;
    const char *help;
};

extern const struct key config_keys[];

#define CONFIG_KEY_MAX 64 /* room for arrays by key; keys.c checks it */

/* Index of the key with that name (file spelling) or -1. */
int config_key_find(const char *name);

/* The text becomes the settings' field. `text` must outlive the settings. On failure err says what
 * is allowed, without naming key or place. KEY_URL may shorten the text in place. */
bool key_parse(const struct key *k, char *text, struct settings *s, struct err *err) MUST_CHECK;

#endif
