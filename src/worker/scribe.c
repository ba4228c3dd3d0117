/* Outcomes written beside the loop: see scribe.h. */
#include "worker/scribe.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>

#define IDLE_MS 10000               /* without a write: then the session is closed */
#define REST_US (30 * USEC_PER_SEC) /* after a session could not be had, or broke */

enum state {
    CLOSED,
    OPENING,
    READY,
    WRITING,
    WROTE,
    FAILED
};

struct scribe {
    const struct wake *done;
    struct db *db; /* the thread's, but for db_abort */
    struct wake wake;
    pthread_t thread;
    bool joined; /* the worker's */

    pthread_mutex_t lock; /* guards what follows; held for a few instructions only */
    enum state state;
    bool dismissed; /* the session is to be closed */
    bool stop;
    struct finish *work;   /* the thread's while WRITING */
    struct err why;        /* FAILED */
    bool lost;             /* ... and the session with it */
    int64_t rest_until_us; /* boot: no session is opened before */
};

static enum state state_of(struct scribe *s) {
    pthread_mutex_lock(&s->lock);
    enum state now = s->state;
    pthread_mutex_unlock(&s->lock);
    return now;
}

static void set_state(struct scribe *s, enum state to) {
    pthread_mutex_lock(&s->lock);
    s->state = to;
    pthread_mutex_unlock(&s->lock);
}

/* --- the thread ------------------------------------------------------------------------------- */

static void rest(struct scribe *s) {
    pthread_mutex_lock(&s->lock);
    s->rest_until_us = clock_boot_us() + REST_US;
    pthread_mutex_unlock(&s->lock);
}

static void open_session(struct scribe *s) {
    struct err err = {0};
    bool ok = db_open(s->db, &err);
    if (!ok) {
        rest(s);
        log_event(LOG_INFO, "one_session",
                  "no second session to write outcomes beside (%s): they go over the first",
                  err.text);
    }
    set_state(s, ok ? READY : CLOSED);
}

static void write_down(struct scribe *s) {
    struct err err = {0};
    fault_point("K6B");
    bool ok = queue_finish(s->db, s->work, &err);
    fault_point("K7B");
    bool lost = !db_is_open(s->db);
    if (lost)
        rest(s);
    pthread_mutex_lock(&s->lock);
    s->why = err;
    s->lost = lost;
    s->state = ok ? WROTE : FAILED;
    pthread_mutex_unlock(&s->lock);
    wake_up(s->done);
}

static void close_session(struct scribe *s) {
    pthread_mutex_lock(&s->lock);
    bool close = s->dismissed && (s->state == CLOSED || s->state == READY);
    if (close) {
        s->dismissed = false;
        s->state = CLOSED;
    }
    pthread_mutex_unlock(&s->lock);
    if (close)
        db_close(s->db, NULL);
}

/* Called for, or nothing to do for long. */
static void wait_for_work(struct scribe *s) {
    struct pollfd fd = {.fd = s->wake.fd, .events = POLLIN};
    if (poll(&fd, 1, db_is_open(s->db) ? IDLE_MS : -1) == 0)
        scribe_dismiss(s);
    wake_clear(&s->wake);
}

static bool is_stopped(struct scribe *s) {
    pthread_mutex_lock(&s->lock);
    bool stop = s->stop;
    pthread_mutex_unlock(&s->lock);
    return stop;
}

static void *run(void *arg) {
    struct scribe *s = arg;
    while (!is_stopped(s)) {
        enum state now = state_of(s);
        if (now == OPENING)
            open_session(s);
        if (now == WRITING)
            write_down(s);
        close_session(s);
        wait_for_work(s);
    }
    db_close(s->db, NULL);
    return NULL;
}

/* --- the worker's side ------------------------------------------------------------------------ */

static void discard(struct scribe *s) {
    db_free(s->db);
    wake_close(&s->wake);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

struct scribe *scribe_start(const struct settings *settings, const struct wake *done,
                            struct err *err) {
    struct scribe *s = mem_alloc(sizeof *s);
    if (!s) {
        err_nomem(err);
        return NULL;
    }
    s->done = done;
    s->wake.fd = -1;
    pthread_mutex_init(&s->lock, NULL);
    s->db = db_new(settings, DB_WORKER, err);
    int rc = 0;
    if (s->db && wake_open(&s->wake, err) && (rc = pthread_create(&s->thread, NULL, run, s)) == 0)
        return s;
    if (rc != 0)
        err_set(err, ERR_IO, "cannot start a thread: %s", strerror(rc));
    discard(s);
    return NULL;
}

void scribe_abort(struct scribe *s) {
    db_abort(s->db);
}

void scribe_stop(struct scribe *s) {
    if (s->joined)
        return;
    scribe_abort(s);
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_mutex_unlock(&s->lock);
    wake_up(&s->wake);
    pthread_join(s->thread, NULL);
    s->joined = true;
}

void scribe_free(struct scribe *s) {
    if (!s)
        return;
    scribe_stop(s);
    discard(s);
}

bool scribe_is_ready(struct scribe *s) {
    pthread_mutex_lock(&s->lock);
    bool ready = s->state == READY && !s->dismissed;
    bool open = s->state == CLOSED && !s->dismissed && clock_boot_us() >= s->rest_until_us;
    if (open)
        s->state = OPENING;
    pthread_mutex_unlock(&s->lock);
    if (open)
        wake_up(&s->wake);
    return ready;
}

void scribe_write(struct scribe *s, struct finish *f) {
    pthread_mutex_lock(&s->lock);
    s->work = f;
    s->state = WRITING;
    pthread_mutex_unlock(&s->lock);
    wake_up(&s->wake);
}

enum scribe_end scribe_ended(struct scribe *s, struct err *err) {
    enum scribe_end end = SCRIBE_NOTHING;
    pthread_mutex_lock(&s->lock);
    if (s->state == WRITING)
        end = SCRIBE_WRITING;
    if (s->state == WROTE || s->state == FAILED) {
        end = s->state == WROTE ? SCRIBE_WROTE : SCRIBE_FAILED;
        *err = s->why;
        s->state = s->lost ? CLOSED : READY;
    }
    pthread_mutex_unlock(&s->lock);
    return end;
}

void scribe_dismiss(struct scribe *s) {
    pthread_mutex_lock(&s->lock);
    s->dismissed = true;
    pthread_mutex_unlock(&s->lock);
    wake_up(&s->wake);
}
