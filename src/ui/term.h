/* The terminal: set up, shown to, given back. The only user of curses, and the only writer.
 *
 * Writing never blocks: curses draws into memory, and the bytes go out as far as the terminal
 * takes them; while some wait, no new frame is made. One thread; term_emergency_restore from
 * signal handlers too. */
#ifndef POSTROOM_UI_TERM_H
#define POSTROOM_UI_TERM_H

#include "ui/canvas.h"

#include <stddef.h>

struct terminal;

/* Is there a terminal that can show a screen? */
bool term_possible(struct err *err) MUST_CHECK;

struct terminal *term_open(struct err *err) MUST_CHECK;
void term_close(struct terminal *t); /* the terminal is as before; frees */

void term_size(const struct terminal *t, int *rows, int *cols);
int term_input_fd(const struct terminal *t);
int term_output_fd(const struct terminal *t);

/* Shows what differs from the last time; `whole`: clears and draws everything. Returns the bytes it
 * took. */
size_t term_show(struct terminal *t, const struct canvas *c, bool whole);
void term_title(struct terminal *t, const char *text);
void term_copy(struct terminal *t, const char *text); /* asks it to keep this (OSC 52) */
void term_bell(struct terminal *t);

/* Are bytes waiting for the terminal? Poll term_output_fd for POLLOUT, then term_flush. */
bool term_waiting(const struct terminal *t);
bool term_flush(struct terminal *t); /* false: the terminal is gone */

bool term_gone(const struct terminal *t); /* hung up */
void term_resume(struct terminal *t);     /* after SIGCONT: the shell may have changed its modes */

void term_emergency_restore(void);

#endif
