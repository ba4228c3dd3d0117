/* The queue's statements against a real server: order, tokens, leases, open requests, slots.
 * Needs a migrated, empty database in POSTROOM_TEST_DATABASE (tests/db/queue.sh gives one);
 * without it there is nothing to test. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "db/horizon.h"
#include "db/lane.h"
#include "db/queue.h"
#include "db/request.h"
#include "unit/db/database.h"

#include <pthread.h>
#include <time.h>

static struct queue_ask ask_for(const char *worker, int rows) {
    struct queue_ask ask = {.worker = worker,
                            .rows = rows,
                            .per_request = 100,
                            .max_bytes = 1 << 20,
                            .lease_ms = 60000,
                            .max_rank = 9};
    for (int i = 0; i < QUEUE_RANKS; i++)
        ask.floor.due_us[i] = INT64_MIN;
    return ask;
}

static struct message *claim(struct db *db, const struct queue_ask *ask, int *n) {
    struct message *messages = NULL;
    bool more = false;
    if (!queue_claim(db, ask, &messages, n, &more, &err))
        fail_msg("%s", err.text);
    return messages;
}

static void let_go(struct message *messages, int n) {
    for (int i = 0; i < n; i++)
        message_done(&messages[i]);
    mem_free(messages);
}

static void claims_urgent_then_oldest_then_due(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, html, priority, created_at, scheduled_at) "
        "VALUES"
        " ('c@x.org', 's', 'h', 5, now() - interval '1 min', NULL),"
        " ('b@x.org', 's', 'h', 5, now() - interval '9 min', NULL),"
        " ('a@x.org', 's', 'h', 0, now() - interval '1 sec', NULL),"
        " ('e@x.org', 's', 'h', 200, now() - interval '2 sec', NULL),"
        " ('d@x.org', 's', 'h', NULL, now() - interval '1 hour', now() - interval '1 sec'),"
        " ('later@x.org', 's', 'h', 0, now(), now() + interval '1 hour')");
    struct db *db = open_db(DB_WORKER);
    struct queue_ask ask = ask_for("w", 10);
    int n = 0;
    struct message *m = claim(db, &ask, &n);
    char order[64] = "";
    for (int i = 0; i < n; i++)
        strncat(order, m[i].to, 1);
    assert_string_equal(order, "abcde");
    assert_int_equal(m[0].token, 1);
    assert_string_equal(m[0].request_id, m[4].request_id);
    is("SELECT count(*) FROM email_messages WHERE status = 'processing' AND claimed_by = 'w'"
       " AND lease_expires_at > now() + interval '50 s'",
       "5");
    let_go(m, n);
    db_free(db);
}

static void takes_due_retries_but_no_final_failures(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, html, status, next_attempt_at) VALUES"
        " ('r@x.org', 's', 'h', 'failed', now() - interval '1 s'),"
        " ('l@x.org', 's', 'h', 'failed', now() + interval '1 h'),"
        " ('f@x.org', 's', 'h', 'failed', NULL), ('x@x.org', 's', 'h', 'cancelled', NULL)");
    struct db *db = open_db(DB_WORKER);
    struct queue_ask ask = ask_for("w", 10);
    int n = 0;
    struct message *m = claim(db, &ask, &n);
    assert_int_equal(n, 1);
    assert_string_equal(m[0].to, "r@x.org");
    let_go(m, n);
    db_free(db);
}

static void stays_within_bytes_and_says_there_is_more(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, html)"
        " SELECT 'a@x.org', 's', repeat('x', 1000) FROM generate_series(1, 10)");
    struct db *db = open_db(DB_WORKER);
    struct queue_ask ask = ask_for("w", 100);
    struct message *m = NULL;
    bool more = false;
    int n = 0;
    ask.max_bytes = 3500;
    assert_true(queue_claim(db, &ask, &m, &n, &more, &err));
    assert_int_equal(n, 3);
    assert_true(more);
    let_go(m, n);
    ask.max_bytes = 10; /* one at least */
    m = claim(db, &ask, &n);
    assert_int_equal(n, 1);
    let_go(m, n);
    db_free(db);
}

