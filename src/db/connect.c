/* Attempts to connect, each on a detached thread. A dial is shared by its owner and the attempts
 * that run; whoever leaves it last frees it. */
#include "db/connect.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/wake.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BESIDE_MAX 8      /* attempts of one dial that run at once */
#define EVERYWHERE_MAX 32 /* of the whole process, those left behind among them */

struct dial {
    char *url;
    bool choose_writable;
    struct wake ended;

    pthread_mutex_t lock; /* over what follows */
    int holders;          /* the owner and each running attempt */
    bool left;            /* the owner is gone */
    PGconn *conn;         /* what came about, until the owner takes it */
    bool failed;
    char failure[400];
};

static _Atomic int running_everywhere;

bool db_is_connecting(void) {
    return atomic_load(&running_everywhere) > 0;
}

void libpq_line(char *dst, size_t size, const char *text) {
    size_t n = 0;
    for (; *text && n + 1 < size; text++) {
        char c = *text == '\n' || *text == '\t' ? ' ' : *text;
        if (c == ' ' && (n == 0 || dst[n - 1] == ' '))
            continue;
        dst[n++] = c;
    }
    while (n > 0 && dst[n - 1] == ' ')
        n--;
    dst[n] = '\0';
}

/* --- the address ------------------------------------------------------------------------------ */

/* What the address or, in its place, the environment says. */
static const char *said(const PQconninfoOption *options, const char *key) {
    for (const PQconninfoOption *o = options; o->keyword; o++)
        if (strcmp(o->keyword, key) == 0)
            return o->val ? o->val : o->envvar ? getenv(o->envvar) : NULL;
    return NULL;
}

static bool names_several(const char *hosts) {
    return hosts && strchr(hosts, ',');
}

/* Of several hosts one may be a standby; who says so himself, perhaps in a service file, knows. */
static bool leaves_choice(const PQconninfoOption *options) {
    return (names_several(said(options, "host")) || names_several(said(options, "hostaddr"))) &&
           !said(options, "target_session_attrs") && !said(options, "service");
}

/* libpq takes a URL apart at the first '@' or '/', and what then follows of a password for host,
 * port or database: its errors would repeat it. So a URL has one '@' at most, before any '/'. */
static bool is_torn(const char *url) {
    const char *start = strstr(url, "://");
    if (!start || !(str_starts(url, "postgres://") || str_starts(url, "postgresql://")))
        return false;
    start += strlen("://");
    const char *first = strpbrk(start, "@/");
    const char *next = first ? strpbrk(first + 1, "@?") : NULL;
    return next && *next == '@';
}

static bool are_numbers(const char *ports) {
    return !ports || ports[strspn(ports, "0123456789, ")] == '\0';
}

static bool is_sound(const PQconninfoOption *options, const char *url, struct err *err) {
    if (!options)
        return err_set(err, ERR_USAGE,
                       "DATABASE_URL is no PostgreSQL address: write it as "
                       "postgres://user:password@host:5432/database");
    if (!is_torn(url) && are_numbers(said(options, "port")))
        return true;
    return err_set(err, ERR_USAGE,
                   "DATABASE_URL cannot be taken apart: in its password or name write @ as %%40, / "
                   "as %%2F, : as %%3A, ? as %%3F, # as %%23 and %% as %%25; a port is a number");
}

static bool read_url(struct dial *d, const char *url, bool writes, struct err *err) {
    char *words = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &words);
    PQfreemem(words);
    if (!is_sound(options, url, err)) {
        PQconninfoFree(options);
        return false;
    }
    d->choose_writable = writes && leaves_choice(options);
    PQconninfoFree(options);
    d->url = mem_strdup(url);
    return d->url || err_nomem(err);
}

/* --- shared, and freed by the last ------------------------------------------------------------ */

