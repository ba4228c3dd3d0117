/* The states of the state row, each a rule and a writer, asked in order. Pure; any thread. */
#include "core/verdict.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/figures.h"

#include <ctype.h>
#include <string.h>

#define SECONDS(n) ((n)*USEC_PER_SEC)
#define UNREAD_US SECONDS(2)       /* the database did not answer this window */
#define UNPUBLISHED_US SECONDS(10) /* nobody folded the published row */
#define HEARD_US SECONDS(30)       /* a worker's heartbeat */
#define UNTRIED_US SECONDS(60)
#define IDLE_US SECONDS(300)
#define SLOW_US SECONDS(300)
#define STICKY_US SECONDS(30)
#define EMPTY_SECONDS 48 /* of 60 without a token: the rate is the limit */

struct view {
    const struct snapshot *s;
    int64_t now_us;
    const struct snap_lane *lane; /* the worst one, or NULL */
};

static const struct snap_queue_row *row(const struct view *v, int which) {
    return &v->s->queue[which];
}

static struct figure count(const struct view *v, int which) {
    return figure_count_capped(row(v, which)->n, row(v, which)->capped);
}

static int64_t age_of(const struct view *v, int64_t at_us) {
    return at_us < 0 ? -1 : v->now_us - at_us;
}

/* --- lanes and workers ------------------------------------------------------------------------ */

static bool one_of(const char *word, const char *a, const char *b, const char *c) {
    return str_eq(word, a) || str_eq(word, b) || str_eq(word, c);
}

static bool parked_for_quota(const struct snap_lane *l) {
    return l->parked && one_of(l->reason, "quota", "daily", "monthly");
}

static bool parked_for_good(const struct snap_lane *l) {
    return l->parked && !parked_for_quota(l) && !str_eq(l->reason, "rate");
}

static bool used_up(int64_t used, int64_t allowed) {
    return allowed > 0 && used >= allowed;
}

static double fullness(const struct snap_lane *l) {
    double day = l->today_allowed > 0 ? (double)l->today_used / (double)l->today_allowed : 0;
    double month = l->month_allowed > 0 ? (double)l->month_used / (double)l->month_allowed : 0;
    double parked = parked_for_good(l) ? 1e6 : l->parked ? 1e3 : 0;
    return parked + (day > month ? day : month);
}

const struct snap_lane *snapshot_worst_lane(const struct snapshot *s) {
    const struct snap_lane *worst = NULL;
    for (int i = 0; i < s->lane_count; i++)
        if (worst == NULL || fullness(&s->lanes[i]) > fullness(worst))
            worst = &s->lanes[i];
    return worst;
}

static bool heard(const struct snap_worker *w, int64_t now_us) {
    return w->heard_at_us >= 0 && now_us - w->heard_at_us <= HEARD_US &&
           !str_eq(w->state, "stopped");
}

int snapshot_workers_up(const struct snapshot *s, int64_t now_us) {
    int up = 0;
    for (int i = 0; i < s->worker_count; i++)
        up += heard(&s->workers[i], now_us);
    return up;
}

/* --- Why ---------------------------------------------------------------------------------------
 */

static void why_first_error(const struct view *v, struct state_row *out) {
    if (v->s->error_count == 0)
        return;
    const struct snap_error *e = &v->s->errors[0];
    const char *before = out->state == STATE_PAUSED ? "before the pause: " : "";
    str_format(out->why, sizeof out->why, "%s%s since %s, %s", before, figure_count(e->n).text,
               figure_when(e->first_at_us, v->now_us).text, e->text);
    str_format(out->why_brief, sizeof out->why_brief, "%s %s", figure_count(e->n).text, e->text);
    if (!str_eq(e->code, e->text))
        str_format(out->why_more, sizeof out->why_more, " (%s)", e->code);
}

static bool somebody_must_act(const struct view *v) {
    return row(v, QUEUE_FAILED)->n > 0 || row(v, QUEUE_UNCERTAIN)->n > 0;
}

/* --- the rules, in order -----------------------------------------------------------------------
 */

