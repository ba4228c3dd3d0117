/* What keys do: each row of the table leads to one function. Local ones move and switch; intents
 * ask first (act_change.c). The screen never assumes success: the answer comes back through the
 * ring. */
#include "ui/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/figures.h"
#include "ui/keys.h"
#include "ui/layout.h"

#include <stdarg.h>
#include <stdio.h>

#define ANSWER_US (10 * USEC_PER_SEC)

void act_answer(struct ui *ui, int64_t boot_us, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vsnprintf(ui->answer, sizeof ui->answer, fmt, args);
    va_end(args);
    ui->answer_until_us = boot_us + ANSWER_US;
}

/* --- the screen ------------------------------------------------------------------------------ */

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

/* 0.5 1 2 5 10 30 60 s; from anything between them to the next. */
static void change_pace(struct ui *ui, int by, int64_t boot_us) {
    static const int64_t steps_ms[] = {500, 1000, 2000, 5000, 10000, 30000, 60000};
    int n = (int)(sizeof steps_ms / sizeof *steps_ms), to = 0;
    int64_t now_ms = ui->every_us / USEC_PER_MS;
    if (by > 0)
        while (to < n - 1 && steps_ms[to] <= now_ms)
            to++;
    else
        for (to = n - 1; to > 0 && steps_ms[to] >= now_ms;)
            to--;
    ui->every_us = steps_ms[to] * USEC_PER_MS;
    act_answer(ui, boot_us, "the screen is drawn every %g s", (double)steps_ms[to] / 1000);
}

