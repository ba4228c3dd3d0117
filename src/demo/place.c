/* The folder the demonstration lives in, and the janitor that removes it.
 *
 * The janitor is a process that waits for the end of a pipe only we hold: closed by us at the end,
 * or by the kernel however we die. Then it sees to it that the server is gone and removes the
 * folder. So even `kill -9` leaves nothing. */

#include "demo/internal.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A unix socket's path has room for 107 bytes: the folder, and "/.s.PGSQL.5432". */
#define TEMPLATE "/postroom-demo-XXXXXX"

static bool usable_parent(const struct demo *d, const char *path) {
    struct stat st;
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    /* plain, because it becomes part of connection strings and of PostgreSQL's settings */
    if (!path || path[0] != '/' || path[strspn(path, plain)] != '\0' ||
        strlen(path) + sizeof TEMPLATE > sizeof d->folder)
        return false;
    /* user postgres must get through */
    return !d->drop_root || (stat(path, &st) == 0 && (st.st_mode & 01) != 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* The server ends by itself when we die (its death signal); this is for the case that it does
 * not. */
static void await_server(const char *folder) {
    char path[160], line[32] = "";
    int64_t pid = 0;
    str_format(path, sizeof path, "%s/data/postmaster.pid", folder);
    FILE *f = fopen(path, "re");
    if (!f)
        return;
    bool read = fgets(line, sizeof line, f) != NULL && str_to_int64(str_trim(line), &pid);
    fclose(f);
    for (int i = 0; read && pid > 1 && i < 100 && access(path, F_OK) == 0; i++) {
        if (kill((pid_t)pid, i < 50 ? SIGQUIT : SIGKILL) != 0)
            return;
        poll(NULL, 0, 100);
    }
}

static void janitor_main(const char *folder, int fd) {
    char byte;
    ssize_t n;
    setsid();
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3 && null >= 0; i++)
        dup2(null, i);
    do
        n = read(fd, &byte, 1);
    while (n > 0 || (n < 0 && errno == EINTR));
    await_server(folder);
    /* twice: a process that is just ending may have left a file between */
    for (int i = 0; i < 20 && nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0; i++)
        poll(NULL, 0, 100);
    _exit(0);
}

static bool start_janitor(struct demo *d, struct err *err) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set(err, ERR_IO, "pipe: %s", strerror(errno));
    fflush(NULL);
    d->janitor = fork();
    if (d->janitor == 0) {
        close(ends[1]);
        janitor_main(d->folder, ends[0]);
    }
    close(ends[0]);
    d->janitor_fd = ends[1];
    return d->janitor > 0 ? true : err_set(err, ERR_IO, "fork: %s", strerror(errno));
}

bool place_make(struct demo *d, struct err *err) {
    const char *parent = getenv("TMPDIR");
    if (!usable_parent(d, parent))
        parent = "/tmp";
    str_format(d->folder, sizeof d->folder, "%s" TEMPLATE, parent);
    if (!mkdtemp(d->folder)) {
        err_set(err, ERR_IO, "cannot make a folder in %s: %s", parent, strerror(errno));
        d->folder[0] = '\0';
        return false;
    }
    if (d->drop_root && chown(d->folder, d->uid, d->gid) != 0) {
        err_set(err, ERR_IO, "cannot give %s to user postgres: %s", d->folder, strerror(errno));
        rmdir(d->folder);
        d->folder[0] = '\0';
        return false;
    }
    return start_janitor(d, err);
}

void place_remove(struct demo *d) {
    if (d->janitor_fd >= 0)
        close(d->janitor_fd);
    d->janitor_fd = -1;
    if (d->janitor > 0)
        waitpid(d->janitor, NULL, 0);
    else if (d->folder[0])
        rmdir(d->folder);
}