static void looks_only_from_the_floor_on(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, html, created_at) VALUES"
        " ('old@x.org', 's', 'h', now() - interval '1 h'), ('new@x.org', 's', 'h', now())");
    struct db *db = open_db(DB_WORKER);
    struct queue_ask ask = ask_for("w", 10);
    int n = 0;
    ask.floor.due_us[5] = clock_wall_us() - 60 * USEC_PER_SEC;
    struct message *m = claim(db, &ask, &n);
    assert_int_equal(n, 1);
    assert_string_equal(m[0].to, "new@x.org");
    let_go(m, n);
    db_free(db);
}

static void claims_a_suspect_alone(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, html, created_at, unfinished_claims) VALUES"
        " ('good1@x.org', 's', 'h', now() - interval '3 h', 1),"
        " ('bad@x.org', 's', 'h', now() - interval '2 h', 2),"
        " ('good2@x.org', 's', 'h', now() - interval '1 h', 0)");
    static const char *const wanted[] = {"good1@x.org good2@x.org", "bad@x.org", ""};
    struct db *db = open_db(DB_WORKER);
    for (int i = 0; i < 3; i++) {
        struct queue_ask ask = ask_for("w", 10);
        int n = 0;
        char got[200] = "";
        struct message *m = claim(db, &ask, &n);
        for (int k = 0; k < n; k++)
            str_format(got + strlen(got), sizeof got - strlen(got), "%s%s", k ? " " : "", m[k].to);
        assert_string_equal(got, wanted[i]);
        let_go(m, n);
    }
    /* first in line, it is taken and nothing with it */
    sql("UPDATE email_messages SET status = 'pending', unfinished_claims = 0;"
        " UPDATE email_messages SET unfinished_claims = 3 WHERE to_email = 'good1@x.org'");
    struct queue_ask ask = ask_for("w", 10);
    int n = 0;
    struct message *m = claim(db, &ask, &n);
    assert_int_equal(n, 1);
    assert_string_equal(m[0].to, "good1@x.org");
    let_go(m, n);
    db_free(db);
}

struct racer {
    pthread_t thread;
    char name[8];
    int claimed;
};

static void *race(void *arg) {
    struct racer *r = arg;
    struct db *db = open_db(DB_WORKER);
    for (int n = 1; n > 0;) {
        struct queue_ask ask = ask_for(r->name, 7);
        struct message *m = claim(db, &ask, &n);
        let_go(m, n);
        r->claimed += n;
    }
    db_free(db);
    return NULL;
}

static void two_race_and_none_is_claimed_twice(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, html)"
        " SELECT 'a@x.org', 's', 'h' FROM generate_series(1, 2000)");
    struct racer r[2] = {{.name = "one"}, {.name = "two"}};
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&r[i].thread, NULL, race, &r[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(r[i].thread, NULL);
    assert_int_equal(r[0].claimed + r[1].claimed, 2000);
    is("SELECT count(*), max(claim_token) FROM email_messages WHERE status = 'processing'",
       "2000|1");
}

static struct finish_row row_for(const struct message *m, const char *status) {
    return (struct finish_row){.id = m->id,
                               .token = m->token,
                               .status = status,
                               .attempted = true,
                               .next_ms = -1,
                               .attempt = 1};
}

