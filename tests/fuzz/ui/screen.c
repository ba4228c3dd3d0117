/* Whole screens of any document at any size: drawn without reading or writing where nothing is,
 * in cells that fit.
 *
 * A seed is a byte each for rows, columns and the view, and a document. */
#include "ui/dialog.h"
#include "ui/letter.h"
#include "ui/shelf.h"
#include "ui/text.h"

#include "fuzz/fuzz.h"

#include <locale.h>

#define NOW INT64_C(1789960326000000)

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    CHECK(setlocale(LC_CTYPE, "C.UTF-8"));
    return 0;
}

static void check_rows(const struct canvas *c) {
    struct buf row;
    buf_init(&row, 16384);
    for (int i = 0; i < c->rows; i++) {
        buf_clear(&row);
        canvas_row_text(c, i, &row);
        CHECK(!row.failed && str_is_clean(buf_text(&row)));
        CHECK(text_width(buf_text(&row)) <= c->cols);
    }
    buf_free(&row);
}

static void draw(const struct scene *scene, int rows, int cols) {
    struct canvas canvas;
    struct err err;
    canvas_init(&canvas, &glyphs_emoji);
    CHECK(canvas_resize(&canvas, rows, cols, &err));
    compose(scene, &canvas);
    check_rows(&canvas);
    canvas_done(&canvas);
}

static void draw_dialogs(struct scene *scene, int rows, int cols) {
    static struct dialog dialog;
    scene->dialog = &dialog;
    ask_pause(&dialog, scene, "");
    draw(scene, rows, cols);
    ask_quit(&dialog, scene);
    draw(scene, rows, cols);
    if (ask_scope(&dialog, scene, COMMAND_RETRY, &glyphs_emoji))
        draw(scene, rows, cols);
    for (char which = '1'; which <= '5'; which++)
        if (ask_change(&dialog, scene, COMMAND_RETRY, which) && dialog.scope.n >= 0)
            draw(scene, rows, cols);
    scene->dialog = NULL;
}

static void ask(const struct snapshot *s, struct chain *chain, struct page_want *want) {
    struct err err;
    want->number = chain->awaited = 1;
    struct page *p = page_of_fixture(want, s->document, s->document_len, NOW, &err);
    if (p)
        CHECK(chain_take(chain, p, 1));
}

/* What the document answers as a fixture: its lists, its first message, its journal. */
static void draw_pages(struct scene *scene, int rows, int cols) {
    static struct shelf shelf;
    static struct letter letter;
    struct chain journal = {0};
    struct page_want want;
    const struct snapshot *s = scene->lists.s;
    scene->shelf = &shelf;
    scene->letter = &letter;
    scene->journal = &journal;
    shelf_start(&shelf, "");
    str_copy(shelf.open, sizeof shelf.open, s->error_count > 0 ? s->errors[0].code : "");
    shelf_want(&shelf, true, &want);
    ask(s, &shelf.chain, &want);
    shelf_settle(&shelf, s);
    scene->places.view = VIEW_LIST;
    draw(scene, rows, cols);
    draw_dialogs(scene, rows, cols);
    const struct page_row *first = chain_row(&shelf.chain, 0);
    letter_start(&letter, first ? first->id : "none");
    want = (struct page_want){.kind = PAGE_MESSAGE};
    str_copy(want.id, sizeof want.id, letter.id);
    ask(s, &letter.chain, &want);
    scene->places.view = VIEW_MESSAGE;
    for (int part = 0; part < LETTER_PARTS; part++) {
        letter_show(&letter, (enum letter_part)part);
        draw(scene, rows, cols);
    }
    want = (struct page_want){.kind = PAGE_JOURNAL, .limit = 50};
    ask(s, &journal, &want);
    scene->places.view = VIEW_JOURNAL;
    draw(scene, rows, cols);
    chain_clear(&journal);
    letter_done(&letter);
    shelf_done(&shelf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct seed in = seed_of(data, n);
    int rows = seed_byte(&in), cols = seed_byte(&in);
    enum view view = (enum view)seed_number(&in, 'a', VIEWS);
    struct err err = {0};
    struct snapshot *s = snapshot_parse(in.data, in.left, &err);
    struct history *history = s ? history_new(&err) : NULL;
    if (history) {
        struct ui_options options = {.operator_name = "op", .demo = true, .demo_now_us = NOW};
        struct scene scene = {.options = &options, .answer = "", .drain_left_us = -1};
        history_load(history, s);
        scene.live = scene.lists = (struct picture){s, NOW, history};
        scene.errors = s;
        verdict_of(s, NOW, &scene.state);
        if (s->document_len > 0)
            draw_pages(&scene, rows, cols);
        struct shelf shelf = {.then = -1};
        struct letter letter = {.id = "none"};
        struct chain journal = {.count = 0};
        scene.shelf = &shelf;
        scene.letter = &letter;
        scene.journal = &journal;
        scene.places.view = view;
        draw(&scene, rows, cols);
        scene.places.focus = FOCUS_EVENTS;
        draw_dialogs(&scene, rows, cols);
    }
    history_free(history);
    snapshot_release(s);
    return 0;
}
