/* A scene from a fixture, for tests that compose screens without a terminal. */
#ifndef POSTROOM_TESTS_UI_SCENE_H
#define POSTROOM_TESTS_UI_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "ui/dialog.h"
#include "ui/keys.h"
#include "ui/layout.h"
#include "ui/letter.h"
#include "ui/prompt.h"
#include "ui/shelf.h"
#include "ui/text.h"

struct stage {
    struct ui_options options;
    struct snapshot *snapshot;
    struct history *history;
    struct scene scene;
    struct shelf shelf;
    struct letter letter;
    struct chain journal;
    struct canvas canvas;
};

static inline char *file_text(const char *path, size_t *n) {
    static char text[1 << 20];
    FILE *f = fopen(path, "r");
    if (f == NULL)
        fail_msg("cannot open %s (run from the project's root)", path);
    *n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[*n] = '\0';
    return text;
}

/* json: a document; now: RFC 3339. The scene's pictures all show it. */
static inline void stage_open(struct stage *st, const char *json, size_t n, const char *now) {
    struct err err = {0};
    int64_t now_us;
    assert_int_equal(clock_parse_utc(now, &now_us), 1);
    *st = (struct stage){.options = {.demo = true, .drain_timeout_ms = 30000}};
    st->options.demo_now_us = now_us;
    st->snapshot = snapshot_parse(json, n, &err);
    if (st->snapshot == NULL)
        fail_msg("%s", err.text);
    st->history = history_new(&err);
    history_load(st->history, st->snapshot);
    st->scene = (struct scene){.options = &st->options, .answer = "", .drain_left_us = -1};
    st->scene.live = (struct picture){st->snapshot, now_us, st->history};
    st->scene.lists = st->scene.live;
    st->scene.errors = st->snapshot;
    st->scene.shelf = &st->shelf;
    st->scene.letter = &st->letter;
    st->scene.journal = &st->journal;
    shelf_start(&st->shelf, "");
    verdict_of(st->snapshot, now_us, &st->scene.state);
    canvas_init(&st->canvas, &glyphs_emoji);
}

/* The page a fixture answers, into the chain. */
static inline void stage_ask(struct stage *st, struct chain *chain, struct page_want want) {
    struct err err = {0};
    want.number = chain->awaited = 1;
    struct page *p = page_of_fixture(&want, st->snapshot->document, st->snapshot->document_len,
                                     st->options.demo_now_us, &err);
    if (p == NULL)
        fail_msg("%s", err.text);
    assert_true(chain_take(chain, p, 1));
}

/* The failures with this group open. */
static inline void stage_open_list(struct stage *st, const char *status, const char *code) {
    struct page_want want;
    shelf_start(&st->shelf, status);
    str_copy(st->shelf.open, sizeof st->shelf.open, code);
    shelf_want(&st->shelf, true, &want);
    stage_ask(st, &st->shelf.chain, want);
    st->scene.places.view = VIEW_LIST;
}

static inline void stage_open_message(struct stage *st, const char *id) {
    struct page_want want = {.kind = PAGE_MESSAGE};
    letter_start(&st->letter, id);
    str_copy(want.id, sizeof want.id, id);
    stage_ask(st, &st->letter.chain, want);
    letter_show(&st->letter, PART_TEXT);
    st->scene.places.view = VIEW_MESSAGE;
}

static inline void stage_close(struct stage *st) {
    shelf_done(&st->shelf);
    letter_done(&st->letter);
    chain_clear(&st->journal);
    canvas_done(&st->canvas);
    history_free(st->history);
    snapshot_release(st->snapshot);
}

#define FIXTURE "tests/fixtures/ui/failing.json"
#define FIXTURE_NOW "2026-09-22T03:12:06Z"

static inline void stage_open_fixture(struct stage *st) {
    size_t n;
    char *json = file_text(FIXTURE, &n);
    stage_open(st, json, n, FIXTURE_NOW);
}

static inline void canvas_lines(const struct canvas *c, struct buf *out) {
    buf_init(out, 1 << 20);
    for (int row = 0; row < c->rows; row++) {
        canvas_row_text(c, row, out);
        buf_addc(out, '\n');
    }
}

static inline void stage_draw(struct stage *st, int cols, int rows, struct buf *out) {
    struct err err;
    assert_true(canvas_resize(&st->canvas, rows, cols, &err));
    compose(&st->scene, &st->canvas);
    canvas_lines(&st->canvas, out);
}

/* Compares with a golden file; prints both where they differ. */
static inline void same_as_golden(const char *name, const struct buf *drawn) {
    char path[160];
    size_t n;
    str_format(path, sizeof path, "tests/fixtures/ui/%s.txt", name);
    if (getenv("GOLDEN_WRITE") != NULL) {
        FILE *f = fopen(path, "w");
        fputs(buf_text(drawn), f);
        fclose(f);
        return;
    }
    const char *golden = file_text(path, &n);
    if (strcmp(golden, buf_text(drawn)) != 0)
        fail_msg("%s differs; expected:\n%s\ndrawn:\n%s", path, golden, buf_text(drawn));
}

#endif
