/* The listening connection, a small machine: dial, see whether it is a session of our own, LISTEN,
 * hear. Owned by one thread. */
#include "db/listen.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "db/connect.h"

#include <string.h>

#define OPEN_US (20 * USEC_PER_SEC)       /* for connecting, whatever the hosts' own limits */
#define PING_US (10 * USEC_PER_SEC)       /* between two questions */
#define ANSWER_US (5 * USEC_PER_SEC)      /* so a dead connection is noticed within 15 s */
#define AGAIN_MIN_US USEC_PER_SEC         /* between attempts to open it ... */
#define AGAIN_MAX_US (30 * USEC_PER_SEC)  /* ... growing */
#define SAY_AGAIN_US (600 * USEC_PER_SEC) /* the same complaint */

enum listener_state {
    CLOSED,
    DIALING,
    ASKED_WHO,    /* whose session is this? */
    ASKED_LISTEN, /* LISTEN is on its way */
    HEARING,
    ASKED_PING, /* hearing, and a word is due */
    POOLED,     /* LISTEN is not for here */
};

struct listener {
    const struct settings *settings;
    enum listener_state state;
    struct dial *dial;
    PGconn *conn;
    PGresult *result; /* the last one that came, of the question asked */
    int64_t next_us;  /* CLOSED: when to dial; HEARING: when to ask; else until when to wait */
    int64_t again_us; /* how long to wait after the next failure */
    int64_t said_us;  /* when it last complained; 0: never */
    bool said_pooled;
    int64_t mails;
};

struct listener *listener_new(const struct settings *s, struct err *err) {
    struct listener *l = mem_alloc(sizeof *l);
    if (!l) {
        err_nomem(err);
        return NULL;
    }
    l->settings = s;
    l->again_us = AGAIN_MIN_US;
    return l;
}

static void enter(struct listener *l, enum listener_state state, int64_t next_us) {
    l->state = state;
    l->next_us = next_us;
}

static void hang_up(struct listener *l) {
    dial_free(l->dial);
    PQclear(l->result);
    PQfinish(l->conn);
    l->dial = NULL;
    l->result = NULL;
    l->conn = NULL;
}

void listener_free(struct listener *l) {
    if (!l)
        return;
    hang_up(l);
    mem_free(l);
}

void listener_anew(struct listener *l) {
    hang_up(l);
    enter(l, CLOSED, 0);
    l->again_us = AGAIN_MIN_US;
}

/* --- what is amiss ---------------------------------------------------------------------------- */

static void complain(const struct listener *l, const char *what) {
    log_event(LOG_WARN, "listen", "%s; mail is looked for every %.3g s", what,
              (double)l->settings->poll_interval_ms / 1000);
}

static void start_over(struct listener *l, int64_t now_us) {
    hang_up(l);
    enter(l, CLOSED, now_us + l->again_us);
    l->again_us = l->again_us * 2 < AGAIN_MAX_US ? l->again_us * 2 : AGAIN_MAX_US;
}

static void give_up(struct listener *l, int64_t now_us, const char *why) {
    char line[400], text[480];
    libpq_line(line, sizeof line, why);
    str_format(text, sizeof text, "LISTEN does not work here: %s", line);
    if (l->said_us == 0 || now_us - l->said_us >= SAY_AGAIN_US) {
        l->said_us = now_us;
        complain(l, text);
    }
    start_over(l, now_us);
}

static void give_up_for_good(struct listener *l) {
    if (!l->said_pooled)
        complain(
            l,
            l->settings->listen_database_url[0]
                ? "LISTEN_DATABASE_URL leads to a pooler, where LISTEN does not work: let it name "
                  "the server itself"
                : "DATABASE_URL leads to a pooler, where LISTEN does not work: give the server's "
                  "own address as LISTEN_DATABASE_URL");
    l->said_pooled = true;
    hang_up(l);
    enter(l, POOLED, INT64_MAX);
}

/* --- steps ------------------------------------------------------------------------------------ */

static void ask(struct listener *l, const char *sql, enum listener_state next, int64_t now_us) {
    PQclear(l->result);
    l->result = NULL;
    if (PQsendQuery(l->conn, sql) == 1)
        enter(l, next, now_us + ANSWER_US);
    else
        give_up(l, now_us, PQerrorMessage(l->conn));
}

