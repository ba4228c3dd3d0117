/* The list that is open. */
#include "ui/shelf.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

const char *sort_name(enum list_sort sort) {
    static const char *const names[SORTS] = {"count", "a minute", "last"};
    return names[sort];
}

/* A filter for anything but errors shows the messages it finds, not their groups: how many of each
 * group it finds nobody knows without reading them all. */
bool shelf_is_grouped(const struct shelf *s) {
    const struct filter *f = &s->filter;
    return s->status[0] == '\0' && f->to[0] == '\0' && f->text[0] == '\0' && f->id[0] == '\0' &&
           f->until_us == 0;
}

void shelf_start(struct shelf *s, const char *status) {
    enum list_sort sort = s->sort;
    chain_clear(&s->chain);
    *s = (struct shelf){.sort = sort, .then = -1};
    str_copy(s->status, sizeof s->status, status);
    str_copy(s->filter.status, sizeof s->filter.status, status);
}

void shelf_done(struct shelf *s) {
    chain_clear(&s->chain);
}

void shelf_open(struct shelf *s, const char *code) {
    chain_clear(&s->chain);
    s->then = -1;
    if (str_eq(s->open, code))
        s->open[0] = '\0';
    else
        str_copy(s->open, sizeof s->open, code);
}

void shelf_filter(const struct shelf *s, const char *code, struct filter *out) {
    *out = s->filter;
    str_copy(out->error_code, sizeof out->error_code, code);
    if (code[0] != '\0' && shelf_is_grouped(s))
        out->error[0] = '\0'; /* it chose the group */
}

void shelf_want(const struct shelf *s, bool again, struct page_want *out) {
    const char *after = "";
    *out = (struct page_want){.kind = PAGE_LIST, .limit = SHELF_PAGE};
    shelf_filter(s, s->open, &out->filter);
    if (!again && chain_more(&s->chain, &after))
        str_copy(out->after, sizeof out->after, after);
}

/* --- what has left ---------------------------------------------------------------------------- */

static void ask_fate(struct shelf *s, const struct page_row *row) {
    s->fate = (struct page_want){.kind = PAGE_FATE};
    s->fate_asked_us = 0;
    str_copy(s->fate.id, sizeof s->fate.id, row->id);
    str_copy(s->fate.filter.status, sizeof s->fate.filter.status, s->status);
    str_copy(s->fate.filter.error_code, sizeof s->fate.filter.error_code, row->error_code);
    int64_t read_us = s->chain.pages[0]->now_us;
    s->fate.filter.since_us = row->at_us < read_us ? row->at_us : read_us; /* some are due later */
    if (s->fate.filter.since_us < 0)
        s->fate.filter.since_us = 0;
}

static bool is_on(const struct page *p, const struct page_row *row) {
    for (int i = 0; i < p->row_count; i++)
        if (str_eq(p->rows[i].id, row->id))
            return true;
    return false;
}

/* The first one that is still there, `by` by `by` from `at` on. */
static const struct page_row *still_there(const struct chain *c, const struct page *p, int at,
                                          int by) {
    const struct page_row *row = chain_row(c, at);
    while (row != NULL && !is_on(p, row))
        row = chain_row(c, at += by);
    return row;
}

static void leave(struct shelf *s, const struct page *p) {
    int at = s->id[0] != '\0' ? chain_find(&s->chain, s->id) : -1;
    if (at < 0 || is_on(p, chain_row(&s->chain, at)))
        return;
    const struct page_row *next = still_there(&s->chain, p, at, 1);
    if (next == NULL)
        next = still_there(&s->chain, p, at, -1);
    ask_fate(s, chain_row(&s->chain, at));
    str_copy(s->id, sizeof s->id, next != NULL ? next->id : "");
}

bool shelf_take(struct shelf *s, struct page *p, int64_t boot_us) {
    bool awaited = s->chain.awaited != 0 && p->want.number == s->chain.awaited;
    if (awaited && p->want.after[0] == '\0' && p->trouble[0] == '\0' && !s->newest)
        leave(s, p);
    return chain_take(&s->chain, p, boot_us);
}

/* --- how many --------------------------------------------------------------------------------- */

static int queue_row(const char *status) {
    static const char *const names[QUEUE_ROWS] = {"pending",  "scheduled", "processing",
                                                  "retrying", "failed",    "uncertain",
                                                  "sent",     "cancelled"};
    for (int i = 0; i < QUEUE_ROWS; i++)
        if (str_eq(status, names[i]))
            return i;
    return -1;
}

