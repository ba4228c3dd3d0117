/* What the demo's files share: one struct for the whole demonstration. Main thread only. */
#ifndef POSTROOM_DEMO_INTERNAL_H
#define POSTROOM_DEMO_INTERNAL_H

#include "base/buf.h"
#include "demo/demo.h"

#include <stdint.h>
#include <sys/types.h>

/* A process of ours; pid 0: not started, or ended and its status read. */
struct child {
    const char *name; /* for messages and for the name of its log */
    pid_t pid;
    int status; /* as from waitpid, once it ended */
};

struct demo {
    char folder[80];  /* everything lives here; also the unix socket */
    char binary[512]; /* this program */
    char bindir[256]; /* PostgreSQL's programs */
    bool drop_root;   /* they run as user postgres */
    uid_t uid;
    gid_t gid;
    char **env; /* of every child: ours, without what would lead it elsewhere */
    char sandbox_address[64];

    struct child server, sandbox, worker, feeder, tool;
    int feeder_fd;

    int signals;      /* signalfd; -1: none */
    int interrupted;  /* the signal that asked us to leave; 0: none */
    bool by_terminal; /* ... which the terminal sent to our children as well */

    pid_t janitor;
    int janitor_fd; /* closed: the janitor cleans up */
};

/* --- child.c: starting, watching and stopping processes ------------------------------------- */

struct spawn {
    const char *const *argv;
    int in, out, err; /* -1: /dev/null */
    bool as_postgres; /* drop to user postgres where we are root */
    bool own_session; /* out of the terminal's reach */
    int death_signal; /* what it gets should we die */
};

bool signals_open(struct demo *d, struct err *err) MUST_CHECK;
void signals_close(struct demo *d);

bool child_start(struct demo *d, struct child *c, const struct spawn *s,
                 struct err *err) MUST_CHECK;
/* Sleeps until a child ends, a signal comes or ms have passed; takes note of all of them. */
void demo_sleep(struct demo *d, int64_t ms);
/* Asks with a signal, waits up to ms, then kills. */
void child_stop(struct demo *d, struct child *c, int signal, int64_t ms);

/* Runs a program to its end; its output goes to `out` (may be NULL). On failure err holds the
 * first line it complained with. */
bool tool_run(struct demo *d, const char *name, const char *const *argv, bool as_postgres,
              struct buf *out, struct err *err) MUST_CHECK;

/* Opens NAME.log in the folder; -1 on failure. */
int log_open_in(const struct demo *d, const char *name, struct err *err);
/* The last line of NAME.log that says something, "" where there is none. */
void log_last_line(const struct demo *d, const char *name, char *dst, size_t size);

/* --- place.c: the folder, and who removes it ------------------------------------------------ */

bool place_make(struct demo *d, struct err *err) MUST_CHECK;
/* After everything was stopped: removes the folder. */
void place_remove(struct demo *d);

/* --- environment.c --------------------------------------------------------------------------- */

/* Our environment without DATABASE_URL, PG*, POSTROOM_*, ... and with the demo's own. */
bool environment_make(struct demo *d, struct err *err) MUST_CHECK;
bool environment_set(struct demo *d, const char *name, const char *value,
                     struct err *err) MUST_CHECK;
void environment_free(struct demo *d);

/* --- server.c: the private PostgreSQL -------------------------------------------------------- */

bool server_find(struct demo *d, struct err *err) MUST_CHECK;
bool server_start(struct demo *d, struct err *err) MUST_CHECK;
/* One statement; its rows go to out (may be NULL), unaligned, a line each. */
bool server_sql(struct demo *d, const char *sql, struct buf *out, struct err *err) MUST_CHECK;
/* A psql that takes statements from d->feeder_fd. */
bool server_feeder(struct demo *d, struct err *err) MUST_CHECK;

/* --- mail.c: sample mail ---------------------------------------------------------------------- */

/* The INSERT of messages number first..last; scheduled ones come up within later_s seconds. */
void mail_sql(struct buf *out, int first, int last, int later_s);

/* --- audit.c: does the table agree with what was loaded and what the sandbox kept? ------------ */

bool audit(struct demo *d, int loaded, double seconds, struct err *err) MUST_CHECK;
/* How many messages have not come to their end. */
bool audit_open(struct demo *d, int64_t *open, struct err *err) MUST_CHECK;

#endif
