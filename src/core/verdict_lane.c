/* The states that are a lane's: parked, its quota used up, its rate the limit. Pure; any thread. */
#include "core/verdict_view.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

#define EMPTY_SECONDS 48 /* of 60 without a token: the rate is the limit */

static bool one_of(const char *word, const char *a, const char *b, const char *c) {
    return str_eq(word, a) || str_eq(word, b) || str_eq(word, c);
}

static bool parked_for_quota(const struct snap_lane *l) {
    return l->parked && one_of(l->reason, "quota", "daily", "monthly");
}

static bool parked_for_good(const struct snap_lane *l) {
    return l->parked && !parked_for_quota(l) && !str_eq(l->reason, "rate");
}

/* Asked to slow down, until a time: then it is open again by itself. */
static bool slowed_down(const struct snap_lane *l, int64_t now_us) {
    return l->parked && str_eq(l->reason, "rate") && l->until_us > now_us;
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

bool lane_has_room(const struct snap_lane *l) {
    return !l->parked && l->empty_60s < EMPTY_SECONDS &&
           !used_up(l->today_used, l->today_allowed) && !used_up(l->month_used, l->month_allowed);
}

/* --- parked ---------------------------------------------------------------------------------- */

static const struct snap_lane *parked_lane(const struct view *v) {
    for (int i = 0; i < v->s->lane_count; i++)
        if (parked_for_good(&v->s->lanes[i]))
            return &v->s->lanes[i];
    return NULL;
}

bool parked_holds(const struct view *v) {
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

static void parked_why(const struct snap_lane *l, struct state_row *out) {
    str_format(out->why, sizeof out->why, "%s%sno message lost an attempt", l->text,
               l->text[0] != '\0' ? "; " : "");
    str_copy(out->why_brief, sizeof out->why_brief, l->text);
}

void parked_write(const struct view *v, struct state_row *out) {
    const struct snap_lane *l = parked_lane(v);
    char what[128], next[48] = "", wait[48] = "";
    parked_words(l, what, sizeof what);
    parked_todo(out->todo, sizeof out->todo, l->name, l->reason, l->text, "t");
    if (l->until_us >= 0)
        str_format(next, sizeof next, "; next try at %s", figure_clock_s(l->until_us).text);
    if (view_row(v, QUEUE_PENDING)->n > 0)
        str_format(wait, sizeof wait, "; %s wait", view_count(v, QUEUE_PENDING).text);
    str_format(out->sentence, sizeof out->sentence, "%s since %s%s%s", what,
               figure_when(l->since_us, v->now_us).text, next, wait);
    str_format(out->brief, sizeof out->brief, "%s", what);
    parked_why(l, out);
}

/* --- quota ----------------------------------------------------------------------------------- */

static const struct snap_lane *full_lane(const struct view *v) {
    for (int i = 0; i < v->s->lane_count; i++) {
        const struct snap_lane *l = &v->s->lanes[i];
        if (parked_for_quota(l) || used_up(l->today_used, l->today_allowed) ||
            used_up(l->month_used, l->month_allowed))
            return l;
    }
    return NULL;
}

bool quota_holds(const struct view *v) {
    return full_lane(v) != NULL;
}

void quota_write(const struct view *v, struct state_row *out) {
    const struct snap_lane *l = full_lane(v);
    bool month = str_eq(l->reason, "monthly") || (used_up(l->month_used, l->month_allowed) &&
                                                  !used_up(l->today_used, l->today_allowed));
    int64_t used = month ? l->month_used : l->today_used;
    int64_t allowed = month ? l->month_allowed : l->today_allowed;
    int64_t again = l->until_us >= 0 ? l->until_us : month ? -1 : l->today_resets_at_us;
    const char *period = month ? "this month" : "today";
    char rest[96] = "";
    if (again >= 0)
        str_format(rest, sizeof rest, "; sending goes on %s%s %s (in %s)",
                   again - v->now_us > 24 * SECONDS(3600) ? figure_when(again, v->now_us).text : "",
                   again - v->now_us > 24 * SECONDS(3600) ? "" : figure_clock(again).text,
                   figure_zone(), figure_age(again - v->now_us).text);
    if (allowed > 0)
        str_format(out->sentence, sizeof out->sentence, "%s of %s used %s%s",
                   figure_count(used).text, figure_count(allowed).text, period, rest);
    else
        str_format(out->sentence, sizeof out->sentence, "%.32s's quota is used up %s%s", l->name,
                   period, rest);
    str_format(out->brief, sizeof out->brief, "quota used up %s", period);
    str_copy(out->todo, sizeof out->todo, "nothing until it resets; p pause");
    view_first_error(v, out);
}

/* --- throttled ------------------------------------------------------------------------------- */

static const struct snap_lane *empty_lane(const struct view *v) {
    for (int i = 0; i < v->s->lane_count; i++)
        if (v->s->lanes[i].empty_60s >= EMPTY_SECONDS)
            return &v->s->lanes[i];
    return NULL;
}

/* Asked to slow down for long, while mail is due. */
static const struct snap_lane *slowed_lane(const struct view *v) {
    for (int i = 0; i < v->s->lane_count && view_row(v, QUEUE_PENDING)->n > 0; i++) {
        const struct snap_lane *l = &v->s->lanes[i];
        if (slowed_down(l, v->now_us) && l->until_us - l->since_us >= SECONDS(EMPTY_SECONDS))
            return l;
    }
    return NULL;
}

bool throttled_holds(const struct view *v) {
    return empty_lane(v) != NULL || slowed_lane(v) != NULL;
}

static void slowed_write(const struct view *v, const struct snap_lane *l, struct state_row *out) {
    char code[64];
    refusal(code, sizeof code, l->text, false);
    str_format(out->sentence, sizeof out->sentence,
               "%.32s asks for a pause%s; next try at %s; %s wait", l->name, code,
               figure_clock_s(l->until_us).text, view_count(v, QUEUE_PENDING).text);
    str_format(out->brief, sizeof out->brief, "%.32s asks for a pause, %s wait", l->name,
               view_count(v, QUEUE_PENDING).text);
    parked_why(l, out);
    str_copy(out->todo, sizeof out->todo, "nothing: it goes on by itself; t tries now");
}

/* "11 min", from an hour on "2h10m". */
static void duration(char *dst, size_t size, int64_t us) {
    if (us < SECONDS(3600))
        str_format(dst, size, "%d min", (int)((us + SECONDS(59)) / SECONDS(60)));
    else
        str_copy(dst, size, figure_age(us).text);
}

void throttled_write(const struct view *v, struct state_row *out) {
    const struct snap_lane *l = empty_lane(v), *slowed = slowed_lane(v);
    char since[40] = "", gone[56] = "", in[32];
    if (slowed != NULL) {
        slowed_write(v, slowed, out);
        return;
    }
    if (l == NULL)
        l = v->lane; /* still shown for a while after the rule last held */
    if (l == NULL)
        return;
    str_copy(out->todo, sizeof out->todo, "nothing: the lane sends as fast as it may");
    if (l->empty_since_us >= 0)
        str_format(since, sizeof since, " for %s", figure_age(view_age(v, l->empty_since_us)).text);
    if (l->gone_at_us >= v->now_us) {
        duration(in, sizeof in, l->gone_at_us - v->now_us);
        str_format(gone, sizeof gone, ", gone in about %s",
                   figure_age(l->gone_at_us - v->now_us).text);
        str_format(out->todo, sizeof out->todo, "nothing: the backlog is gone in about %s", in);
    }
    str_format(out->sentence, sizeof out->sentence, "%s of %s requests/s%s; %s wait%s",
               figure_rate(l->rate_used).text, figure_rate(l->rate_allowed).text, since,
               view_count(v, QUEUE_PENDING).text, gone);
    str_format(out->brief, sizeof out->brief, "%s of %s/s, %s wait", figure_rate(l->rate_used).text,
               figure_rate(l->rate_allowed).text, view_count(v, QUEUE_PENDING).text);
    view_first_error(v, out);
}
