/* One writer per state of a message. Whatever is due asks the same question: what holds it back
 * (a pause, no worker, a parked lane, a quota), and if nothing does, which token it gets.
 * Pure; any thread. */
#include "core/why.h"

#include "base/str.h"
#include "core/figures.h"
#include "core/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define URGENT_RANK 2 /* the quotas' reserve is for ranks up to this one (SPEC 4) */

static void say(struct why_answer *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(struct why_answer *out, const char *fmt, ...) {
    size_t used = strlen(out->text);
    va_list args;
    va_start(args, fmt);
    vsnprintf(out->text + used, sizeof out->text - used, fmt, args);
    va_end(args);
}

static void be(struct why_answer *out, const char *state, int64_t until_us) {
    out->state = state;
    out->until_us = until_us;
}

static struct figure at(const struct why *w, int64_t us) {
    return figure_moment(us, w->now_us);
}

/* --- what holds all due mail back --------------------------------------------------------------
 */

static bool paused(const struct why *w, struct why_answer *out) {
    const struct why_pause *p = &w->all_paused;
    bool each = w->workers_up > 0 && w->workers_paused == w->workers_up;
    if (!p->holds && !each)
        return false;
    be(out, "paused", -1);
    if (!p->holds) {
        p = &w->worker_paused;
        if (w->workers_up > 1)
            say(out, "all %d workers are paused; ", w->workers_up);
        say(out, "worker %s ", p->worker);
    }
    say(out, "paused by %s since %s", p->by[0] ? p->by : "?", at(w, p->since_us).text);
    if (p->reason[0])
        say(out, ": \"%s\"", p->reason);
    say(out, "; postroom resume%s%s goes on", p->worker[0] ? " --worker " : "", p->worker);
    return true;
}

static bool stopped(const struct why *w, struct why_answer *out) {
    if (w->workers_up > 0)
        return false;
    be(out, "stopped", -1);
    say(out, "no worker is running");
    if (w->lane[0])
        say(out, " for lane %s", w->lane);
    if (w->heard_us >= 0)
        say(out, " (last heard %s)", at(w, w->heard_us).text);
    say(out, ": start one");
    return true;
}

static bool parked_for_quota(const struct why *w) {
    return str_eq(w->parked_reason, "daily") || str_eq(w->parked_reason, "monthly");
}

static bool parked(const struct why *w, struct why_answer *out) {
    char todo[200];
    bool waits = w->parked_until_us > w->now_us;
    if (!w->parked_reason[0] || parked_for_quota(w))
        return false;
    be(out, "parked", waits ? w->parked_until_us : -1);
    if (waits)
        say(out, "lane parked until %s", at(w, w->parked_until_us).text);
    else
        say(out, "lane parked %s",
            w->parked_until_us < 0 ? "until somebody acts" : "and tried again now");
    say(out, " (%s: %s)", w->lane, w->parked_text[0] ? w->parked_text : w->parked_reason);
    if (str_eq(w->parked_reason, "down"))
        say(out, "; it tries by itself, postroom trigger tries now");
    else if (!str_eq(w->parked_reason, "rate")) {
        parked_todo(todo, sizeof todo, w->lane, w->parked_reason, w->parked_text,
                    "postroom trigger");
        say(out, ": %s", todo);
    }
    return true;
}

/* Is no more than the reserve left of this quota? */
static bool all_but_reserve(const struct why *w, int64_t left, int64_t limit) {
    return limit > 0 && left <= (int64_t)((double)limit * w->quota_reserve);
}

static bool quota(const struct why *w, struct why_answer *out) {
    bool month = w->monthly_left <= 0 || str_eq(w->parked_reason, "monthly");
    bool used_up = parked_for_quota(w) || w->daily_left <= 0 || month;
    bool reserved = false;
    if (!used_up && w->rank > URGENT_RANK) {
        month = all_but_reserve(w, w->monthly_left, w->monthly_limit);
        reserved = month || all_but_reserve(w, w->daily_left, w->daily_limit);
    }
    if (!used_up && !reserved)
        return false;
    be(out, "quota", month ? w->month_ends_us : w->day_ends_us);
    if (parked_for_quota(w) && w->parked_until_us >= 0)
        out->until_us = w->parked_until_us;
    say(out, "%s quota of lane %s %s until %s", month ? "monthly" : "daily", w->lane,
        used_up ? "used up" : "used up but for the reserve of priorities 0 to 2",
        at(w, out->until_us).text);
    return true;
}

static bool held_back(const struct why *w, struct why_answer *out) {
    return paused(w, out) || stopped(w, out) || parked(w, out) || quota(w, out);
}

/* What will still hold it back when its own time has come. */
static void say_later(const struct why *w, int64_t from_us, struct why_answer *out) {
    struct why_answer then = {.until_us = -1};
    if (held_back(w, &then) && (then.until_us < 0 || then.until_us > from_us))
        say(out, "; %s", then.text);
}

/* --- due ---------------------------------------------------------------------------------------
 */

static void token(const struct why *w, struct why_answer *out) {
    int64_t first = w->next_slot_us > w->now_us ? w->next_slot_us : w->now_us;
    int64_t requests = w->behind > 0 ? w->behind / (w->batch_size > 0 ? w->batch_size : 1) : 0;
    int64_t own = first + requests * w->spacing_us;
    be(out, "token", own);
    if (w->lane[0])
        say(out, "token at %s", at(w, first).text);
    else
        say(out, "a worker's next look");
    if (w->behind >= 0)
        say(out, ", behind %s", figure_count_capped(w->behind, w->behind_capped).text);
    if (own > first)
        say(out, ": %s %s", w->behind_capped ? "not before" : "about", at(w, own).text);
}

static void due(const struct why *w, struct why_answer *out) {
    if (!held_back(w, out))
        token(w, out);
    if (w->suppressed[0])
        say(out, "; %s is suppressed (%s %s): it will not be sent", w->suppressed,
            w->suppressed_why, at(w, w->suppressed_us).text);
}

/* --- by status ---------------------------------------------------------------------------------
 */

/* What webhooks told of it. */
static void delivery(const struct why *w, struct why_answer *out) {
    if (!w->delivery[0])
        return;
    say(out, ", %s", w->delivery);
    if (w->delivery_us >= 0)
        say(out, " %s", at(w, w->delivery_us).text);
    if (str_eq(w->delivery, "bounced") && w->bounce_type[0])
        say(out, " %s",
            str_eq(w->bounce_type, "permanent")   ? "for good"
            : str_eq(w->bounce_type, "transient") ? "for now"
                                                  : "(not told whether for good)");
    if (w->told[0] && !str_eq(w->delivery, "delivered"))
        say(out, ": %s", w->told);
    if (w->suppressed[0])
        say(out, "; %s is suppressed", w->suppressed);
}

static void sent(const struct why *w, struct why_answer *out) {
    be(out, "sent", -1);
    say(out, "sent");
    if (w->sent_us >= 0)
        say(out, " %s", at(w, w->sent_us).text);
    delivery(w, out);
}

static void cancelled(const struct why *w, struct why_answer *out) {
    be(out, "cancelled", -1);
    say(out, "cancelled");
    if (w->updated_us >= 0)
        say(out, " %s", at(w, w->updated_us).text);
    if (w->request_open)
        say(out, ", but its request is under way: it may be sent all the same");
}

static void say_attempt(const struct why *w, struct why_answer *out) {
    say(out, ", attempt %d of %d", w->retry_count + 1, w->max_attempts);
    if (w->unfinished > 1)
        say(out, "; %d %s before this one ended without an outcome", w->unfinished - 1,
            w->unfinished == 2 ? "claim" : "claims");
}

static void on_wire(const struct why *w, struct why_answer *out) {
    be(out, "sending", w->lease_us);
    say(out, "on the wire since %s by %s, lease until %s", at(w, w->request_stored_us).text,
        w->worker, at(w, w->lease_us).text);
    if (w->request_attempts > 1)
        say(out, ", the same request, time %d", w->request_attempts);
    say_attempt(w, out);
}

static void claimed(const struct why *w, struct why_answer *out) {
    be(out, "claimed", w->lease_us);
    say(out, "claimed by %s until %s", w->worker, at(w, w->lease_us).text);
    say_attempt(w, out);
}

static void abandoned(const struct why *w, struct why_answer *out) {
    be(out, "abandoned", -1);
    say(out, "claimed by %s, whose lease is over since %s: another worker takes it over", w->worker,
        at(w, w->lease_us).text);
    if (w->unfinished > 1)
        say(out, "; %d claims ended without an outcome", w->unfinished);
    say_later(w, w->now_us, out);
}

static void in_hand(const struct why *w, struct why_answer *out) {
    if (w->lease_us < 0) {
        be(out, "foreign", -1);
        say(out, "processing, but no worker claimed it: waits for whoever set that; "
                 "status = 'pending' sends it");
    } else if (w->lease_us <= w->now_us) {
        abandoned(w, out);
    } else if (w->on_wire) {
        on_wire(w, out);
    } else {
        claimed(w, out);
    }
}

static void pending(const struct why *w, struct why_answer *out) {
    if (w->on_wire) {
        in_hand(w, out);
    } else if (w->due) {
        if (w->request_open)
            say(out, "the request it is part of is made again; ");
        due(w, out);
    } else if (w->request_open) {
        be(out, "request", w->go_us);
        say(out, "the request it is part of is made again at %s", at(w, w->go_us).text);
        say_later(w, w->go_us, out);
    } else if (w->go_us < 0) {
        be(out, "scheduled", -1);
        say(out, "scheduled for no time that ever comes: change scheduled_at");
    } else {
        be(out, "scheduled", w->go_us);
        say(out, "scheduled for %s %s", at(w, w->go_us).text, figure_zone());
        say_later(w, w->go_us, out);
    }
}

static const char *error_of(const struct why *w) {
    return w->error[0] ? w->error : w->error_code[0] ? w->error_code : "no reason given";
}

static void retrying(const struct why *w, struct why_answer *out) {
    const char *same = w->request_open ? ", the same request as before" : "";
    if (w->on_wire) {
        in_hand(w, out);
        return;
    }
    say(out, "retry %d of %d ", w->retry_count + 1, w->max_attempts);
    if (w->due) {
        say(out, "is due%s; ", same);
        due(w, out);
    } else {
        be(out, "retrying", w->go_us);
        say(out, "at %s%s", at(w, w->go_us).text, same);
        say_later(w, w->go_us, out);
    }
    if (!w->window)
        say(out, "; last: %s", error_of(w));
}

/* Its address stood on the list when its turn came. */
static void suppressed(const struct why *w, struct why_answer *out) {
    be(out, "suppressed", -1);
    if (!w->suppressed[0]) {
        say(out, "%s; it is not on the list any more: postroom retry ID sends it", error_of(w));
        return;
    }
    say(out,
        "suppressed: %s %s %s; postroom unsuppress %s, then postroom retry ID, sends it all "
        "the same",
        w->suppressed, w->suppressed_why, at(w, w->suppressed_us).text, w->suppressed);
}

static void final(const struct why *w, struct why_answer *out) {
    const char *error = error_of(w);
    if (str_eq(w->error_code, "uncertain")) {
        be(out, "uncertain", -1);
        if (w->window) {
            say(out, "maybe sent already: waits for somebody (r sends it again)");
            return;
        }
        say(out,
            "maybe sent already: waits for somebody to see whether it arrived, then to say so "
            "(postroom mark-sent ID) or to send it again (postroom retry ID); %s",
            error);
        return;
    }
    if (str_eq(w->error_code, "suppressed")) {
        suppressed(w, out);
        return;
    }
    bool poison = str_eq(w->error_code, "poison");
    be(out, poison ? "poison" : "failed", -1);
    say(out, "final");
    if (w->retry_count > 0 && !poison)
        say(out, " after %d attempt%s", w->retry_count, w->retry_count == 1 ? "" : "s");
    if (w->window)
        say(out, ": waits for somebody (r retries it)");
    else
        say(out, ": waits for somebody (r or postroom retry ID retries it); %s", error);
}

static void failed(const struct why *w, struct why_answer *out) {
    if (w->retrying)
        retrying(w, out);
    else
        final(w, out);
}

void why_of(const struct why *w, struct why_answer *out) {
    static const struct {
        const char *status;
        void (*write)(const struct why *w, struct why_answer *out);
    } writers[] = {{"sent", sent},
                   {"cancelled", cancelled},
                   {"processing", in_hand},
                   {"pending", pending},
                   {"failed", failed}};
    *out = (struct why_answer){.state = "foreign", .until_us = -1};
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++)
        if (str_eq(w->status, writers[i].status)) {
            writers[i].write(w, out);
            return;
        }
    say(out, "status \"%s\": postroom leaves it alone", w->status);
}
