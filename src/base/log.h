/* The log: SPEC's two outcome lines, and short event lines around them; text or JSON.
 *
 * One sink per process, chosen once before threads start. Lines are written whole under a mutex;
 * every text from outside is sanitised here (str_sanitize), so callers pass it as it is. Secrets
 * and mail bodies are never passed at all. A sink that fails (EPIPE, full disk) is ignored:
 * sending never depends on logging. Any thread. */
#ifndef POSTROOM_BASE_LOG_H
#define POSTROOM_BASE_LOG_H

#include "base/err.h"

#include <stdint.h>

enum log_format {
    LOG_TEXT,
    LOG_JSON
};
enum log_level {
    LOG_INFO,
    LOG_WARN,
    LOG_ERROR
};

/* fd: where lines go; -1: nowhere (a dashboard owns the terminal). Default: LOG_TEXT to stdout. */
void log_open(enum log_format format, int fd);

/* One line about postroom itself: event is a short snake_case name ("lane_parked"). */
void log_event(enum log_level level, const char *event, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* What an outcome line can say; NULL and -1 mean unknown. `error` decides: NULL = processed. */
struct log_mail {
    const char *id;
    const char *email; /* bare address */
    const char *error;
    const char *error_code;
    int attempt;
    const char *provider;
    const char *request_id;
    int64_t ms;
};

/* Text: "<time> INFO ✅ Processed email message {id} for {email}" or
 *       "<time> ERROR ❌ Failed to process email message {id}: {error}". */
void log_mail(const struct log_mail *mail);

/* Lines of any thread between the two are written together, some thirty at a time: a system call
 * for each would cost more than the line. One thread at a time, for as long as it computes. */
void log_hold(void);
void log_release(void);

#endif
