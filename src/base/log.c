/* The log's sink and its two shapes. A line is built first and written whole under the mutex.
 *
 * A sink that does not take lines (a stopped reader behind a pipe, a full disk) loses them instead
 * of holding up who sends: it gets a second once, then lines are dropped and counted until it takes
 * one again. SIGPIPE is ignored by the program, so a closed pipe is an error like any other. */
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINE 8192
#define PATIENCE_MS 1000

static enum log_format format = LOG_TEXT;
static int sink = STDOUT_FILENO;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long lost; /* under the lock: lines dropped since the last that went through */

/* Under the lock: lines that wait for log_release. No more than a pipe takes in one piece, so that
 * lines stay whole where other processes write to it, too. */
static struct {
    bool on;
    char data[PIPE_BUF];
    size_t len;
    unsigned long lines;
} held;

void log_open(enum log_format new_format, int fd) {
    format = new_format;
    sink = fd;
}

static const char *level_name(enum log_level level) {
    static const char *const names[2][3] = {{"INFO", "WARN", "ERROR"}, {"info", "warn", "error"}};
    return names[format == LOG_JSON][level];
}

/* --- the sink -------------------------------------------------------------------------------- */

static bool write_all(const char *data, size_t n, int wait_ms) {
    while (n > 0) {
        struct pollfd p = {.fd = sink, .events = POLLOUT};
        int ready = poll(&p, 1, wait_ms);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready <= 0) {
            return false;
        }
        ssize_t put = write(sink, data, n);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return false;
        }
        data += put;
        n -= (size_t)put;
    }
    return true;
}

/* --- building lines -------------------------------------------------------------------------- */

static void begin_line(struct buf *line, struct json_writer *w, enum log_level level,
                       const char *event) {
    char now[32];
    clock_format_utc(now, sizeof now, clock_wall_us());
    buf_init(line, MAX_LINE);
    jw_init(w, line);
    if (format == LOG_JSON) {
        jw_object(w);
        jw_kv_text(w, "time", now);
        jw_kv_text(w, "level", level_name(level));
        jw_kv_text(w, "event", event);
    } else {
        buf_printf(line, "%.19sZ %s ", now, level_name(level));
    }
}

/* A member of a JSON line, cleaned of what acts on a terminal; absent where it is unknown. */
static void kv_outside(struct json_writer *w, const char *key, const char *text, size_t max) {
    if (!text) {
        return;
    }
    struct buf clean;
    buf_init(&clean, max);
    str_sanitize(&clean, text, max);
    jw_kv_text(w, key, buf_text(&clean));
    buf_free(&clean);
}

static void kv_known(struct json_writer *w, const char *key, int64_t n) {
    if (n >= 0) {
        jw_kv_int(w, key, n);
    }
}

static void say_what_was_lost(void) {
    struct buf line;
    struct json_writer w;
    char text[64];
    str_format(text, sizeof text, "%lu lines could not be written", lost);
    begin_line(&line, &w, LOG_WARN, "log_lines_lost");
    if (format == LOG_JSON) {
        jw_kv_text(&w, "text", text);
        jw_object_end(&w);
        buf_addc(&line, '\n');
    } else {
        buf_printf(&line, "log_lines_lost: %s\n", text);
    }
    if (!line.failed && write_all(line.data, line.len, 0)) {
        lost = 0;
    }
    buf_free(&line);
}

static void put_out(const char *data, size_t n, unsigned long lines) {
    if (lost > 0) {
        say_what_was_lost();
    }
    if (lost > 0 || !write_all(data, n, PATIENCE_MS)) {
        lost += lines;
    }
}

static void put_out_held(void) {
    if (held.len > 0) {
        put_out(held.data, held.len, held.lines);
    }
    held.len = 0;
    held.lines = 0;
}

static void take_line(const struct buf *line) {
    if (line->failed) {
        lost++;
        return;
    }
    if (!held.on || held.len + line->len > sizeof held.data) {
        put_out_held();
    }
    if (!held.on || line->len > sizeof held.data) {
        put_out(line->data, line->len, 1);
        return;
    }
    memcpy(held.data + held.len, line->data, line->len);
    held.len += line->len;
    held.lines++;
}

static void end_line(struct buf *line, struct json_writer *w) {
    if (format == LOG_JSON) {
        jw_object_end(w);
    }
    buf_addc(line, '\n');
    pthread_mutex_lock(&lock);
    take_line(line);
    pthread_mutex_unlock(&lock);
    buf_free(line);
}

void log_hold(void) {
    pthread_mutex_lock(&lock);
    held.on = true;
    pthread_mutex_unlock(&lock);
}

void log_release(void) {
    pthread_mutex_lock(&lock);
    held.on = false;
    put_out_held();
    pthread_mutex_unlock(&lock);
}

/* --- the lines ------------------------------------------------------------------------------- */

void log_event(enum log_level level, const char *event, const char *fmt, ...) {
    if (sink < 0) {
        return;
    }
    char words[1024];
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(words, sizeof words, fmt, args) < 0) {
        words[0] = '\0';
    }
    va_end(args);

    struct buf line;
    struct json_writer w;
    begin_line(&line, &w, level, event);
    if (format == LOG_JSON) {
        kv_outside(&w, "text", words, sizeof words);
    } else {
        buf_printf(&line, "%s: ", event);
        str_sanitize(&line, words, sizeof words);
    }
    end_line(&line, &w);
}

static void mail_text(struct buf *line, const struct log_mail *m) {
    buf_puts(line, m->error ? "❌ Failed to process email message " : "✅ Processed email message ");
    str_sanitize(line, m->id, 128);
    buf_puts(line, m->error ? ": " : " for ");
    str_sanitize(line, m->error ? m->error : m->email, 1024);
}

static void mail_members(struct json_writer *w, const struct log_mail *m) {
    kv_outside(w, "id", m->id, 128);
    kv_outside(w, "email", m->email, 400);
    kv_outside(w, "error", m->error, 1024);
    kv_outside(w, "error_code", m->error ? m->error_code : NULL, 128);
    kv_known(w, "attempt", m->attempt);
    kv_outside(w, "provider", m->provider, 64);
    kv_outside(w, "request_id", m->request_id, 128);
    kv_known(w, "ms", m->ms);
}

void log_mail(const struct log_mail *mail) {
    if (sink < 0) {
        return;
    }
    struct buf line;
    struct json_writer w;
    begin_line(&line, &w, mail->error ? LOG_ERROR : LOG_INFO,
               mail->error ? "message_failed" : "message_processed");
    if (format == LOG_JSON) {
        mail_members(&w, mail);
    } else {
        mail_text(&line, mail);
    }
    end_line(&line, &w);
}