static void change_zone(struct ui *ui, int64_t boot_us) {
    ui->local_zone = !ui->local_zone;
    figures_local(ui->local_zone);
    act_answer(ui, boot_us, "times are %s%s", ui->local_zone ? "local, " : "", figure_zone());
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

/* --- which key ------------------------------------------------------------------------------- */

static void open_chosen(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    static const char *const queues[QUEUE_ROWS] = {
        "pending", "scheduled", "processing", "retrying", "", "uncertain", "sent", "cancelled"};
    const struct event *event = scene_event(scene);
    const struct snap_error *error = scene_error(scene);
    if (ui->places.view == VIEW_LIST)
        look_open(ui, scene, boot_us);
    else if (ui->places.focus == FOCUS_QUEUE && queues[ui->places.queue_row][0] == '\0')
        look_failures(ui, "", boot_us);
    else if (ui->places.focus == FOCUS_QUEUE)
        look_queue(ui, queues[ui->places.queue_row], boot_us);
    else if (ui->places.focus == FOCUS_EVENTS && event != NULL && event->kind != EVENT_ANSWER)
        look_message(ui, event->id, boot_us);
    else if (ui->places.focus == FOCUS_ERRORS && error != NULL)
        look_failures(ui, error->code, boot_us);
    else
        act_answer(ui, boot_us, "nothing is chosen here: Up and Down choose");
}

/* Esc: first what is tagged or filtered, then the view; on the main screen its places. */
static void escape(struct ui *ui, int32_t key, int64_t boot_us) {
    if (key == K_ESC && ui->places.view == VIEW_LIST && ui->shelf.words[0] != '\0')
        look_filter(ui, "", boot_us);
    else if (key == K_ESC && ui->places.view == VIEW_LIST && shelf_tagged(&ui->shelf) != 0)
        shelf_untag(&ui->shelf);
    else if (key == K_ESC && ui->places.view == VIEW_JOURNAL && ui->places.journal_words[0] != '\0')
        look_filter(ui, "", boot_us);
    else
        look_back(ui);
}

static void act_look(struct ui *ui, const struct scene *scene, const struct key_row *row,
                     int32_t key, int64_t boot_us) {
    switch (row->action) {
    case ACT_OPEN:
        open_chosen(ui, scene, boot_us);
        break;
    case ACT_BACK:
        escape(ui, key, boot_us);
        break;
    case ACT_FAILURES:
        look_failures(ui, "", boot_us);
        break;
    case ACT_SAME_ERROR:
        look_same_error(ui, scene, boot_us);
        break;
    case ACT_WORKERS:
        look_at(ui, VIEW_WORKERS);
        break;
    case ACT_JOURNAL:
        look_journal(ui, "", boot_us);
        break;
    case ACT_HELP:
        ui->places.help_top = 0;
        look_at(ui, VIEW_HELP);
        break;
    case ACT_TAG:
        look_tag(ui, scene, boot_us);
        break;
    case ACT_TAG_ALL:
        look_tag_all(ui, scene, boot_us);
        break;
    case ACT_SORT:
        ui->shelf.sort = (enum list_sort)((ui->shelf.sort + 1) % SORTS);
        if (!shelf_is_grouped(&ui->shelf))
            act_answer(ui, boot_us, "s sorts errors; this list has its own order");
        break;
    case ACT_NEXT_MESSAGE:
    case ACT_LAST_MESSAGE:
        look_neighbour(ui, scene, row->action == ACT_NEXT_MESSAGE ? 1 : -1, boot_us);
        break;
    case ACT_PART:
        letter_show(&ui->letter, letter_next(&ui->letter));
        break;
    default:
        move_key(ui, scene, (int)row->action, boot_us);
        break;
    }
}

static void act(struct ui *ui, const struct scene *scene, const struct key_row *row, int32_t key,
                int64_t boot_us) {
    switch (row->action) {
    case ACT_NEXT_PANE:
    case ACT_LAST_PANE:
    case ACT_GO_QUEUE:
    case ACT_GO_ERRORS:
    case ACT_GO_EVENTS:
        move_focus(ui, scene, (int)row->action, boot_us);
        break;
    case ACT_INTERRUPT:
    case ACT_QUIT:
        change_quit(ui, scene, boot_us);
        break;
    case ACT_FREEZE:
        freeze(ui, scene, boot_us);
        break;
    case ACT_SLOWER:
    case ACT_FASTER:
        change_pace(ui, row->action == ACT_SLOWER ? 1 : -1, boot_us);
        break;
    case ACT_ZONE:
        change_zone(ui, boot_us);
        break;
    case ACT_REDRAW:
        ui->whole = true;
        break;
    case ACT_PAUSE:
        change_pause(ui, scene, boot_us);
        break;
    case ACT_RETRY:
        change_ask(ui, scene, COMMAND_RETRY, boot_us);
        break;
    case ACT_CANCEL:
        change_ask(ui, scene, COMMAND_CANCEL, boot_us);
        break;
    case ACT_TRIGGER:
        change_trigger(ui, boot_us);
        break;
    case ACT_UNDO:
        change_undo(ui, boot_us);
        break;
    case ACT_FILTER:
        if (ui->places.view == VIEW_MAIN)
            look_failures(ui, "", boot_us);
        line_filter(ui);
        break;
    case ACT_COMMAND:
        line_command(ui);
        break;
    case ACT_COPY:
        copy_one(ui, scene, boot_us);
        break;
    case ACT_COPY_ALL:
        copy_all(ui, scene, boot_us);
        break;
    case ACT_REFUSED:
        refuse(ui, key, boot_us);
        break;
    default:
        act_look(ui, scene, row, key, boot_us);
        break;
    }
}

/* A key that means nothing here says so, unless an arrow key that was torn apart may have left it.
 */
static void pass_over(struct ui *ui, int32_t key, int64_t boot_us) {
    char name[8] = "";
    if (key == ' ' || key == K_ENTER || key == K_TAB)
        str_copy(name, sizeof name, key == ' ' ? "Space" : key == K_TAB ? "Tab" : "Enter");
    else if (key > ' ' && key < 0x7f && key != '[' && key != 'O')
        str_format(name, sizeof name, "%c", (int)key);
    if (name[0] != '\0')
        act_answer(ui, boot_us, "%s does nothing here: ? shows the keys", name);
}

void act_key(struct ui *ui, int32_t key, int64_t boot_us) {
    struct scene scene;
    const struct key_row *row = key_find(key, ui->places.view);
    ui_scene(ui, boot_us, &scene);
    if (key == K_CTRL('c') && change_interrupted(ui, boot_us))
        return;
    if (key == K_CTRL('l')) {
        ui->whole = true;
    } else if (ui->prompting) {
        line_key(ui, &scene, key, boot_us);
    } else if ((key & K_PASTED) != 0) {
        return; /* a paste outside an input line */
    } else if (ui->asking) {
        change_key(ui, &scene, key, boot_us);
    } else if (row != NULL) {
        ui->answer[0] = '\0';
        act(ui, &scene, row, key, boot_us);
    } else {
        pass_over(ui, key, boot_us);
    }
}
