/* What a window looks at closer: a page of messages, one message, a page of the journal, how many
 * messages a filter names, or why a message has left a list. It is asked for with a want and
 * answered with an immutable page.
 *
 * Pages are read from JSON documents with the keys of a fixture's `messages[]`, so that a fixture
 * and the database cannot be shown differently. Times are wall microseconds, -1 = unknown; numbers
 * -1 = unknown; strings are never NULL and as they came from outside. One owner. */
#ifndef POSTROOM_CORE_PAGE_H
#define POSTROOM_CORE_PAGE_H

#include "base/err.h"
#include "core/command.h"

enum page_kind {
    PAGE_NONE,
    PAGE_LIST,    /* filter: which messages; newest or next first, as their list goes */
    PAGE_MESSAGE, /* id */
    PAGE_JOURNAL, /* filter.text: part of who or what */
    PAGE_COUNT,   /* filter and doing */
    PAGE_FATE,    /* id; filter: its list's status, its error_code there, since_us: what happened
                     from then on counts. Its row as it is now, and who did what to it */
};

#define PAGE_KINDS (PAGE_FATE + 1)
#define PAGE_ROWS_MAX 200

struct page_want {
    uint64_t number; /* the asker's; the page carries it */
    enum page_kind kind;
    struct filter filter;
    enum command_kind doing; /* count: what would be done to them (COMMAND_RETRY, _CANCEL) */
    char id[72];
    char after[240]; /* lists: the page behind the one that ended there; "" : the first */
    int limit;       /* lists: rows, 1..PAGE_ROWS_MAX */
};

struct page_row {
    const char *id, *to, *subject, *status, *error_code, *error;
    int64_t at_us; /* what the list goes by: failed, due, sent, ... */
    int64_t retry_count, max_attempts;
};

/* A step of a message's life, or an entry of the journal. */
struct page_event {
    int64_t at_us;
    bool attempt; /* else somebody did something */
    int64_t number;
    double seconds; /* -1: unknown */
    const char *worker, *error, *request, *provider_id;
    int64_t position, of;
    const char *who, *what;
};

struct page_file {
    const char *name, *type;
    int64_t bytes;
};

struct page_message {
    struct page_row row;
    const char *from, *kind, *html, *text;
    const char *headers; /* all of them and what else the row says, a line each */
    const char *answer;  /* the provider's, a line for each member; "" : none */
    const char *why;     /* what it waits for */
    int64_t created_at_us, priority, bytes;
    bool cut;                   /* the bodies are longer than what is here */
    struct page_event *history; /* newest first */
    int history_count;
    struct page_file *files;
    int file_count;
};

struct page {
    struct page_want want;
    const char *trouble; /* why it holds nothing; "" : none */
    int64_t now_us;      /* the database's clock when it was read */
    struct page_row *rows;
    int row_count;
    bool more; /* there may be more behind `after` */
    char after[240];
    int64_t total;     /* lists, first page with a filter: all it names; count: the same */
    int64_t uncertain; /* count: further ones that are left out */
    struct page_event *journal;
    int journal_count;
    struct page_message message;
    void *arena; /* page.c's own: everything above points into it */
};

/* {"now_us","rows":[message...],"after","more","total","uncertain","journal":[{at,who,what}],
 * "message":{...}}, all optional; at most 8 MiB. */
struct page *page_parse(const struct page_want *want, const char *json, size_t n,
                        struct err *err) MUST_CHECK;

/* A page that only says why there is none. */
struct page *page_trouble(const struct page_want *want, const char *why,
                          struct err *err) MUST_CHECK;

/* What a fixture (the whole document) answers at now_us. */
struct page *page_of_fixture(const struct page_want *want, const char *fixture, size_t n,
                             int64_t now_us, struct err *err) MUST_CHECK;

void page_free(struct page *p); /* NULL is fine */

#endif