static void finishes_once_whatever_is_repeated(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, html, created_at) VALUES"
        " ('a@x.org', 's', 'h', now() - interval '1 s'), ('b@x.org', 's', 'h', now())");
    struct db *db = open_db(DB_WORKER);
    struct queue_ask ask = ask_for("w", 10);
    int n = 0;
    struct message *m = claim(db, &ask, &n);
    struct finish_row rows[2] = {row_for(&m[0], "sent"), row_for(&m[1], "failed")};
    rows[0].provider_id = "p-1";
    rows[1].counts = true;
    rows[1].next_ms = 5000;
    rows[1].error_code = "timeout";
    rows[1].error = "timeout: no answer";
    struct finish f = {.worker = "w", .lane = "l", .rows = rows, .row_count = 2};
    for (int i = 0; i < 2; i++) { /* the second time as after a lost answer to COMMIT */
        assert_true(queue_finish(db, &f, &err));
        assert_int_equal(rows[0].end, i == 0 ? FINISH_WRITTEN : FINISH_ALREADY);
        assert_int_equal(rows[1].end, i == 0 ? FINISH_WRITTEN : FINISH_ALREADY);
    }
    is("SELECT status, provider, provider_message_id, retry_count, error_code, sent_at IS NOT NULL,"
       " failed_at IS NOT NULL, next_attempt_at > now() FROM email_messages ORDER BY to_email",
       "sent|l|p-1|0||t|f|\nfailed|l||1|timeout|f|t|t");
    is("SELECT count(*) FROM postroom.attempts", "2");
    is("SELECT sum(sent), sum(failed) FROM postroom.minutes", "1|1");
    is("SELECT messages FROM postroom.usage", "1");
    let_go(m, n);
    db_free(db);
}

static void a_stale_token_changes_nothing(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, html) VALUES ('a@x.org', 's', 'h')");
    struct db *db = open_db(DB_WORKER);
    struct queue_ask ask = ask_for("first", 1);
    int n = 0, k = 0;
    struct message *m = claim(db, &ask, &n);
    sql("UPDATE email_messages SET lease_expires_at = now() - interval '1 s'");
    int64_t swept = 0;
    assert_true(queue_sweep(db, &swept, &err));
    assert_int_equal(swept, 1);
    ask.worker = "second";
    struct message *again = claim(db, &ask, &k);
    assert_int_equal(again[0].token, 2);
    assert_int_equal(again[0].unfinished, 1);
    struct finish_row row = row_for(&m[0], "sent");
    struct finish f = {.worker = "first", .lane = "l", .rows = &row, .row_count = 1};
    assert_true(queue_finish(db, &f, &err));
    assert_int_equal(row.end, FINISH_LOST);
    is("SELECT status, claimed_by FROM email_messages", "processing|second");
    is("SELECT count(*) FROM postroom.attempts", "0");
    let_go(m, n);
    let_go(again, k);
    db_free(db);
}

/* A claim lost in a crash of the server is made again with the same number. */
static void anothers_claim_with_the_same_token_is_left_alone(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, html) VALUES ('a@x.org', 's', 'h')");
    struct db *db = open_db(DB_WORKER);
    struct queue_ask ask = ask_for("second", 1);
    int n = 0;
    struct message *m = claim(db, &ask, &n);
    struct finish_row row = row_for(&m[0], "pending");
    struct finish f = {.worker = "first", .lane = "l", .rows = &row, .row_count = 1};
    assert_true(queue_finish(db, &f, &err));
    assert_int_equal(row.end, FINISH_LOST);
    is("SELECT status, claimed_by FROM email_messages", "processing|second");
    let_go(m, n);
    db_free(db);
}

static struct manifest manifest_of(struct message *m, int n) {
    struct manifest r = {.n = n, .messages = m, .batch = n > 1};
    rand_uuid(r.id);
    str_copy(r.key, sizeof r.key, "k");
    str_copy(r.hash, sizeof r.hash, "h");
    str_copy(r.lane, sizeof r.lane, "l");
    return r;
}

