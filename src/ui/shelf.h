/* The list that is open: failures grouped by their error, or one queue's messages. Which lines it
 * has, where the cursor stands (on a message, never on a row number), what is tagged.
 * Pure but for the pages it owns; one thread. */
#ifndef POSTROOM_UI_SHELF_H
#define POSTROOM_UI_SHELF_H

#include "core/snapshot.h"
#include "ui/chain.h"

#define SHELF_PAGE 100 /* messages per page */
#define SHELF_GROUPS 500

enum list_sort {
    SORT_COUNT,
    SORT_RATE, /* a minute, then count: as "Why it fails" */
    SORT_LAST,
    SORTS
};

struct shelf {
    char status[16]; /* which queue; "" : failures */
    char words[128]; /* the filter as it was typed */
    struct filter filter;
    enum list_sort sort;
    char open[64]; /* the open group's code; "" : none, or a list without groups */
    struct chain chain;
    int64_t then; /* how many there were when its first page came; -1: unknown */

    char code[64]; /* the cursor: a group's header, or with an id a message */
    char id[72];
    int line;         /* where it stood when it was last seen */
    int top;          /* lines scrolled away, as far as the cursor allows */
    bool newest;      /* the cursor goes to the first message that comes */
    int64_t moved_us; /* boot time of the last move; 0: never */

    struct page_want fate; /* about the message that left the cursor; PAGE_NONE: none did */
    int64_t fate_asked_us; /* boot time; 0: not yet */

    int tag_count;
    char tags[COMMAND_IDS][72];
    bool whole; /* instead: all of an error or of a list, as of a moment */
    struct filter whole_filter;
    int64_t whole_n;
};

enum line_kind {
    LINE_NONE,
    LINE_GROUP,
    LINE_ROW,
    LINE_MORE
};

struct shelf_line {
    enum line_kind kind;
    const struct snap_error *error; /* group, row, more: whose; NULL without groups */
    const struct page_row *row;
    int64_t more; /* how many are not shown */
};

bool shelf_is_grouped(const struct shelf *s);

/* Opens another list: nothing of the last one stays but the sort. */
void shelf_start(struct shelf *s, const char *status);
void shelf_done(struct shelf *s);

/* Opens or closes a group; its pages are to be asked for. */
void shelf_open(struct shelf *s, const char *code);

/* What the next page, or with `again` the first one, is asked with. */
void shelf_want(const struct shelf *s, bool again, struct page_want *out);

/* Takes a page over where it is the awaited one. Where the cursor's message is gone from it, the
 * cursor goes to the next one of the old pages that is not; `fate` asks what became of it. */
bool shelf_take(struct shelf *s, struct page *p, int64_t boot_us);

/* How many there are of what is open; -1: unknown. */
int64_t shelf_now(const struct shelf *s, const struct snapshot *now);
bool shelf_capped(const struct shelf *s, const struct snapshot *now); /* at least so many */
/* How many more there are than when it was read, or (negative) fewer. */
int64_t shelf_newer(const struct shelf *s, const struct snapshot *now);

/* Is it read in a way that would be lost if it were read anew: far down, or with tags? */
bool shelf_stands(const struct shelf *s);

int shelf_lines(const struct shelf *s, const struct snapshot *errors);
void shelf_line(const struct shelf *s, const struct snapshot *errors, int i,
                struct shelf_line *out);
int shelf_cursor(const struct shelf *s, const struct snapshot *errors); /* its line; -1: none */
void shelf_at(const struct shelf *s, const struct snapshot *errors, struct shelf_line *out);
void shelf_put(struct shelf *s, const struct snapshot *errors, int line); /* the cursor */

/* Keeps the cursor near where it stood when its message is gone, with its whole group for example;
 * `fate` asks what became of it. */
void shelf_settle(struct shelf *s, const struct snapshot *errors);

/* The groups that are shown, in their order; returns how many. Sums their counts up. */
int shelf_groups(const struct shelf *s, const struct snapshot *errors,
                 const struct snap_error *order[SHELF_GROUPS], int64_t *total);

bool shelf_is_tagged(const struct shelf *s, const struct page_row *row);
int64_t shelf_tagged(const struct shelf *s);     /* -1: all, nobody knows how many */
bool shelf_tag(struct shelf *s, const char *id); /* or untag; false: too many */
void shelf_tag_whole(struct shelf *s, const struct filter *f, int64_t n);
void shelf_untag(struct shelf *s);

/* The filter of the list, or of one error of it. */
void shelf_filter(const struct shelf *s, const char *code, struct filter *out);

const char *sort_name(enum list_sort sort);

#endif
