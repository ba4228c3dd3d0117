/* status: what stands where, how fast it moves, who works on it. For people a few tables; with
 * --json the published document, with the state's word and the time left added. */
#include "app/cmd.h"
#include "app/tool.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "core/figures.h"
#include "core/snapshot.h"
#include "core/verdict.h"
#include "db/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DOCUMENT_MAX ((size_t)4 * 1024 * 1024)

static const struct option options[] = {
    {"json", NULL, "one JSON object", false},
    {NULL, NULL, NULL, false},
};

/* A cell; long enough for what the figures give. */
struct cell {
    char text[160];
};

static struct cell cell(const char *fmt, ...) PRINTF_LIKE(1, 2);

static struct cell cell(const char *fmt, ...) {
    struct cell c;
    va_list args;
    va_start(args, fmt);
    vsnprintf(c.text, sizeof c.text, fmt, args);
    va_end(args);
    return c;
}

/* Does mail leave at all? Where it does not, the last minute tells nothing about the next. */
static bool mail_flows(const struct snapshot *s) {
    struct state_row row;
    verdict_of(s, s->now_us, &row);
    return row.state > STATE_QUOTA && !s->paused;
}

/* Seconds until what is pending is sent at the last minute's pace; -1: nothing to say. */
static int64_t seconds_left(const struct snapshot *s) {
    int64_t n = s->queue[QUEUE_PENDING].n;
    if (n < 0 || s->queue[QUEUE_PENDING].capped || (n > 0 && (s->sent_1m <= 0 || !mail_flows(s))))
        return -1;
    return n == 0 ? 0 : (n * 60 + s->sent_1m - 1) / s->sent_1m;
}

/* --- for people ------------------------------------------------------------------------------- */

static void print_text(const char *text) {
    struct buf clean;
    buf_init(&clean, 4096);
    str_sanitize(&clean, text, 2000);
    printf("%s\n", buf_text(&clean));
    buf_free(&clean);
}

static void print_state(const struct snapshot *s) {
    struct state_row row;
    verdict_of(s, s->now_us, &row);
    print_text(cell("%s  %s", s->database, state_name(row.state)).text);
    print_text(row.sentence);
    if (*row.why)
        print_text(row.why);
    printf("\n");
}

/* What "at" means for each row: an age, or a time to come. */
static struct cell queue_age(const struct snapshot *s, int i) {
    static const char *const ages[] = {"oldest", "next in", "longest", "next in",
                                       "oldest", "oldest",  "last",    "last"};
    const struct snap_queue_row *row = &s->queue[i];
    if (row->at_us < 0)
        return cell("-");
    bool ahead = i == QUEUE_SCHEDULED || i == QUEUE_RETRYING;
    int64_t us = ahead ? row->at_us - s->now_us : s->now_us - row->at_us;
    return cell("%s %s%s", ages[i], figure_age_exact(us).text, i >= QUEUE_SENT_TODAY ? " ago" : "");
}

static bool print_queue(const struct snapshot *s, const struct json *doc, struct err *err) {
    static const char *const names[] = {"pending", "scheduled", "processing", "retrying",
                                        "failed",  "uncertain", "sent today", "cancelled"};
    const struct json *sent = json_get(doc, "sent");
    struct tool_table t;
    tool_table_start(&t, 4);
    tool_table_add(&t, "QUEUE");
    tool_table_add(&t, "MESSAGES");
    tool_table_add(&t, "A MINUTE");
    tool_table_add(&t, "SINCE");
    for (int i = 0; i < QUEUE_ROWS; i++) {
        const struct snap_queue_row *row = &s->queue[i];
        tool_table_add(&t, names[i]);
        tool_table_add(&t, figure_count_capped(row->n, row->capped).text);
        tool_table_add(&t, figure_change(row->per_min).text);
        tool_table_add(&t, queue_age(s, i).text);
    }
    tool_table_add(&t, "sent in all");
    tool_table_add(&t, cell("%s%s", json_get_bool(sent, "estimate", false) ? "about " : "",
                            figure_count((int64_t)json_get_number(sent, "n", -1)).text)
                           .text);
    tool_table_add(&t, NULL);
    tool_table_add(&t, NULL);
    return tool_table_print(&t, err);
}

static void print_eta(const struct snapshot *s) {
    int64_t left = seconds_left(s);
    if (left > 0)
        printf("\npending is sent in about %s at %s a minute\n",
               figure_age(left * USEC_PER_SEC).text, figure_count(s->sent_1m).text);
}

static struct cell quota(int64_t used, int64_t allowed) {
    return allowed > 0 ? cell("%s of %s", figure_count(used).text, figure_count(allowed).text)
                       : cell("%s", figure_count(used).text);
}

