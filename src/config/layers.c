/* Where values come from: the defaults, the file, credentials, the environment, the flags. Each
 * layer names its own places in errors and knows its own spelling of the keys. Main thread. */
#include "config/internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/ini.h"
#include "config/nearest.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX ((size_t)256 * 1024)
#define COLUMN_MAX 63 /* PostgreSQL cuts longer names */

/* Variables that start like ours and are no keys: read by the dashboard, and by base/fault.c. */
static const char *const other_variables[] = {
    "POSTROOM_OPERATOR",
    "POSTROOM_GLYPHS",
#ifdef POSTROOM_FAULTS
    "POSTROOM_FAULT",
#endif
};

/* --- defaults ------------------------------------------------------------------------------- */

bool read_defaults(struct config *c, struct err *err) {
    struct place p = {LAYER_DEFAULT, "default", ""};
    for (int i = 0; i < config_key_count(); i++) {
        char host[65] = "";
        const char *text = config_keys[i].fallback;
        if (strcmp(config_keys[i].name, "worker_name") == 0) {
            if (gethostname(host, sizeof host - 1) != 0 || !str_is_clean(host) || *host == '\0')
                str_copy(host, sizeof host, "postroom");
            text = host;
        }
        str_format(p.label, sizeof p.label, "default of %s", config_keys[i].name);
        if (!set_value(c, i, text, &p, err))
            return false;
    }
    for (int i = 0; i < COLUMN_COUNT; i++)
        c->settings.columns[i] = column_name((enum column)i);
    return true;
}

/* --- the file ------------------------------------------------------------------------------- */

static int find_column(const char *name) {
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (strcmp(column_name((enum column)i), name) == 0)
            return i;
    return -1;
}

static bool unknown_column(const char *name, const char *where, struct err *err) {
    struct nearest n;
    if (config_is_key(name))
        return err_set(err, ERR_USAGE, "%s: %s is no column; put it above [columns]", where, name);
    nearest_start(&n, name);
    for (int i = 0; i < COLUMN_COUNT; i++)
        nearest_try(&n, column_name((enum column)i));
    return err_set(err, ERR_USAGE, "%s: unknown column \"%.60s\"%s%s%s", where, name,
                   n.best ? "; did you mean " : "; see postroom.conf(5) for all columns",
                   n.best ? n.best : "", n.best ? "?" : "");
}

static bool set_column(struct config *c, const char *name, const char *value, const char *where,
                       struct err *err) {
    int i = find_column(name);
    if (i < 0)
        return unknown_column(name, where, err);
    if (c->columns[i])
        return err_set(err, ERR_USAGE, "%s: column %s is given twice", where, name);
    if (*value == '\0' || strlen(value) > COLUMN_MAX || !str_is_clean(value))
        return err_set(err, ERR_USAGE,
                       "%s: %s: allowed is the name of a column of the table, 1 to %d bytes", where,
                       name, COLUMN_MAX);
    c->columns[i] = mem_strdup(value);
    if (!c->columns[i])
        return err_nomem(err);
    c->settings.columns[i] = c->columns[i];
    return true;
}

static bool unknown_key(const char *name, const char *where, struct err *err) {
    int i = nearest_key(name);
    return err_set(err, ERR_USAGE, "%s: unknown key \"%.60s\"%s%s%s", where, name,
                   i >= 0 ? "; did you mean " : "", i >= 0 ? config_keys[i].name : "",
                   i >= 0 ? "?" : "; see postroom.conf(5) for all keys");
}

static bool file_entry(void *context, const char *section, const char *key, char *value, int line,
                       struct err *err) {
    struct config *c = context;
    struct place p = {LAYER_FILE, "", ""};
    bool known;
    str_format(p.source, sizeof p.source, "%s:%d", c->file, line);
    str_format(p.label, sizeof p.label, "%s: %.60s", p.source, key);
    if (strcmp(section, "columns") == 0)
        return set_column(c, key, value, p.source, err);
    if (*section)
        return err_set(err, ERR_USAGE, "%s: unknown section [%.60s]; there is only [columns]",
                       p.source, section);
    if (!set_named(c, key, value, &p, &known, err))
        return false;
    return known || unknown_key(key, p.source, err);
}

/* A secret must be its owner's (and perhaps a group's) alone. */
static bool check_mode(const struct config *c, const char *path, unsigned mode, struct err *err) {
    if (!c->secret_in_file || (mode & 027) == 0)
        return true;
    return err_set(err, ERR_USAGE,
                   "%.200s holds a secret and is open to others (mode %04o); run: chmod %s %.200s",
                   path, mode, mode & 040 ? "640" : "600", path);
}

