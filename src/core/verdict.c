/* The states of the state row, each a rule and a writer, asked in order; those of a lane stand in
 * verdict_lane.c. Pure; any thread. */
#include "core/verdict_view.h"

#include "base/str.h"

#include <string.h>

#define UNREAD_US SECONDS(2)       /* the database did not answer this window */
#define UNPUBLISHED_US SECONDS(10) /* nobody folded the published row */
#define HEARD_US SECONDS(30)       /* a worker's heartbeat */
#define UNTRIED_US SECONDS(60)
#define IDLE_US SECONDS(300)
#define SLOW_US SECONDS(300)
#define STICKY_US SECONDS(30)

const struct snap_queue_row *view_row(const struct view *v, int which) {
    return &v->s->queue[which];
}

struct figure view_count(const struct view *v, int which) {
    return figure_count_capped(view_row(v, which)->n, view_row(v, which)->capped);
}

int64_t view_age(const struct view *v, int64_t at_us) {
    return at_us < 0 ? -1 : v->now_us - at_us;
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

void view_first_error(const struct view *v, struct state_row *out) {
    if (v->s->error_count == 0)
        return;
    const struct snap_error *e = &v->s->errors[0];
    const char *before = out->state == STATE_PAUSED ? "before the pause: " : "";
    struct figure count = figure_count_capped(e->n, e->capped);
    str_format(out->why, sizeof out->why, "%s%s since %s, %s", before, count.text,
               figure_when(e->first_at_us, v->now_us).text, e->text);
    str_format(out->why_brief, sizeof out->why_brief, "%s %s", count.text, e->text);
    if (!str_eq(e->code, e->text))
        str_format(out->why_more, sizeof out->why_more, " (%s)", e->code);
}

static bool somebody_must_act(const struct view *v) {
    return view_row(v, QUEUE_FAILED)->n > 0 || view_row(v, QUEUE_UNCERTAIN)->n > 0;
}

/* --- the rules, in order --------------------------------------------------------------------- */

static bool unread(const struct view *v) {
    return v->s->away || (v->s->now_us >= 0 && v->looked_at_us - v->s->now_us > UNREAD_US);
}

static bool no_data_holds(const struct view *v) {
    int64_t published_us = v->s->published_at_us;
    return unread(v) || published_us < 0 || v->looked_at_us - published_us > UNPUBLISHED_US;
}

static void no_data_write(const struct view *v, struct state_row *out) {
    const struct snapshot *s = v->s;
    bool answers = s->now_us >= 0 && !unread(v); /* but nobody folds a new one */
    int64_t since = s->now_us >= 0 && !answers ? s->now_us : s->published_at_us;
    str_copy(out->todo, sizeof out->todo, "numbers stay with their time; w workers");
    if (s->published_at_us < 0) {
        str_copy(out->sentence, sizeof out->sentence, "no answer from the database yet");
        str_copy(out->brief, sizeof out->brief, "no answer yet");
        str_copy(out->todo, sizeof out->todo, "wait, or check the database");
        return;
    }
    struct figure age = figure_age_exact(v->looked_at_us - since);
    str_format(out->sentence, sizeof out->sentence, "%s for %s; the numbers are of %s",
               answers ? "nobody has counted" : "no answer from the database", age.text,
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
    view_first_error(v, out);
    if (!s->paused) {
        str_copy(out->sentence, sizeof out->sentence, "no mail is sent; every worker is paused");
        str_copy(out->brief, sizeof out->brief, "every worker is paused");
        return;
    }
    struct figure age = figure_age(view_age(v, s->paused_at_us));
    str_format(out->sentence, sizeof out->sentence, "no mail is sent; paused by %s %s ago%s%s%s",
               s->paused_by[0] != '\0' ? s->paused_by : "?", age.text,
               s->paused_reason[0] != '\0' ? ": \"" : "", s->paused_reason,
               s->paused_reason[0] != '\0' ? "\"" : "");
    str_format(out->brief, sizeof out->brief, "by %s %s ago", s->paused_by, age.text);
}

static bool untried(const struct view *v) {
    return v->lane != NULL && lane_has_room(v->lane) &&
           view_age(v, view_row(v, QUEUE_PENDING)->at_us) >= UNTRIED_US &&
           (v->s->last_attempt_us < 0 || view_age(v, v->s->last_attempt_us) >= UNTRIED_US);
}

static bool stalled_holds(const struct view *v) {
    return view_row(v, QUEUE_PENDING)->n > 0 &&
           (snapshot_workers_up(v->s, v->now_us) == 0 || untried(v));
}

static void stalled_write(const struct view *v, struct state_row *out) {
    struct figure n = view_count(v, QUEUE_PENDING);
    int64_t last = v->s->last_heard_us;
    for (int i = 0; i < v->s->worker_count; i++)
        if (v->s->workers[i].heard_at_us > last)
            last = v->s->workers[i].heard_at_us;
    view_first_error(v, out);
    if (snapshot_workers_up(v->s, v->now_us) > 0) {
        char since[32] = "";
        if (v->s->last_attempt_us >= 0)
            str_format(since, sizeof since, " for %s",
                       figure_age(view_age(v, v->s->last_attempt_us)).text);
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
                   figure_age(view_age(v, last)).text);
    str_format(out->brief, sizeof out->brief, "%s wait, no worker", n.text);
    str_copy(out->todo, sizeof out->todo, "start a worker; w workers   t process now");
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
    view_first_error(v, out);
}

static bool slow_holds(const struct view *v) {
    return view_row(v, QUEUE_PENDING)->n > 0 &&
           view_age(v, view_row(v, QUEUE_PENDING)->at_us) > SLOW_US;
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
    const struct snap_queue_row *pending = view_row(v, QUEUE_PENDING);
    struct figure age = figure_age(view_age(v, pending->at_us));
    char trend[80];
    if (pending->at_us < 0 || pending->n == 0)
        age = (struct figure){"0s"};
    if (pending->per_min != SNAP_NO_RATE && pending->per_min > 0)
        str_format(trend, sizeof trend, "%s more a minute than leave",
                   figure_count(pending->per_min).text);
    else
        str_format(trend, sizeof trend, "%s wait", view_count(v, QUEUE_PENDING).text);
    str_format(out->sentence, sizeof out->sentence, "oldest waits %s, %s%s", age.text, trend,
               all_busy(v) ? "; all workers busy" : "");
    str_format(out->brief, sizeof out->brief, "oldest waits %s, %s wait", age.text,
               view_count(v, QUEUE_PENDING).text);
    str_copy(out->todo, sizeof out->todo, "w workers");
    view_first_error(v, out);
}

static bool idle_holds(const struct view *v) {
    return view_row(v, QUEUE_PENDING)->n == 0 && view_row(v, QUEUE_PROCESSING)->n <= 0 &&
           (v->s->last_attempt_us < 0 || view_age(v, v->s->last_attempt_us) >= IDLE_US);
}

static void idle_write(const struct view *v, struct state_row *out) {
    char last[48] = "", next[64] = "";
    const struct snap_queue_row *scheduled = view_row(v, QUEUE_SCHEDULED);
    if (v->s->last_sent_us >= 0)
        str_format(last, sizeof last, "; last sent %s ago",
                   figure_age(view_age(v, v->s->last_sent_us)).text);
    if (scheduled->n > 0 && scheduled->at_us >= 0) {
        struct figure at = figure_when(scheduled->at_us, v->now_us);
        str_format(next, sizeof next, "; next scheduled %s%s%s", at.text,
                   strchr(at.text, ':') != NULL ? " " : "",
                   strchr(at.text, ':') != NULL ? figure_zone() : "");
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
    const struct snap_queue_row *pending = view_row(v, QUEUE_PENDING);
    char failed[48] = "", waits[64] = "nothing waits";
    struct figure sent = figure_count(s->sent_1m);
    if (s->attempts_5m > 0 && s->failed_5m >= 0)
        str_format(failed, sizeof failed, ", %s failed",
                   s->failed_5m == 0
                       ? "none"
                       : figure_percent((double)s->failed_5m, (double)s->attempts_5m).text);
    if (pending->n > 0 && pending->at_us >= 0)
        str_format(waits, sizeof waits, "nothing waits longer than %s",
                   figure_age_exact(view_age(v, pending->at_us)).text);
    str_format(out->sentence, sizeof out->sentence, "%s a minute sent%s, %s", sent.text, failed,
               waits);
    str_format(out->brief, sizeof out->brief, "%s/m sent%s", sent.text, failed);
}

static const struct state {
    const char *name;
    bool (*holds)(const struct view *v);
    void (*write)(const struct view *v, struct state_row *out);
    int held; /* stays a while, by this note; or -1 */
} states[STATE_COUNT] = {
    [STATE_NO_DATA] = {"NO DATA", no_data_holds, no_data_write, -1},
    [STATE_PAUSED] = {"PAUSED", paused_holds, paused_write, -1},
    [STATE_STALLED] = {"STALLED", stalled_holds, stalled_write, -1},
    [STATE_PARKED] = {"PARKED", parked_holds, parked_write, -1},
    [STATE_QUOTA] = {"QUOTA", quota_holds, quota_write, -1},
    [STATE_FAILING] = {"FAILING", failing_holds, failing_write, HELD_FAILING},
    [STATE_THROTTLED] = {"THROTTLED", throttled_holds, throttled_write, HELD_THROTTLED},
    [STATE_SLOW] = {"SLOW", slow_holds, slow_write, HELD_SLOW},
    [STATE_IDLE] = {"IDLE", idle_holds, idle_write, -1},
    [STATE_FLOWING] = {"FLOWING", flowing_holds, flowing_write, -1},
};

const char *state_name(enum mail_state state) {
    return states[state].name;
}

static bool still_held(const struct view *v, int held) {
    return held >= 0 && v->s->held_us[held] >= 0 && v->now_us - v->s->held_us[held] < STICKY_US;
}

void verdict_of(const struct snapshot *s, int64_t now_us, struct state_row *out) {
    static const struct snapshot nothing = {.published_at_us = -1, .now_us = -1, .away = true};
    s = s != NULL ? s : &nothing;
    struct view v = {.s = s, .now_us = s->published_at_us, .looked_at_us = now_us};
    v.lane = snapshot_worst_lane(s);
    enum mail_state at = STATE_NO_DATA;
    while (at < STATE_FLOWING && !states[at].holds(&v) && !still_held(&v, states[at].held))
        at++;
    *out = (struct state_row){.state = at, .todo = "nothing to do"};
    states[at].write(&v, out);
    if (at >= STATE_IDLE && somebody_must_act(&v))
        view_first_error(&v, out);
}

void verdict_note(const struct snapshot *s, struct verdict_held *out) {
    struct view v = {.s = s, .now_us = s->published_at_us, .looked_at_us = s->published_at_us};
    v.lane = snapshot_worst_lane(s);
    out->known = true;
    memcpy(out->us, s->held_us, sizeof out->us);
    for (int i = 0; i < STATE_COUNT; i++)
        if (states[i].held >= 0 && states[i].holds(&v))
            out->us[states[i].held] = s->published_at_us;
}
