/* A row's columns as JSON, whatever the provider calls them: written straight into the request's
 * body, because that is the largest thing here. Pure; any thread. */
#ifndef POSTROOM_PROVIDER_COLUMNS_H
#define POSTROOM_PROVIDER_COLUMNS_H

#include "base/json.h"
#include "core/manifest.h"

#include <stddef.h>

/* Writes a column's parsed value under that key, or whatever the provider makes of the two. */
typedef void column_writer(struct json_writer *w, const char *key, const struct json *value);

/* A column that holds JSON, written by `write`; nothing where it is NULL. */
bool column_write(struct json_writer *w, const char *key, const char *column, column_writer *write,
                  struct err *err);

/* A column_writer: as the row has it; nothing where it is empty. */
void column_as_is(struct json_writer *w, const char *key, const struct json *value);

/* Room for all messages at once: copying the body while it grows would cost more than this count.
 * JSON columns were JSON already and hardly grow. */
size_t columns_bound(const struct manifest *m);

#endif
