/* What keys do: local ones move and switch; intents ask first, then become one command for the
 * feed. The screen never assumes success: the answer comes back through the ring. */
#include "ui/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "ui/help.h"
#include "ui/keys.h"
#include "ui/layout.h"

#include <stdarg.h>
#include <stdio.h>

#define ANSWER_US (10 * USEC_PER_SEC)
#define TWICE_US (2 * USEC_PER_SEC)

void act_answer(struct ui *ui, int64_t boot_us, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vsnprintf(ui->answer, sizeof ui->answer, fmt, args);
    va_end(args);
    ui->answer_until_us = boot_us + ANSWER_US;
}

/* --- changes --------------------------------------------------------------------------------- */

/* May this window change anything? Answers where it may not. */
static bool may_change(struct ui *ui, int64_t boot_us) {
    if (ui->options->read_only) {
        act_answer(ui, boot_us, "read-only window: nothing changed");
        return false;
    }
    return true;
}

static bool send(struct ui *ui, struct command *c, int64_t boot_us) {
    c->id = ++ui->last_command;
    str_copy(c->operator_name, sizeof c->operator_name, ui->options->operator_name);
    if (ui->options->demo || ui->ports->commands == NULL) {
        act_answer(ui, boot_us, "demo: nothing changed");
        return false;
    }
    if (!mailbox_put(ui->ports->commands, c)) {
        act_answer(ui, boot_us, "%s: busy with earlier ones, nothing changed; try again",
                   command_name(c->kind));
        return false;
    }
    act_answer(ui, boot_us, "%s: asked", command_name(c->kind));
    return true;
}

/* Opens the dialog that was just filled. Keys count only once it stands (see ui.c). */
static void open_dialog(struct ui *ui, int64_t boot_us) {
    if (ui->canvas.rows < ASK_MIN_ROWS || ui->canvas.cols < ASK_MIN_COLS) {
        act_answer(ui, boot_us, "too small to ask");
        return;
    }
    ui->asking = true;
    ui->drop_typed = true;
    ui->answer[0] = '\0';
    ui->dialog.opened_us = DIALOG_NOT_SHOWN;
}

static void start_pause(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    if (!may_change(ui, boot_us))
        return;
    ask_pause(&ui->dialog, scene);
    open_dialog(ui, boot_us);
}

static void start_retry(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    if (!may_change(ui, boot_us))
        return;
    if (ask_retry_scope(&ui->dialog, scene, ui->canvas.glyphs))
        open_dialog(ui, boot_us);
    else
        act_answer(ui, boot_us, "retry: nothing has failed");
}

static void start_trigger(struct ui *ui, int64_t boot_us) {
    struct command c = {.kind = COMMAND_TRIGGER};
    if (may_change(ui, boot_us))
        send(ui, &c, boot_us);
}

/* --- leaving --------------------------------------------------------------------------------- */

/* With a worker here and somebody to tell when it has ended, the screen stays up meanwhile. */
static void leave(struct ui *ui, int64_t boot_us) {
    const struct ui_ports *p = ui->ports;
    bool stays = ui->options->worker_here && !ui->options->demo && p->worker_ended != NULL;
    if (!stays) {
        ui_end_with(ui, UI_QUIT);
        return;
    }
    life_drain(p->life, boot_us + ui->options->drain_timeout_ms * USEC_PER_MS);
    if (p->worker_nudge != NULL)
        p->worker_nudge(p->worker);
}

static void start_quit(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    if (ui_draining(ui)) {
        act_answer(ui, boot_us, "draining already; Ctrl-C twice leaves at once");
    } else if (scene_has_worker(scene)) {
        ask_quit(&ui->dialog, scene);
        open_dialog(ui, boot_us);
    } else {
        leave(ui, boot_us);
    }
}

/* Ctrl-C: as q; again within 2 s: finish and leave without asking; a third: leave now. */
static bool interrupted_again(struct ui *ui, int64_t boot_us) {
    bool soon = boot_us - ui->interrupt_us < TWICE_US;
    ui->interrupts = soon || (ui->interrupts >= 2 && ui_draining(ui)) ? ui->interrupts + 1 : 1;
    ui->interrupt_us = boot_us;
    if (ui->interrupts < 2)
        return false;
    ui->asking = ui->prompting = false;
    if (ui_draining(ui))
        ui_end_with(ui, UI_NOW);
    else
        leave(ui, boot_us);
    return true;
}

