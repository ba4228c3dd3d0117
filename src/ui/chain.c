/* Pages one behind the other. */
#include "ui/chain.h"

#include "base/str.h"

void chain_clear(struct chain *c) {
    for (int i = 0; i < c->count; i++)
        page_free(c->pages[i]);
    *c = (struct chain){0};
}

bool chain_more(const struct chain *c, const char **after) {
    const struct page *last = c->count > 0 ? c->pages[c->count - 1] : NULL;
    *after = last == NULL ? "" : last->after;
    return last != NULL && last->more && c->count < CHAIN_PAGES;
}

bool chain_goes_on(const struct chain *c) {
    return c->count > 0 && c->pages[c->count - 1]->more;
}

static void drop_all(struct chain *c) {
    while (c->count > 0)
        page_free(c->pages[--c->count]);
}

bool chain_take(struct chain *c, struct page *p, int64_t boot_us) {
    if (c->awaited == 0 || p->want.number != c->awaited) {
        page_free(p);
        return false;
    }
    c->awaited = 0;
    c->came_us = boot_us;
    str_copy(c->trouble, sizeof c->trouble, p->trouble);
    if (p->want.after[0] == '\0')
        drop_all(c);
    if (p->trouble[0] != '\0' || c->count == CHAIN_PAGES)
        page_free(p);
    else
        c->pages[c->count++] = p;
    return true;
}

int chain_rows(const struct chain *c) {
    int n = 0;
    for (int i = 0; i < c->count; i++)
        n += c->pages[i]->row_count;
    return n;
}

const struct page_row *chain_row(const struct chain *c, int i) {
    for (int k = 0; i >= 0 && k < c->count; i -= c->pages[k++]->row_count)
        if (i < c->pages[k]->row_count)
            return &c->pages[k]->rows[i];
    return NULL;
}

int chain_find(const struct chain *c, const char *id) {
    int at = 0;
    for (int k = 0; k < c->count; k++)
        for (int i = 0; i < c->pages[k]->row_count; i++, at++)
            if (str_eq(c->pages[k]->rows[i].id, id))
                return at;
    return -1;
}

int chain_entries(const struct chain *c) {
    int n = 0;
    for (int i = 0; i < c->count; i++)
        n += c->pages[i]->journal_count;
    return n;
}

const struct page_event *chain_entry(const struct chain *c, int i) {
    for (int k = 0; i >= 0 && k < c->count; i -= c->pages[k++]->journal_count)
        if (i < c->pages[k]->journal_count)
            return &c->pages[k]->journal[i];
    return NULL;
}
