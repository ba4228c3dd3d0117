/* Whole small files, read through one descriptor: what was checked is what is read. Any thread. */
#include "base/file.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool drain(int fd, const char *path, struct buf *out, struct err *err) {
    char chunk[16384];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n == 0)
            return true;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, ERR_IO, "cannot read %.200s: %s", path, strerror(errno));
        buf_add(out, chunk, (size_t)n);
        if (out->failed && out->len + (size_t)n > out->max)
            return err_set(err, ERR_IO, "%.200s is too big: %zu bytes are allowed", path, out->max);
        if (out->failed)
            return err_nomem(err);
    }
}

bool file_read(const char *path, struct buf *out, unsigned *mode, struct err *err) {
    bool input = strcmp(path, "-") == 0;
    const char *name = input ? "standard input" : path;
    int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, ERR_IO, "cannot read %.200s: %s", name, strerror(errno));
    struct stat st;
    bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (mode)
        *mode = regular ? st.st_mode & 07777 : 0;
    bool done = drain(fd, name, out, err);
    if (!input)
        close(fd);
    return done;
}

/* --- writing ---------------------------------------------------------------------------------- */

static bool write_all(int fd, const struct buf *bytes) {
    for (size_t done = 0; done < bytes->len;) {
        ssize_t n = write(fd, bytes->data + done, bytes->len - done);
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) == 0;
}

/* A new name is on disk once its folder is. */
static bool sync_folder(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    str_format(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
               slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

bool file_write(const char *path, const struct buf *bytes, struct err *err) {
    char fresh[PATH_MAX];
    if (bytes->failed)
        return err_nomem(err);
    if (!str_format(fresh, sizeof fresh, "%s.new", path))
        return err_set(err, ERR_IO, "the file name %.200s is too long", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write_all(fd, bytes);
    int why = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        why = errno;
    }
    if (ok && rename(fresh, path) == 0 && sync_folder(path))
        return true;
    why = ok ? errno : why;
    unlink(fresh);
    return err_set(err, ERR_IO, "cannot write %.200s: %s", path, strerror(why));
}