static bool no_data_holds(const struct view *v) {
    const struct snapshot *s = v->s;
    return s->away || s->published_at_us < 0 ||
           (s->now_us >= 0 && v->now_us - s->now_us > UNREAD_US) ||
           v->now_us - s->published_at_us > UNPUBLISHED_US;
}

static void no_data_write(const struct view *v, struct state_row *out) {
    const struct snapshot *s = v->s;
    bool unread = s->away || (s->now_us >= 0 && v->now_us - s->now_us > UNREAD_US);
    int64_t since = unread && s->now_us >= 0 ? s->now_us : s->published_at_us;
    str_copy(out->todo, sizeof out->todo, "numbers stay with their time; w workers");
    if (s->published_at_us < 0) {
        str_copy(out->sentence, sizeof out->sentence, "no answer from the database yet");
        str_copy(out->brief, sizeof out->brief, "no answer yet");
        str_copy(out->todo, sizeof out->todo, "wait, or check the database");
        return;
    }
    struct figure age = figure_age_exact(v->now_us - since);
    str_format(out->sentence, sizeof out->sentence, "%s for %s; the numbers are of %s",
               unread ? "no answer from the database" : "nobody has counted", age.text,
               figure_clock_s(s->published_at_us).text);
    str_format(out->brief, sizeof out->brief, "no answer for %s", age.text);
}

static bool each_worker_paused(const struct view *v) {
    int up = 0;
    for (int i = 0; i < v->s->worker_count; i++) {
        const struct snap_worker *w = &v->s->workers[i];
        if (heard(w, v->now_us) && !str_starts(w->state, "paused"))
            return false;
        up += heard(w, v->now_us);
    }
    return up > 0;
}

static bool paused_holds(const struct view *v) {
    return v->s->paused || each_worker_paused(v);
}

static void paused_write(const struct view *v, struct state_row *out) {
    const struct snapshot *s = v->s;
    str_copy(out->todo, sizeof out->todo, "p resume   r retry (queued until you resume)");
    why_first_error(v, out);
    if (!s->paused) {
        str_copy(out->sentence, sizeof out->sentence, "no mail is sent; every worker is paused");
        str_copy(out->brief, sizeof out->brief, "every worker is paused");
        return;
    }
    struct figure age = figure_age(age_of(v, s->paused_at_us));
    str_format(out->sentence, sizeof out->sentence, "no mail is sent; paused by %s %s ago%s%s%s",
               s->paused_by[0] != '\0' ? s->paused_by : "?", age.text,
               s->paused_reason[0] != '\0' ? ": \"" : "", s->paused_reason,
               s->paused_reason[0] != '\0' ? "\"" : "");
    str_format(out->brief, sizeof out->brief, "by %s %s ago", s->paused_by, age.text);
}

static bool untried(const struct view *v) {
    const struct snap_lane *l = v->lane;
    bool spare = l != NULL && !l->parked && l->empty_60s < EMPTY_SECONDS &&
                 !used_up(l->today_used, l->today_allowed) &&
                 !used_up(l->month_used, l->month_allowed);
    return spare && age_of(v, row(v, QUEUE_PENDING)->at_us) >= UNTRIED_US &&
           (v->s->last_attempt_us < 0 || age_of(v, v->s->last_attempt_us) >= UNTRIED_US);
}

static bool stalled_holds(const struct view *v) {
    return row(v, QUEUE_PENDING)->n > 0 &&
           (snapshot_workers_up(v->s, v->now_us) == 0 || untried(v));
}

