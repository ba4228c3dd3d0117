/* The one table of keys. No upper-case key changes anything, `[` and `O` are never bound: what is
 * left of a torn arrow key must do no harm. */
#include "ui/keys.h"

#define LISTS (IN_MAIN | IN_HELP)

const struct key_row key_table[] = {
    {{'?', K_F1}, ACT_HELP, IN_MAIN | IN_WORKERS, "?", "help", "help", 0, SECTION_NONE, 0, 0},
    {{'p'},
     ACT_PAUSE,
     IN_MAIN | IN_WORKERS,
     "p",
     "pause",
     "pause",
     1,
     SECTION_CHANGE,
     "p",
     "pause or resume sending"},
    {{'r'},
     ACT_RETRY,
     IN_MAIN,
     "r",
     "retry",
     "retry",
     2,
     SECTION_CHANGE,
     "r",
     "retry: one, error, all"},
    {{'t'},
     ACT_TRIGGER,
     IN_MAIN | IN_WORKERS,
     "t",
     "process now",
     "now",
     3,
     SECTION_CHANGE,
     "t",
     "process now, try a parked lane"},

    {{'j', K_DOWN}, ACT_DOWN, LISTS, 0, 0, 0, 0, SECTION_LOOK, "j k Up Down", "move"},
    {{'k', K_UP}, ACT_UP, LISTS, 0, 0, 0, 0, SECTION_NONE, 0, 0},
    {{'g', K_HOME}, ACT_FIRST, LISTS, 0, 0, 0, 0, SECTION_LOOK, "g G Home End", "first, newest"},
    {{'G', K_END}, ACT_LAST, LISTS, 0, 0, 0, 0, SECTION_NONE, 0, 0},
    {{K_PAGE_DOWN}, ACT_PAGE_DOWN, LISTS, 0, 0, 0, 0, SECTION_LOOK, "PgUp PgDn", "page"},
    {{K_PAGE_UP}, ACT_PAGE_UP, LISTS, 0, 0, 0, 0, SECTION_NONE, 0, 0},
    {{'z'},
     ACT_FREEZE,
     IN_MAIN | IN_WORKERS,
     "z",
     "freeze",
     0,
     4,
     SECTION_LOOK,
     "z",
     "freeze the screen"},
    {{'w'}, ACT_WORKERS, IN_MAIN, "w", "workers", 0, 5, SECTION_LOOK, "w", "workers and lanes"},
    {{K_TAB, K_BACKTAB},
     ACT_NEXT_PANE,
     IN_MAIN,
     "Tab",
     "next pane",
     0,
     7,
     SECTION_LOOK,
     "Tab 2 3",
     "next pane, go to"},
    {{'2'}, ACT_GO_ERRORS, IN_MAIN, 0, 0, 0, 0, SECTION_NONE, 0, 0},
    {{'3'}, ACT_GO_EVENTS, IN_MAIN, 0, 0, 0, 0, SECTION_NONE, 0, 0},
    {{K_ENTER},
     ACT_OPEN,
     IN_MAIN,
     "Enter",
     "look at it",
     0,
     6,
     SECTION_LOOK,
     "Enter",
     "look at it whole"},
    {{K_ESC}, ACT_BACK, IN_ALL, 0, 0, 0, 0, SECTION_LOOK, "q Esc", "back"},
    {{K_CTRL('l')}, ACT_REDRAW, IN_ALL, 0, 0, 0, 0, SECTION_LOOK, "Ctrl-L", "draw again"},

    {{'q'}, ACT_QUIT, IN_MAIN, "q", "quit", "quit", 0, SECTION_NONE, 0, 0},
    {{'q'}, ACT_BACK, IN_WORKERS | IN_HELP, "q", "back", "back", 0, SECTION_NONE, 0, 0},
    {{'?', K_F1}, ACT_BACK, IN_HELP, 0, 0, 0, 0, SECTION_NONE, 0, 0},
    {{K_CTRL('c')}, ACT_INTERRUPT, IN_ALL, 0, 0, 0, 0, SECTION_NONE, 0, 0},
    {{K_CTRL('z'), K_CTRL('s'), K_CTRL('q'), K_CTRL('\\')},
     ACT_REFUSED,
     IN_ALL,
     0,
     0,
     0,
     0,
     SECTION_NONE,
     0,
     0},
};

const int key_count = (int)(sizeof key_table / sizeof *key_table);

const struct key_row *key_find(int32_t key, enum view view) {
    for (int i = 0; i < key_count; i++) {
        const struct key_row *row = &key_table[i];
        if ((row->views & 1U << view) == 0)
            continue;
        for (int k = 0; k < 4 && row->keys[k] != 0; k++)
            if (row->keys[k] == key)
                return row;
    }
    return NULL;
}