static void an_open_request_keeps_its_messages(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, html) SELECT 'a' || n || '@x.org', 's', 'h'"
        " FROM generate_series(1, 3) n");
    struct db *db = open_db(DB_WORKER);
    struct queue_ask ask = ask_for("dead", 3);
    int n = 0, k = 0;
    struct message *m = claim(db, &ask, &n);
    struct manifest r = manifest_of(m, 3), taken;
    const struct manifest *list[] = {&r};
    enum request_state found;
    assert_true(request_store(db, "dead", list, 1, 60000, NULL, &err));
    assert_true(request_take(db, "w", "l", 60000, &found, &taken, &err));
    assert_int_equal(found, REQUEST_NONE); /* its worker's lease still holds */
    sql("UPDATE email_messages SET lease_expires_at = now() - interval '1 s';"
        " UPDATE postroom.requests SET lease_expires_at = now() - interval '1 s'");
    int64_t swept = 0;
    assert_true(queue_sweep(db, &swept, &err));
    assert_int_equal(swept, 0); /* they may be on their way */
    sql("UPDATE email_messages SET status = 'pending' WHERE to_email = 'a2@x.org';"
        " UPDATE email_messages SET status = 'cancelled' WHERE to_email = 'a3@x.org'");
    struct message *none = claim(db, &ask, &k);
    assert_int_equal(k, 0); /* not even by hand into a new request */
    let_go(none, k);
    assert_true(request_take(db, "w", "l", 60000, &found, &taken, &err));
    assert_int_equal(found, REQUEST_READY);
    assert_int_equal(taken.n, 3);
    assert_string_equal(taken.id, r.id);
    for (int i = 0; i < 3; i++)
        assert_string_equal(taken.messages[i].id, m[i].id);
    assert_int_equal(taken.attempts, 2);
    manifest_done(&taken);
    let_go(m, n);
    db_free(db);
}

/* Who comes late with an answer must not close what somebody else has on the wire by now: that
 * one's crash would then leave its messages to a new key. */
static void a_request_taken_over_is_not_closed_by_the_late_one(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, html) VALUES ('a@x.org', 's', 'h')");
    struct db *db = open_db(DB_WORKER);
    struct queue_ask ask = ask_for("late", 1);
    int n = 0;
    struct message *m = claim(db, &ask, &n);
    struct manifest r = manifest_of(m, 1), taken;
    r.attempts = 1;
    const struct manifest *list[] = {&r};
    enum request_state found;
    assert_true(request_store(db, "late", list, 1, 60000, NULL, &err));
    sql("UPDATE email_messages SET lease_expires_at = now() - interval '1 s';"
        " UPDATE postroom.requests SET lease_expires_at = now() - interval '1 s'");
    assert_true(request_take(db, "next", "l", 60000, &found, &taken, &err));
    struct finish_row row = row_for(&m[0], "sent");
    struct finish_request late = {.id = r.id, .attempts = r.attempts, .again_ms = -1};
    struct finish f = {.worker = "late",
                       .lane = "l",
                       .rows = &row,
                       .row_count = 1,
                       .requests = &late,
                       .request_count = 1};
    assert_true(queue_finish(db, &f, &err));
    assert_int_equal(row.end, FINISH_LOST);
    is("SELECT worker, attempts, lease_expires_at > now() FROM postroom.requests", "next|2|t");
    late.again_ms = 0;
    assert_true(queue_finish(db, &f, &err));
    is("SELECT worker, next_try_at IS NULL FROM postroom.requests", "next|t");
    assert_true(request_store(db, "late", list, 0, 60000, &r, &err));
    is("SELECT count(*) FROM postroom.requests", "1");
    late = (struct finish_request){.id = r.id, .attempts = taken.attempts, .again_ms = -1};
    row.token = taken.messages[0].token;
    f.worker = "next";
    assert_true(queue_finish(db, &f, &err));
    assert_int_equal(row.end, FINISH_WRITTEN);
    is("SELECT count(*) FROM postroom.requests", "0");
    manifest_done(&taken);
    let_go(m, n);
    db_free(db);
}

/* Where the answer to a claim was lost, its rows carry our name and nobody has them. */
static void only_what_is_held_is_renewed(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, html)"
        " SELECT 'a@x.org', 's', 'h' FROM generate_series(1, 4)");
    struct db *db = open_db(DB_WORKER);
    struct queue_ask ask = ask_for("w", 4);
    int n = 0;
    ask.per_request = 2;
    struct message *m = claim(db, &ask, &n);
    assert_int_equal(n, 4);
    done(queue_renew(db, "w", (const char *[]){m[0].request_id}, 1, 600000, &err));
    is("SELECT count(*) FROM email_messages WHERE lease_expires_at > now() + interval '5 min'",
       "2");
    done(queue_renew(db, "other", (const char *[]){m[2].request_id}, 1, 600000, &err));
    is("SELECT count(*) FROM email_messages WHERE lease_expires_at > now() + interval '5 min'",
       "2");
    let_go(m, n);
    db_free(db);
}

