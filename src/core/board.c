/* The current snapshot, pages, gauges and metrics behind one mutex, held only for a pointer swap
 * or a struct copy. The old snapshot is released outside the lock. Any thread. */
#include "core/board.h"

#include "base/mem.h"

#include <pthread.h>

struct board {
    pthread_mutex_t lock;
    const struct wake *wake;
    struct snapshot *current;
    struct gauges gauges;
    struct metrics metrics;
    bool measured;
    struct page_want wants[PAGE_KINDS]; /* PAGE_NONE: not wanted */
    struct page *pages[PAGE_KINDS];
};

struct board *board_new(const struct wake *wake, struct err *err) {
    struct board *b = mem_alloc(sizeof *b);
    if (b == NULL) {
        err_nomem(err);
        return NULL;
    }
    pthread_mutex_init(&b->lock, NULL);
    b->wake = wake;
    return b;
}

void board_free(struct board *b) {
    if (b == NULL)
        return;
    snapshot_release(b->current);
    for (int i = 0; i < PAGE_KINDS; i++)
        page_free(b->pages[i]);
    pthread_mutex_destroy(&b->lock);
    mem_free(b);
}

void board_post(struct board *b, struct snapshot *s) {
    pthread_mutex_lock(&b->lock);
    struct snapshot *old = b->current;
    b->current = s;
    pthread_mutex_unlock(&b->lock);
    snapshot_release(old);
    if (b->wake != NULL)
        wake_up(b->wake);
}

struct snapshot *board_take(struct board *b) {
    pthread_mutex_lock(&b->lock);
    struct snapshot *s = b->current == NULL ? NULL : snapshot_hold(b->current);
    pthread_mutex_unlock(&b->lock);
    return s;
}

void board_want(struct board *b, const struct page_want *w) {
    pthread_mutex_lock(&b->lock);
    b->wants[w->kind] = *w;
    pthread_mutex_unlock(&b->lock);
}

bool board_take_want(struct board *b, struct page_want *out) {
    struct page_want *oldest = NULL;
    pthread_mutex_lock(&b->lock);
    for (struct page_want *w = b->wants; w < b->wants + PAGE_KINDS; w++)
        if (w->kind != PAGE_NONE && (oldest == NULL || w->number < oldest->number))
            oldest = w;
    if (oldest != NULL) {
        *out = *oldest;
        oldest->kind = PAGE_NONE;
    }
    pthread_mutex_unlock(&b->lock);
    return oldest != NULL;
}

static struct page *swap_page(struct board *b, int kind, struct page *p) {
    pthread_mutex_lock(&b->lock);
    struct page *old = b->pages[kind];
    b->pages[kind] = p;
    pthread_mutex_unlock(&b->lock);
    return old;
}

void board_post_page(struct board *b, struct page *p) {
    page_free(swap_page(b, (int)p->want.kind, p));
    if (b->wake != NULL)
        wake_up(b->wake);
}

struct page *board_take_page(struct board *b) {
    struct page *p = NULL;
    for (int kind = 0; p == NULL && kind < PAGE_KINDS; kind++)
        p = swap_page(b, kind, NULL);
    return p;
}

void board_set_gauges(struct board *b, const struct gauges *g) {
    if (b == NULL)
        return;
    pthread_mutex_lock(&b->lock);
    b->gauges = *g;
    pthread_mutex_unlock(&b->lock);
}

void board_get_gauges(struct board *b, struct gauges *out) {
    pthread_mutex_lock(&b->lock);
    *out = b->gauges;
    pthread_mutex_unlock(&b->lock);
}

void board_set_metrics(struct board *b, const struct metrics *m) {
    if (b == NULL)
        return;
    pthread_mutex_lock(&b->lock);
    b->metrics = *m;
    b->measured = true;
    pthread_mutex_unlock(&b->lock);
}

bool board_get_metrics(struct board *b, struct metrics *out) {
    pthread_mutex_lock(&b->lock);
    *out = b->metrics;
    bool measured = b->measured;
    pthread_mutex_unlock(&b->lock);
    return measured;
}
