/* Pages of each list: what stands in them, in which order, and that none of it comes twice or not
 * at all; one message; the journal; taking a change back. */
#include "base/json.h"
#include "core/page.h"
#include "db/page.h"
#include "db/undo.h"
#include "unit/db/database.h"

static struct page *ask(struct db *db, const struct page_want *want) {
    struct buf doc;
    buf_init(&doc, 8 << 20);
    done(page_read(db, want, &doc, &err));
    struct page *p = page_parse(want, buf_text(&doc), doc.len, &err);
    if (!p)
        fail_msg("%s", err.text);
    buf_free(&doc);
    return p;
}

/* The subjects of all pages, page by page of `limit`: "a b|c". */
static void pages_are(struct db *db, struct page_want want, int limit, const char *expected) {
    struct buf seen;
    buf_init(&seen, 1 << 20);
    want.kind = PAGE_LIST;
    want.limit = limit;
    for (bool more = true; more;) {
        struct page *p = ask(db, &want);
        for (int i = 0; i < p->row_count; i++)
            buf_printf(&seen, "%s%s", i > 0 ? " " : "", p->rows[i].subject);
        more = p->more;
        if (more)
            buf_puts(&seen, "|");
        str_copy(want.after, sizeof want.after, p->after);
        page_free(p);
    }
    assert_string_equal(buf_text(&seen), expected);
    buf_free(&seen);
}

static struct page_want list(const char *status, const char *code) {
    struct page_want want = {.kind = PAGE_LIST};
    str_copy(want.filter.status, sizeof want.filter.status, status);
    str_copy(want.filter.error_code, sizeof want.filter.error_code, code);
    return want;
}

/* Ties in every order's first column, so that the id decides. */
static void fill(void) {
    sql("DELETE FROM email_messages; DELETE FROM postroom.journal; DELETE FROM postroom.attempts;"
        "INSERT INTO email_messages (id, to_email, subject, html, status, priority, created_at,"
        "  scheduled_at, failed_at, error_code, error_message, next_attempt_at, lease_expires_at,"
        "  updated_at, sent_at) SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, "
        "'0'))::uuid,"
        "  w || n || '@x.org', w || n, '<p>hi</p>',"
        "  CASE w WHEN 'p' THEN 'pending' WHEN 's' THEN 'pending' WHEN 'w' THEN 'processing'"
        "   WHEN 'c' THEN 'cancelled' WHEN 'o' THEN 'sent' ELSE 'failed' END,"
        "  n % 3, now() - interval '1 h', CASE w WHEN 's' THEN now() + interval '1 h' END,"
        "  CASE WHEN w IN ('f', 'u', 'r') THEN now() - (n / 2) * interval '1 min' END,"
        "  CASE w WHEN 'f' THEN 'bad' WHEN 'u' THEN 'uncertain' WHEN 'r' THEN 'timeout' END,"
        "  CASE WHEN w IN ('f', 'u', 'r') THEN 'no 100% luck' END,"
        "  CASE w WHEN 'r' THEN now() + interval '1 min' END,"
        "  CASE w WHEN 'w' THEN now() + interval '1 min' END, now(),"
        "  CASE w WHEN 'o' THEN now() END"
        " FROM unnest('{p,s,w,f,u,r,c,o}'::text[]) WITH ORDINALITY AS k (w, base),"
        "  generate_series((base * 10)::int, (base * 10)::int + 4) n;"
        "INSERT INTO postroom.attempts (message_id, outcome, attempt, worker, at)"
        " SELECT id::text, 'sent', 1, 'w', now() FROM email_messages WHERE status = 'sent'"
        "  ORDER BY id;");
}

static void every_list_page_by_page(void **state) {
    (void)state;
    struct db *db = open_db(DB_TOOL);
    fill();
    static const struct {
        const char *status, *code, *whole;
    } lists[] = {
        {"pending", "", "p12 p10 p13 p11 p14"},
        {"scheduled", "", "s20 s21 s22 s23 s24"},
        {"processing", "", "w30 w31 w32 w33 w34"},
        {"", "bad", "f41 f40 f43 f42 f44"},
        {"uncertain", "", "u51 u50 u53 u52 u54"},
        {"retrying", "", "r60 r61 r62 r63 r64"},
        {"cancelled", "", "c74 c73 c72 c71 c70"},
        {"sent", "", "o84 o83 o82 o81 o80"},
        {"failed", "", "f41 f40 f43 f42 f44 u51 u50 u53 u52 u54 r61 r60 r63 r62 r64"},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        char split[200], *to = split;
        for (const char *p = lists[i].whole; *p; p++)
            *to++ = *p;
        *to = '\0';
        struct page_want want = list(lists[i].status, lists[i].code);
        if (!str_eq(lists[i].status, "sent")) /* looks at attempts of all kinds: in one go */
            pages_are(db, want, 200, lists[i].whole);
        int words = 0;
        for (char *p = split; *p; p++)
            if (*p == ' ' && ++words % 2 == 0)
                *p = '|';
        if (!str_eq(lists[i].status, "sent"))
            pages_are(db, want, 2, split);
    }
    db_free(db);
}

