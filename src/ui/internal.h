/* What the turn (ui.c) and the keys (act*.c, look.c, move.c) share. Main thread only. */
#ifndef POSTROOM_UI_INTERNAL_H
#define POSTROOM_UI_INTERNAL_H

#include "ui/budget.h"
#include "ui/dialog.h"
#include "ui/input.h"
#include "ui/letter.h"
#include "ui/prompt.h"
#include "ui/shelf.h"
#include "ui/term.h"

enum asked_for {
    ASKED_REASON, /* of a pause that holds already */
    ASKED_FILTER,
    ASKED_COMMAND
};

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
    struct budget budget;
    struct dialog dialog;
    bool asking; /* dialog is open */
    struct prompt prompt;
    bool prompting; /* prompt is open */
    enum asked_for asked_for;
    struct command pause; /* waits for its reason */
    bool drop_typed;      /* what was typed before a dialog stood is dropped */

    struct shelf shelf;   /* the list that is open */
    struct letter letter; /* the message that is read */
    struct chain journal;
    uint64_t last_want;
    struct dialog counting; /* a question that waits for its number */
    uint64_t count_awaited; /* the want it waits for; 0: none */

    int64_t every_us; /* between frames */
    bool local_zone;  /* times in this process's zone, not UTC */

    char answer[256];
    int64_t answer_until_us; /* boot time */
    int64_t last_command;
    bool command_waits; /* for its last answer */

    int interrupts; /* Ctrl-C in a row */
    int64_t interrupt_us;

    enum mail_state titled; /* the state in the terminal's title; STATE_COUNT: none yet */
    bool titled_read;       /* and that was of a picture: the first one changes nothing */
    bool whole;             /* the next frame draws everything */
    bool over;
    enum ui_end end;
};

/* What panes and dialogs see now; points into *ui. */
void ui_scene(struct ui *ui, int64_t boot_us, struct scene *out);
bool ui_finished(const struct ui_ports *ports); /* asked to end, or life is not running */
bool ui_draining(const struct ui *ui);
void ui_end_with(struct ui *ui, enum ui_end end);
int64_t ui_frame_pace(const struct ui_options *options); /* as long as nobody changes it */

/* --- keys: act.c gives each to one of the following --- */

void act_key(struct ui *ui, int32_t key, int64_t boot_us);
void act_answer(struct ui *ui, int64_t boot_us, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* act_change.c: what asks first, and what it is answered */
void change_pause(struct ui *ui, const struct scene *scene, int64_t boot_us);
void change_ask(struct ui *ui, const struct scene *scene, enum command_kind kind, int64_t boot_us);
void change_trigger(struct ui *ui, int64_t boot_us);
void change_undo(struct ui *ui, int64_t boot_us);
void change_typed(struct ui *ui, const struct scene *scene, const struct command *c,
                  int64_t boot_us);
void change_counted(struct ui *ui, const struct page *p, int64_t boot_us);
void change_key(struct ui *ui, const struct scene *scene, int32_t key, int64_t boot_us);
void change_reason(struct ui *ui, int64_t boot_us); /* the prompt holds it */
void change_quit(struct ui *ui, const struct scene *scene, int64_t boot_us);
bool change_interrupted(struct ui *ui, int64_t boot_us); /* Ctrl-C: was it one too many? */

/* act_line.c: the input line */
void line_filter(struct ui *ui);
void line_command(struct ui *ui);
void line_key(struct ui *ui, const struct scene *scene, int32_t key, int64_t boot_us);

/* act_copy.c */
void copy_one(struct ui *ui, const struct scene *scene, int64_t boot_us);
void copy_all(struct ui *ui, const struct scene *scene, int64_t boot_us);

/* look.c: lists, messages and the journal: what is asked for, what comes, where the cursor goes */
void look_at(struct ui *ui, enum view view); /* opens a view over this one */
void look_back(struct ui *ui);
void look_failures(struct ui *ui, const char *code, int64_t boot_us); /* code: its group open */
void look_queue(struct ui *ui, const char *status, int64_t boot_us);
void look_message(struct ui *ui, const char *id, int64_t boot_us);
void look_journal(struct ui *ui, const char *words, int64_t boot_us);
void look_filter(struct ui *ui, const char *words, int64_t boot_us);
void look_open(struct ui *ui, const struct scene *scene, int64_t boot_us); /* Enter in a list */
void look_same_error(struct ui *ui, const struct scene *scene, int64_t boot_us);
void look_neighbour(struct ui *ui, const struct scene *scene, int by, int64_t boot_us);
void look_tag(struct ui *ui, const struct scene *scene, int64_t boot_us);
void look_tag_all(struct ui *ui, const struct scene *scene, int64_t boot_us);
void look_ask(struct ui *ui, struct page_want *want, struct chain *chain, int64_t boot_us);
bool look_take(struct ui *ui, int64_t boot_us);   /* what has come; was there anything? */
void look_more(struct ui *ui, int64_t boot_us);   /* the list's next page */
void look_newest(struct ui *ui, int64_t boot_us); /* the list anew, from its first message on */
void look_more_journal(struct ui *ui, int64_t boot_us);
void look_settle(struct ui *ui,
                 int64_t boot_us); /* once a frame: asks for what is missing or old */

/* move.c: the cursor of the focused list; rows: how many of it are shown */
void move_key(struct ui *ui, const struct scene *scene, int action, int64_t boot_us);
void move_focus(struct ui *ui, const struct scene *scene, int action, int64_t boot_us);
void move_follow(struct ui *ui);                            /* the events follow again */
void move_settle(struct ui *ui, int rows, int64_t boot_us); /* lists that held long enough go on */

#endif