static void stalled_write(const struct view *v, struct state_row *out) {
    struct figure n = count(v, QUEUE_PENDING);
    int64_t last = -1;
    for (int i = 0; i < v->s->worker_count; i++)
        if (v->s->workers[i].heard_at_us > last)
            last = v->s->workers[i].heard_at_us;
    why_first_error(v, out);
    if (snapshot_workers_up(v->s, v->now_us) > 0) {
        char since[32] = "";
        if (v->s->last_attempt_us >= 0)
            str_format(since, sizeof since, " for %s",
                       figure_age(age_of(v, v->s->last_attempt_us)).text);
        str_format(out->sentence, sizeof out->sentence,
                   "%s wait, the lane is open, and nothing was tried%s", n.text, since);
        str_format(out->brief, sizeof out->brief, "%s wait, none tried", n.text);
        str_copy(out->todo, sizeof out->todo, "w workers   t process now");
        return;
    }
    str_format(out->sentence, sizeof out->sentence, "%s wait, no worker is running", n.text);
    if (last >= 0)
        str_format(out->sentence, sizeof out->sentence,
                   "%s wait, no worker is running (the last was heard %s ago)", n.text,
                   figure_age(age_of(v, last)).text);
    str_format(out->brief, sizeof out->brief, "%s wait, no worker", n.text);
    str_copy(out->todo, sizeof out->todo, "start a worker; w workers   t process now");
}

static const struct snap_lane *parked_lane(const struct view *v) {
    for (int i = 0; i < v->s->lane_count; i++)
        if (parked_for_good(&v->s->lanes[i]))
            return &v->s->lanes[i];
    return NULL;
}

static bool parked_holds(const struct view *v) {
    return parked_lane(v) != NULL;
}

/* "403 invalid_api_key" of "403 invalid_api_key: API key is invalid", in brackets. */
static void refusal(char *dst, size_t size, const char *text, bool status_only) {
    size_t n = strcspn(text, ":");
    size_t digits = strspn(text, "0123456789");
    if (status_only && digits > 0)
        n = digits;
    dst[0] = '\0';
    if (n > 0 && n < 48)
        str_format(dst, size, " (%.*s)", (int)n, text);
}

/* The first word of the refusal that looks like a domain. */
static void domain_in(char *dst, size_t size, const char *text) {
    str_copy(dst, size, "the sender's domain");
    for (const char *p = text; *p != '\0'; p += strcspn(p, " "), p += strspn(p, " ")) {
        size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789.-");
        bool whole = p[n] == ' ' || p[n] == '\0';
        const char *dot = memchr(p, '.', n);
        if (whole && dot != NULL && dot > p && dot + 1 < p + n &&
            isalpha((unsigned char)p[n - 1])) {
            str_format(dst, size, "%.*s", (int)(n < 60 ? n : 60), p);
            return;
        }
    }
}

void parked_todo(char *dst, size_t size, const char *lane, const char *reason, const char *text,
                 const char *again) {
    char domain[64];
    if (str_eq(reason, "key")) {
        str_format(dst, size,
                   "set a valid key where the workers start, restart them; %s tries again", again);
    } else if (str_eq(reason, "sender")) {
        domain_in(domain, sizeof domain, text);
        str_format(dst, size, "verify %s at %.32s, then %s tries again", domain, lane, again);
    } else if (str_eq(reason, "down")) {
        str_format(dst, size, "nothing: it tries by itself; %s tries now", again);
    } else {
        str_format(dst, size, "ask %.32s; %s tries again", lane, again);
    }
}

static void parked_words(const struct snap_lane *l, char *what, size_t size) {
    char code[64];
    refusal(code, sizeof code, l->text, str_eq(l->reason, "down"));
    if (str_eq(l->reason, "key"))
        str_format(what, size, "%.32s refuses the key%s", l->name, code);
    else if (str_eq(l->reason, "sender"))
        str_format(what, size, "%.32s refuses the sender%s", l->name, code);
    else if (str_eq(l->reason, "down"))
        str_format(what, size, "%.32s is down%s", l->name, code);
    else
        str_format(what, size, "%.32s holds the account%s", l->name, code);
}

static void parked_write(const struct view *v, struct state_row *out) {
    const struct snap_lane *l = parked_lane(v);
    char what[128], next[48] = "", wait[48] = "";
    parked_words(l, what, sizeof what);
    parked_todo(out->todo, sizeof out->todo, l->name, l->reason, l->text, "t");
    if (l->until_us >= 0)
        str_format(next, sizeof next, "; next try at %s", figure_clock_s(l->until_us).text);
    if (row(v, QUEUE_PENDING)->n > 0)
        str_format(wait, sizeof wait, "; %s wait", count(v, QUEUE_PENDING).text);
    str_format(out->sentence, sizeof out->sentence, "%s since %s%s%s", what,
               figure_when(l->since_us, v->now_us).text, next, wait);
    str_format(out->brief, sizeof out->brief, "%s", what);
    str_format(out->why, sizeof out->why, "%s%sno message lost an attempt", l->text,
               l->text[0] != '\0' ? "; " : "");
    str_copy(out->why_brief, sizeof out->why_brief, l->text);
}

