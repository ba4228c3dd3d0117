/* A command becomes a call of db/admin, its outcome an answer that tells the truth: how many were
 * asked for, how many changed, how many somebody else had taken. The feed's thread. */
#include "base/clock.h"
#include "base/str.h"
#include "core/figures.h"
#include "feed/internal.h"

#include <string.h>

#define UNDO_US (60 * USEC_PER_SEC)

/* --- words ------------------------------------------------------------------------------------ */

static const char *done_word(enum command_kind kind) {
    return kind == COMMAND_RETRY ? "queued" : "cancelled";
}

void deed_say_totals(char *dst, size_t size, enum command_kind doing,
                     const struct admin_totals *t) {
    char taken[48] = "", uncertain[80] = "";
    if (t->taken > 0)
        str_format(taken, sizeof taken, ", %s already taken", figure_count(t->taken).text);
    if (t->uncertain_left > 0)
        str_format(uncertain, sizeof uncertain, "; %s uncertain left out, maybe sent already",
                   figure_count(t->uncertain_left).text);
    str_format(dst, size, "%s: %s asked, %s %s%s%s", command_name(doing),
               figure_count(t->asked).text, figure_count(t->done).text, done_word(doing), taken,
               uncertain);
}

void deed_say_undo(char *dst, size_t size, const struct admin_totals *t, bool cut) {
    char taken[48] = "";
    if (t->taken > 0)
        str_format(taken, sizeof taken, ", %s already taken", figure_count(t->taken).text);
    str_format(dst, size, "undo: %s asked, %s put back%s%s", figure_count(t->asked).text,
               figure_count(t->done).text, taken,
               cut ? "; there were more than can be kept in mind" : "");
}

void deed_say_trigger(char *dst, size_t size, const struct admin_trigger *t) {
    str_format(dst, size, "trigger: %s, %s due%s%s",
               t->workers > 0 ? "workers woken" : "no worker is running",
               figure_count_capped(t->due, t->capped).text,
               t->opened > 0 ? "; the parked lane tries one request" : "",
               t->paused ? "; paused: nothing is sent before somebody resumes" : "");
}

static void say_target(char *dst, size_t size, const char *worker) {
    str_format(dst, size, "%s%s", worker[0] ? "worker " : "all workers", worker);
}

void deed_say_pause(char *dst, size_t size, const char *worker, const struct admin_pause *p) {
    char target[160], flight[48] = "";
    say_target(target, sizeof target, worker);
    if (p->in_flight > 0)
        str_format(flight, sizeof flight, "; %s in flight finish", figure_count(p->in_flight).text);
    if (p->changed)
        str_format(dst, size, "pause: %s paused%s", target, flight);
    else
        str_format(dst, size, "pause: nothing changed, paused by %s %s ago", p->by,
                   figure_age(p->now_us - p->since_us).text);
}

void deed_say_resume(char *dst, size_t size, const char *worker, const struct admin_pause *p) {
    char target[160];
    say_target(target, sizeof target, worker);
    if (p->changed)
        str_format(dst, size, "resume: %s resumed (paused for %s)", target,
                   figure_age(p->now_us - p->since_us).text);
    else
        str_format(dst, size, "resume: nothing changed, %s not paused",
                   worker[0] ? "it is" : "they are");
}

/* --- answers ---------------------------------------------------------------------------------- */

static void put_answer(struct ring *ring, const struct command *c, const char *text, bool final) {
    struct event e = {
        .kind = EVENT_ANSWER, .at_us = clock_wall_us(), .command = c->id, .final = final};
    str_copy(e.text, sizeof e.text, text);
    ring_put(ring, &e);
}

void feed_answer(struct ring *ring, const struct command *c, const char *text) {
    put_answer(ring, c, text, true);
}

/* "retry: the database …", and what was done until then where something was. */
static void answer_failure(struct deed *d, const struct command *c, const char *done,
                           const struct err *err) {
    char text[256];
    if (done[0])
        str_format(text, sizeof text, "%s; then it stopped: %s", done, err->text);
    else
        str_format(text, sizeof text, "%s: %s", command_name(c->kind), err->text);
    feed_answer(d->ring, c, text);
}

/* --- deeds ------------------------------------------------------------------------------------ */

struct bulk {
    struct deed *deed;
    const struct command *command;
};

static void bulk_progress(void *ctx, const struct admin_totals *t) {
    const struct bulk *b = ctx;
    char text[128];
    str_format(text, sizeof text, "%s: %s of %s", command_name(b->command->kind),
               figure_count(t->done).text, figure_count(t->asked).text);
    put_answer(b->deed->ring, b->command, text, false);
    b->deed->meanwhile(b->deed->ctx);
}

