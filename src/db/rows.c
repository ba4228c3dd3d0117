/* A message's content as columns of a result, copied into a struct message. */
#include "db/rows.h"

#include "base/mem.h"
#include "base/str.h"

#define FITS ROWS_BYTES " <= 41943040"

_Static_assert(MESSAGE_MAX_BYTES == 41943040, "FITS repeats it");

const char ROWS_COLUMNS[] =
    "m.${id}::text, m.${claim_token}, m.${from_email}, m.${to_email},"
    " to_json(m.${cc}), to_json(m.${bcc}), to_json(m.${reply_to}), m.${subject},"
    " CASE WHEN " FITS " THEN m.${html} END, CASE WHEN " FITS " THEN m.${text} END,"
    " m.${headers}::text, CASE WHEN " FITS " THEN m.${attachments}::text END, m.${tags}::text,"
    " m.${kind}, coalesce(m.${priority}, 5), coalesce(m.${retry_count}, 0),"
    " coalesce(m.${max_attempts}, 0), coalesce(m.${unfinished_claims}, 0), " ROWS_BYTES ","
    " CASE WHEN isfinite(${m.due}) THEN (extract(epoch FROM ${m.due}) * 1000000)::bigint END,"
    " m.${request_id}::text, m.${status}";

static bool copy(const PGresult *r, int row, int col, char **dst) {
    const char *s = cell_text(r, row, col);
    *dst = mem_strdup(s);
    return *dst || !s;
}

bool rows_read(const PGresult *r, int row, int col, struct message *m, struct err *err) {
    char **const texts[] = {&m->id,          &m->from,    &m->to,   &m->cc,   &m->bcc,
                            &m->reply_to,    &m->subject, &m->html, &m->text, &m->headers,
                            &m->attachments, &m->tags,    &m->kind};
    static const int columns[] = {0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (!copy(r, row, col + columns[i], texts[i]))
            return err_nomem(err);
    m->token = cell_int(r, row, col + 1, 0);
    m->priority = (int)cell_int(r, row, col + 14, 5);
    m->retry_count = (int)cell_int(r, row, col + 15, 0);
    m->max_attempts = (int)cell_int(r, row, col + 16, 0);
    m->unfinished = (int)cell_int(r, row, col + 17, 0) - 1; /* this claim is not an earlier one */
    m->bytes = cell_int(r, row, col + 18, 0);
    m->due_us = cell_int(r, row, col + 19, INT64_MIN);
    const char *request = cell_text(r, row, col + 20);
    str_copy(m->request_id, sizeof m->request_id, request ? request : "");
    m->cancelled = str_eq(cell_text(r, row, col + 21), "cancelled");
    m->settled = str_eq(cell_text(r, row, col + 21), "sent");
    m->too_big = m->bytes > MESSAGE_MAX_BYTES;
    return true;
}
