/* The demonstration, step by step: make a place, start everything, load the mail, let `postroom
 * run` work it off, stop everything. Whatever goes wrong between, all that was started is stopped
 * in the reverse order, and the folder removed. */
#include "demo/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SENDER "Harbour Books <hello@books.example>"
#define HEADLESS_LATER_S 4 /* scheduled messages come up within so many seconds */
#define SCREEN_LATER_S 90
#define BURST 40 /* now and then a newsletter goes out */

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);

static void say(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    fflush(stdout);
}

static bool has_terminal(void) {
    const char *term = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && term[0] &&
           !str_eq(term, "dumb");
}

/* --- the parts ------------------------------------------------------------------------------ */

static bool make_place(struct demo *d, struct err *err) {
    ssize_t n = readlink("/proc/self/exe", d->binary, sizeof d->binary - 1);
    if (n <= 0)
        return err_set(err, ERR_IO, "cannot find this program by /proc/self/exe");
    return server_find(d, err) && environment_make(d, err) && signals_open(d, err) &&
           place_make(d, err);
}

/* Its ready line ends the wait and tells the port it got. */
static bool await_sandbox(struct demo *d, struct err *err) {
    char line[300];
    for (int i = 0; i < 200 && d->sandbox.pid > 0 && !d->interrupted; i++) {
        log_last_line(d, "sandbox", line, sizeof line);
        const char *at = strstr(line, "http://");
        if (at) {
            size_t n = strcspn(at + 7, " /");
            str_format(d->sandbox_address, sizeof d->sandbox_address, "%.*s", (int)n, at + 7);
            return true;
        }
        demo_sleep(d, 20);
    }
    log_last_line(d, "sandbox", line, sizeof line);
    return err_set(err, ERR_IO, "the sandbox does not start: %s", line);
}

static bool start_sandbox(struct demo *d, bool screen, struct err *err) {
    /* slow enough to be watched, or as fast as Resend is by default */
    const char *argv[] = {d->binary, "sandbox",           "--listen",  "127.0.0.1:0",
                          "--rate",  screen ? "4" : "10", "--latency", screen ? "120" : "20",
                          NULL};
    int log = log_open_in(d, "sandbox", err);
    if (log < 0)
        return false;
    struct spawn s = {.argv = argv,
                      .in = -1,
                      .out = log,
                      .err = log,
                      .own_session = true,
                      .death_signal = SIGTERM};
    d->sandbox.name = "the sandbox";
    bool started = child_start(d, &d->sandbox, &s, err);
    close(log);
    return started && await_sandbox(d, err);
}

static bool set_environment(struct demo *d, bool screen, struct err *err) {
    char database[160], url[96], state[100];
    str_format(state, sizeof state, "%s/state", d->folder); /* the user's own windows keep theirs */
    str_format(database, sizeof database, "host=%s user=postroom dbname=postroom", d->folder);
    str_format(url, sizeof url, "http://%s", d->sandbox_address);
    return environment_set(d, "STATE_DIRECTORY", state, err) &&
           environment_set(d, "DATABASE_URL", database, err) &&
           environment_set(d, "RESEND_BASE_URL", url, err) &&
           environment_set(d, "RESEND_API_KEY", "re_demo", err) &&
           environment_set(d, "POSTROOM_FROM", SENDER, err) &&
           environment_set(d, "POSTROOM_DRAIN_TIMEOUT", "5s", err) &&
           (!screen || environment_set(d, "POSTROOM_BATCH_SIZE", "10", err));
}

static bool migrate(struct demo *d, struct err *err) {
    const char *argv[] = {d->binary, "migrate", "--config", "/dev/null", NULL};
    return tool_run(d, "postroom migrate", argv, false, NULL, err);
}

static bool load(struct demo *d, int count, int later_s, struct err *err) {
    struct buf sql;
    buf_init(&sql, (size_t)64 * 1024);
    mail_sql(&sql, 1, count, later_s);
    bool ok = sql.failed ? err_nomem(err) : server_sql(d, buf_text(&sql), NULL, err);
    buf_free(&sql);
    return ok;
}

static bool set_up(struct demo *d, const struct demo_options *o, bool screen, struct err *err) {
    if (!make_place(d, err))
        return false;
    say("Starting a private PostgreSQL in %s ...\n", d->folder);
    if (!server_start(d, err))
        return false;
    say("Starting a sandbox of Resend's API ...");
    if (!start_sandbox(d, screen, err))
        return false;
    say(" http://%s\nCreating the tables ...\n", d->sandbox_address);
    if (!set_environment(d, screen, err) || !migrate(d, err))
        return false;
    say("Loading %d messages ...\n", o->count);
    return load(d, o->count, screen ? SCREEN_LATER_S : HEADLESS_LATER_S, err);
}

static void tear_down(struct demo *d) {
    child_stop(d, &d->worker, SIGTERM, 10000);
    child_stop(d, &d->tool, SIGTERM, 2000);
    if (d->feeder_fd >= 0)
        close(d->feeder_fd);
    child_stop(d, &d->feeder, SIGTERM, 2000);
    child_stop(d, &d->sandbox, SIGTERM, 5000);
    child_stop(d, &d->server, SIGINT, 10000); /* PostgreSQL's fast shutdown */
    place_remove(d);
    environment_free(d);
    if (d->signals >= 0)
        signals_close(d);
}

/* Something that must live has died. */
static bool check_parts(const struct demo *d, struct err *err) {
    const struct child *parts[] = {&d->server, &d->sandbox};
    for (size_t i = 0; i < 2; i++)
        if (parts[i]->pid <= 0)
            return err_set(err, ERR_IO, "%s ended unexpectedly", parts[i]->name);
    return true;
}