static void nothing_undated_is_lost(void **state) {
    (void)state;
    struct db *db = open_db(DB_TOOL);
    fill();
    sql("UPDATE email_messages SET failed_at = NULL WHERE subject IN ('f40', 'f44')");
    pages_are(db, list("", "bad"), 200, "f41 f43 f42 f44 f40");
    sql("UPDATE email_messages SET error_code = NULL WHERE subject LIKE 'f%'");
    pages_are(db, list("", "(none)"), 200, "f41 f43 f42 f44 f40");
    db_free(db);
}

static void filters(void **state) {
    (void)state;
    struct db *db = open_db(DB_TOOL);
    fill();
    struct page_want want = list("", "");
    str_copy(want.filter.to, sizeof want.filter.to, "F4");
    pages_are(db, want, 200, "f41 f40 f43 f42 f44");
    want = list("", "");
    str_copy(want.filter.error, sizeof want.filter.error, "uncert");
    pages_are(db, want, 200, "u51 u50 u53 u52 u54");
    want = list("", "");
    str_copy(want.filter.text, sizeof want.filter.text, "100% l");
    str_copy(want.filter.id, sizeof want.filter.id, "00000000-0000-4000-8000-00000000004");
    pages_are(db, want, 200, "f41 f40 f43 f42 f44");
    want = list("", "bad");
    want.filter.until_us = 1;
    pages_are(db, want, 200, "");
    want = list("nonsense", "");
    want.limit = 1;
    struct buf doc;
    buf_init(&doc, 1 << 20);
    assert_false(page_read(db, &want, &doc, &err));
    assert_string_equal(err.text, "there is no list of nonsense messages");
    buf_free(&doc);
    db_free(db);
}

static void one_message_and_the_journal(void **state) {
    (void)state;
    struct db *db = open_db(DB_TOOL);
    fill();
    sql("INSERT INTO postroom.attempts (message_id, outcome, attempt, worker, ms, request_id,"
        "  position, members, error) VALUES ('00000000-0000-4000-8000-000000000040', 'failed', 1,"
        "  'mail01', 310, gen_random_uuid(), 1, 3, 'no');"
        "INSERT INTO postroom.journal (who, what, filter) VALUES ('bob',"
        "  'retried 00000000-0000-4000-8000-000000000040',"
        "  '{\"ids\":[\"00000000-0000-4000-8000-000000000040\"]}'), ('eve', 'paused', NULL);"
        "UPDATE email_messages SET attachments = '[{\"filename\":\"f\",\"content\":\"QUJD\"}]'"
        "  WHERE subject = 'f40'");
    struct page_want want = {.kind = PAGE_MESSAGE, .id = "00000000-0000-4000-8000-000000000040"};
    struct page *p = ask(db, &want);
    assert_string_equal(p->message.row.to, "f40@x.org");
    assert_string_equal(p->message.html, "<p>hi</p>");
    assert_string_equal(p->message.why, "final: waits for somebody (r retries it)");
    assert_int_equal(p->message.history_count, 3);
    assert_string_equal(p->message.history[2].what, "created by the application");
    int done_by = p->message.history[0].attempt ? 1 : 0;
    assert_string_equal(p->message.history[done_by].what, "retried it");
    assert_true(p->message.history[1 - done_by].seconds > 0.3);
    assert_int_equal(p->message.history[1 - done_by].of, 3);
    assert_int_equal(p->message.file_count, 1);
    assert_int_equal(p->message.files[0].bytes, 3);
    assert_int_equal(p->message.bytes, 12);
    page_free(p);
    struct page_want log = {.kind = PAGE_JOURNAL, .limit = 1};
    p = ask(db, &log);
    assert_string_equal(p->journal[0].who, "eve");
    assert_true(p->more);
    str_copy(log.after, sizeof log.after, p->after);
    page_free(p);
    p = ask(db, &log);
    assert_string_equal(p->journal[0].who, "bob");
    page_free(p);
    log = (struct page_want){.kind = PAGE_JOURNAL, .limit = 9, .filter = {.text = "EV"}};
    p = ask(db, &log);
    assert_int_equal(p->journal_count, 1);
    page_free(p);
    want = (struct page_want){.kind = PAGE_MESSAGE, .id = "no such id"};
    struct buf doc;
    buf_init(&doc, 1 << 20);
    assert_false(page_read(db, &want, &doc, &err));
    assert_int_equal(err.code, ERR_NOTFOUND);
    buf_free(&doc);
    db_free(db);
}

/* What a list "" of this code hears about f40; "who what", the status now. */
static void fate_is(struct db *db, const char *list_status, const char *deed, const char *status) {
    struct page_want want = {.kind = PAGE_FATE, .id = "00000000-0000-4000-8000-000000000040"};
    char said[200] = "";
    str_copy(want.filter.error_code, sizeof want.filter.error_code, "bad");
    str_copy(want.filter.status, sizeof want.filter.status, list_status);
    want.filter.since_us = 1;
    struct page *p = ask(db, &want);
    if (p->journal_count > 0)
        str_format(said, sizeof said, "%s %s", p->journal[0].who, p->journal[0].what);
    assert_string_equal(said, deed);
    assert_string_equal(p->message.row.status, status);
    page_free(p);
}

