/* Keys that change something: ask first, then send one command to the feed. */
#include "ui/internal.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/figures.h"
#include "ui/layout.h"

#include <string.h>

#define TWICE_US (2 * USEC_PER_SEC)

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
    ui->command_waits = true;
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

/* --- pause, trigger, undo --------------------------------------------------------------------- */

void change_pause(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    const struct snap_worker *chosen = scene_chosen(scene);
    bool one = ui->places.view == VIEW_WORKERS && chosen != NULL;
    if (!may_change(ui, boot_us))
        return;
    ask_pause(&ui->dialog, scene, one ? chosen->name : "");
    open_dialog(ui, boot_us);
}

void change_trigger(struct ui *ui, int64_t boot_us) {
    struct command c = {.kind = COMMAND_TRIGGER};
    if (may_change(ui, boot_us))
        send(ui, &c, boot_us);
}

void change_undo(struct ui *ui, int64_t boot_us) {
    struct command c = {.kind = COMMAND_UNDO};
    if (may_change(ui, boot_us))
        send(ui, &c, boot_us);
}

/* --- retry and cancel ------------------------------------------------------------------------- */

/* The number is not known yet: the question is put when it has come. */
static void count_first(struct ui *ui, int64_t boot_us) {
    struct page_want want = {.kind = PAGE_COUNT};
    ui->counting = ui->dialog;
    want.filter = ui->counting.command.filter;
    want.doing = ui->counting.command.kind;
    act_answer(ui, boot_us, "%s: counting them, nothing changed yet", command_name(want.doing));
    look_ask(ui, &want, NULL, boot_us);
}

static void put_question(struct ui *ui, int64_t boot_us) {
    if (ui->dialog.scope.n < 0)
        count_first(ui, boot_us);
    else
        open_dialog(ui, boot_us);
}

static void ask(struct ui *ui, const struct scene *scene, enum command_kind kind, char what,
                int64_t boot_us) {
    struct dialog next;
    if (!ask_change(&next, scene, kind, what)) {
        act_answer(ui, boot_us, "%s: nothing of that is left; nothing changed", command_name(kind));
        return;
    }
    ui->dialog = next;
    put_question(ui, boot_us);
}

/* In a message it is that one; elsewhere the menu comes first. */
void change_ask(struct ui *ui, const struct scene *scene, enum command_kind kind, int64_t boot_us) {
    if (!may_change(ui, boot_us))
        return;
    if (ui->places.view == VIEW_MESSAGE) {
        ask(ui, scene, kind, '1', boot_us);
        return;
    }
    if (ask_scope(&ui->dialog, scene, kind, ui->canvas.glyphs))
        open_dialog(ui, boot_us);
    else if (kind == COMMAND_RETRY)
        act_answer(ui, boot_us, "retry: nothing here has failed");
    else
        act_answer(ui, boot_us, "cancel: nothing here waits or has failed");
}

void change_typed(struct ui *ui, const struct scene *scene, const struct command *c,
                  int64_t boot_us) {
    if (!may_change(ui, boot_us))
        return;
    switch (c->kind) {
    case COMMAND_RETRY:
    case COMMAND_CANCEL:
        ask_command(&ui->dialog, scene, c);
        put_question(ui, boot_us);
        break;
    case COMMAND_PAUSE:
    case COMMAND_RESUME:
        ask_pause(&ui->dialog, scene, c->worker);
        if (ui->dialog.command.kind != c->kind) {
            act_answer(ui, boot_us, "%s: nothing changed, %s", command_name(c->kind),
                       c->kind == COMMAND_PAUSE ? "it is paused already" : "it is not paused");
            break;
        }
        str_copy(ui->dialog.command.text, sizeof ui->dialog.command.text, c->text);
        open_dialog(ui, boot_us);
        break;
    default:
        change_trigger(ui, boot_us);
        break;
    }
}

void change_counted(struct ui *ui, const struct page *p, int64_t boot_us) {
    const char *name = command_name(ui->counting.command.kind);
    ui->count_awaited = 0;
    if (p->trouble[0] != '\0') {
        act_answer(ui, boot_us, "%s: nothing changed: %s", name, p->trouble);
    } else if (p->total <= 0 && p->uncertain <= 0) {
        act_answer(ui, boot_us, "%s: there is none of that; nothing changed", name);
    } else if (!ui->asking && !ui->prompting) {
        ui->dialog = ui->counting;
        ask_counted(&ui->dialog, p->total, p->uncertain);
        open_dialog(ui, boot_us);
    }
}

/* --- leaving ---------------------------------------------------------------------------------- */

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

void change_quit(struct ui *ui, const struct scene *scene, int64_t boot_us) {
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
bool change_interrupted(struct ui *ui, int64_t boot_us) {
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

/* --- answers ---------------------------------------------------------------------------------- */

static void ask_for_reason(struct ui *ui) {
    ui->pause = ui->dialog.command;
    ui->prompting = true;
    ui->asked_for = ASKED_REASON;
    prompt_start(&ui->prompt, "reason: ");
}

void change_reason(struct ui *ui, int64_t boot_us) {
    str_copy(ui->pause.text, sizeof ui->pause.text, ui->prompt.text);
    if (!str_is_blank(ui->pause.text))
        send(ui, &ui->pause, boot_us);
}

static void confirm_pause(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    struct command *c = &ui->dialog.command;
    const struct snap_worker *own = scene_worker(scene);
    if (ui->dialog.picked == 'w' && own != NULL)
        str_copy(c->worker, sizeof c->worker, own->name);
    if (send(ui, c, boot_us) && c->kind == COMMAND_PAUSE && c->text[0] == '\0')
        ask_for_reason(ui); /* it holds already; the reason follows */
}

static void say_yes(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    struct dialog *d = &ui->dialog;
    if (d->purpose == ASK_CHANGE && d->picked == 'i') {
        ask_uncertain_too(d);
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
    case ASK_SCOPE:
        ask(ui, scene, d->command.kind, d->picked, boot_us);
        break;
    case ASK_CHANGE:
        if (send(ui, &d->command, boot_us))
            shelf_untag(&ui->shelf);
        break;
    }
}

void change_key(struct ui *ui, const struct scene *scene, int32_t key, int64_t boot_us) {
    switch (dialog_key(&ui->dialog, key, boot_us)) {
    case DIALOG_STAYS:
        break;
    case DIALOG_YES:
        say_yes(ui, scene, boot_us);
        break;
    case DIALOG_NO:
        ui->asking = false;
        act_answer(ui, boot_us, "nothing changed");
        break;
    }
}
