/* Lists, messages and the journal: what is asked for, what comes, what is opened. The screen asks
 * for a page and goes on; the page is there when it comes. In a demo the fixture answers at once.
 */
#include "ui/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/figures.h"
#include "ui/fate.h"
#include "ui/layout.h"
#include "ui/views.h"

#include <string.h>

#define HOLD_US (10 * USEC_PER_SEC)  /* a list stands still that long after a move */
#define AGAIN_US (2 * USEC_PER_SEC)  /* what is shown is asked for again */
#define LETTER_US (5 * USEC_PER_SEC) /* a message less often: it may be big */
#define LOST_US (15 * USEC_PER_SEC)  /* an answer that long overdue will not come */
#define JOURNAL_PAGE 100

/* --- asking ----------------------------------------------------------------------------------- */

static void list_came(struct ui *ui, int64_t then) {
    struct shelf *s = &ui->shelf;
    const struct page_row *first = chain_row(&s->chain, 0);
    if (then >= 0)
        s->then = then;
    if (s->newest && first != NULL)
        str_copy(s->id, sizeof s->id, first->id);
    s->newest = false;
}

/* What another operator did is said at once; the rest not over the answer to a key, which may have
 * been what did it. */
static void say_fate(struct ui *ui, const struct page *p, int64_t boot_us) {
    struct shelf *s = &ui->shelf;
    char text[sizeof ui->answer];
    if (s->fate.kind != PAGE_FATE || p->want.number != s->fate.number)
        return;
    s->fate.kind = PAGE_NONE;
    bool other = p->journal_count > 0 && !str_eq(p->journal[0].who, ui->current->operator_name);
    if (!other && ui->answer[0] != '\0' && boot_us < ui->answer_until_us)
        return;
    fate_say(p, ui->canvas.cols, ui->canvas.glyphs->ellipsis, text, sizeof text);
    act_answer(ui, boot_us, "%s", text);
}

static void take(struct ui *ui, struct page *p, int64_t boot_us) {
    int64_t then = -1;
    switch (p->want.kind) {
    case PAGE_LIST:
        if (p->want.after[0] == '\0')
            then = shelf_now(&ui->shelf, ui->current);
        if (shelf_take(&ui->shelf, p, boot_us))
            list_came(ui, then);
        break;
    case PAGE_MESSAGE:
        if (chain_take(&ui->letter.chain, p, boot_us))
            letter_show(&ui->letter, ui->letter.part);
        break;
    case PAGE_JOURNAL:
        chain_take(&ui->journal, p, boot_us);
        break;
    case PAGE_COUNT:
        if (p->want.number == ui->count_awaited)
            change_counted(ui, p, boot_us);
        page_free(p);
        break;
    case PAGE_FATE:
        say_fate(ui, p, boot_us);
        page_free(p);
        break;
    case PAGE_NONE:
        page_free(p);
        break;
    }
}

/* chain: who waits for it; NULL: who else wants something knows by itself. */
void look_ask(struct ui *ui, struct page_want *want, struct chain *chain, int64_t boot_us) {
    const struct snapshot *s = ui->current;
    struct err err;
    want->number = ++ui->last_want;
    if (chain != NULL) {
        chain->awaited = want->number;
        chain->asked_us = boot_us;
    } else if (want->kind == PAGE_COUNT) {
        ui->count_awaited = want->number;
    }
    if (!ui->options->demo) {
        board_want(ui->ports->board, want);
        mailbox_nudge(ui->ports->commands);
        return;
    }
    struct page *p =
        page_of_fixture(want, s->document_len > 0 ? s->document : "{}",
                        s->document_len > 0 ? s->document_len : 2, ui->options->demo_now_us, &err);
    if (p != NULL)
        take(ui, p, boot_us);
    else
        act_answer(ui, boot_us, "%s", err.text);
}

bool look_take(struct ui *ui, int64_t boot_us) {
    bool any = false;
    for (struct page *p; (p = board_take_page(ui->ports->board)) != NULL; any = true)
        take(ui, p, boot_us);
    return any;
}

static void ask_list(struct ui *ui, bool again, int64_t boot_us) {
    struct page_want want;
    shelf_want(&ui->shelf, again, &want);
    look_ask(ui, &want, &ui->shelf.chain, boot_us);
}