static const struct snap_error *open_error(const struct shelf *s, const struct snapshot *now) {
    for (int i = 0; i < now->error_count; i++)
        if (str_eq(now->errors[i].code, s->open))
            return &now->errors[i];
    return NULL;
}

int64_t shelf_now(const struct shelf *s, const struct snapshot *now) {
    int row = queue_row(s->status);
    if (!shelf_is_grouped(s) && !filter_is_empty(&s->filter))
        return s->chain.count > 0 ? s->chain.pages[0]->total : -1;
    if (row >= 0)
        return now->queue[row].n;
    const struct snap_error *e = open_error(s, now);
    return e == NULL ? -1 : e->n;
}

bool shelf_capped(const struct shelf *s, const struct snapshot *now) {
    int row = queue_row(s->status);
    const struct snap_error *e = open_error(s, now);
    if (!shelf_is_grouped(s) && !filter_is_empty(&s->filter))
        return false;
    return row >= 0 ? now->queue[row].capped : e != NULL && e->capped;
}

int64_t shelf_newer(const struct shelf *s, const struct snapshot *now) {
    int64_t n = shelf_now(s, now);
    return n >= 0 && s->then >= 0 ? n - s->then : 0;
}

bool shelf_stands(const struct shelf *s) {
    return s->chain.count > 1 || s->top > 0 || shelf_tagged(s) != 0;
}

/* --- groups ----------------------------------------------------------------------------------- */

static int by_count(const void *left, const void *right) {
    const struct snap_error *a = *(const struct snap_error *const *)left,
                            *b = *(const struct snap_error *const *)right;
    return a->n != b->n ? (a->n > b->n ? -1 : 1) : strcmp(a->code, b->code);
}

static int by_last(const void *left, const void *right) {
    const struct snap_error *a = *(const struct snap_error *const *)left,
                            *b = *(const struct snap_error *const *)right;
    if (a->last_at_us != b->last_at_us)
        return a->last_at_us > b->last_at_us ? -1 : 1;
    return strcmp(a->code, b->code);
}