static const struct snap_lane *full_lane(const struct view *v) {
    for (int i = 0; i < v->s->lane_count; i++) {
        const struct snap_lane *l = &v->s->lanes[i];
        if (parked_for_quota(l) || used_up(l->today_used, l->today_allowed) ||
            used_up(l->month_used, l->month_allowed))
            return l;
    }
    return NULL;
}

static bool quota_holds(const struct view *v) {
    return full_lane(v) != NULL;
}

static void quota_write(const struct view *v, struct state_row *out) {
    const struct snap_lane *l = full_lane(v);
    bool month = str_eq(l->reason, "monthly") || (used_up(l->month_used, l->month_allowed) &&
                                                  !used_up(l->today_used, l->today_allowed));
    int64_t used = month ? l->month_used : l->today_used;
    int64_t allowed = month ? l->month_allowed : l->today_allowed;
    int64_t again = l->until_us >= 0 ? l->until_us : month ? -1 : l->today_resets_at_us;
    const char *period = month ? "this month" : "today";
    char rest[96] = "";
    if (again >= 0)
        str_format(rest, sizeof rest, "; sending goes on %s%s UTC (in %s)",
                   again - v->now_us > 24 * SECONDS(3600) ? figure_when(again, v->now_us).text : "",
                   again - v->now_us > 24 * SECONDS(3600) ? "" : figure_clock(again).text,
                   figure_age(again - v->now_us).text);
    if (allowed > 0)
        str_format(out->sentence, sizeof out->sentence, "%s of %s used %s%s",
                   figure_count(used).text, figure_count(allowed).text, period, rest);
    else
        str_format(out->sentence, sizeof out->sentence, "%.32s's quota is used up %s%s", l->name,
                   period, rest);
    str_format(out->brief, sizeof out->brief, "quota used up %s", period);
    str_copy(out->todo, sizeof out->todo, "nothing until it resets; p pause");
    why_first_error(v, out);
}

static bool many_fail(const struct snapshot *s) {
    return s->attempts_5m >= 20 && s->failed_5m * 5 >= s->attempts_5m;
}

static bool failing_holds(const struct view *v) {
    return many_fail(v->s) || (v->s->failed_2m >= 5 && v->s->ok_2m == 0);
}

static void failing_write(const struct view *v, struct state_row *out) {
    const struct snapshot *s = v->s;
    struct figure percent = figure_percent((double)s->failed_5m, (double)s->attempts_5m);
    struct figure failed = figure_count(s->failed_5m), all = figure_count(s->attempts_5m);
    str_copy(out->figure, sizeof out->figure, percent.text);
    if (!many_fail(s) && s->failed_2m >= 5 && s->ok_2m == 0) {
        str_format(out->sentence, sizeof out->sentence, "all %s attempts of the last 2 min failed",
                   figure_count(s->failed_2m).text);
        str_format(out->brief, sizeof out->brief, "all %s failed in 2 min",
                   figure_count(s->failed_2m).text);
    } else {
        str_format(out->sentence, sizeof out->sentence,
                   "%s of attempts failed in the last 5 min (%s of %s)", percent.text, failed.text,
                   all.text);
        str_format(out->brief, sizeof out->brief, "%s failed, %s of %s in 5 min", percent.text,
                   failed.text, all.text);
    }
    if (s->sent_1m >= 0 && s->sent_1m_usual >= 0)
        str_format(out->sentence_more, sizeof out->sentence_more,
                   "; %s sent in the last minute, usually %s", figure_count(s->sent_1m).text,
                   figure_count(s->sent_1m_usual).text);
    str_copy(out->todo, sizeof out->todo,
             "p pause   Enter look at it   r retry once the cause is gone");
    why_first_error(v, out);
}

