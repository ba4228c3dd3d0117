/* The feed's thread: look, post, do what was asked, wait. It alone uses its connection; what it
 * shows goes to the board, what happened and what it answers to the ring. The only other thread
 * that touches a struct feed is the one that starts, aborts and joins it. */
#include "feed/feed.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "db/view.h"
#include "feed/internal.h"
#include "feed/pages.h"

#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#define LOOK_US USEC_PER_SEC
#define PAUSE_US (USEC_PER_SEC / 2) /* between two looks, however long they take */
#define HERE_US (10 * USEC_PER_SEC)
#define RETRY_FIRST_US (USEC_PER_SEC / 2)
#define RETRY_LONGEST_US (4 * USEC_PER_SEC) /* with 5 s for connecting: back within 10 s */
#define END_GRACE_S 2                       /* of which the first may be nearly over */

struct feed {
    const struct settings *settings;
    struct feed_options options;
    struct feed_ports ports;
    char operator_name[64];
    pthread_t thread;

    struct db *db;
    struct view_window window;
    struct view_tail tail;
    struct event *news;    /* room for VIEW_TAIL_MAX */
    char id[UUID_TEXT];    /* this window among the operators */
    struct undo *undo;     /* what the last retry or cancel of this window changed */
    int64_t undo_until_us; /* boot time */
    struct snapshot *last; /* what the board shows */
    int64_t look_at_us, here_at_us, retry_at_us, retry_after_us;
};

/* --- the database goes and comes -------------------------------------------------------------- */

static void post(struct feed *f, struct snapshot *s) {
    snapshot_release(f->last);
    f->last = s;
    board_post(f->ports.board, snapshot_hold(s));
}

/* The last numbers stay on the screen, marked; the connection is tried again a little later. */
static void lost(struct feed *f, const struct err *why) {
    struct err ignored;
    if (!f->retry_after_us)
        log_event(LOG_WARN, "dashboard_database_away", "%s", why->text);
    db_close(f->db, NULL);
    if (f->last && !f->last->away) {
        struct snapshot *away = snapshot_away(f->last, &ignored);
        if (away)
            post(f, away);
    }
    f->retry_after_us = f->retry_after_us ? f->retry_after_us * 2 : RETRY_FIRST_US;
    if (f->retry_after_us > RETRY_LONGEST_US)
        f->retry_after_us = RETRY_LONGEST_US;
    f->retry_at_us = clock_boot_us() + f->retry_after_us;
}

static bool connected(struct feed *f) {
    struct err err;
    if (db_is_open(f->db))
        return true;
    if (clock_boot_us() < f->retry_at_us)
        return false;
    if (!db_open(f->db, &err)) {
        lost(f, &err);
        return false;
    }
    f->look_at_us = f->here_at_us = 0;
    return true;
}

/* --- looking ---------------------------------------------------------------------------------- */

static void mark_own_worker(const struct feed *f, struct snapshot *s) {
    for (int i = 0; i < s->worker_count; i++)
        s->workers[i].this_window = !f->options.events_from_db && s->workers[i].pid == getpid() &&
                                    str_eq(s->workers[i].name, f->settings->worker_name);
}

static bool show_news(struct feed *f, struct err *err) {
    size_t count;
    int64_t missed;
    if (!view_tail(f->db, &f->tail, f->news, &count, &missed, err))
        return false;
    ring_miss(f->ports.ring, (uint64_t)missed);
    for (size_t i = 0; i < count; i++)
        ring_put(f->ports.ring, &f->news[i]);
    return true;
}

static bool say_here(struct feed *f, const char *did, struct err *err) {
    if (f->options.read_only || (!did && clock_boot_us() < f->here_at_us))
        return true;
    f->here_at_us = clock_boot_us() + HERE_US;
    return view_here(f->db, f->id, f->operator_name, did, err);
}

static bool look(struct feed *f, struct err *err) {
    if (!say_here(f, NULL, err))
        return false;
    struct snapshot *s = view_snapshot(f->db, &f->window, err);
    if (!s)
        return false;
    mark_own_worker(f, s);
    post(f, s);
    return !f->options.events_from_db || show_news(f, err);
}

/* Once a second, so that a slow database is no silent one: after 2 s the screen says NO DATA. What
 * costs much, folding, has a pace of its own (db/view.c). */
static void look_when_due(void *ctx) {
    struct feed *f = ctx;
    struct err err;
    int64_t began = clock_boot_us();
    if (began < f->look_at_us || !db_is_open(f->db))
        return;
    bool ok = look(f, &err);
    int64_t paused = clock_boot_us() + PAUSE_US;
    f->look_at_us = paused > began + LOOK_US ? paused : began + LOOK_US;
    if (ok)
        f->retry_after_us = 0;
    else
        lost(f, &err);
}