static void ask_letter(struct ui *ui, int64_t boot_us) {
    struct page_want want = {.kind = PAGE_MESSAGE};
    str_copy(want.id, sizeof want.id, ui->letter.id);
    look_ask(ui, &want, &ui->letter.chain, boot_us);
}

static void ask_journal(struct ui *ui, bool again, int64_t boot_us) {
    struct page_want want = {.kind = PAGE_JOURNAL, .limit = JOURNAL_PAGE};
    const char *after = "";
    if (!again)
        chain_more(&ui->journal, &after);
    str_copy(want.after, sizeof want.after, after);
    str_copy(want.filter.text, sizeof want.filter.text, ui->places.journal_words);
    look_ask(ui, &want, &ui->journal, boot_us);
}

void look_more(struct ui *ui, int64_t boot_us) {
    const char *after;
    if (ui->shelf.chain.awaited == 0 && chain_more(&ui->shelf.chain, &after))
        ask_list(ui, false, boot_us);
}

void look_newest(struct ui *ui, int64_t boot_us) {
    ui->shelf.newest = true;
    ui->shelf.moved_us = 0;
    ask_list(ui, true, boot_us);
}

void look_more_journal(struct ui *ui, int64_t boot_us) {
    const char *after;
    if (ui->journal.awaited == 0 && chain_more(&ui->journal, &after))
        ask_journal(ui, false, boot_us);
}

/* --- once a frame ----------------------------------------------------------------------------- */

/* Is it time to ask (again)? */
static bool is_due(const struct chain *c, int64_t again_us, int64_t boot_us) {
    if (c->awaited != 0)
        return boot_us - c->asked_us >= LOST_US;
    if (c->came_us == 0)
        return true;
    return boot_us - c->came_us >= again_us;
}

static bool list_shows_messages(const struct shelf *s) {
    return !shelf_is_grouped(s) || s->open[0] != '\0';
}

static void settle_fate(struct ui *ui, int64_t boot_us) {
    struct shelf *s = &ui->shelf;
    if (s->fate.kind != PAGE_FATE || (s->fate_asked_us > 0 && boot_us - s->fate_asked_us < LOST_US))
        return;
    s->fate_asked_us = boot_us;
    look_ask(ui, &s->fate, NULL, boot_us);
}

static void settle_list(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    struct shelf *s = &ui->shelf;
    bool first = s->chain.came_us == 0;
    bool held = boot_us - s->moved_us < HOLD_US || shelf_stands(s);
    const struct rect *area;
    struct layout l;
    if (list_shows_messages(s) && (first || (!held && !ui->frozen)) &&
        is_due(&s->chain, AGAIN_US, boot_us))
        ask_list(ui, true, boot_us);
    shelf_settle(s, scene->errors);
    settle_fate(ui, boot_us);
    layout_make(scene, ui->canvas.rows, ui->canvas.cols, &l);
    if ((area = layout_find(&l, &pane_list)) != NULL)
        s->top = list_top(scene, list_rows(scene, area->rows, area->cols));
}

void look_settle(struct ui *ui, int64_t boot_us) {
    struct scene scene;
    bool still = ui->frozen || ui->options->demo;
    ui_scene(ui, boot_us, &scene);
    switch (ui->places.view) {
    case VIEW_LIST:
        settle_list(ui, &scene, boot_us);
        break;
    case VIEW_MESSAGE:
        if ((ui->letter.chain.came_us == 0 || !still) &&
            is_due(&ui->letter.chain, LETTER_US, boot_us))
            ask_letter(ui, boot_us);
        break;
    case VIEW_JOURNAL:
        if ((ui->journal.came_us == 0 || (!still && ui->places.journal_top == 0)) &&
            ui->journal.count < 2 && is_due(&ui->journal, AGAIN_US, boot_us))
            ask_journal(ui, true, boot_us);
        break;
    default:
        break;
    }
}

/* --- where one is ----------------------------------------------------------------------------- */

