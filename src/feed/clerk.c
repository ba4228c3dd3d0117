/* The clerk's thread: takes errands from the desk, one after another, and answers each. It alone
 * uses its connection; the only other thread that touches a struct clerk is the one that starts,
 * aborts and joins it. */
#include "feed/clerk.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/message.h"
#include "db/delivery.h"
#include "db/process.h"
#include "db/standing.h"

#include <poll.h>
#include <pthread.h>
#include <time.h>

#define FRESH_US (5 * USEC_PER_SEC) /* a picture of what stands where serves so long */
#define SHARE 10                    /* and looking takes a tenth of the time at most */
#define RETRY_US USEC_PER_SEC       /* between attempts to connect */
#define END_GRACE_S 2               /* of which the first may be nearly over */

struct clerk {
    struct desk *desk;
    pthread_t thread;
    struct db *db;
    int64_t retry_at_us;
    enum errand_end away; /* why it could not connect */
    struct standing standing;
    int64_t stale_at_us; /* when that is looked at again */
};

static enum errand_end end_of(const struct err *err) {
    switch (err->code) {
    case ERR_AWAY:
        return ERRAND_AWAY;
    case ERR_SCHEMA:
        return ERRAND_SCHEMA;
    default:
        return ERRAND_REFUSED;
    }
}

static bool connected(struct clerk *c) {
    struct err err;
    if (db_is_open(c->db))
        return true;
    if (clock_boot_us() < c->retry_at_us)
        return false;
    if (db_open(c->db, &err))
        return true;
    c->away = err.code == ERR_SCHEMA ? ERRAND_SCHEMA : ERRAND_AWAY;
    c->retry_at_us = clock_boot_us() + RETRY_US;
    return false;
}

/* --- errands ---------------------------------------------------------------------------------- */

static bool look(struct clerk *c, struct errand *e, struct err *err) {
    int64_t began = clock_boot_us();
    if (began >= c->stale_at_us) {
        if (!standing_read(c->db, &c->standing, err))
            return false;
        int64_t now = clock_boot_us(), rest = (now - began) * SHARE;
        c->stale_at_us = now + (rest > FRESH_US ? rest : FRESH_US);
    }
    e->standing = c->standing;
    return true;
}

/* A line for what people want to know of; what went well is in the table. */
static void tell(void *provider, const struct delivery_done *d) {
    const struct delivery_event *e = d->event;
    char to[321];
    message_bare_address(to, sizeof to, d->to);
    if (d->settled && !d->claimed)
        log_mail(&(struct log_mail){.id = d->id, .email = to, .provider = provider});
    if (d->settled)
        log_event(LOG_INFO, "delivery_settled", "message %s was sent: %s tells of it (%s)", d->id,
                  (const char *)provider, delivery_kind_name(e->kind));
    if (e->kind == DELIVERY_ACCEPTED || e->kind == DELIVERY_DELIVERED)
        return;
    log_event(e->kind == DELIVERY_DELAYED ? LOG_INFO : LOG_WARN, delivery_kind_name(e->kind),
              "message %s for %s%s%s%s%s%s", d->id, e->recipient[0] ? e->recipient : to,
              e->bounce ? ", " : "", e->bounce ? bounce_type_name(e->bounce) : "",
              e->detail[0] ? ": " : "", e->detail, d->suppressed ? "; suppressed from now on" : "");
}

static bool record(struct clerk *c, struct errand *e, struct err *err) {
    struct delivery_totals t;
    if (!delivery_write(c->db, e->news, tell, (void *)(intptr_t)e->news->provider, &t, err))
        return false;
    e->recorded = t.recorded;
    e->duplicates = t.duplicates;
    e->foreign = t.foreign;
    return true;
}

static bool run(struct clerk *c, struct errand *e, struct err *err) {
    switch (e->kind) {
    case ERRAND_TRIGGER:
        return process_trigger(c->db, e, err);
    case ERRAND_PROGRESS:
        return process_progress(c->db, e, err);
    case ERRAND_STANDING:
        return look(c, e, err);
    case ERRAND_NEWS:
        return record(c, e, err);
    }
    return err_set(err, ERR_INVALID, "no such errand");
}

/* A connection may have died since it was last used, so that is found out only now: then once more
 * over a new one. */
static enum errand_end carry_out(struct clerk *c, struct errand *e) {
    struct err err;
    for (int attempt = 0;; attempt++) {
        bool used_before = db_is_open(c->db);
        if (!connected(c))
            return c->away;
        if (run(c, e, &err))
            return ERRAND_DONE;
        if (db_is_open(c->db) || !used_before || attempt > 0)
            return end_of(&err);
    }
}

static void *serve(void *arg) {
    struct clerk *c = arg;
    while (!desk_is_closed(c->desk)) {
        struct errand e;
        int place;
        struct pollfd wait = {.fd = desk_fd(c->desk), .events = POLLIN};
        poll(&wait, 1, -1);
        desk_clear_wake(c->desk);
        while (desk_take(c->desk, &e, &place)) {
            enum errand_end end = carry_out(c, &e);
            desk_answer(c->desk, place, end, &e);
        }
    }
    return NULL;
}

/* --- starting and ending ---------------------------------------------------------------------- */

static void clerk_free(struct clerk *c) {
    db_free(c->db);
    mem_free(c);
}

struct clerk *clerk_start(const struct settings *s, struct desk *desk, struct err *err) {
    struct clerk *c = mem_alloc(sizeof *c);
    if (!c) {
        err_nomem(err);
        return NULL;
    }
    c->desk = desk;
    c->db = db_new(s, DB_TOOL, err);
    if (c->db && pthread_create(&c->thread, NULL, serve, c) == 0)
        return c;
    if (c->db)
        err_set(err, ERR_IO, "cannot start a thread");
    clerk_free(c);
    return NULL;
}

void clerk_abort(struct clerk *c) {
    db_abort(c->db);
}

/* A statement that still runs has a moment to end, then it is broken off. */
void clerk_join(struct clerk *c) {
    struct timespec until = {.tv_sec = (time_t)(clock_wall_us() / USEC_PER_SEC) + END_GRACE_S};
    if (!c)
        return;
    if (pthread_timedjoin_np(c->thread, NULL, &until) != 0) {
        clerk_abort(c);
        pthread_join(c->thread, NULL);
    }
    clerk_free(c);
}