static struct cell lane_state(const struct snapshot *s, const struct snap_lane *l) {
    if (!l->parked)
        return cell("open");
    return cell("parked: %s, %s", l->reason,
                l->until_us > 0 ? cell("%s left", figure_age(l->until_us - s->now_us).text).text
                                : "until an operator acts");
}

static bool print_lanes(const struct snapshot *s, struct err *err) {
    static const char *const heads[] = {"LANE",  "REQUESTS/S", "PER REQUEST",
                                        "TODAY", "MONTH",      "STATE"};
    struct tool_table t;
    if (s->lane_count == 0)
        return true;
    printf("\n");
    tool_table_start(&t, 6);
    for (int i = 0; i < 6; i++)
        tool_table_add(&t, heads[i]);
    for (const struct snap_lane *l = s->lanes; l < s->lanes + s->lane_count; l++) {
        tool_table_add(&t, l->name);
        tool_table_add(&t,
                       cell("%s of %s", figure_rate(l->rate_used).text,
                            l->rate_allowed > 0 ? figure_rate(l->rate_allowed).text : "no limit")
                           .text);
        tool_table_add(&t, cell("%s of %s", figure_rate(l->per_request).text,
                                figure_count((int64_t)l->per_request_max).text)
                               .text);
        tool_table_add(&t, quota(l->today_used, l->today_allowed).text);
        tool_table_add(&t, quota(l->month_used, l->month_allowed).text);
        tool_table_add(&t, lane_state(s, l).text);
    }
    return tool_table_print(&t, err);
}

static bool print_workers(const struct snapshot *s, struct err *err) {
    static const char *const heads[] = {"WORKER",   "PID",        "STATE", "IN FLIGHT",
                                        "SENT/MIN", "FAILED/MIN", "HEARD"};
    struct tool_table t;
    printf("\n");
    if (s->worker_count == 0) {
        printf("no worker: start one with `postroom run`\n");
        return true;
    }
    tool_table_start(&t, 7);
    for (int i = 0; i < 7; i++)
        tool_table_add(&t, heads[i]);
    for (const struct snap_worker *w = s->workers; w < s->workers + s->worker_count; w++) {
        tool_table_add(&t, w->name);
        tool_table_add(&t, cell("%lld", (long long)w->pid).text);
        tool_table_add(&t, w->state);
        tool_table_add(&t, figure_count(w->in_flight).text);
        tool_table_add(&t, figure_count(w->sent_1m).text);
        tool_table_add(&t, figure_count(w->failed_1m).text);
        tool_table_add(&t, cell("%s ago", figure_age_exact(s->now_us - w->heard_at_us).text).text);
    }
    return tool_table_print(&t, err);
}

static bool print_people(const struct snapshot *s, const struct json *doc, struct err *err) {
    print_state(s);
    if (!print_queue(s, doc, err))
        return false;
    print_eta(s);
    return print_lanes(s, err) && print_workers(s, err);
}

/* --- for programs ----------------------------------------------------------------------------- */

/* The document is an object: what is added goes before its last brace. */
static bool print_json(const struct snapshot *s, const struct buf *doc) {
    struct state_row row;
    const char *text = buf_text(doc), *brace = strrchr(text, '}');
    int64_t left = seconds_left(s);
    verdict_of(s, s->now_us, &row);
    tool_print_json(text, (size_t)(brace - text));
    printf(", \"state\": \"%s\", \"eta_seconds\": ", state_name(row.state));
    if (left >= 0)
        printf("%lld}\n", (long long)left);
    else
        printf("null}\n");
    return true;
}

static bool print_status(const struct args *args, const struct buf *doc, int64_t now_us,
                         struct err *err) {
    bool done = false;
    struct snapshot *s = snapshot_parse(buf_text(doc), doc->len, err);
    struct json *json = s ? json_parse(buf_text(doc), doc->len, DOCUMENT_MAX, err) : NULL;
    if (s)
        s->now_us = now_us;
    if (json)
        done = args_has(args, "json") ? print_json(s, doc) : print_people(s, json, err);
    json_free(json);
    snapshot_release(s);
    return done;
}

static int run(const struct args *args, const struct settings *s) {
    struct err err;
    struct buf doc;
    struct view_window window = {.operator_name = tool_operator(), .read_only = true};
    struct db *db = tool_open(s, DB_READONLY, &err);
    if (!db)
        return cmd_fail(&err);
    buf_init(&doc, DOCUMENT_MAX);
    bool done = view_status(db, &window, &doc, &err) &&
                print_status(args, &doc, clock_wall_us() + db_clock_skew_us(db), &err);
    buf_free(&doc);
    db_free(db);
    return done ? EXIT_DONE : cmd_fail(&err);
}

const struct cmd cmd_status = {
    .name = "status",
    .arguments = "",
    .summary = "what stands where, rates, lanes, workers, and how long it takes",
    .options = options,
    .run = run,
};
