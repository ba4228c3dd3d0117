/* A row as a seed: its columns in the order below, each ended by a NUL; an empty one is absent. */
#ifndef POSTROOM_TESTS_FUZZ_ROW_H
#define POSTROOM_TESTS_FUZZ_ROW_H

#include "core/message.h"

#include "fuzz/fuzz.h"

static inline char *row_column(struct seed *in) {
    char *text = seed_text(in, '\0');
    if (*text)
        return text;
    mem_free(text);
    return NULL;
}

static inline struct message row_of(struct seed *in) {
    struct message m = {.bytes = (int64_t)in->left};
    char **columns[] = {&m.id,      &m.from, &m.to,   &m.cc,      &m.bcc,         &m.reply_to,
                        &m.subject, &m.html, &m.text, &m.headers, &m.attachments, &m.tags};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        *columns[i] = row_column(in);
    m.id = m.id ? m.id : mem_strdup("1"); /* never null in the table; nor are these */
    m.to = m.to ? m.to : mem_strdup("");
    m.subject = m.subject ? m.subject : mem_strdup("");
    CHECK(m.id && m.to && m.subject);
    return m;
}

#endif
