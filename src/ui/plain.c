/* `watch` without a terminal. No escape is ever written: every text is cleaned first. */
#include "ui/plain.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/verdict.h"
#include "ui/internal.h"
#include "ui/text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define MINUTE_US (60 * USEC_PER_SEC)
#define LOOK_MS 1000

void plain_line(char *dst, size_t size, const struct snapshot *s, int64_t now_us,
                const struct state_row *state) {
    char text[1024], when[32];
    clock_format_utc(when, sizeof when, now_us);
    when[19] = '\0'; /* no fraction */
    str_format(text, sizeof text, "%sZ %s %s: %s%s%s%s", when, s != NULL ? s->database : "?",
               state_name(state->state), state->sentence, state->sentence_more,
               state->why[0] != '\0' ? "; " : "", state->why);
    text_clean(dst, size, text);
}

static bool write_line(const char *line) {
    char text[1100];
    str_format(text, sizeof text, "%s\n", line);
    size_t n = strlen(text);
    for (size_t at = 0; at < n;) {
        ssize_t done = write(STDOUT_FILENO, text + at, n - at);
        if (done < 0 && errno != EINTR)
            return false;
        at += done > 0 ? (size_t)done : 0;
    }
    return true;
}

/* What was last said, and when. */
struct said {
    enum mail_state state;
    int64_t at_us; /* boot time; < 0: nothing yet */
};

static bool say(const struct ui_options *options, const struct ui_ports *ports, struct said *last) {
    struct snapshot *s = board_take(ports->board);
    struct state_row state;
    char line[1024];
    int64_t boot_us = clock_boot_us(), now_us = clock_wall_us();
    bool well = true;
    if (options->demo)
        now_us = options->demo_now_us;
    else if (s != NULL && s->now_us >= 0)
        now_us = s->now_us + (boot_us - s->read_boot_us);
    verdict_of(s, now_us, &state);
    if (s != NULL &&
        (last->at_us < 0 || state.state != last->state || boot_us - last->at_us >= MINUTE_US)) {
        plain_line(line, sizeof line, s, now_us, &state);
        well = write_line(line);
        *last = (struct said){state.state, boot_us};
    }
    snapshot_release(s);
    return well;
}

enum ui_end plain_run(const struct ui_options *options, const struct ui_ports *ports) {
    struct said last = {.at_us = -1};
    for (;;) {
        /* Of stdout only its end is of interest: a pipe nobody reads any more. */
        struct pollfd fds[2] = {
            {.fd = STDOUT_FILENO, .events = 0},
            {.fd = ports->wake != NULL ? ports->wake->fd : -1, .events = POLLIN}};
        if (ui_finished(ports))
            return UI_DRAINED;
        if (!say(options, ports, &last))
            return UI_GONE;
        if (poll(fds, 2, LOOK_MS) > 0 && (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
            return UI_GONE;
        if ((fds[1].revents & POLLIN) != 0)
            wake_clear(ports->wake);
    }
}
