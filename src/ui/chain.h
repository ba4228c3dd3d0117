/* Pages that stand one behind the other, as far as they were asked for; and the want whose answer
 * is awaited. One thread. */
#ifndef POSTROOM_UI_CHAIN_H
#define POSTROOM_UI_CHAIN_H

#include "core/page.h"

#define CHAIN_PAGES 50

struct chain {
    struct page *pages[CHAIN_PAGES]; /* owned */
    int count;
    uint64_t awaited;  /* number of the want; 0: none */
    int64_t asked_us;  /* boot time */
    int64_t came_us;   /* boot time of the newest page; 0: never */
    char trouble[200]; /* why there is nothing; "" : no trouble */
};

void chain_clear(struct chain *c);

/* Is another page to be had, and room for it? *after: where it starts. */
bool chain_more(const struct chain *c, const char **after);

/* Is there anything behind its last page, had or not? */
bool chain_goes_on(const struct chain *c);

/* Takes the page over where it is the awaited one (else frees it). A first page replaces all. */
bool chain_take(struct chain *c, struct page *p, int64_t boot_us);

int chain_rows(const struct chain *c);
const struct page_row *chain_row(const struct chain *c, int i); /* NULL outside */
int chain_find(const struct chain *c, const char *id);          /* -1: not there */

int chain_entries(const struct chain *c); /* of a journal */
const struct page_event *chain_entry(const struct chain *c, int i);

#endif
