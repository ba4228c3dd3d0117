/* The file format: `key = value` lines, `[section]`, comments. Private to src/config. */
#ifndef POSTROOM_CONFIG_INI_H
#define POSTROOM_CONFIG_INI_H

#include "base/err.h"

/* Called per `key = value`; section is "" before the first. false ends the parse. */
typedef bool ini_entry(void *context, const char *section, const char *key, char *value, int line,
                       struct err *err);

/* Takes the text apart in place. Errors name `file` and the line. */
bool ini_parse(char *text, const char *file, ini_entry *entry, void *context,
               struct err *err) MUST_CHECK;

#endif
