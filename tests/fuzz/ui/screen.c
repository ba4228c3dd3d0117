/* Whole screens of any document at any size: drawn without reading or writing where nothing is,
 * in cells that fit.
 *
 * A seed is a byte each for rows, columns and the view, and a document. */
#include "ui/dialog.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct seed in = seed_of(data, n);
    int rows = seed_byte(&in), cols = seed_byte(&in);
    enum view view = (enum view)seed_number(&in, 'a', VIEW_HELP + 1);
    struct err err = {0};
    struct snapshot *s = snapshot_parse(in.data, in.left, &err);
    struct history *history = s ? history_new(&err) : NULL;
    if (history) {
        struct ui_options options = {.operator_name = "op", .demo = true, .demo_now_us = NOW};
        struct scene scene = {.options = &options, .answer = "", .drain_left_us = -1};
        history_load(history, s);
        scene.live = scene.lists = (struct picture){s, NOW, history};
        scene.errors = s;
        scene.places.view = view;
        verdict_of(s, NOW, NULL, &scene.state);
        draw(&scene, rows, cols);
        scene.places.focus = FOCUS_EVENTS;
        draw_dialogs(&scene, rows, cols);
    }
    history_free(history);
    snapshot_release(s);
    return 0;
}