/* A name as C-string text: a NUL inside would hide what follows it. */
static bool check_text(const struct buf *text, const char *path, struct err *err) {
    if (strlen(text->data) == text->len)
        return true;
    return err_set(err, ERR_USAGE, "%.200s: no text file: it holds a NUL byte", path);
}

bool read_file(struct config *c, const char *path, struct err *err) {
    struct buf text;
    unsigned mode = 0;
    buf_init(&text, FILE_MAX);
    if (!file_read(path, &text, &mode, err)) {
        buf_free(&text);
        if (err && err->code == ERR_IO)
            err->code = ERR_USAGE;
        return false;
    }
    c->file = path;
    bool done = text.len == 0 ||
                (check_text(&text, path, err) && ini_parse(text.data, path, file_entry, c, err) &&
                 check_mode(c, path, mode, err));
    if (text.data)
        explicit_bzero(text.data, text.len);
    buf_free(&text);
    return done;
}

/* The first that is there; none is fine. One that is there and cannot be read is an error. */
bool read_usual_file(struct config *c, struct err *err) {
    static const char *const usual[] = {"postroom.conf", "/etc/postroom/postroom.conf"};
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (access(usual[i], F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
            return read_file(c, usual[i], err);
    return true;
}

/* --- credentials ---------------------------------------------------------------------------- */

/* What a service manager hands over in files (systemd's LoadCredential=): a secret each, under the
 * key's name. They come before the file, whose secrets they replace, and behind the environment. */
bool read_credentials(struct config *c, struct err *err) {
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (!folder || folder[0] != '/')
        return true;
    for (int i = 0; i < config_key_count(); i++) {
        char path[PATH_MAX];
        struct place p = {LAYER_CREDENTIALS, "", ""};
        if (!config_keys[i].secret ||
            !str_format(path, sizeof path, "%s/%s", folder, config_keys[i].name) ||
            access(path, F_OK) != 0)
            continue;
        str_copy(p.source, sizeof p.source, "credential");
        str_format(p.label, sizeof p.label, "credential %s", config_keys[i].name);
        if (!set_from_file(c, i, path, true, &p, err))
            return false;
    }
    return true;
}

/* --- the environment ------------------------------------------------------------------------ */

/* NAME -> the file's spelling of the key; false: no key of ours has that name. */
static bool key_of_variable(const char *name, char key[64]) {
    for (int i = 0; i < config_key_count(); i++) {
        const struct key *k = &config_keys[i];
        size_t n = strlen(k->env);
        if (strncmp(name, k->env, n) != 0)
            continue;
        if (name[n] == '\0')
            return str_copy(key, 64, k->name);
        if (k->secret && strcmp(name + n, "_FILE") == 0)
            return str_format(key, 64, "%s_file", k->name);
    }
    return false;
}

static bool unknown_variable(const char *name, struct err *err) {
    for (size_t i = 0; i < sizeof other_variables / sizeof other_variables[0]; i++)
        if (strcmp(name, other_variables[i]) == 0)
            return true;
    int i = nearest_key(name + strlen("POSTROOM_"));
    return err_set(err, ERR_USAGE, "environment: unknown variable %.80s%s%s%s", name,
                   i >= 0 ? "; did you mean " : "", i >= 0 ? config_keys[i].env : "",
                   i >= 0 ? "?" : "; see postroom.conf(5) for all keys");
}

static bool read_variable(struct config *c, const char *entry, struct err *err) {
    char name[128], key[64];
    const char *equals = strchr(entry, '=');
    size_t n = equals ? (size_t)(equals - entry) : 0;
    if (n == 0 || n >= sizeof name)
        return true;
    memcpy(name, entry, n);
    name[n] = '\0';
    if (!key_of_variable(name, key))
        return !str_starts(name, "POSTROOM_") || unknown_variable(name, err);
    struct place p = {LAYER_ENVIRONMENT, "environment", ""};
    bool known;
    str_copy(p.label, sizeof p.label, name);
    /* empty is how compose files and shells write "not given" */
    return equals[1] == '\0' || set_named(c, key, equals + 1, &p, &known, err);
}

bool read_environment(struct config *c, struct err *err) {
    for (char **e = environ; e && *e; e++)
        if (!read_variable(c, *e, err))
            return false;
    return true;
}

/* --- the flags ------------------------------------------------------------------------------ */

bool read_flags(struct config *c, const struct config_flag *flags, int n, struct err *err) {
    for (int i = 0; i < n; i++) {
        struct place p = {LAYER_FLAG, "flag", ""};
        bool known;
        str_format(p.label, sizeof p.label, "--%.60s", flags[i].key);
        for (char *dash = p.label; *dash; dash++)
            if (*dash == '_')
                *dash = '-';
        if (!set_named(c, flags[i].key, flags[i].value, &p, &known, err))
            return false;
        if (!known)
            return unknown_key(flags[i].key, "flag", err);
    }
    return true;
}
