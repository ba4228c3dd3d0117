/* See tags.h. Pure; any thread. */
#include "provider/tags.h"

#include "base/crypto.h"
#include "base/str.h"
#include "core/wire.h"

#include <string.h>

#define TAG_HEX "hex-"

static bool is_tag_text(const char *s) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-";
    size_t n = strspn(s, allowed);
    return s[n] == '\0' && n <= TAG_MAX;
}

bool tag_id(char dst[TAG_MAX + 1], const char *id) {
    if (is_tag_text(id) && !str_starts(id, TAG_HEX)) {
        return str_copy(dst, TAG_MAX + 1, id);
    }
    size_t head = strlen(TAG_HEX);
    size_t n = strlen(id);
    if (head + 2 * n > TAG_MAX) {
        return false;
    }
    memcpy(dst, TAG_HEX, head);
    crypto_hex(dst + head, (const unsigned char *)id, n);
    return true;
}

static bool tag_fits(const char *name, const char *value, const char *provider, struct err *err) {
    if (!name || !value || name[0] == '\0' || !is_tag_text(name) || !is_tag_text(value)) {
        return err_set(err, ERR_INVALID,
                       "tag \"%.60s\": %s takes ASCII letters, digits, _ and - only, at most "
                       "256 of them, in names and values",
                       name ? name : "", provider);
    }
    if (str_eq(name, TAG_ID)) {
        return err_set(err, ERR_INVALID, "tag \"" TAG_ID "\" is postroom's own: rename yours");
    }
    return true;
}

static bool column_fits(const char *tags, int most, const char *provider, struct err *err) {
    if (!tags) {
        return true;
    }
    struct json *root = json_parse(tags, strlen(tags), WIRE_MAX_BODY, err);
    bool ok = root && (json_size(root) < most ||
                       err_set(err, ERR_INVALID, "%d tags: %s takes %d besides the message's id",
                               json_size(root), provider, most - 1));
    for (const struct json *tag = json_first(root); ok && tag; tag = json_next(tag)) {
        ok = tag_fits(json_key(tag), json_text(tag), provider, err);
    }
    json_free(root);
    return ok;
}

bool tags_fit(const struct message *m, int most, const char *provider, char code[64],
              struct err *err) {
    char id[TAG_MAX + 1];
    if (!tag_id(id, m->id)) {
        str_copy(code, 64, "rejected:invalid_id");
        return err_set(err, ERR_INVALID, "the id is too long for a tag of %s's (126 bytes)",
                       provider);
    }
    if (!column_fits(m->tags, most, provider, err)) {
        str_copy(code, 64, "rejected:invalid_tags");
        return false;
    }
    return true;
}

static void write_tag(struct json_writer *w, const char *name, const char *value, const char *tag,
                      const char *text) {
    jw_object(w);
    jw_kv_text(w, name, tag);
    jw_kv_text(w, value, text);
    jw_object_end(w);
}

bool tags_write(struct json_writer *w, const char *key, const char *name, const char *value,
                const struct message *m, struct err *err) {
    char id[TAG_MAX + 1] = "";
    (void)tag_id(id, m->id);
    struct json *root = m->tags ? json_parse(m->tags, strlen(m->tags), WIRE_MAX_BODY, err) : NULL;
    if (m->tags && !root) {
        return err_wrap(err, "tags");
    }
    jw_key(w, key);
    jw_array(w);
    write_tag(w, name, value, TAG_ID, id);
    for (const struct json *tag = json_first(root); tag; tag = json_next(tag)) {
        write_tag(w, name, value, json_key(tag), json_text(tag));
    }
    jw_array_end(w);
    json_free(root);
    return true;
}