/* Tagged ones by their ids, else one, else what the filter names. */
static void choose(const struct command *c, const char *ids[COMMAND_IDS],
                   struct admin_choice *choice) {
    choice->ids = ids;
    choice->filter = c->filter;
    choice->named = c->named;
    for (int i = 0; i < c->id_count && i < COMMAND_IDS; i++)
        ids[choice->id_count++] = c->ids[i];
    if (choice->id_count == 0 && c->message_id[0])
        ids[choice->id_count++] = c->message_id;
}

static void do_bulk(struct deed *d, const struct command *c) {
    struct err err;
    const char *ids[COMMAND_IDS];
    struct admin_choice choice = {.trail = d->undo};
    struct admin_totals t = {.asked = 0};
    struct bulk bulk = {.deed = d, .command = c};
    char text[200];
    choose(c, ids, &choice);
    undo_begin(d->undo, c->kind);
    bool ok =
        admin_change(d->db, c->kind, c->operator_name, &choice, bulk_progress, &bulk, &t, &err);
    *d->undo_until_us = clock_boot_us() + UNDO_US;
    deed_say_totals(text, sizeof text, c->kind, &t);
    if (t.done > 0)
        str_format(d->did, sizeof d->did, "%s %s message%s",
                   c->kind == COMMAND_RETRY ? "retried" : "cancelled", figure_count(t.done).text,
                   t.done == 1 ? "" : "s");
    if (ok)
        feed_answer(d->ring, c, text);
    else
        answer_failure(d, c, t.done > 0 ? text : "", &err);
}

static void do_undo(struct deed *d, const struct command *c) {
    struct err err;
    struct admin_totals t = {.asked = 0};
    struct bulk bulk = {.deed = d, .command = c};
    char text[200];
    bool cut = undo_is_cut(d->undo);
    if (undo_count(d->undo) == 0 || clock_boot_us() > *d->undo_until_us) {
        feed_answer(d->ring, c,
                    "undo: nothing changed: no retry or cancel of this window in the last 60s");
        return;
    }
    bool ok = admin_undo(d->db, c->operator_name, d->undo, bulk_progress, &bulk, &t, &err);
    deed_say_undo(text, sizeof text, &t, cut);
    if (t.done > 0)
        str_format(d->did, sizeof d->did, "took back %s message%s", figure_count(t.done).text,
                   t.done == 1 ? "" : "s");
    if (ok)
        feed_answer(d->ring, c, text);
    else
        answer_failure(d, c, t.done > 0 ? text : "", &err);
}

static void do_trigger(struct deed *d, const struct command *c) {
    struct err err;
    struct admin_trigger t;
    char text[200];
    if (!admin_trigger(d->db, c->operator_name, &t, &err)) {
        answer_failure(d, c, "", &err);
        return;
    }
    deed_say_trigger(text, sizeof text, &t);
    feed_answer(d->ring, c, text);
    str_copy(d->did, sizeof d->did, "asked to process now");
}

static void do_pause(struct deed *d, const struct command *c) {
    struct err err;
    struct admin_pause p;
    char text[256];
    bool pause = c->kind == COMMAND_PAUSE;
    bool ok = pause ? admin_pause(d->db, c->operator_name, c->worker, c->text, &p, &err)
                    : admin_resume(d->db, c->operator_name, c->worker, &p, &err);
    if (!ok) {
        answer_failure(d, c, "", &err);
        return;
    }
    if (pause)
        deed_say_pause(text, sizeof text, c->worker, &p);
    else
        deed_say_resume(text, sizeof text, c->worker, &p);
    feed_answer(d->ring, c, text);
    if (p.changed)
        str_format(d->did, sizeof d->did, "%s %s", pause ? "paused" : "resumed",
                   c->worker[0] ? c->worker : "sending");
}

void deed_run(struct deed *d, const struct command *c) {
    d->did[0] = '\0';
    switch (c->kind) {
    case COMMAND_RETRY:
    case COMMAND_CANCEL:
        do_bulk(d, c);
        break;
    case COMMAND_UNDO:
        do_undo(d, c);
        break;
    case COMMAND_TRIGGER:
        do_trigger(d, c);
        break;
    case COMMAND_PAUSE:
    case COMMAND_RESUME:
        do_pause(d, c);
        break;
    case COMMAND_MARK_SENT: /* the command line's alone */
    case COMMAND_NONE:
        break;
    }
}
