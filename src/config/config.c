/* Defaults, file, credentials, environment and flags, laid over one another in this order: each
 * layer's values are checked and replace those below. struct config owns every text settings points
 * to. Main thread, before any other starts. */
#include "config/internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

static const struct value *value_of(const struct config *c, const char *key) {
    return &c->values[config_key_find(key)];
}

/* A lease must outlive the request it covers, and the write of its outcome. */
static bool check_lease(const struct config *c, struct err *err) {
    const struct value *lease = value_of(c, "lease"), *timeout = value_of(c, "request_timeout");
    if (c->settings.lease_ms >= 2 * c->settings.request_timeout_ms)
        return true;
    return err_set(err, ERR_USAGE,
                   "lease (%s, from %s) must be at least twice request_timeout (%s, from %s)",
                   lease->text, lease->source, timeout->text, timeout->source);
}

static bool check_columns(const struct config *c, struct err *err) {
    for (int i = 0; i < COLUMN_COUNT; i++)
        for (int j = 0; j < i; j++)
            if (strcmp(c->settings.columns[i], c->settings.columns[j]) == 0)
                return err_set(err, ERR_USAGE,
                               "%.200s: [columns] gives %s and %s the same column \"%s\"", c->file,
                               column_name((enum column)j), column_name((enum column)i),
                               c->settings.columns[i]);
    return true;
}

struct config *config_load(const char *file, const struct config_flag *flags, int flag_count,
                           struct err *err) {
    struct config *c = mem_alloc(sizeof *c);
    if (!c) {
        err_nomem(err);
        return NULL;
    }
    if (read_defaults(c, err) && (file ? read_file(c, file, err) : read_usual_file(c, err)) &&
        read_credentials(c, err) && read_environment(c, err) &&
        read_flags(c, flags, flag_count, err) && check_lease(c, err) && check_columns(c, err))
        return c;
    config_free(c);
    return NULL;
}

void config_free(struct config *c) {
    if (!c)
        return;
    for (int i = 0; i < CONFIG_KEY_MAX; i++)
        drop_text(c->values[i].text);
    for (int i = 0; i < COLUMN_COUNT; i++)
        mem_free(c->columns[i]);
    mem_free(c);
}

const struct settings *config_settings(const struct config *c) {
    return &c->settings;
}

void config_describe(const struct config *c, int i, struct buf *value, struct buf *source) {
    const struct value *v = &c->values[i];
    char redacted[64];
    if (holds_secret(&config_keys[i], v->text)) {
        str_redact(redacted, sizeof redacted, v->text);
        buf_puts(value, redacted);
    } else {
        buf_puts(value, v->text);
    }
    buf_puts(source, v->source);
}

const char *config_file(const struct config *c) {
    return c->file;
}

static int renamed_columns(const struct config *c) {
    int n = 0;
    for (int i = 0; i < COLUMN_COUNT; i++)
        n += c->columns[i] != NULL;
    return n;
}

int config_row_count(const struct config *c) {
    return config_key_count() + renamed_columns(c);
}

const char *config_row(const struct config *c, int i, struct buf *value, struct buf *source) {
    if (i < config_key_count()) {
        config_describe(c, i, value, source);
        return config_keys[i].name;
    }
    int column = 0;
    for (int left = i - config_key_count(); column < COLUMN_COUNT - 1; column++)
        if (c->columns[column] && left-- == 0)
            break;
    buf_puts(value, c->settings.columns[column]);
    buf_printf(source, "%s, [columns]", c->file);
    return column_name((enum column)column);
}