int shelf_groups(const struct shelf *s, const struct snapshot *errors,
                 const struct snap_error *order[SHELF_GROUPS], int64_t *total) {
    const char *part = s->filter.error;
    int n = 0;
    *total = 0;
    for (int i = 0; i < errors->error_count && n < SHELF_GROUPS; i++) {
        const struct snap_error *e = &errors->errors[i];
        if (part[0] != '\0' && strcasestr(e->code, part) == NULL &&
            strcasestr(e->text, part) == NULL)
            continue;
        order[n++] = e;
        *total += e->n > 0 ? e->n : 0;
    }
    if (s->sort != SORT_RATE && n > 1) /* as they come, they stand by their rate */
        qsort(order, (size_t)n, sizeof *order, s->sort == SORT_COUNT ? by_count : by_last);
    return n;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Groups with the rows of the open one among them; or rows alone. */
struct plan {
    const struct snap_error *groups[SHELF_GROUPS];
    int group_count;
    int open; /* which group is open; -1: none */
    int rows;
    int64_t more;
    bool more_line;
};

/* Where the last page says that it is the last, what is counted beyond came later. */
static int64_t rows_left(const struct shelf *s, int64_t all, int rows) {
    if (!chain_goes_on(&s->chain))
        return 0;
    return all > rows ? all - rows : 1;
}

static void make_plan(const struct shelf *s, const struct snapshot *errors, struct plan *p) {
    int64_t total;
    p->group_count = 0;
    p->open = -1;
    p->rows = chain_rows(&s->chain);
    bool grouped = shelf_is_grouped(s);
    if (grouped)
        p->group_count = shelf_groups(s, errors, p->groups, &total);
    for (int i = 0; i < p->group_count; i++)
        if (s->open[0] != '\0' && str_eq(p->groups[i]->code, s->open))
            p->open = i;
    bool shown = !grouped || p->open >= 0;
    if (!shown)
        p->rows = 0;
    bool some = p->rows > 0 || (s->chain.count > 0 && s->chain.pages[0]->more);
    p->more = shown && some
                  ? rows_left(s, grouped ? p->groups[p->open]->n : shelf_now(s, errors), p->rows)
                  : 0;
    p->more_line = p->more > 0;
}

int shelf_lines(const struct shelf *s, const struct snapshot *errors) {
    struct plan p;
    make_plan(s, errors, &p);
    return p.group_count + p.rows + p.more_line;
}

static void plan_line(const struct plan *p, const struct shelf *s, int i, struct shelf_line *out) {
    int first = p->open + 1; /* of the rows; 0 without groups */
    bool grouped = p->group_count > 0;
    int rows = grouped && p->open < 0 ? 0 : p->rows;
    *out = (struct shelf_line){.kind = LINE_NONE};
    if (grouped && p->open >= 0)
        out->error = p->groups[p->open];
    if (i >= first && i < first + rows) {
        out->kind = LINE_ROW;
        out->row = chain_row(&s->chain, i - first);
    } else if (i == first + rows && p->more_line) {
        out->kind = LINE_MORE;
        out->more = p->more;
    } else {
        int group = i < first ? i : i - rows - p->more_line;
        if (group < 0 || group >= p->group_count)
            return;
        out->kind = LINE_GROUP;
        out->error = p->groups[group];
    }
}

void shelf_line(const struct shelf *s, const struct snapshot *errors, int i,
                struct shelf_line *out) {
    struct plan p;
    make_plan(s, errors, &p);
    *out = (struct shelf_line){.kind = LINE_NONE};
    if (i >= 0)
        plan_line(&p, s, i, out);
}

/* --- the cursor ------------------------------------------------------------------------------- */

static int find_cursor(const struct plan *p, const struct shelf *s) {
    bool shown = p->group_count == 0 || p->open >= 0;
    int row = s->id[0] != '\0' && shown ? chain_find(&s->chain, s->id) : -1;
    if (row >= 0)
        return p->open + 1 + row;
    for (int i = 0; s->id[0] == '\0' && i < p->group_count; i++)
        if (str_eq(p->groups[i]->code, s->code))
            return i <= p->open || p->open < 0 ? i : i + p->rows + p->more_line;
    return -1;
}

static int clamp(int n, int low, int high) {
    return n > high ? high : n < low ? low : n;
}

int shelf_cursor(const struct shelf *s, const struct snapshot *errors) {
    struct plan p;
    make_plan(s, errors, &p);
    int lines = p.group_count + p.rows, at = find_cursor(&p, s);
    if (lines == 0)
        return -1;
    return at >= 0 ? at : clamp(s->line, 0, lines - 1);
}

void shelf_at(const struct shelf *s, const struct snapshot *errors, struct shelf_line *out) {
    shelf_line(s, errors, shelf_cursor(s, errors), out);
}

void shelf_put(struct shelf *s, const struct snapshot *errors, int line) {
    struct shelf_line at;
    int last = shelf_lines(s, errors) - 1;
    line = clamp(line, 0, last < 0 ? 0 : last);
    shelf_line(s, errors, line, &at);
    if (at.kind == LINE_MORE)
        shelf_line(s, errors, --line, &at);
    s->line = line;
    str_copy(s->code, sizeof s->code, at.error == NULL ? "" : at.error->code);
    str_copy(s->id, sizeof s->id, at.row == NULL ? "" : at.row->id);
}

void shelf_settle(struct shelf *s, const struct snapshot *errors) {
    const struct page_row *row = chain_row(&s->chain, chain_find(&s->chain, s->id));
    int at = shelf_cursor(s, errors);
    if (at < 0)
        return;
    shelf_put(s, errors, at);
    if (row != NULL && !str_eq(row->id, s->id))
        ask_fate(s, row);
}

/* --- tags ------------------------------------------------------------------------------------- */

static int find_tag(const struct shelf *s, const char *id) {
    for (int i = 0; i < s->tag_count; i++)
        if (str_eq(s->tags[i], id))
            return i;
    return -1;
}

bool shelf_is_tagged(const struct shelf *s, const struct page_row *row) {
    if (s->whole)
        return (s->whole_filter.error_code[0] == '\0' ||
                str_eq(s->whole_filter.error_code, row->error_code)) &&
               row->at_us <= s->whole_filter.until_us;
    return find_tag(s, row->id) >= 0;
}

int64_t shelf_tagged(const struct shelf *s) {
    return s->whole ? s->whole_n : s->tag_count;
}

bool shelf_tag(struct shelf *s, const char *id) {
    if (s->whole)
        shelf_untag(s);
    int at = find_tag(s, id);
    if (at >= 0)
        memmove(s->tags[at], s->tags[at + 1], (size_t)(--s->tag_count - at) * sizeof s->tags[0]);
    else if (s->tag_count == COMMAND_IDS)
        return false;
    else
        str_copy(s->tags[s->tag_count++], sizeof s->tags[0], id);
    return true;
}

void shelf_tag_whole(struct shelf *s, const struct filter *f, int64_t n) {
    shelf_untag(s);
    s->whole = true;
    s->whole_filter = *f;
    s->whole_n = n;
}

void shelf_untag(struct shelf *s) {
    s->tag_count = 0;
    s->whole = false;
}
