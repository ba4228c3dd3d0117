/* What the demonstration's processes see of our environment: everything but settings that would
 * lead them to another database, provider or file. */
#include "demo/internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

extern char **environ;

#define SPARE 16 /* settings of our own */

static const char *const foreign[] = {"DATABASE_URL", "LISTEN_DATABASE_URL", "PG",   "POSTROOM_",
                                      "RESEND_",      "SENDGRID_",           "AWS_", "SMTP_",
                                      "SES_",         "STATE_DIRECTORY="};

/* These say how the screen looks, not where the mail goes. */
static const char *const kept[] = {"POSTROOM_GLYPHS=", "POSTROOM_OPERATOR="};

static bool starts_with_any(const char *s, const char *const *prefixes, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (str_starts(s, prefixes[i]))
            return true;
    return false;
}

static bool is_ours(const char *setting) {
    return starts_with_any(setting, kept, sizeof kept / sizeof kept[0]) ||
           !starts_with_any(setting, foreign, sizeof foreign / sizeof foreign[0]);
}

bool environment_make(struct demo *d, struct err *err) {
    size_t n = 0, used = 0;
    while (environ && environ[n])
        n++;
    d->env = mem_array(n + SPARE + 1, sizeof *d->env);
    if (!d->env)
        return err_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (!is_ours(environ[i]))
            continue;
        d->env[used] = mem_strdup(environ[i]);
        if (!d->env[used++])
            return err_nomem(err);
    }
    return true;
}

bool environment_set(struct demo *d, const char *name, const char *value, struct err *err) {
    struct buf b;
    size_t n = 0;
    while (d->env[n])
        n++;
    buf_init(&b, 1024);
    buf_printf(&b, "%s=%s", name, value);
    d->env[n] = buf_take(&b);
    buf_free(&b);
    return d->env[n] ? true : err_nomem(err);
}

void environment_free(struct demo *d) {
    for (size_t i = 0; d->env && d->env[i]; i++)
        mem_free(d->env[i]);
    mem_free(d->env);
    d->env = NULL;
}