/* --- with the dashboard ---------------------------------------------------------------------- */

/* The trickle: a message or two a second, now and then a burst. A statement that finds no room in
 * the pipe is left out; half a statement would spoil the next, so it ends the trickle. */
static void trickle(struct demo *d, struct rand *dice, int *next) {
    struct buf sql;
    int n = rand_between(dice, 0, 30) < 1 ? BURST : 1;
    if (d->feeder_fd < 0)
        return;
    buf_init(&sql, (size_t)64 * 1024);
    mail_sql(&sql, *next, *next + n - 1, SCREEN_LATER_S);
    ssize_t written = sql.failed ? 0 : write(d->feeder_fd, sql.data, sql.len);
    if (written == (ssize_t)sql.len) {
        *next += n;
    } else if (written > 0) {
        close(d->feeder_fd);
        d->feeder_fd = -1;
    }
    buf_free(&sql);
}

static bool start_dashboard(struct demo *d, struct err *err) {
    const char *argv[] = {d->binary, "run", "--config", "/dev/null", NULL};
    struct spawn s = {.argv = argv,
                      .in = STDIN_FILENO,
                      .out = STDOUT_FILENO,
                      .err = STDERR_FILENO,
                      .death_signal = SIGTERM};
    d->worker.name = "postroom run";
    return child_start(d, &d->worker, &s, err);
}

/* The terminal's own signals reached the dashboard too, which is leaving by itself. */
static void pass_on_signal(struct demo *d) {
    if (!d->by_terminal && d->worker.pid > 0)
        kill(d->worker.pid, SIGTERM);
    int64_t until = clock_boot_us() + 10 * USEC_PER_SEC;
    while (d->worker.pid > 0 && clock_boot_us() < until)
        demo_sleep(d, 200);
}

static bool watch_dashboard(struct demo *d, int loaded, struct err *err) {
    struct rand dice;
    int next = loaded + 1;
    rand_seed_random(&dice);
    int64_t due = clock_boot_us();
    while (d->worker.pid > 0 && !d->interrupted) {
        int64_t now = clock_boot_us();
        if (!check_parts(d, err))
            return false;
        if (now >= due) {
            trickle(d, &dice, &next);
            due = now + (int64_t)(rand_between(&dice, 0.3, 1.0) * USEC_PER_SEC);
        }
        demo_sleep(d, (due - now) / USEC_PER_MS + 1);
    }
    if (d->interrupted)
        pass_on_signal(d);
    return true;
}

static bool show(struct demo *d, const struct demo_options *o, struct err *err) {
    if (!server_feeder(d, err) || !start_dashboard(d, err) || !watch_dashboard(d, o->count, err))
        return false;
    if (d->interrupted || (WIFEXITED(d->worker.status) && WEXITSTATUS(d->worker.status) != 2 &&
                           WEXITSTATUS(d->worker.status) != 127))
        return true;
    return err_set(err, ERR_IO, "the dashboard could not run; try: postroom demo --headless");
}

/* --- without a terminal ----------------------------------------------------------------------- */

static bool start_worker(struct demo *d, struct err *err) {
    const char *argv[] = {d->binary, "run", "--no-ui", "--config", "/dev/null", NULL};
    int log = log_open_in(d, "worker", err);
    if (log < 0)
        return false;
    struct spawn s = {.argv = argv,
                      .in = -1,
                      .out = log,
                      .err = log,
                      .own_session = true,
                      .death_signal = SIGTERM};
    d->worker.name = "postroom run --no-ui";
    bool started = child_start(d, &d->worker, &s, err);
    close(log);
    return started;
}

static bool worker_died(struct demo *d, struct err *err) {
    char line[300];
    log_last_line(d, "worker", line, sizeof line);
    return err_set(err, ERR_IO, "the worker ended early; its last words: %s", line);
}

/* Until every message has come to its end. */
static bool work_off(struct demo *d, int count, struct err *err) {
    int64_t open = count, said = count;
    int64_t until = clock_boot_us() + (60 + count / 20) * USEC_PER_SEC;
    while (open > 0) {
        if (!audit_open(d, &open, err)) {
            check_parts(d, err); /* the better reason, where it has one */
            return false;
        }
        if (!check_parts(d, err))
            return false;
        if (d->worker.pid <= 0)
            return worker_died(d, err);
        if (clock_boot_us() > until)
            return err_set(err, ERR_IO, "%lld messages were still open after %d s", (long long)open,
                           60 + count / 20);
        if (open < said && (open == 0 || open <= said - count / 10)) {
            say("  %lld to go\n", (long long)open);
            said = open;
        }
        demo_sleep(d, open > 0 ? 200 : 0);
    }
    return true;
}

static bool send_all(struct demo *d, const struct demo_options *o, struct err *err) {
    say("Sending ...\n");
    int64_t begin = clock_boot_us();
    if (!start_worker(d, err) || !work_off(d, o->count, err))
        return false;
    double seconds = (double)(clock_boot_us() - begin) / (double)USEC_PER_SEC;
    child_stop(d, &d->worker, SIGTERM, 10000);
    return audit(d, o->count, seconds, err);
}

bool demo_run(const struct demo_options *o, struct err *err) {
    struct demo *d = mem_alloc(sizeof *d);
    if (!d)
        return err_nomem(err);
    d->signals = d->feeder_fd = d->janitor_fd = -1;
    bool screen = !o->headless && has_terminal();
    bool ok = set_up(d, o, screen, err) && (screen ? show(d, o, err) : send_all(d, o, err));
    if (d->folder[0])
        say("Stopping everything ...\n");
    tear_down(d);
    mem_free(d);
    return ok;
}