static const struct snap_lane *empty_lane(const struct view *v) {
    for (int i = 0; i < v->s->lane_count; i++)
        if (v->s->lanes[i].empty_60s >= EMPTY_SECONDS)
            return &v->s->lanes[i];
    return NULL;
}

static bool throttled_holds(const struct view *v) {
    return empty_lane(v) != NULL;
}

/* "11 min", from an hour on "2h10m". */
static void duration(char *dst, size_t size, int64_t us) {
    if (us < SECONDS(3600))
        str_format(dst, size, "%d min", (int)((us + SECONDS(59)) / SECONDS(60)));
    else
        str_copy(dst, size, figure_age(us).text);
}

static void throttled_write(const struct view *v, struct state_row *out) {
    const struct snap_lane *l = empty_lane(v);
    char since[40] = "", gone[56] = "", in[32];
    if (l == NULL)
        l = v->lane; /* still shown for a while after the rule last held */
    if (l == NULL)
        return;
    str_copy(out->todo, sizeof out->todo, "nothing: the lane sends as fast as it may");
    if (l->empty_since_us >= 0)
        str_format(since, sizeof since, " for %s", figure_age(age_of(v, l->empty_since_us)).text);
    if (l->gone_at_us >= v->now_us) {
        duration(in, sizeof in, l->gone_at_us - v->now_us);
        str_format(gone, sizeof gone, ", gone in about %s",
                   figure_age(l->gone_at_us - v->now_us).text);
        str_format(out->todo, sizeof out->todo, "nothing: the backlog is gone in about %s", in);
    }
    str_format(out->sentence, sizeof out->sentence, "%s of %s requests/s%s; %s wait%s",
               figure_rate(l->rate_used).text, figure_rate(l->rate_allowed).text, since,
               count(v, QUEUE_PENDING).text, gone);
    str_format(out->brief, sizeof out->brief, "%s of %s/s, %s wait", figure_rate(l->rate_used).text,
               figure_rate(l->rate_allowed).text, count(v, QUEUE_PENDING).text);
    why_first_error(v, out);
}

static bool slow_holds(const struct view *v) {
    return row(v, QUEUE_PENDING)->n > 0 && age_of(v, row(v, QUEUE_PENDING)->at_us) > SLOW_US;
}

static bool all_busy(const struct view *v) {
    int busy = 0;
    for (int i = 0; i < v->s->worker_count; i++) {
        if (heard(&v->s->workers[i], v->now_us) && v->s->workers[i].in_flight <= 0)
            return false;
        busy += heard(&v->s->workers[i], v->now_us);
    }
    return busy > 0;
}

static void slow_write(const struct view *v, struct state_row *out) {
    const struct snap_queue_row *pending = row(v, QUEUE_PENDING);
    struct figure age = figure_age(age_of(v, pending->at_us));
    char trend[80];
    if (pending->at_us < 0 || pending->n == 0)
        age = (struct figure){"0s"};
    if (pending->per_min != SNAP_NO_RATE && pending->per_min > 0)
        str_format(trend, sizeof trend, "%s more a minute than leave",
                   figure_count(pending->per_min).text);
    else
        str_format(trend, sizeof trend, "%s wait", count(v, QUEUE_PENDING).text);
    str_format(out->sentence, sizeof out->sentence, "oldest waits %s, %s%s", age.text, trend,
               all_busy(v) ? "; all workers busy" : "");
    str_format(out->brief, sizeof out->brief, "oldest waits %s, %s wait", age.text,
               count(v, QUEUE_PENDING).text);
    str_copy(out->todo, sizeof out->todo, "w workers");
    why_first_error(v, out);
}

static bool idle_holds(const struct view *v) {
    return row(v, QUEUE_PENDING)->n == 0 && row(v, QUEUE_PROCESSING)->n <= 0 &&
           (v->s->last_attempt_us < 0 || age_of(v, v->s->last_attempt_us) >= IDLE_US);
}