static void what_became_of_a_message(void **state) {
    (void)state;
    struct db *db = open_db(DB_TOOL);
    struct admin_totals t;
    fill();
    fate_is(db, "", "", "failed");
    struct admin_choice others = {.filter = {.error_code = "bad", .to = "f44"}};
    done(admin_change(db, COMMAND_RETRY, "eve", &others, NULL, NULL, &t, &err));
    fate_is(db, "", "", "failed"); /* hers named others */
    others = (struct admin_choice){.filter = {.error_code = "timeout"}};
    done(admin_change(db, COMMAND_RETRY, "eve", &others, NULL, NULL, &t, &err));
    fate_is(db, "", "", "failed");
    struct admin_choice its = {.filter = {.error_code = "bad", .to = "F4", .text = "Luck"}};
    done(admin_change(db, COMMAND_RETRY, "bob", &its, NULL, NULL, &t, &err));
    assert_int_equal(t.done, 4);
    fate_is(db, "", "bob retried 4 of 4, error bad, to F4, with Luck", "pending");
    fate_is(db, "pending", "", "pending"); /* which takes nothing out of that list */
    const char *id = "00000000-0000-4000-8000-000000000040";
    struct admin_choice one = {.ids = &id, .id_count = 1};
    done(admin_change(db, COMMAND_CANCEL, "ann", &one, NULL, NULL, &t, &err));
    fate_is(db, "pending", "ann cancelled 00000000-0000-4000-8000-000000000040", "cancelled");
    fate_is(db, "sent", "", "cancelled");
    sql("DELETE FROM email_messages WHERE subject = 'f40'");
    fate_is(db, "sent", "", "");
    db_free(db);
}

static void states_are(const char *condition, const char *expected) {
    char query[300], out[400];
    str_format(query, sizeof query,
               "SELECT string_agg(subject || ':' || status, ' ' ORDER BY id) FROM email_messages"
               " WHERE %s",
               condition);
    assert_string_equal(psql(query, out, sizeof out), expected);
}

static void changes_are_taken_back(void **state) {
    (void)state;
    struct db *db = open_db(DB_TOOL);
    struct admin_totals t;
    char out[400];
    fill();
    struct undo *u = undo_new(&err);
    struct admin_choice retrying = {.filter = {.status = "retrying"}, .trail = u};
    undo_begin(u, COMMAND_RETRY);
    done(admin_change(db, COMMAND_RETRY, "ann", &retrying, NULL, NULL, &t, &err));
    assert_int_equal(t.done, 5);
    assert_int_equal(undo_count(u), 5);
    states_are("subject LIKE 'r%'", "r60:pending r61:pending r62:pending r63:pending r64:pending");
    sql("UPDATE email_messages SET claim_token = claim_token + 1 WHERE subject = 'r61';"
        "UPDATE email_messages SET status = 'sent' WHERE subject = 'r62'");
    done(admin_undo(db, "ann", u, NULL, NULL, &t, &err));
    assert_int_equal(t.asked, 5);
    assert_int_equal(t.done, 3);
    assert_int_equal(t.taken, 2);
    assert_int_equal(undo_count(u), 0);
    states_are("subject LIKE 'r%'", "r60:failed r61:pending r62:sent r63:failed r64:failed");
    assert_string_equal(
        psql("SELECT count(*) FROM email_messages WHERE next_attempt_at > now()", out, sizeof out),
        "3");
    assert_string_equal(psql("SELECT what || ' ' || messages FROM postroom.journal"
                             " ORDER BY seq DESC LIMIT 1",
                             out, sizeof out),
                        "took back 3 of 5 retried 3");

    struct admin_choice scheduled = {.filter = {.status = "scheduled"}, .trail = u};
    undo_begin(u, COMMAND_CANCEL);
    done(admin_change(db, COMMAND_CANCEL, "ann", &scheduled, NULL, NULL, &t, &err));
    assert_int_equal(t.done, 5);
    states_are("status = 'cancelled' AND subject LIKE 's%'",
               "s20:cancelled s21:cancelled s22:cancelled s23:cancelled s24:cancelled");
    done(admin_undo(db, "ann", u, NULL, NULL, &t, &err));
    assert_int_equal(t.done, 5);
    states_are("subject LIKE 's2%'", "s20:pending s21:pending s22:pending s23:pending s24:pending");
    undo_free(u);
    db_free(db);
}

int main(void) {
    if (!database_given())
        return 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_list_page_by_page),
        cmocka_unit_test(nothing_undated_is_lost),
        cmocka_unit_test(filters),
        cmocka_unit_test(one_message_and_the_journal),
        cmocka_unit_test(what_became_of_a_message),
        cmocka_unit_test(changes_are_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