void look_at(struct ui *ui, enum view view) {
    struct places *at = &ui->places;
    int open = 0;
    while (open < at->depth && at->under[open] != view)
        open++;
    if (open < at->depth) /* it lies under this one: back to it */
        at->depth = open;
    else if (at->view != view && at->depth < VIEWS)
        at->under[at->depth++] = at->view;
    at->view = view;
}

void look_back(struct ui *ui) {
    struct places *at = &ui->places;
    if (at->view == VIEW_LIST)
        shelf_untag(&ui->shelf);
    if (at->view != VIEW_MAIN) {
        at->view = at->depth > 0 ? at->under[--at->depth] : VIEW_MAIN;
        return;
    }
    at->focus = FOCUS_ERRORS;
    move_follow(ui);
}

/* --- lists ------------------------------------------------------------------------------------ */

void look_failures(struct ui *ui, const char *code, int64_t boot_us) {
    struct shelf *s = &ui->shelf;
    bool read = s->chain.came_us != 0, remembered = !read && s->words[0] != '\0';
    bool here = s->status[0] == '\0' && (read || remembered) && code[0] == '\0';
    if (!here)
        shelf_start(s, "");
    look_at(ui, VIEW_LIST);
    if (here && remembered && list_shows_messages(s))
        ask_list(ui, true, boot_us);
    if (code[0] == '\0')
        return;
    str_copy(s->open, sizeof s->open, code);
    str_copy(s->code, sizeof s->code, code);
    s->newest = true;
    ask_list(ui, true, boot_us);
}

void look_queue(struct ui *ui, const char *status, int64_t boot_us) {
    shelf_start(&ui->shelf, status);
    look_at(ui, VIEW_LIST);
    ask_list(ui, true, boot_us);
}

void look_open(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    struct shelf *s = &ui->shelf;
    struct shelf_line line;
    shelf_at(s, scene->errors, &line);
    if (line.kind == LINE_ROW && line.row != NULL) {
        look_message(ui, line.row->id, boot_us);
        return;
    }
    if (line.kind != LINE_GROUP)
        return;
    shelf_open(s, line.error->code);
    s->moved_us = boot_us;
    if (s->open[0] != '\0')
        ask_list(ui, true, boot_us);
    str_copy(s->code, sizeof s->code, line.error->code);
    s->id[0] = '\0';
}

void look_filter(struct ui *ui, const char *words, int64_t boot_us) {
    struct shelf *s = &ui->shelf;
    struct filter f = s->filter;
    struct scene scene;
    struct err err;
    if (ui->places.view == VIEW_JOURNAL) {
        look_journal(ui, words, boot_us);
        return;
    }
    ui_scene(ui, boot_us, &scene);
    if (!filter_parse(&f, words, scene.live.now_us, &err)) {
        act_answer(ui, boot_us, "filter: %s", err.text);
        return;
    }
    char status[16];
    str_copy(status, sizeof status, s->status);
    shelf_start(s, status);
    s->filter = f;
    str_copy(s->words, sizeof s->words, words);
    s->moved_us = boot_us;
    if (list_shows_messages(s))
        ask_list(ui, true, boot_us);
}

/* The error of what is under the cursor, or of the message that is read. */
void look_same_error(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    const struct page_message *m = letter_message(&ui->letter);
    const struct snap_error *error = scene_error(scene);
    struct shelf_line line;
    const char *code = "";
    if (ui->places.view == VIEW_MESSAGE && m != NULL) {
        code = m->row.error_code;
    } else if (ui->places.view == VIEW_LIST) {
        shelf_at(&ui->shelf, scene->errors, &line);
        code = line.row != NULL ? line.row->error_code : line.error != NULL ? line.error->code : "";
    } else if (ui->places.focus == FOCUS_ERRORS && error != NULL) {
        code = error->code;
    } else if (scene_event(scene) != NULL) {
        for (int i = 0; i < scene->errors->error_count; i++)
            if (str_eq(scene->errors->errors[i].text, scene_event(scene)->text))
                code = scene->errors->errors[i].code;
    }
    char copy[64];
    str_copy(copy, sizeof copy, code);
    if (copy[0] == '\0')
        act_answer(ui, boot_us, "no error here");
    else
        look_failures(ui, copy, boot_us);
}

