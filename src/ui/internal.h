/* What the turn (ui.c) and the keys (act.c, move.c) share. Main thread only. */
#ifndef POSTROOM_UI_INTERNAL_H
#define POSTROOM_UI_INTERNAL_H

#include "ui/dialog.h"
#include "ui/input.h"
#include "ui/prompt.h"
#include "ui/term.h"

struct ui {
    const struct ui_options *options;
    const struct ui_ports *ports;
    struct terminal *term;
    struct canvas canvas;
    struct input input;
    struct history *history;

    struct snapshot *current; /* a reference; the newest one taken from the board */
    struct snapshot *errors;  /* while "Why it fails" holds still, else NULL */
    int64_t errors_until_us;  /* boot time */
    int64_t events_moved_us;  /* boot time of the last move in the events */

    bool frozen;
    struct picture still; /* with references of its own while frozen */

    struct places places;
    struct dialog dialog;
    bool asking; /* dialog is open */
    struct prompt prompt;
    bool prompting; /* prompt is open; `pause` waits for its reason */
    struct command pause;
    bool drop_typed; /* what was typed before a dialog stood is dropped */

    char answer[256];
    int64_t answer_until_us; /* boot time */
    int64_t last_command;

    int interrupts; /* Ctrl-C in a row */
    int64_t interrupt_us;

    struct verdict_hold hold;
    enum mail_state titled; /* the state in the terminal's title; STATE_COUNT: none yet */
    bool whole;             /* the next frame draws everything */
    bool over;
    enum ui_end end;
};

/* What panes and dialogs see now; points into *ui. */
void ui_scene(struct ui *ui, int64_t boot_us, struct scene *out);
bool ui_finished(const struct ui_ports *ports); /* asked to end, or life is not running */
bool ui_draining(const struct ui *ui);
void ui_end_with(struct ui *ui, enum ui_end end);

void act_key(struct ui *ui, int32_t key, int64_t boot_us);
void act_answer(struct ui *ui, int64_t boot_us, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The cursor of the focused list. rows: how many of it are shown. */
void move_errors(struct ui *ui, const struct scene *scene, int by, int64_t boot_us);
void move_events(struct ui *ui, const struct scene *scene, int by, int rows, int64_t boot_us);
void move_follow(struct ui *ui);                            /* the events follow again */
void move_settle(struct ui *ui, int rows, int64_t boot_us); /* lists that held long enough go on */

#endif
