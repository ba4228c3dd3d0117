/* Processes: started with only what they are meant to have, watched by one signalfd, stopped for
 * certain. */
#include "demo/internal.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_MAX ((size_t)16 * 1024 * 1024)

/* --- signals -------------------------------------------------------------------------------- */

static void our_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGQUIT);
    sigaddset(set, SIGCHLD);
}

bool signals_open(struct demo *d, struct err *err) {
    sigset_t set;
    our_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return d->signals >= 0 ? true : err_set(err, ERR_IO, "signalfd: %s", strerror(errno));
}

void signals_close(struct demo *d) {
    sigset_t set;
    if (d->signals >= 0)
        close(d->signals);
    d->signals = -1;
    our_signals(&set);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void reap(struct demo *d) {
    struct child *all[] = {&d->server, &d->sandbox, &d->worker, &d->feeder, &d->tool};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i]->pid > 0 && waitpid(all[i]->pid, &all[i]->status, WNOHANG) == all[i]->pid)
            all[i]->pid = 0;
}

void demo_sleep(struct demo *d, int64_t ms) {
    struct pollfd p = {.fd = d->signals, .events = POLLIN};
    struct signalfd_siginfo info;
    poll(&p, 1, (int)ms);
    while (read(d->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            continue;
        d->interrupted = (int)info.ssi_signo;
        d->by_terminal = info.ssi_code == SI_KERNEL;
    }
    reap(d);
}

/* --- starting ------------------------------------------------------------------------------- */

static void use_fd(int fd, int as) {
    if (fd < 0)
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd == as) /* dup2 would leave close-on-exec as it is */
        fcntl(fd, F_SETFD, 0);
    else
        dup2(fd, as);
}

/* In the child: never returns. Exit 127: it could not be started. */
static void become(const struct demo *d, const struct spawn *s, pid_t parent) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (s->own_session)
        setsid();
    if (s->as_postgres && d->drop_root &&
        (initgroups("postgres", d->gid) != 0 || setgid(d->gid) != 0 || setuid(d->uid) != 0))
        _exit(127);
    if (s->as_postgres && chdir(d->folder) != 0)
        _exit(127);
    prctl(PR_SET_PDEATHSIG, s->death_signal); /* after setuid, which clears it */
    if (getppid() != parent)
        _exit(127);
    use_fd(s->in, STDIN_FILENO);
    use_fd(s->out, STDOUT_FILENO);
    use_fd(s->err, STDERR_FILENO);
    execve(s->argv[0], (char *const *)(const void *)s->argv, d->env);
    _exit(127);
}

bool child_start(struct demo *d, struct child *c, const struct spawn *s, struct err *err) {
    fflush(NULL); /* or the child would write what is buffered here once more */
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become(d, s, parent);
    if (pid < 0)
        return err_set(err, ERR_IO, "cannot start %s: %s", c->name, strerror(errno));
    c->pid = pid;
    return true;
}

void child_stop(struct demo *d, struct child *c, int how, int64_t ms) {
    if (c->pid <= 0)
        return;
    kill(c->pid, how);
    int64_t until = clock_boot_us() + ms * USEC_PER_MS;
    while (c->pid > 0 && clock_boot_us() < until)
        demo_sleep(d, 100);
    if (c->pid > 0) {
        kill(c->pid, SIGKILL);
        waitpid(c->pid, &c->status, 0);
        c->pid = 0;
    }
}

/* --- tools: run to their end ------------------------------------------------------------------ */

static void path_in(const struct demo *d, const char *name, char *dst, size_t size) {
    str_format(dst, size, "%s/%s.log", d->folder, name);
}

int log_open_in(const struct demo *d, const char *name, struct err *err) {
    char path[160];
    path_in(d, name, path, sizeof path);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        err_set(err, ERR_IO, "cannot write %s: %s", path, strerror(errno));
    return fd;
}

static void log_line(const struct demo *d, const char *name, bool last, char *dst, size_t size) {
    char path[160];
    struct buf text;
    dst[0] = '\0';
    path_in(d, name, path, sizeof path);
    buf_init(&text, LOG_MAX);
    if (file_read(path, &text, NULL, NULL) && text.len) {
        char *line = str_trim(text.data), *end = strrchr(line, '\n');
        if (last && end)
            line = end + 1;
        str_format(dst, size, "%.*s", (int)strcspn(line, "\n"), line);
    }
    buf_free(&text);
}

void log_last_line(const struct demo *d, const char *name, char *dst, size_t size) {
    log_line(d, name, true, dst, size);
}

/* What a tool that failed has to say: its first complaint, or how it ended. */
static bool tool_failed(struct demo *d, const char *name, struct err *err) {
    char line[300];
    log_line(d, "complaint", false, line, sizeof line);
    if (d->interrupted)
        return err_set(err, ERR_IO, "interrupted");
    if (line[0])
        return err_set(err, ERR_IO, "%s: %s", name, line);
    return err_set(err, ERR_IO, "%s failed (%s %d)", name,
                   WIFSIGNALED(d->tool.status) ? "signal" : "exit code",
                   WIFSIGNALED(d->tool.status) ? WTERMSIG(d->tool.status)
                                               : WEXITSTATUS(d->tool.status));
}

static bool read_output(const struct demo *d, struct buf *out, struct err *err) {
    char path[160];
    path_in(d, "output", path, sizeof path);
    return file_read(path, out, NULL, err);
}

bool tool_run(struct demo *d, const char *name, const char *const *argv, bool as_postgres,
              struct buf *out, struct err *err) {
    int output = log_open_in(d, "output", err);
    int complaint = output < 0 ? -1 : log_open_in(d, "complaint", err);
    bool started = false;
    if (complaint >= 0) {
        struct spawn s = {.argv = argv,
                          .in = -1,
                          .out = output,
                          .err = complaint,
                          .as_postgres = as_postgres,
                          .own_session = true,
                          .death_signal = SIGKILL};
        d->tool.name = name;
        started = child_start(d, &d->tool, &s, err);
    }
    if (output >= 0)
        close(output);
    if (complaint >= 0)
        close(complaint);
    if (!started)
        return false;
    while (d->tool.pid > 0 && !d->interrupted)
        demo_sleep(d, 1000);
    if (d->interrupted)
        child_stop(d, &d->tool, SIGTERM, 2000);
    if (d->interrupted || !WIFEXITED(d->tool.status) || WEXITSTATUS(d->tool.status) != 0)
        return tool_failed(d, name, err);
    return out ? read_output(d, out, err) : true;
}