static void idle_write(const struct view *v, struct state_row *out) {
    char last[48] = "", next[64] = "";
    const struct snap_queue_row *scheduled = row(v, QUEUE_SCHEDULED);
    if (v->s->last_sent_us >= 0)
        str_format(last, sizeof last, "; last sent %s ago",
                   figure_age(age_of(v, v->s->last_sent_us)).text);
    if (scheduled->n > 0 && scheduled->at_us >= 0) {
        struct figure at = figure_when(scheduled->at_us, v->now_us);
        str_format(next, sizeof next, "; next scheduled %s%s", at.text,
                   strchr(at.text, ':') != NULL ? " UTC" : "");
    }
    str_format(out->sentence, sizeof out->sentence, "nothing waits%s%s", last, next);
    str_format(out->brief, sizeof out->brief, "nothing waits%s", last);
}

static bool flowing_holds(const struct view *v) {
    (void)v;
    return true;
}

static void flowing_write(const struct view *v, struct state_row *out) {
    const struct snapshot *s = v->s;
    const struct snap_queue_row *pending = row(v, QUEUE_PENDING);
    char failed[48] = "", waits[64] = "nothing waits";
    struct figure sent = figure_count(s->sent_1m);
    if (s->attempts_5m > 0 && s->failed_5m >= 0)
        str_format(failed, sizeof failed, ", %s failed",
                   s->failed_5m == 0
                       ? "none"
                       : figure_percent((double)s->failed_5m, (double)s->attempts_5m).text);
    if (pending->n > 0 && pending->at_us >= 0)
        str_format(waits, sizeof waits, "nothing waits longer than %s",
                   figure_age_exact(age_of(v, pending->at_us)).text);
    str_format(out->sentence, sizeof out->sentence, "%s a minute sent%s, %s", sent.text, failed,
               waits);
    str_format(out->brief, sizeof out->brief, "%s/m sent%s", sent.text, failed);
}

static const struct state {
    const char *name;
    bool (*holds)(const struct view *v);
    void (*write)(const struct view *v, struct state_row *out);
    bool sticky;
} states[STATE_COUNT] = {
    [STATE_NO_DATA] = {"NO DATA", no_data_holds, no_data_write, false},
    [STATE_PAUSED] = {"PAUSED", paused_holds, paused_write, false},
    [STATE_STALLED] = {"STALLED", stalled_holds, stalled_write, false},
    [STATE_PARKED] = {"PARKED", parked_holds, parked_write, false},
    [STATE_QUOTA] = {"QUOTA", quota_holds, quota_write, false},
    [STATE_FAILING] = {"FAILING", failing_holds, failing_write, true},
    [STATE_THROTTLED] = {"THROTTLED", throttled_holds, throttled_write, true},
    [STATE_SLOW] = {"SLOW", slow_holds, slow_write, true},
    [STATE_IDLE] = {"IDLE", idle_holds, idle_write, false},
    [STATE_FLOWING] = {"FLOWING", flowing_holds, flowing_write, false},
};

const char *state_name(enum mail_state state) {
    return states[state].name;
}

static bool state_holds(enum mail_state i, const struct view *v, struct verdict_hold *hold) {
    bool holds = states[i].holds(v);
    if (hold == NULL || !states[i].sticky)
        return holds;
    if (holds)
        hold->last_us[i] = v->now_us;
    return holds || (hold->last_us[i] > 0 && v->now_us - hold->last_us[i] < STICKY_US);
}

void verdict_of(const struct snapshot *s, int64_t now_us, struct verdict_hold *hold,
                struct state_row *out) {
    static const struct snapshot nothing = {.published_at_us = -1, .now_us = -1, .away = true};
    struct view v = {.s = s != NULL ? s : &nothing, .now_us = now_us};
    v.lane = snapshot_worst_lane(v.s);
    *out = (struct state_row){.state = STATE_FLOWING, .todo = "nothing to do"};
    for (int i = STATE_COUNT - 1; i >= 0; i--) /* all are asked: each notes when it last held */
        if (state_holds((enum mail_state)i, &v, hold))
            out->state = (enum mail_state)i;
    states[out->state].write(&v, out);
    if (out->state >= STATE_IDLE && somebody_must_act(&v))
        why_first_error(&v, out);
}
