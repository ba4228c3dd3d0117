/* One value: checked, copied, put into the settings, with where it came from. Main thread. */
#include "config/internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/nearest.h"

#include <string.h>

#define SECRET_FILE_MAX ((size_t)64 * 1024)

bool holds_secret(const struct key *k, const char *text) {
    if (!k->secret || *text == '\0')
        return false;
    if (!strstr(k->env, "_URL"))
        return true;
    const char *host = strstr(text, "://");
    const char *at = host ? strrchr(host, '@') : NULL;
    const char *colon = host ? strchr(host + 3, ':') : NULL;
    return strstr(text, "password") || (at && colon && colon < at);
}

void drop_text(char *text) {
    if (text)
        explicit_bzero(text, strlen(text));
    mem_free(text);
}

/* What stands before an @ may be a password, whatever the key: it is not repeated. */
static const char *tellable(const char *text, const char **dots) {
    const char *at = strrchr(text, '@');
    *dots = at ? "…" : "";
    return at ? at : text;
}

static bool refuse_value(const struct key *k, const struct place *p, const char *text,
                         const struct err *why, struct err *err) {
    if (why->code == ERR_NOMEM)
        return err_nomem(err);
    if (k->secret)
        return err_set(err, ERR_USAGE, "%s: %s", p->label, why->text);
    const char *dots, *rest = k->type == KEY_URL ? tellable(text, &dots) : (dots = "", text);
    return err_set(err, ERR_USAGE, "%s: \"%s%.60s\": %s", p->label, dots, rest, why->text);
}

bool set_value(struct config *c, int i, const char *text, const struct place *p, struct err *err) {
    const struct key *k = &config_keys[i];
    struct value *v = &c->values[i];
    struct err why;
    /* the later flag wins, as everywhere; elsewhere twice is a slip */
    if (v->text && v->layer == p->layer && p->layer != LAYER_FLAG)
        return err_set(err, ERR_USAGE, "%s: given twice, before in %s", p->label, v->source);
    char *copy = mem_strdup(text);
    if (!copy)
        return err_nomem(err);
    bool good = str_is_clean(text) ||
                err_set(&why, ERR_USAGE, "allowed is one line of UTF-8 without control bytes");
    if (!good || !key_parse(k, copy, &c->settings, &why)) {
        refuse_value(k, p, text, &why, err);
        drop_text(copy);
        return false;
    }
    drop_text(v->text);
    v->text = copy;
    v->layer = p->layer;
    str_copy(v->source, sizeof v->source, p->source);
    if (p->layer == LAYER_FILE && holds_secret(k, copy))
        c->secret_in_file = true;
    return true;
}

bool set_from_file(struct config *c, int i, const char *path, bool blank_is_absent,
                   const struct place *p, struct err *err) {
    struct buf content;
    buf_init(&content, SECRET_FILE_MAX);
    bool done = file_read(path, &content, NULL, err);
    if (!done) {
        err_wrap(err, "%s", p->label);
        if (err && err->code == ERR_IO)
            err->code = ERR_USAGE;
    } else if (strlen(buf_text(&content)) != content.len) {
        done = err_set(err, ERR_USAGE, "%s: %.200s holds a NUL byte", p->label, path);
    } else if (str_is_blank(buf_text(&content))) {
        done = blank_is_absent || err_set(err, ERR_USAGE, "%s: %.200s is empty", p->label, path);
    } else {
        bool before = c->secret_in_file; /* this one stands elsewhere */
        done = set_value(c, i, str_trim(content.data), p, err);
        c->secret_in_file = before;
    }
    if (content.data)
        explicit_bzero(content.data, content.len);
    buf_free(&content);
    return done;
}

/* Index of the secret key whose name followed by `suffix` is `name`, else -1. */
static int find_by_file(const char *name) {
    char base[64];
    size_t n = strlen(name), cut = strlen("_file");
    if (n <= cut || n >= sizeof base || strcmp(name + n - cut, "_file") != 0)
        return -1;
    str_copy(base, sizeof base, name);
    base[n - cut] = '\0';
    int i = config_key_find(base);
    return i >= 0 && config_keys[i].secret ? i : -1;
}

bool config_is_key(const char *key) {
    return config_key_find(key) >= 0 || find_by_file(key) >= 0;
}

bool set_named(struct config *c, const char *key, const char *text, const struct place *p,
               bool *known, struct err *err) {
    int i = config_key_find(key), by_file = i < 0 ? find_by_file(key) : -1;
    *known = i >= 0 || by_file >= 0;
    if (i >= 0)
        return set_value(c, i, text, p, err);
    return by_file < 0 || set_from_file(c, by_file, text, false, p, err);
}

int nearest_key(const char *word) {
    struct nearest n;
    int best = -1;
    nearest_start(&n, word);
    for (int i = 0; i < config_key_count(); i++) {
        nearest_try(&n, config_keys[i].name);
        if (n.best == config_keys[i].name)
            best = i;
    }
    return best;
}
