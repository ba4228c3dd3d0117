/* The dashboard: one thread (main) makes every curses call and only draws what it is given.
 *
 * It reads snapshots and gauges from the board, events from the ring, and hands the operator's
 * intents to one mailbox; it never sees the database or the network. No curses type leaks out. */
#ifndef POSTROOM_UI_UI_H
#define POSTROOM_UI_UI_H

#include "base/wake.h"
#include "core/board.h"
#include "core/life.h"
#include "core/mailbox.h"
#include "core/ring.h"

struct ui_options {
    const char *operator_name;
    bool read_only;
    bool bell;
    double refresh_s;    /* 0: by the terminal (1 s over ssh or tmux, else 0.25 s) */
    bool demo;           /* a fixed picture: a confirmed change answers "demo: nothing changed" */
    int64_t demo_now_us; /* demo: the clock stands still here */
    bool worker_here;    /* quitting stops the worker of this process */
    int64_t drain_timeout_ms;
};

struct ui_ports {
    struct board *board;
    struct ring *ring;
    struct mailbox *commands; /* to the feed; NULL in demo */
    struct life *life;
    const struct wake *wake; /* raised by board, ring and signals: the UI waits on it and stdin */

    /* With a worker here, so that the screen can stay up and count down while it drains; all
     * three may be NULL, then a confirmed quit ends ui_run at once and the caller drains. */
    void (*worker_nudge)(void *worker);
    bool (*worker_ended)(void *worker);
    void *worker;
};

enum ui_end {
    UI_QUIT,    /* the operator left (with a worker here: now drain) */
    UI_GONE,    /* the terminal went away: drain without a screen */
    UI_DRAINED, /* life reached its end while the screen was up: the worker has ended, or the
                   deadline has passed, or there is none to wait for */
    UI_NOW,     /* Ctrl-C a third time: leave at once with 130; leases make it safe */
    UI_REFUSED, /* this terminal cannot show it: err says why; nothing was drawn */
};

/* Is there a terminal that can show the dashboard? err says what is missing. Takes the character
 * set from the environment (setlocale): call it before threads start, also before plain_run. */
bool ui_possible(struct err *err) MUST_CHECK;

/* Runs until the operator leaves, the terminal goes away or the caller's shutdown sequence says
 * through ui_finish that it is over. The terminal is restored in any case.
 *
 * Leaving: a confirmed quit with a worker here puts `life` to draining (deadline: now +
 * drain_timeout_ms), nudges the worker and stays up until worker_ended() or the deadline; the
 * same happens when somebody else (a signal) puts `life` to draining. LIFE_STOPPING, or draining
 * without a worker here, ends it at once. */
enum ui_end ui_run(const struct ui_options *options, const struct ui_ports *ports, struct err *err);

/* From any thread: leave ui_run with UI_DRAINED at its next turn. */
void ui_finish(const struct ui_ports *ports);

/* Async-signal-safe: writes the prepared string that restores the terminal, if one is in use.
 * For second signals and crash handlers. */
void ui_emergency_restore(void);

#endif