static void a_deleted_member_breaks_its_request(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, html) SELECT 'a@x.org', 's', 'h'"
        " FROM generate_series(1, 3)");
    struct db *db = open_db(DB_WORKER);
    struct queue_ask ask = ask_for("dead", 3);
    int n = 0;
    struct message *m = claim(db, &ask, &n);
    struct manifest r = manifest_of(m, 3), taken;
    const struct manifest *list[] = {&r};
    enum request_state found;
    assert_true(request_store(db, "dead", list, 1, 60000, NULL, &err));
    sql("DELETE FROM email_messages WHERE ctid = (SELECT min(ctid) FROM email_messages);"
        " UPDATE postroom.requests SET lease_expires_at = now() - interval '1 s'");
    assert_true(request_take(db, "w", "l", 60000, &found, &taken, &err));
    assert_int_equal(found, REQUEST_BROKEN);
    assert_int_equal(taken.n, 2);
    manifest_done(&taken);
    let_go(m, n);
    db_free(db);
}

static bool holder_is(struct db *db, const char *part) {
    struct horizon h;
    for (int i = 0; i < 200; i++) {
        done(horizon_holder(db, 0, &h, &err));
        if (part ? strstr(h.what, part) && strstr(h.remedy, "pg_terminate_backend(") &&
                       h.since_us > 0
                 : h.what[0] == '\0')
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    return false;
}

static void a_forgotten_transaction_is_named(void **state) {
    (void)state;
    struct db *db = open_db(DB_WORKER);
    struct horizon h;
    assert_true(holder_is(db, NULL));
    FILE *forgetful = popen("psql -Xq \"$POSTROOM_TEST_DATABASE\" >/dev/null", "w");
    assert_non_null(forgetful);
    fputs("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;\n", forgetful);
    fflush(forgetful);
    assert_true(holder_is(db, "psql of "));
    done(horizon_holder(db, 3600 * 1000, &h, &err));
    assert_string_equal(h.what, ""); /* not that old */
    assert_int_equal(pclose(forgetful), 0);
    assert_true(holder_is(db, NULL));
    db_free(db);
}

static const struct lane_setup LANE = {.name = "l", .start_rate = 10, .batch_size = 100};

static int64_t starts_us(const struct lane_grant *g) {
    return g->now_us + g->first_in_us;
}

/* So far apart that it does not matter how long this machine takes from one to the next. */
static void slots_are_spaced_over_all_workers(void **state) {
    (void)state;
    struct db *a = open_db(DB_WORKER), *b = open_db(DB_WORKER);
    struct lane_grant first, second, third;
    struct lane_setup slow = LANE;
    slow.start_rate = 0.01;
    assert_true(lane_register(a, &slow, &err));
    assert_true(lane_draw(a, "l", "a", 5, 1000, &first, &err));
    assert_true(lane_draw(b, "l", "b", 1, 1000, &second, &err));
    assert_int_equal(first.slots, 5);
    assert_int_equal(first.spacing_us, (int64_t)(1e6 / (0.01 * LANE_SPARE)));
    int64_t off = starts_us(&second) - starts_us(&first) - 5 * first.spacing_us;
    assert_true(llabs(off) < 10 * USEC_PER_SEC);
    assert_true(lane_give_back(a, "l", &first, 5, &err)); /* not the last: nothing moves */
    assert_true(lane_give_back(b, "l", &second, 1, &err));
    assert_true(lane_draw(b, "l", "b", 1, 1000, &third, &err));
    assert_true(llabs(starts_us(&third) - starts_us(&second)) < 10 * USEC_PER_SEC);
    db_free(a);
    db_free(b);
}

static struct lane_news fault(enum lane_fault f, const char *text) {
    struct lane_news news = {
        .fault = f, .daily_used = -1, .monthly_used = -1, .retry_after_ms = -1};
    str_copy(news.text, sizeof news.text, text);
    return news;
}

static bool tell(struct db *db, const struct lane_news *news, bool probe) {
    struct lane_report report = {.news = news, .probe = probe, .had_failures = true, .rate = 10};
    return lane_report(db, "l", &report, &err);
}

static void five_failures_in_a_row_park_the_lane(void **state) {
    (void)state;
    struct db *db = open_db(DB_WORKER);
    struct lane_grant grant;
    struct lane_news down = fault(LANE_DOWN, "503"), fine = fault(LANE_OK, "");
    assert_true(lane_register(db, &LANE, &err));
    for (int i = 0; i < 4; i++)
        assert_true(tell(db, &down, false));
    assert_true(tell(db, &fine, false)); /* not in a row */
    for (int i = 0; i < 4; i++)
        assert_true(tell(db, &down, false));
    assert_true(lane_draw(db, "l", "w", 1, 1000, &grant, &err));
    assert_int_equal(grant.slots, 1);
    assert_true(tell(db, &down, false));
    assert_true(lane_draw(db, "l", "w", 1, 1000, &grant, &err));
    assert_int_equal(grant.slots, 0);
    assert_int_equal(grant.parked, LANE_DOWN);
    assert_in_range(grant.parked_for_us, 1, 5000000);
    sql("UPDATE postroom.lanes SET parked_until = now()");
    assert_true(lane_draw(db, "l", "w", 7, 60000, &grant, &err));
    assert_true(grant.probe);
    assert_int_equal(grant.slots, 1);
    assert_true(lane_draw(db, "l", "w", 7, 60000, &grant, &err));
    assert_int_equal(grant.slots, 0); /* one probe at a time */
    assert_true(tell(db, &down, true));
    is("SELECT extract(epoch FROM parked_until - now())::int BETWEEN 6 AND 10 FROM postroom.lanes",
       "t");
    assert_true(tell(db, &fine, true));
    is("SELECT parked_reason IS NULL, failures, probes FROM postroom.lanes", "t|0|0");
    db_free(db);
}

static void a_refused_key_parks_until_somebody_acts(void **state) {
    (void)state;
    struct db *db = open_db(DB_WORKER);
    struct lane_grant grant;
    struct lane_news key = fault(LANE_KEY, "401 restricted"), rate = fault(LANE_RATE, "429");
    assert_true(lane_register(db, &LANE, &err));
    assert_true(tell(db, &key, false));
    assert_true(tell(db, &rate, false)); /* a lesser reason does not shorten it */
    assert_true(lane_draw(db, "l", "w", 1, 1000, &grant, &err));
    assert_int_equal(grant.parked, LANE_KEY);
    assert_true(grant.parked_for_us == INT64_MAX);
    assert_true(lane_register(db, &LANE, &err)); /* a restart may bring a new key: one probe */
    assert_true(lane_draw(db, "l", "w", 1, 1000, &grant, &err));
    assert_true(grant.probe);
    db_free(db);
}

/* A lane that was open between a probe and the pause that its answer names would let others send:
 * whoever listens to the row sees no such moment. */
static void a_probe_that_is_throttled_never_opens_the_lane(void **state) {
    (void)state;
    struct db *db = open_db(DB_WORKER);
    struct lane_grant grant;
    struct lane_news rate = fault(LANE_RATE, "429"), down = fault(LANE_DOWN, "503");
    sql("CREATE TABLE opened AS SELECT FROM postroom.lanes WHERE false;"
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO opened DEFAULT VALUES; RETURN NULL; END';"
        "CREATE TRIGGER note AFTER UPDATE ON postroom.lanes FOR EACH ROW"
        " WHEN (old.parked_reason IS NOT NULL AND new.parked_reason IS NULL)"
        " EXECUTE FUNCTION note()");
    assert_true(lane_register(db, &LANE, &err));
    assert_true(tell(db, &rate, false));
    sql("UPDATE postroom.lanes SET parked_until = now(), next_slot = now(),"
        " parked_since = now() - interval '1 min'");
    assert_true(lane_draw(db, "l", "w", 7, 60000, &grant, &err));
    assert_true(grant.probe);
    rate.retry_after_ms = 7000;
    assert_true(tell(db, &rate, true));
    is("SELECT parked_reason, extract(epoch FROM parked_until - now())::int BETWEEN 6 AND 7,"
       " parked_since < now() - interval '50 s' FROM postroom.lanes",
       "rate|t|t");
    for (int i = 0; i < 5; i++)
        assert_true(tell(db, &down, true));
    sql("UPDATE postroom.lanes SET parked_reason = 'down'");
    assert_true(tell(db, &rate, true)); /* throttled, so it is up again */
    is("SELECT parked_reason, failures, probes FROM postroom.lanes", "rate|0|0");
    is("SELECT count(*) FROM postroom.journal WHERE what = 'opened lane l (was parked: down)'",
       "1");
    is("SELECT count(*) FROM opened", "0");
    sql("DROP TRIGGER note ON postroom.lanes; DROP FUNCTION note; DROP TABLE opened");
    db_free(db);
}

static void a_pause_is_not_cut_short_by_another_answer(void **state) {
    (void)state;
    struct db *db = open_db(DB_WORKER);
    struct lane_news rate = fault(LANE_RATE, "429");
    assert_true(lane_register(db, &LANE, &err));
    rate.retry_after_ms = 60000;
    assert_true(tell(db, &rate, false));
    rate.retry_after_ms = 3000;
    assert_true(tell(db, &rate, false)); /* it was on the wire, too */
    is("SELECT extract(epoch FROM parked_until - now())::int BETWEEN 50 AND 60 FROM postroom.lanes",
       "t");
    assert_true(tell(db, &rate, true)); /* asked when it was over */
    is("SELECT extract(epoch FROM parked_until - now())::int BETWEEN 1 AND 3 FROM postroom.lanes",
       "t");
    db_free(db);
}

static void follows_the_rate_but_never_above_the_configured(void **state) {
    (void)state;
    struct db *db = open_db(DB_WORKER);
    struct lane_news news = fault(LANE_OK, "");
    assert_true(lane_register(db, &LANE, &err));
    news.rate = 25;
    assert_true(tell(db, &news, false));
    is("SELECT rate FROM postroom.lanes", "25");
    struct lane_report capped = {.news = &news, .rate = 25, .configured_rate = 8};
    assert_true(lane_report(db, "l", &capped, &err));
    is("SELECT rate FROM postroom.lanes", "8");
    news.rate = 3;
    capped.rate = 8;
    assert_true(lane_report(db, "l", &capped, &err));
    is("SELECT rate FROM postroom.lanes", "3");
    db_free(db);
}

/* Slots drawn before may lie far ahead, at a pace that is not the lane's any more. */
static void another_rate_voids_the_slots_drawn_before(void **state) {
    (void)state;
    struct db *db = open_db(DB_WORKER);
    struct lane_news news = fault(LANE_OK, "");
    struct lane_grant grant;
    assert_true(lane_register(db, &LANE, &err));
    assert_true(lane_draw(db, "l", "a", 80, 1000, &grant, &err)); /* eight seconds' worth */
    news.rate = 100;
    sql("CREATE TABLE told AS SELECT clock_timestamp() AS at");
    assert_true(tell(db, &news, false));
    is("SELECT next_slot - at BETWEEN '0.25 s' AND '5 s' FROM postroom.lanes, told", "t");
    assert_true(lane_draw(db, "l", "b", 80, 1000, &grant, &err)); /* at the new pace */
    assert_int_equal(grant.spacing_us, (int64_t)(1e6 / (100 * LANE_SPARE)));
    is("UPDATE postroom.lanes SET next_slot = at + interval '1 h' FROM told RETURNING rate", "100");
    assert_true(tell(db, &news, false)); /* news to this worker, not to the lane */
    is("SELECT next_slot - at FROM postroom.lanes, told", "01:00:00");
    news.rate = 3; /* a slot of the old pace may just have been used: a whole new one comes first */
    is("UPDATE postroom.lanes SET rate = 2 RETURNING rate", "2");
    sql("UPDATE told SET at = clock_timestamp()");
    assert_true(tell(db, &news, false));
    is("SELECT next_slot - at >= '0.59 s' FROM postroom.lanes, told", "t");
    news.rate = 5;
    is("UPDATE postroom.lanes SET rate = 100 RETURNING rate", "100");
    assert_true(tell(db, &news, false));
    is("SELECT next_slot - at BETWEEN '1.2 s' AND '10 min' FROM postroom.lanes, told", "t");
    is("UPDATE postroom.lanes SET next_slot = at + interval '1 h' FROM told RETURNING rate", "5");
    struct lane_report ours = {.news = &news, .rate = 5, .configured_rate = 4};
    assert_true(lane_report(db, "l", &ours, &err)); /* not the provider's */
    is("SELECT rate, next_slot - at FROM postroom.lanes, told", "4|01:00:00");
    sql("DROP TABLE told");
    db_free(db);
}

static void counts_what_quotas_leave(void **state) {
    (void)state;
    struct db *db = open_db(DB_WORKER);
    struct lane_quota quota;
    struct lane_setup setup = LANE;
    setup.daily_quota = 100;
    setup.monthly_quota = 1000;
    assert_true(lane_register(db, &setup, &err));
    sql("INSERT INTO postroom.usage VALUES ('l', (now() AT TIME ZONE 'UTC')::date, 'a', 30),"
        " ('l', (now() AT TIME ZONE 'UTC')::date, 'b', 20)");
    assert_true(lane_quota(db, "l", &quota, &err));
    assert_int_equal(quota.daily_left, 50);
    assert_int_equal(quota.monthly_left, 950);
    struct lane_news news = fault(LANE_OK, "");
    news.daily_used = 70; /* somebody else uses the account too */
    assert_true(tell(db, &news, false));
    assert_true(lane_quota(db, "l", &quota, &err));
    assert_int_equal(quota.daily_left, 30);
    db_free(db);
}

static void a_pause_gives_no_slots(void **state) {
    (void)state;
    struct db *db = open_db(DB_WORKER);
    struct lane_grant grant;
    assert_true(lane_register(db, &LANE, &err));
    sql("UPDATE postroom.control SET paused_at = now()");
    assert_true(lane_draw(db, "l", "w", 1, 1000, &grant, &err));
    assert_true(grant.paused);
    assert_int_equal(grant.slots, 0);
    db_free(db);
}

int main(void) {
    if (!database_given())
        return 0;
#define TEST(f) cmocka_unit_test_setup(f, fresh)
    const struct CMUnitTest tests[] = {
        TEST(claims_urgent_then_oldest_then_due),
        TEST(takes_due_retries_but_no_final_failures),
        TEST(stays_within_bytes_and_says_there_is_more),
        TEST(looks_only_from_the_floor_on),
        TEST(claims_a_suspect_alone),
        TEST(two_race_and_none_is_claimed_twice),
        TEST(finishes_once_whatever_is_repeated),
        TEST(a_stale_token_changes_nothing),
        TEST(anothers_claim_with_the_same_token_is_left_alone),
        TEST(an_open_request_keeps_its_messages),
        TEST(a_request_taken_over_is_not_closed_by_the_late_one),
        TEST(only_what_is_held_is_renewed),
        TEST(a_deleted_member_breaks_its_request),
        TEST(a_forgotten_transaction_is_named),
        TEST(slots_are_spaced_over_all_workers),
        TEST(five_failures_in_a_row_park_the_lane),
        TEST(a_refused_key_parks_until_somebody_acts),
        TEST(a_probe_that_is_throttled_never_opens_the_lane),
        TEST(a_pause_is_not_cut_short_by_another_answer),
        TEST(follows_the_rate_but_never_above_the_configured),
        TEST(another_rate_voids_the_slots_drawn_before),
        TEST(counts_what_quotas_leave),
        TEST(a_pause_gives_no_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
