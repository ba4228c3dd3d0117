/* What a pane is and what it sees: one immutable scene per frame.
 *
 * A pane draws a rectangle of the canvas from the scene and reaches neither threads nor the
 * database nor the terminal; what keys do stands in one table (ui/keys.h). A new view is a list
 * of panes and rectangles (ui/layout.c) and rows of that table. One thread. */
#ifndef POSTROOM_UI_PANE_H
#define POSTROOM_UI_PANE_H

#include "core/board.h"
#include "core/verdict.h"
#include "ui/canvas.h"
#include "ui/history.h"
#include "ui/ui.h"

struct chain;
struct dialog;
struct letter;
struct prompt;
struct shelf;

struct rect {
    int row, col, rows, cols;
};

enum view {
    VIEW_MAIN,
    VIEW_LIST,    /* failures by error, or one queue's messages */
    VIEW_MESSAGE, /* one of them */
    VIEW_WORKERS,
    VIEW_JOURNAL,
    VIEW_HELP,
    VIEWS
};
enum focus {
    FOCUS_ERRORS,
    FOCUS_EVENTS,
    FOCUS_QUEUE
};

/* From what the lists are drawn: the newest, or how it was when the screen was frozen. */
struct picture {
    const struct snapshot *s;
    int64_t now_us;
    const struct history *history;
};

/* Where the operator stands; cursors are ids, never row numbers. */
struct places {
    enum view view;
    enum view under[VIEWS]; /* where Esc goes back to, the last one first */
    int depth;
    enum focus focus;
    int queue_row;       /* cursor in the queue */
    char error_code[64]; /* cursor in "Why it fails"; "" : the first */
    uint64_t event;      /* cursor in the events; 0: none */
    bool holding;        /* the events stand still, from event_top on; else they follow */
    uint64_t event_top;
    uint64_t event_end; /* following, they end before this one (ui/budget.h); 0: with the newest */
    int help_top;
    char worker[128]; /* cursor in the workers; "" : the first */
    int journal_top;
    char journal_words[128]; /* its filter */
};

struct scene {
    const struct ui_options *options;
    struct picture live;           /* header and state row */
    struct picture lists;          /* everything below */
    const struct snapshot *errors; /* lists.s, or as it was when the cursor was last moved */
    const struct shelf *shelf;     /* the list that is open */
    bool list_holds;               /* it was moved in a moment ago */
    const struct letter *letter;   /* the message that is read */
    const struct chain *journal;
    struct gauges gauges;
    struct state_row state;
    struct places places;
    bool frozen;
    uint64_t waiting_events;     /* newer than the frozen list */
    const char *answer;          /* to the last key, or "" */
    int64_t drain_left_us;       /* -1: not draining */
    const struct dialog *dialog; /* or NULL */
    const struct prompt *prompt; /* or NULL */
};

struct pane {
    const char *name;
    void (*draw)(const struct scene *scene, struct canvas *c, struct rect area);
};

extern const struct pane pane_header, pane_state, pane_queue, pane_lane, pane_graphs, pane_errors,
    pane_workers, pane_lanes, pane_operators, pane_events, pane_answer, pane_footer, pane_help,
    pane_brief, pane_tiny, pane_list, pane_message, pane_journal;

/* The whole screen: layout, panes, then dialog or prompt on top. */
void compose(const struct scene *scene, struct canvas *c);

/* Shared by panes and dialogs. */
const char *scene_operator(const struct scene *scene);           /* who looks through this window */
const struct snap_error *scene_error(const struct scene *scene); /* under the cursor, or NULL */
const struct event *scene_event(const struct scene *scene);      /* under the cursor, or NULL */
const struct snap_worker *scene_worker(const struct scene *scene); /* this window's, or NULL */
const struct snap_worker *scene_chosen(const struct scene *scene); /* the cursor's, or NULL */
bool scene_has_worker(const struct scene *scene);                  /* quitting would stop one */

#endif
