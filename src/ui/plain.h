/* `watch` without a terminal: the state row as plain lines, when the state changes and once a
 * minute. Main thread. */
#ifndef POSTROOM_UI_PLAIN_H
#define POSTROOM_UI_PLAIN_H

#include "core/verdict.h"
#include "ui/ui.h"

/* Writes to stdout until `life` leaves RUNNING or ui_finish (UI_DRAINED), or nobody reads any more
 * (UI_GONE). Call ui_possible before: it takes the character set. */
enum ui_end plain_run(const struct ui_options *options, const struct ui_ports *ports);

/* One line, without its end: "2026-09-22T03:12:06Z FAILING 61% of attempts ...; Why ...". */
void plain_line(char *dst, size_t size, const struct snapshot *s, int64_t now_us,
                const struct state_row *state);

#endif
