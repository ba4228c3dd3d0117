/* Whole small files, read through one descriptor: what was checked is what is read. Any thread. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
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