static void let_go(struct dial *d) {
    pthread_mutex_lock(&d->lock);
    bool last = --d->holders == 0;
    pthread_mutex_unlock(&d->lock);
    if (!last)
        return;
    PQfinish(d->conn);
    pthread_mutex_destroy(&d->lock);
    wake_close(&d->ended);
    mem_free(d->url);
    mem_free(d);
}

struct dial *dial_new(const char *url, bool writes, struct err *err) {
    struct dial *d = mem_alloc(sizeof *d);
    if (!d) {
        err_nomem(err);
        return NULL;
    }
    d->holders = 1;
    d->ended.fd = -1;
    pthread_mutex_init(&d->lock, NULL);
    if (read_url(d, url, writes, err) && wake_open(&d->ended, err))
        return d;
    let_go(d);
    return NULL;
}

void dial_free(struct dial *d) {
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    d->left = true;
    pthread_mutex_unlock(&d->lock);
    let_go(d);
}

int dial_fd(const struct dial *d) {
    return d->ended.fd;
}

/* --- an attempt ------------------------------------------------------------------------------- */

static void ignore_notice(void *arg, const char *message) {
    (void)arg;
    (void)message;
}

/* With time limits for hosts that do not answer; what the address says itself wins. Only what a
 * pooler knows is asked for. */
static PGconn *connect_now(const struct dial *d) {
    const char *keys[10] = {"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                            "keepalives_count", "tcp_user_timeout", "fallback_application_name",
                            "client_encoding"};
    const char *values[10] = {"5", "10", "5", "3", "15000", "postroom", "UTF8"};
    int n = 7;
    if (d->choose_writable) {
        keys[n] = "target_session_attrs";
        values[n++] = "read-write";
    }
    if (d->url[0]) {
        keys[n] = "dbname";
        values[n] = d->url;
    }
    return PQconnectdbParams(keys, values, 1);
}

static void hand_over(struct dial *d, PGconn *conn) {
    bool good = PQstatus(conn) == CONNECTION_OK;
    pthread_mutex_lock(&d->lock);
    if (!good) {
        libpq_line(d->failure, sizeof d->failure, conn ? PQerrorMessage(conn) : "out of memory");
        d->failed = true;
    } else if (!d->conn && !d->left) {
        d->conn = conn;
        conn = NULL;
    }
    pthread_mutex_unlock(&d->lock);
    PQfinish(conn);
    wake_up(&d->ended);
}

static void *attempt(void *arg) {
    struct dial *d = arg;
    hand_over(d, connect_now(d));
    let_go(d);
    atomic_fetch_sub(&running_everywhere, 1);
    return NULL;
}

static bool start_thread(struct dial *d, struct err *err) {
    pthread_t thread;
    if (atomic_fetch_add(&running_everywhere, 1) < EVERYWHERE_MAX &&
        pthread_create(&thread, NULL, attempt, d) == 0) {
        pthread_detach(thread);
        return true;
    }
    atomic_fetch_sub(&running_everywhere, 1);
    let_go(d);
    return err_set(err, ERR_AWAY, "no thread can be had to connect to the database");
}

bool dial_start(struct dial *d, struct err *err) {
    pthread_mutex_lock(&d->lock);
    bool full = d->holders > BESIDE_MAX;
    d->holders += !full;
    pthread_mutex_unlock(&d->lock);
    return full || start_thread(d, err);
}

PGconn *dial_take(struct dial *d, struct err *err) {
    wake_clear(&d->ended);
    pthread_mutex_lock(&d->lock);
    PGconn *conn = d->conn;
    if (!conn && d->failed)
        err_set(err, ERR_AWAY, "cannot connect to the database: %s", d->failure);
    else
        err->code = ERR_NONE;
    d->conn = NULL;
    d->failed = false;
    pthread_mutex_unlock(&d->lock);
    if (conn) {
        PQsetNoticeProcessor(conn, ignore_notice, NULL);
        PQsetnonblocking(conn, 1);
    }
    return conn;
}
