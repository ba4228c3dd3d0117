/* What an operator types to see less of a list: "to:shop err:timeout older:1h". Pure. */
#include "core/command.h"

#include "base/clock.h"
#include "base/str.h"

#include <string.h>

bool filter_is_empty(const struct filter *f) {
    return f->error_code[0] == '\0' && f->to[0] == '\0' && f->text[0] == '\0' &&
           f->error[0] == '\0' && f->id[0] == '\0' && f->since_us == 0 && f->until_us == 0;
}

static bool set_text(char *dst, size_t size, const char *name, const char *value, struct err *err) {
    if (value[0] == '\0')
        return err_set(err, ERR_USAGE, "%s what? Nothing stands behind the colon", name);
    if (dst[0] != '\0')
        return err_set(err, ERR_USAGE, "%s stands there twice", name);
    if (!str_copy(dst, size, value))
        return err_set(err, ERR_USAGE, "%s that is too long, at most %zu characters", name,
                       size - 1);
    return true;
}

static bool set_older(struct filter *f, const char *value, int64_t now_us, struct err *err) {
    int64_t ms;
    if (!str_to_duration_ms(value, &ms) || ms <= 0)
        return err_set(err, ERR_USAGE,
                       "older:%s is no time: older:90s, older:5m, older:1h, older:2d", value);
    f->until_us = now_us - ms * USEC_PER_MS;
    if (f->until_us < 1)
        f->until_us = 1;
    return true;
}

static bool add_plain(struct filter *f, const char *word, struct err *err) {
    size_t used = strlen(f->text);
    if (!str_format(f->text + used, sizeof f->text - used, "%s%s", used > 0 ? " " : "", word))
        return err_set(err, ERR_USAGE, "the text is too long, at most %zu characters",
                       sizeof f->text - 1);
    return true;
}

static bool add_word(struct filter *f, const char *word, int64_t now_us, struct err *err) {
    if (str_starts(word, "to:"))
        return set_text(f->to, sizeof f->to, "to:", word + 3, err);
    if (str_starts(word, "err:"))
        return set_text(f->error, sizeof f->error, "err:", word + 4, err);
    if (str_starts(word, "id:"))
        return set_text(f->id, sizeof f->id, "id:", word + 3, err);
    if (str_starts(word, "older:"))
        return set_older(f, word + 6, now_us, err);
    return add_plain(f, word, err);
}

bool filter_parse(struct filter *f, const char *words, int64_t now_us, struct err *err) {
    struct filter next = {0};
    char copy[256], *rest = copy, *word;
    str_copy(next.status, sizeof next.status, f->status);
    if (!str_copy(copy, sizeof copy, words))
        return err_set(err, ERR_USAGE, "that is too long for a filter");
    while ((word = strsep(&rest, " \t")) != NULL)
        if (word[0] != '\0' && !add_word(&next, word, now_us, err))
            return false;
    *f = next;
    return true;
}
