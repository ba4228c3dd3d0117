/* The one table of keys: what a key does, where, and what footer and help say about it. What is
 * not in it does not work, and what does not work is not in it. Pure data. */
#ifndef POSTROOM_UI_KEYS_H
#define POSTROOM_UI_KEYS_H

#include "ui/input.h"
#include "ui/pane.h"

enum action {
    ACT_DOWN,
    ACT_UP,
    ACT_PAGE_DOWN,
    ACT_PAGE_UP,
    ACT_FIRST,
    ACT_LAST,
    ACT_NEXT_PANE,
    ACT_LAST_PANE,
    ACT_GO_QUEUE,
    ACT_GO_ERRORS,
    ACT_GO_EVENTS,
    ACT_OPEN,
    ACT_BACK,
    ACT_QUIT,
    ACT_FAILURES,
    ACT_SAME_ERROR,
    ACT_WORKERS,
    ACT_JOURNAL,
    ACT_HELP,
    ACT_FREEZE,
    ACT_SLOWER,
    ACT_FASTER,
    ACT_ZONE,
    ACT_REDRAW,
    ACT_PAUSE,
    ACT_RETRY,
    ACT_CANCEL,
    ACT_TRIGGER,
    ACT_UNDO,
    ACT_TAG,
    ACT_TAG_ALL,
    ACT_FILTER,
    ACT_SORT,
    ACT_COMMAND,
    ACT_NEXT_MESSAGE,
    ACT_LAST_MESSAGE,
    ACT_PART,
    ACT_COPY,
    ACT_COPY_ALL,
    ACT_INTERRUPT,
    ACT_REFUSED, /* a key that would harm: answered with a word why */
};

enum section {
    SECTION_NONE,
    SECTION_LOOK,
    SECTION_CHANGE,
    SECTION_FIND,
    SECTION_COPY
};

enum {
    IN_MAIN = 1 << VIEW_MAIN,
    IN_LIST = 1 << VIEW_LIST,
    IN_MESSAGE = 1 << VIEW_MESSAGE,
    IN_WORKERS = 1 << VIEW_WORKERS,
    IN_JOURNAL = 1 << VIEW_JOURNAL,
    IN_HELP = 1 << VIEW_HELP
};
#define IN_ALL ((1 << VIEWS) - 1)

/* A key may stand in several rows, with other words elsewhere; in one view it means one thing. */
struct key_row {
    int32_t keys[4]; /* 0 ends them */
    enum action action;
    unsigned views;          /* IN_... */
    const char *sign;        /* in the footer: "p"; NULL: not there */
    const char *label;       /* "pause" */
    const char *short_label; /* below 80 columns; NULL: not there */
    int rank;                /* the lowest stay longest as the footer gets narrow */
    enum section section;    /* in the help; SECTION_NONE: not there */
    const char *help_sign;   /* "j k Up Down" */
    const char *help;        /* "move" */
};

extern const struct key_row key_table[];
extern const int key_count;

const struct key_row *key_find(int32_t key, enum view view); /* NULL: means nothing here */

#endif
