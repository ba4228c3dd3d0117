/* The private PostgreSQL: found, made, started; reached only through a socket in our folder. As
 * root it runs as user postgres, because PostgreSQL refuses root. */
#include "demo/internal.h"

#include "base/clock.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_TIMEOUT_US (60 * USEC_PER_SEC)

/* --- finding -------------------------------------------------------------------------------- */

static bool has_server(const char *bindir) {
    static const char *const programs[] = {"initdb", "postgres", "psql"};
    char path[320];
    for (size_t i = 0; i < 3; i++) {
        str_format(path, sizeof path, "%s/%s", bindir, programs[i]);
        if (access(path, X_OK) != 0)
            return false;
    }
    return true;
}

/* Debian's folders; the newest version that is whole. */
static bool find_in_folders(struct demo *d) {
    glob_t found;
    int best = 0;
    if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) != 0)
        return false;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        int version = (int)strtol(found.gl_pathv[i] + strlen("/usr/lib/postgresql/"), NULL, 10);
        if (version > best && has_server(found.gl_pathv[i]) &&
            str_copy(d->bindir, sizeof d->bindir, found.gl_pathv[i]))
            best = version;
    }
    globfree(&found);
    return best > 0;
}

static bool find_in_path(struct demo *d) {
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t n = strcspn(path, ":");
        str_format(d->bindir, sizeof d->bindir, "%.*s", (int)n, path);
        if (d->bindir[0] == '/' && has_server(d->bindir))
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

/* What pg_config says, for systems that keep the server out of PATH. */
static bool find_by_config(struct demo *d) {
    FILE *f = popen("pg_config --bindir 2>/dev/null", "re");
    if (!f)
        return false;
    bool read = fgets(d->bindir, sizeof d->bindir, f) != NULL;
    pclose(f);
    if (read)
        d->bindir[strcspn(d->bindir, "\n")] = '\0';
    return read && has_server(d->bindir);
}

bool server_find(struct demo *d, struct err *err) {
    if (!find_in_folders(d) && !find_in_path(d) && !find_by_config(d))
        return err_set(err, ERR_IO,
                       "PostgreSQL's server is not installed; on Debian: apt install postgresql");
    if (geteuid() != 0)
        return true;
    const struct passwd *user = getpwnam("postgres");
    if (!user)
        return err_set(err, ERR_IO,
                       "PostgreSQL refuses to run as root and there is no user postgres: run the "
                       "demo as an ordinary user");
    d->drop_root = true;
    d->uid = user->pw_uid;
    d->gid = user->pw_gid;
    return true;
}

/* --- starting ------------------------------------------------------------------------------- */

static bool make_cluster(struct demo *d, struct err *err) {
    char initdb[320], data[160];
    str_format(initdb, sizeof initdb, "%s/initdb", d->bindir);
    str_format(data, sizeof data, "%s/data", d->folder);
    const char *argv[] = {initdb,      "-D",    data, "-U",   "postroom",
                          "-A",        "trust", "-E", "UTF8", "--locale=C.UTF-8",
                          "--no-sync", NULL};
    return tool_run(d, "initdb", argv, true, NULL, err);
}

static bool start_process(struct demo *d, struct err *err) {
    char postgres[320], data[160], sockets[160];
    str_format(postgres, sizeof postgres, "%s/postgres", d->bindir);
    str_format(data, sizeof data, "%s/data", d->folder);
    str_format(sockets, sizeof sockets, "unix_socket_directories=%s", d->folder);
    const char *argv[] = {postgres,
                          "-D",
                          data,
                          "-c",
                          "listen_addresses=",
                          "-c",
                          sockets,
                          "-c",
                          "fsync=off",
                          "-c",
                          "full_page_writes=off",
                          "-c",
                          "shared_buffers=32MB",
                          "-c",
                          "max_connections=30",
                          NULL};
    int log = log_open_in(d, "postgres", err);
    if (log < 0)
        return false;
    struct spawn s = {.argv = argv,
                      .in = -1,
                      .out = log,
                      .err = log,
                      .as_postgres = true,
                      .own_session = true,
                      .death_signal = SIGQUIT};
    d->server.name = "PostgreSQL";
    bool started = child_start(d, &d->server, &s, err);
    close(log);
    return started;
}

static void psql_argv(struct demo *d, const char *database, char path[320], const char *argv[16]) {
    str_format(path, 320, "%s/psql", d->bindir);
    const char *const fixed[] = {path, "-XqAt",    "-v", "ON_ERROR_STOP=1", "-h", d->folder,
                                 "-U", "postroom", "-d", database,          NULL};
    memcpy(argv, fixed, sizeof fixed);
}

static bool run_psql(struct demo *d, const char *database, const char *sql, struct buf *out,
                     struct err *err) {
    char path[320];
    const char *argv[16] = {0};
    psql_argv(d, database, path, argv);
    argv[10] = "-c";
    argv[11] = sql;
    argv[12] = NULL;
    return tool_run(d, "psql", argv, false, out, err);
}

bool server_sql(struct demo *d, const char *sql, struct buf *out, struct err *err) {
    return run_psql(d, "postroom", sql, out, err);
}

/* Ready is when the demo's database can be made. */
static bool await_ready(struct demo *d, struct err *err) {
    char line[300];
    int64_t until = clock_boot_us() + START_TIMEOUT_US;
    while (d->server.pid > 0 && !d->interrupted && clock_boot_us() < until) {
        if (run_psql(d, "postgres", "CREATE DATABASE postroom", NULL, err))
            return true;
        demo_sleep(d, 50);
    }
    if (d->interrupted)
        return err_set(err, ERR_IO, "interrupted");
    log_last_line(d, "postgres", line, sizeof line);
    return err_set(err, ERR_IO, "the private PostgreSQL does not start: %s", line);
}

bool server_start(struct demo *d, struct err *err) {
    return make_cluster(d, err) && start_process(d, err) && await_ready(d, err);
}

bool server_feeder(struct demo *d, struct err *err) {
    char path[320];
    const char *argv[16] = {0};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set(err, ERR_IO, "pipe: %s", strerror(errno));
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    psql_argv(d, "postroom", path, argv);
    struct spawn s = {.argv = argv,
                      .in = ends[0],
                      .out = -1,
                      .err = -1,
                      .own_session = true,
                      .death_signal = SIGTERM};
    d->feeder.name = "psql";
    d->feeder_fd = ends[1];
    bool started = child_start(d, &d->feeder, &s, err);
    close(ends[0]);
    return started;
}