/* --- tags ------------------------------------------------------------------------------------- */

void look_tag(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    struct shelf_line line;
    shelf_at(&ui->shelf, scene->errors, &line);
    ui->shelf.moved_us = boot_us;
    if (line.kind == LINE_GROUP)
        look_tag_all(ui, scene, boot_us);
    else if (line.kind == LINE_ROW && line.row != NULL && !shelf_tag(&ui->shelf, line.row->id))
        act_answer(ui, boot_us, "%d are tagged, no more one by one: * tags all, / finds fewer",
                   COMMAND_IDS);
}

/* All of the error under the cursor, or of a list without errors; again: none. */
void look_tag_all(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    struct shelf *s = &ui->shelf;
    struct shelf_line line;
    struct filter f;
    int64_t n = shelf_now(s, scene->live.s);
    s->moved_us = boot_us;
    shelf_at(s, scene->errors, &line);
    if (s->whole) {
        shelf_untag(s);
        return;
    }
    if (line.kind == LINE_NONE)
        return;
    shelf_filter(s, line.error != NULL ? line.error->code : "", &f);
    if (line.error != NULL)
        n = line.error->capped ? -1 : line.error->n; /* unknown: it is counted when it matters */
    if (f.status[0] == '\0')
        str_copy(f.status, sizeof f.status, "failed");
    if (f.until_us == 0)
        f.until_us = scene->live.now_us;
    shelf_tag_whole(s, &f, n);
}

/* --- one message ------------------------------------------------------------------------------ */

void look_message(struct ui *ui, const char *id, int64_t boot_us) {
    char copy[72];
    str_copy(copy, sizeof copy, id); /* it may point into what goes away now */
    letter_start(&ui->letter, copy);
    look_at(ui, VIEW_MESSAGE);
    ask_letter(ui, boot_us);
}

static const char *neighbour_in_list(struct ui *ui, const struct scene *scene, int by) {
    struct shelf *s = &ui->shelf;
    struct shelf_line line;
    int at = chain_find(&s->chain, ui->letter.id);
    const struct page_row *row = chain_row(&s->chain, at + by);
    if (at < 0 || row == NULL)
        return NULL;
    for (int i = 0; i < shelf_lines(s, scene->errors); i++) {
        shelf_line(s, scene->errors, i, &line);
        if (line.row == row)
            shelf_put(s, scene->errors, i);
    }
    return row->id;
}

static const char *neighbour_in_events(struct ui *ui, const struct scene *scene, int by) {
    const struct history *h = scene->lists.history;
    for (uint64_t n = ui->places.event + (uint64_t)by; n >= history_first(h) && n < h->end;
         n += (uint64_t)by) {
        const struct event *e = history_get(h, n);
        if (e == NULL || e->kind == EVENT_ANSWER || str_eq(e->id, ui->letter.id))
            continue;
        ui->places.event = n;
        return e->id;
    }
    return NULL;
}

void look_neighbour(struct ui *ui, const struct scene *scene, int by, int64_t boot_us) {
    struct places *at = &ui->places;
    bool listed = at->depth > 0 && at->under[at->depth - 1] == VIEW_LIST;
    const char *id = listed ? neighbour_in_list(ui, scene, by) : neighbour_in_events(ui, scene, by);
    enum letter_part part = ui->letter.part;
    const char *after;
    if (id == NULL && listed && by > 0 && chain_more(&ui->shelf.chain, &after)) {
        look_more(ui, boot_us);
        act_answer(ui, boot_us, "the list goes on; n again shows it");
        return;
    }
    if (id == NULL) {
        act_answer(ui, boot_us,
                   by > 0 ? "this is the last one here" : "this is the first one here");
        return;
    }
    look_message(ui, id, boot_us);
    letter_show(&ui->letter, part);
}

/* --- the journal ------------------------------------------------------------------------------ */

void look_journal(struct ui *ui, const char *words, int64_t boot_us) {
    str_copy(ui->places.journal_words, sizeof ui->places.journal_words, words);
    ui->places.journal_top = 0;
    chain_clear(&ui->journal);
    look_at(ui, VIEW_JOURNAL);
    ask_journal(ui, true, boot_us);
}