/* --- dialogs --------------------------------------------------------------------------------- */

static void ask_for_reason(struct ui *ui) {
    ui->pause = ui->dialog.command;
    ui->prompting = true;
    prompt_start(&ui->prompt, "reason");
}

static void confirm_pause(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    struct command *c = &ui->dialog.command;
    const struct snap_worker *own = scene_worker(scene);
    if (ui->dialog.picked == 'w' && own != NULL)
        str_copy(c->worker, sizeof c->worker, own->name);
    if (send(ui, c, boot_us) && c->kind == COMMAND_PAUSE)
        ask_for_reason(ui); /* it holds already; the reason follows */
}

static void choose_retry(struct ui *ui, const struct scene *scene, char what, int64_t boot_us) {
    struct dialog next;
    ui->asking = false;
    if (!may_change(ui, boot_us))
        return;
    if (!ask_retry(&next, scene, what)) {
        act_answer(ui, boot_us, "retry: nothing of that is left; nothing changed");
        return;
    }
    ui->dialog = next;
    open_dialog(ui, boot_us);
}

static void say_yes(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    struct dialog *d = &ui->dialog;
    if (d->purpose == ASK_RETRY && d->picked == 'i') {
        ask_retry_uncertain_too(d);
        ui->drop_typed = true;
        return;
    }
    ui->asking = false;
    switch (d->purpose) {
    case ASK_PAUSE:
    case ASK_RESUME:
        confirm_pause(ui, scene, boot_us);
        break;
    case ASK_QUIT:
        leave(ui, boot_us);
        break;
    case ASK_RETRY_SCOPE:
        choose_retry(ui, scene, d->picked, boot_us);
        break;
    case ASK_RETRY:
        send(ui, &d->command, boot_us);
        break;
    case SHOW_DETAIL:
        choose_retry(ui, scene, scene->places.focus == FOCUS_EVENTS ? '1' : '3', boot_us);
        break;
    }
}

static void key_to_dialog(struct ui *ui, const struct scene *scene, int32_t key, int64_t boot_us) {
    switch (dialog_key(&ui->dialog, key, boot_us)) {
    case DIALOG_STAYS:
        break;
    case DIALOG_YES:
        say_yes(ui, scene, boot_us);
        break;
    case DIALOG_NO:
        ui->asking = false;
        if (ui->dialog.purpose != SHOW_DETAIL)
            act_answer(ui, boot_us, "nothing changed");
        break;
    }
}

static void key_to_prompt(struct ui *ui, int32_t key, int64_t boot_us) {
    enum prompt_end end = prompt_key(&ui->prompt, key);
    if (end == PROMPT_OPEN)
        return;
    ui->prompting = false;
    if (end == PROMPT_DONE && !str_is_blank(ui->prompt.text)) {
        str_copy(ui->pause.text, sizeof ui->pause.text, ui->prompt.text);
        send(ui, &ui->pause, boot_us);
    }
}

/* --- looking --------------------------------------------------------------------------------- */

static void freeze(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    if (ui->frozen) {
        snapshot_release((struct snapshot *)ui->still.s);
        history_free((struct history *)ui->still.history);
        ui->frozen = false;
        return;
    }
    struct history *copy = history_copy(ui->history, NULL);
    if (copy == NULL) {
        act_answer(ui, boot_us, "freeze: out of memory");
        return;
    }
    ui->still = (struct picture){snapshot_hold(ui->current), scene->live.now_us, copy};
    ui->frozen = true;
}

static void scroll_help(struct ui *ui, int by) {
    int last = help_last_top(ui->canvas.rows, ui->canvas.cols);
    int top = ui->places.help_top + by;
    ui->places.help_top = top > last ? last : top < 0 ? 0 : top;
}

#define FAR 100000 /* further than any list */

