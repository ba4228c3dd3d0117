/* A row's columns as JSON: see columns.h. Pure; any thread. */
#include "provider/columns.h"

#include "core/wire.h"

#include <string.h>

bool column_write(struct json_writer *w, const char *key, const char *column, column_writer *write,
                  struct err *err) {
    if (!column) {
        return true;
    }
    struct json *root = json_parse(column, strlen(column), WIRE_MAX_BODY, err);
    if (!root) {
        return err_wrap(err, "%s", key);
    }
    write(w, key, root);
    json_free(root);
    return true;
}

void column_as_is(struct json_writer *w, const char *key, const struct json *value) {
    if (json_size(value) > 0) {
        jw_key(w, key);
        jw_value(w, value);
    }
}

size_t columns_bound(const struct manifest *m) {
    size_t n = 2;
    for (int i = 0; i < m->n; i++) {
        const struct message *mail = &m->messages[i];
        const char *texts[] = {mail->from ? mail->from : m->sender,
                               mail->to,
                               mail->subject,
                               mail->html,
                               mail->text,
                               mail->id,
                               mail->id};
        const char *columns[] = {mail->cc,          mail->bcc,  mail->reply_to, mail->headers,
                                 mail->attachments, mail->tags, mail->tags};
        n += 256;
        for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
            n += json_text_bound(texts[t]);
        }
        for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
            n += columns[c] ? strlen(columns[c]) : 0;
        }
    }
    return n;
}
