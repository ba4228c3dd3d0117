/* A want becomes a page: one look at the database, answered whatever comes of it. The feed's
 * thread. */
#include "feed/pages.h"

#include "db/admin.h"
#include "db/page.h"

#define PAGE_MAX ((size_t)8 * 1024 * 1024)

static bool count(struct db *db, const struct page_want *want, struct buf *out, struct err *err) {
    struct admin_choice choice = {.filter = want->filter};
    struct admin_totals t = {.asked = 0};
    if (!admin_count(db, want->doing, &choice, &t, err))
        return false;
    buf_printf(out, "{\"total\":%lld,\"uncertain\":%lld}", (long long)t.asked,
               (long long)t.uncertain_left);
    return true;
}

static struct page *look(struct db *db, const struct page_want *want, struct err *err) {
    struct buf doc;
    struct page *page = NULL;
    buf_init(&doc, PAGE_MAX);
    bool ok =
        want->kind == PAGE_COUNT ? count(db, want, &doc, err) : page_read(db, want, &doc, err);
    if (ok)
        page = page_parse(want, buf_text(&doc), doc.len, err);
    buf_free(&doc);
    return page;
}

static void answer(struct db *db, struct board *board, const struct page_want *want) {
    struct err err = {0}, ignored;
    struct page *page = NULL;
    if (db_is_open(db))
        page = look(db, want, &err);
    else
        err_set(&err, ERR_AWAY, "no answer from the database");
    if (page == NULL)
        page = page_trouble(want, err.text, &ignored);
    if (page != NULL)
        board_post_page(board, page);
}

void pages_answer(struct db *db, struct board *board) {
    struct page_want want;
    while (board_take_want(board, &want))
        answer(db, board, &want);
}