static void dial(struct listener *l, int64_t now_us) {
    struct err err = {0};
    const char *own = l->settings->listen_database_url;
    l->dial = dial_new(own[0] ? own : l->settings->database_url, true, &err);
    if (l->dial && dial_start(l->dial, &err))
        enter(l, DIALING, now_us + OPEN_US);
    else
        give_up(l, now_us, err.text);
}

static void take_connection(struct listener *l, int64_t now_us) {
    struct err err;
    l->conn = dial_take(l->dial, &err);
    if (l->conn) {
        dial_free(l->dial);
        l->dial = NULL;
        ask(l, "SELECT pg_backend_pid()", ASKED_WHO, now_us);
    } else if (err.code != ERR_NONE) {
        give_up(l, now_us, err.text);
    }
}

/* A pooler tells a number of its own where a server tells its process. */
static void see_whose(struct listener *l, int64_t now_us) {
    if (PQresultStatus(l->result) != PGRES_TUPLES_OK)
        give_up(l, now_us, PQresultErrorMessage(l->result));
    else if (cell_int(l->result, 0, 0, 0) == PQbackendPID(l->conn))
        ask(l, "LISTEN postroom", ASKED_LISTEN, now_us);
    else
        give_up_for_good(l);
}

static int begin_hearing(struct listener *l, int64_t now_us) {
    if (PQresultStatus(l->result) != PGRES_COMMAND_OK) {
        give_up(l, now_us, PQresultErrorMessage(l->result));
        return NOTE_NONE;
    }
    enter(l, HEARING, now_us + PING_US);
    return NOTE_MAIL | NOTE_CONTROL;
}

/* What the last question's answer leads to. */
static int proceed(struct listener *l, int64_t now_us) {
    if (l->state == ASKED_WHO)
        see_whose(l, now_us);
    else if (l->state == ASKED_LISTEN)
        return begin_hearing(l, now_us);
    if (l->state == ASKED_PING) {
        enter(l, HEARING, now_us + PING_US);
        l->again_us = AGAIN_MIN_US;
    }
    return NOTE_NONE;
}

/* --- hearing ---------------------------------------------------------------------------------- */

/* Reads what is there; false: the connection is done for. *whole: the answer is complete. */
static bool read_on(struct listener *l, bool *whole) {
    *whole = false;
    if (PQconsumeInput(l->conn) != 1)
        return false;
    while (!*whole && !PQisBusy(l->conn)) {
        PGresult *r = PQgetResult(l->conn);
        *whole = r == NULL;
        if (r) {
            PQclear(l->result);
            l->result = r;
        }
    }
    return PQstatus(l->conn) == CONNECTION_OK;
}

/* After every answer some may lie in libpq already, with nothing left to read on the socket. */
static int drain(struct listener *l) {
    int notes = NOTE_NONE;
    for (PGnotify *n; (n = PQnotifies(l->conn)); PQfreemem(n)) {
        bool control = strcmp(n->extra, "control") == 0;
        notes |= control ? NOTE_CONTROL : NOTE_MAIL;
        l->mails += !control;
    }
    return notes;
}

static int hear(struct listener *l, int64_t now_us) {
    bool whole;
    bool alive = read_on(l, &whole);
    int notes = drain(l);
    if (alive)
        return whole ? notes | proceed(l, now_us) : notes;
    start_over(l, now_us);
    return notes | NOTE_LOST;
}

static int time_is_up(struct listener *l, int64_t now_us) {
    if (l->state == HEARING) {
        ask(l, "SELECT 1", ASKED_PING, now_us);
        return NOTE_NONE;
    }
    give_up(l, now_us, "the server does not answer");
    return NOTE_LOST;
}

int listener_turn(struct listener *l, bool wanted, int64_t now_us) {
    int notes = NOTE_NONE;
    if (l->state == DIALING)
        take_connection(l, now_us);
    if (l->conn)
        notes = hear(l, now_us);
    if (now_us < l->next_us)
        return notes;
    if (l->state != CLOSED)
        return notes | time_is_up(l, now_us);
    if (wanted)
        dial(l, now_us);
    return notes;
}

int64_t listener_mails(const struct listener *l) {
    return l->mails;
}

int listener_fd(const struct listener *l) {
    return l->conn ? PQsocket(l->conn) : l->dial ? dial_fd(l->dial) : -1;
}

int64_t listener_next_us(const struct listener *l) {
    return l->next_us;
}
