/* Asleep or awake: see attend.h. */
#include "worker/attend.h"

#include "worker/internal.h"

#define LOOK_US (10 * USEC_PER_MS)    /* between two looks while awake */
#define SAY_US USEC_PER_SEC           /* it is believed for ATTENTION_MS */
#define WINDOW_US (250 * USEC_PER_MS) /* so many notes within it are a stream ... */
#define STREAM_NOTES 16
#define STREAM_MESSAGES 20 /* ... and fewer messages in two seconds are none any more */
#define SETTLE_MIN_US (20 * USEC_PER_MS)
#define SETTLE_MAX_US USEC_PER_SEC
#define SETTLE_LIMIT_US (60 * USEC_PER_SEC)

static bool say(struct worker *w, bool awake, int64_t now, struct err *err) {
    if (!attention_write(w->db, w->id, awake, err))
        return false;
    w->attend.awake = awake;
    w->attend.said_us = now;
    w->attend.roused = false;
    return true;
}

static bool fall_asleep(struct worker *w, int64_t now, struct err *err) {
    struct attend *a = &w->attend;
    if (!say(w, false, now, err) || !attention_set_mark(w->db, &a->mark, err))
        return false;
    a->settle_us = now;
    a->settle_wait_us = SETTLE_MIN_US;
    a->settle_end_us = now + SETTLE_LIMIT_US;
    return true;
}

/* Paused alone it must keep nobody else from being woken; if all are, nobody has to be. */
static bool step_out(struct worker *w, struct err *err) {
    struct attend *a = &w->attend;
    if (a->out)
        return true;
    if (!attention_withdraw(w->db, w->id, err))
        return false;
    a->out = true;
    a->awake = a->roused = false;
    a->settle_us = INT64_MAX;
    return true;
}

bool attend_arrive(struct worker *w, struct err *err) {
    w->attend.out = false;
    return fall_asleep(w, clock_boot_us(), err);
}

void attend_heard(struct worker *w, int64_t notes) {
    struct attend *a = &w->attend;
    int64_t now = clock_boot_us();
    if (now - a->window_us > WINDOW_US) {
        a->window_us = now;
        a->window_notes = notes;
    }
    a->roused = a->roused || notes - a->window_notes >= STREAM_NOTES;
}

/* Would a NOTIFY tell it nothing that it does not see by itself? */
static bool is_busy(const struct worker *w, int64_t now) {
    return !w->dry || tally_sum(&w->tally, TALLY_MESSAGES, 2, now) >= STREAM_MESSAGES;
}

/* First is asked whether they have ended, then looked: so their mail is seen. */
static bool settle(struct worker *w, int64_t now, struct err *err) {
    struct attend *a = &w->attend;
    bool past;
    if (!attention_is_past(w->db, &a->mark, &past, err))
        return false;
    w->hungry = w->replays = true;
    a->settle_us = past || now >= a->settle_end_us ? INT64_MAX : now + a->settle_wait_us;
    a->settle_wait_us =
        a->settle_wait_us * 2 < SETTLE_MAX_US ? a->settle_wait_us * 2 : SETTLE_MAX_US;
    return true;
}

bool attend_run(struct worker *w, struct err *err) {
    struct attend *a = &w->attend;
    int64_t now = clock_boot_us();
    bool again = now - a->said_us >= SAY_US;
    if (w->drained)
        return true;
    if (w->grant.paused)
        return step_out(w, err);
    if (a->out) {
        a->out = false;
        return fall_asleep(w, now, err);
    }
    if (a->awake && again && !is_busy(w, now))
        return fall_asleep(w, now, err);
    if ((a->awake && again) || (!a->awake && (a->roused || (again && !w->dry))))
        return say(w, true, now, err);
    if (a->awake && w->dry && now >= a->look_us) {
        a->look_us = now + LOOK_US;
        w->hungry = true;
    }
    return a->awake || now < a->settle_us || settle(w, now, err);
}

int64_t attend_next_us(const struct worker *w) {
    const struct attend *a = &w->attend;
    if (w->drained)
        return INT64_MAX;
    if (!a->awake)
        return a->settle_us;
    int64_t say_us = a->said_us + SAY_US;
    return w->dry && a->look_us < say_us ? a->look_us : say_us;
}