static void move(struct ui *ui, const struct scene *scene, enum action action, int64_t boot_us) {
    int rows = layout_events_rows(scene, ui->canvas.rows, ui->canvas.cols);
    int page = rows > 2 ? rows - 1 : 1;
    int by = action == ACT_DOWN        ? 1
             : action == ACT_UP        ? -1
             : action == ACT_PAGE_DOWN ? page
             : action == ACT_PAGE_UP   ? -page
             : action == ACT_FIRST     ? -FAR
                                       : FAR;
    if (ui->places.view == VIEW_HELP)
        scroll_help(ui, by);
    else if (ui->places.focus == FOCUS_ERRORS)
        move_errors(ui, scene, by, boot_us);
    else if (action == ACT_LAST)
        move_follow(ui);
    else
        move_events(ui, scene, by, rows, boot_us);
}

static void switch_focus(struct ui *ui, const struct scene *scene, enum action action,
                         int64_t boot_us) {
    bool other = action == ACT_NEXT_PANE && ui->places.focus == FOCUS_ERRORS;
    bool events = action == ACT_GO_EVENTS || other;
    ui->places.focus = events ? FOCUS_EVENTS : FOCUS_ERRORS;
    if (events && ui->places.event == 0)
        move_events(ui, scene, -1, layout_events_rows(scene, ui->canvas.rows, ui->canvas.cols),
                    boot_us);
}

static void look_closer(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    if (show_detail(&ui->dialog, scene))
        open_dialog(ui, boot_us);
    else
        act_answer(ui, boot_us, "nothing is chosen here: Up and Down choose");
}

static void go_back(struct ui *ui) {
    if (ui->places.view != VIEW_MAIN) {
        ui->places.view = VIEW_MAIN;
        return;
    }
    ui->places.focus = FOCUS_ERRORS;
    move_follow(ui);
}

static void refuse(struct ui *ui, int32_t key, int64_t boot_us) {
    if (key == K_CTRL('z'))
        act_answer(ui, boot_us,
                   "Ctrl-Z is off: it would stop a worker in this window, too; q quits");
    else if (key == K_CTRL('\\'))
        act_answer(ui, boot_us, "Ctrl-\\ is off: q quits");
    else
        act_answer(ui, boot_us, "Ctrl-S and Ctrl-Q are off: z freezes the screen");
}

static void act(struct ui *ui, const struct scene *scene, enum action action, int32_t key,
                int64_t boot_us) {
    switch (action) {
    case ACT_DOWN:
    case ACT_UP:
    case ACT_PAGE_DOWN:
    case ACT_PAGE_UP:
    case ACT_FIRST:
    case ACT_LAST:
        move(ui, scene, action, boot_us);
        break;
    case ACT_NEXT_PANE:
    case ACT_GO_ERRORS:
    case ACT_GO_EVENTS:
        switch_focus(ui, scene, action, boot_us);
        break;
    case ACT_OPEN:
        look_closer(ui, scene, boot_us);
        break;
    case ACT_BACK:
        go_back(ui);
        break;
    case ACT_INTERRUPT:
    case ACT_QUIT:
        start_quit(ui, scene, boot_us);
        break;
    case ACT_WORKERS:
    case ACT_HELP:
        ui->places.view = action == ACT_HELP ? VIEW_HELP : VIEW_WORKERS;
        ui->places.help_top = 0;
        break;
    case ACT_FREEZE:
        freeze(ui, scene, boot_us);
        break;
    case ACT_REDRAW:
        ui->whole = true;
        break;
    case ACT_PAUSE:
        start_pause(ui, scene, boot_us);
        break;
    case ACT_RETRY:
        start_retry(ui, scene, boot_us);
        break;
    case ACT_TRIGGER:
        start_trigger(ui, boot_us);
        break;
    case ACT_REFUSED:
        refuse(ui, key, boot_us);
        break;
    }
}

void act_key(struct ui *ui, int32_t key, int64_t boot_us) {
    struct scene scene;
    const struct key_row *row = key_find(key, ui->places.view);
    ui_scene(ui, boot_us, &scene);
    if (key == K_CTRL('c') && interrupted_again(ui, boot_us))
        return;
    if (key == K_CTRL('l')) {
        ui->whole = true;
    } else if (ui->prompting) {
        key_to_prompt(ui, key, boot_us);
    } else if ((key & K_PASTED) != 0) {
        return; /* a paste outside an input line */
    } else if (ui->asking) {
        key_to_dialog(ui, &scene, key, boot_us);
    } else if (row != NULL) {
        ui->answer[0] = '\0';
        act(ui, &scene, row->action, key, boot_us);
    }
}
