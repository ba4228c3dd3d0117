/* The message that is read: its page, which part of it, how far it is scrolled. Owns what it
 * points to; one thread. */
#ifndef POSTROOM_UI_LETTER_H
#define POSTROOM_UI_LETTER_H

#include "ui/chain.h"

enum letter_part {
    PART_TEXT, /* its text, or made from its HTML; then its attachments */
    PART_HEADERS,
    PART_SOURCE, /* the HTML as it is */
    PART_ANSWER, /* the provider's */
    LETTER_PARTS
};

struct letter {
    char id[72];
    struct chain chain; /* of one page */
    enum letter_part part;
    char *text;      /* of the part; NULL: none yet */
    int top;         /* lines scrolled away */
    int steps_top;   /* the same of its history */
    bool in_history; /* the arrow keys scroll the history */
};

void letter_start(struct letter *l, const char *id);
void letter_done(struct letter *l);

const struct page_message *letter_message(const struct letter *l); /* NULL: not there yet */

void letter_show(struct letter *l, enum letter_part part);
bool letter_has(const struct letter *l, enum letter_part part);
enum letter_part letter_next(const struct letter *l); /* behind the one that is shown */
const char *letter_part_name(enum letter_part part);  /* "headers" */
const char *letter_title(const struct letter *l);     /* of the part */

/* May it have been sent already? */
void letter_twice(const struct page_message *m, const char *ellipsis, char *dst, size_t size);

/* One line of at most `width` columns, broken at a blank where there is one: its first byte and
 * length. *rest is moved behind it; false at the end. */
bool letter_line(const char **rest, int width, const char **line, size_t *len);
int letter_lines(const struct letter *l, int width);

#endif
