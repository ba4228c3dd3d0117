/* What stands in the way of the queue just now: an old transaction, no worker, a pause, a parked
 * lane, messages that wait for somebody's word. See examine.h. */
#include "db/examine.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/figures.h"
#include "db/horizon.h"
#include "db/internal.h"

#define HORIZON_OLD_MS INT64_C(240000) /* as the workers' own warning */

/* --- old transactions ------------------------------------------------------------------------- */

static bool sees_others(struct db *db) {
    PGresult *r = NULL;
    struct err err;
    if (!db_exec(db, "SELECT pg_has_role('pg_read_all_stats', 'USAGE')", 0, NULL, &r, &err))
        return false;
    bool sees = cell_bool(r, 0, 0);
    PQclear(r);
    return sees;
}

static void say_holder(const struct horizon *h, int64_t now_us, struct findings *out) {
    char age[48] = "";
    if (h->since_us > 0)
        str_format(age, sizeof age, " for %s", figure_age(now_us - h->since_us).text);
    findings_add(out, FINDING_NOTE, "database.horizon", "%s%s: dead rows stay and slow the queue",
                 h->what, age);
    findings_remedy(out, "%s", h->remedy);
}

static void examine_horizon(struct db *db, struct findings *out) {
    struct horizon h;
    struct err err;
    if (!horizon_holder(db, HORIZON_OLD_MS, &h, &err)) {
        findings_add(out, FINDING_UNKNOWN, "database.horizon", "%s", err.text);
    } else if (h.what[0]) {
        say_holder(&h, clock_wall_us() + db_clock_skew_us(db), out);
    } else if (sees_others(db)) {
        findings_add(out, FINDING_OK, "database.horizon",
                     "no transaction is older than 4 minutes, and no replication slot far behind");
    } else {
        findings_add(out, FINDING_UNKNOWN, "database.horizon",
                     "whether an old transaction slows the queue: this role may not see others' "
                     "sessions");
        findings_remedy(out, "GRANT pg_read_all_stats TO %s, if you want it known",
                        PQuser(db_conn(db)));
    }
}

/* --- workers and lanes ------------------------------------------------------------------------ */

static void say_workers(const PGresult *r, struct findings *out) {
    int64_t n = cell_int(r, 0, 0, 0);
    const char *others = cell_text(r, 0, 1);
    char up[48];
    str_format(up, sizeof up, "%lld worker%s", (long long)n, n == 1 ? " runs" : "s run");
    if (n == 0) {
        findings_add(out, FINDING_NOTE, "queue.workers", "no worker runs on this database");
        findings_remedy(out, "start one: systemctl start postroom, or `postroom run`");
    } else if (others) {
        findings_add(out, FINDING_NOTE, "queue.workers", "%s, some of another version: %s", up,
                     others);
        findings_remedy(out, "restart them when it suits: they take no mail with them");
    } else {
        findings_add(out, FINDING_OK, "queue.workers", "%s", up);
    }
}

static void say_pause(const PGresult *r, struct findings *out) {
    if (!cell_text(r, 0, 2))
        return;
    findings_add(out, FINDING_NOTE, "queue.pause", "sending is paused by %s%s%s",
                 cell_text(r, 0, 2), cell_text(r, 0, 3) ? ": " : "",
                 cell_text(r, 0, 3) ? cell_text(r, 0, 3) : "");
    findings_remedy(out, "`postroom resume` when its reason is over");
}

static void say_uncertain(const PGresult *r, struct findings *out) {
    int64_t n = cell_int(r, 0, 4, 0);
    if (n == 0)
        return;
    findings_add(out, FINDING_NOTE, "queue.uncertain",
                 "%s may have been sent or not, and wait for your word",
                 figure_count_capped(n, n >= 10000).text);
    findings_remedy(out, "`postroom mark-sent --uncertain` where they arrived, `postroom retry "
                         "--failed --error uncertain` where they did not");
}

static void examine_lanes(struct db *db, struct findings *out) {
    PGresult *r = NULL;
    struct err err;
    if (!db_exec(db,
                 "SELECT name, parked_reason, parked_text, parked_until IS NULL"
                 " FROM postroom.lanes WHERE parked_reason IS NOT NULL"
                 " AND (parked_until IS NULL OR parked_until > now()) ORDER BY name",
                 0, NULL, &r, &err)) {
        findings_add(out, FINDING_UNKNOWN, "queue.lane", "%s", err.text);
        return;
    }
    for (int i = 0; i < PQntuples(r); i++) {
        bool stays = cell_bool(r, i, 3);
        const char *text = cell_text(r, i, 2);
        findings_add(out, stays ? FINDING_MEND : FINDING_NOTE, "queue.lane",
                     "the lane %s is parked (%s): %s", cell_text(r, i, 0), cell_text(r, i, 1),
                     text ? text : "");
        findings_remedy(out, stays ? "mend that, then `postroom trigger`, or restart the worker"
                                   : "nothing: it is tried again by itself");
    }
    PQclear(r);
}

void examine_queue(struct db *db, struct findings *out) {
    PGresult *r = NULL;
    struct err err;
    examine_horizon(db, out);
    if (!db_exec(db,
                 "SELECT (SELECT count(*) FROM postroom.workers"
                 "  WHERE heard_at > now() - interval '30 s' AND state <> 'stopped'),"
                 " (SELECT string_agg(DISTINCT version, ', ') FROM postroom.workers"
                 "  WHERE heard_at > now() - interval '30 s' AND state <> 'stopped'"
                 "   AND version <> $1),"
                 " (SELECT coalesce(paused_by, '?') FROM postroom.control"
                 "   WHERE paused_at IS NOT NULL), (SELECT paused_reason FROM postroom.control),"
                 " (SELECT count(*) FROM (SELECT 1 FROM ${messages} WHERE ${status} = 'failed'"
                 "   AND ${error_code} = 'uncertain' LIMIT 10000) x)",
                 1, (const char *[]){POSTROOM_VERSION}, &r, &err)) {
        findings_add(out, FINDING_UNKNOWN, "queue.workers", "%s", err.text);
        return;
    }
    say_workers(r, out);
    say_pause(r, out);
    examine_lanes(db, out);
    say_uncertain(r, out);
    PQclear(r);
}