/* --- doing ------------------------------------------------------------------------------------ */

static void obey(struct feed *f, const struct command *c) {
    struct err err;
    struct deed deed = {.db = f->db,
                        .ring = f->ports.ring,
                        .meanwhile = look_when_due,
                        .ctx = f,
                        .undo = f->undo,
                        .undo_until_us = &f->undo_until_us};
    if (f->options.read_only) {
        feed_answer(f->ports.ring, c, "read-only window: nothing changed");
        return;
    }
    if (!db_is_open(f->db)) {
        feed_answer(f->ports.ring, c, "no answer from the database: nothing changed");
        return;
    }
    err_set(&err, ERR_AWAY, "the connection was lost");
    deed_run(&deed, c);
    f->window.outdated = true;
    f->look_at_us = 0;
    if (!db_is_open(f->db) || (deed.did[0] && !say_here(f, deed.did, &err)))
        lost(f, &err);
}

static void obey_all(struct feed *f) {
    struct command c;
    while (mailbox_take(f->ports.commands, &c) && life_now(f->ports.life) != LIFE_STOPPING) {
        if (!c.operator_name[0])
            str_copy(c.operator_name, sizeof c.operator_name, f->operator_name);
        obey(f, &c);
    }
}

/* What the screen looks at closer. */
static void show_page(struct feed *f) {
    struct err away;
    bool was_open = db_is_open(f->db);
    pages_answer(f->db, f->ports.board);
    if (was_open && !db_is_open(f->db)) {
        err_set(&away, ERR_AWAY, "the connection was lost");
        lost(f, &away);
    }
}

/* --- the turn --------------------------------------------------------------------------------- */

static int patience(const struct feed *f) {
    int64_t at = db_is_open(f->db) ? f->look_at_us : f->retry_at_us;
    int64_t left = (at - clock_boot_us()) / USEC_PER_MS + 1;
    return left < 0 ? 0 : (int)(left > 1000 ? 1000 : left);
}

static void *run(void *arg) {
    struct feed *f = arg;
    struct err ignored;
    while (life_now(f->ports.life) != LIFE_STOPPING) {
        struct pollfd wait = {.fd = mailbox_fd(f->ports.commands), .events = POLLIN};
        if (connected(f))
            look_when_due(f);
        poll(&wait, 1, patience(f));
        mailbox_clear_wake(f->ports.commands);
        obey_all(f);
        show_page(f);
    }
    if (db_is_open(f->db) && !f->options.read_only && !view_gone(f->db, f->id, &ignored))
        db_close(f->db, NULL);
    return NULL;
}

/* --- starting and ending ---------------------------------------------------------------------- */

static void feed_free(struct feed *f) {
    db_free(f->db);
    undo_free(f->undo);
    snapshot_release(f->last);
    mem_free(f->news);
    mem_free(f);
}

static bool set_up(struct feed *f, struct err *err) {
    f->window.operator_name = f->operator_name;
    f->window.read_only = f->options.read_only;
    rand_uuid(f->id);
    f->news = mem_array(VIEW_TAIL_MAX, sizeof *f->news);
    if (!f->news)
        return err_nomem(err);
    f->undo = undo_new(err);
    if (!f->undo)
        return false;
    f->db = db_new(f->settings, f->options.read_only ? DB_READONLY : DB_TOOL, err);
    if (!f->db)
        return false;
    return f->options.keep_going || db_open(f->db, err);
}

struct feed *feed_start(const struct settings *s, const struct feed_options *options,
                        const struct feed_ports *ports, struct err *err) {
    struct feed *f = mem_alloc(sizeof *f);
    if (!f) {
        err_nomem(err);
        return NULL;
    }
    f->settings = s;
    f->options = *options;
    f->ports = *ports;
    str_copy(f->operator_name, sizeof f->operator_name,
             options->operator_name ? options->operator_name : "?");
    bool ok = set_up(f, err);
    if (ok && pthread_create(&f->thread, NULL, run, f) != 0)
        ok = err_set(err, ERR_IO, "cannot start a thread");
    if (ok)
        return f;
    feed_free(f);
    return NULL;
}

void feed_abort(struct feed *f) {
    db_abort(f->db);
}

/* A statement that still runs has a moment to end, then it is broken off. */
void feed_join(struct feed *f) {
    struct timespec until;
    if (!f)
        return;
    until.tv_sec = (time_t)(clock_wall_us() / USEC_PER_SEC) + END_GRACE_S;
    until.tv_nsec = 0;
    if (pthread_timedjoin_np(f->thread, NULL, &until) != 0) {
        feed_abort(f);
        pthread_join(f->thread, NULL);
    }
    feed_free(f);
}
