/* The one table of keys. No upper-case key changes anything, `[` and `O` are never bound: what is
 * left of a torn arrow key must do no harm. Each view's footer names its rows in their order. */
#include "ui/keys.h"

#define LISTS (IN_MAIN | IN_LIST | IN_MESSAGE | IN_WORKERS | IN_JOURNAL | IN_HELP)
#define NOT_HELP (IN_ALL & ~IN_HELP)
#define PLAIN (IN_MAIN | IN_WORKERS | IN_JOURNAL)
#define NOWHERE 0 /* a line of the help about rows elsewhere */
#define MAILS (IN_LIST | IN_MESSAGE)

/* clang-format off */

/* keys, action, views; sign, label, short label, rank in the footer; section, sign, help */
#define QUIET 0, 0, 0, 0
#define SILENT SECTION_NONE, 0, 0

const struct key_row key_table[] = {
    /* to look */
    {{'j', K_DOWN}, ACT_DOWN, LISTS, QUIET, SECTION_LOOK, "j k Up Down", "move"},
    {{'k', K_UP}, ACT_UP, LISTS, QUIET, SILENT},
    {{'g', K_HOME}, ACT_FIRST, LISTS, QUIET, SECTION_LOOK, "g G Home End", "first, newest"},
    {{'G', K_END}, ACT_LAST, LISTS, QUIET, SILENT},
    {{K_PAGE_DOWN}, ACT_PAGE_DOWN, LISTS, QUIET, SECTION_LOOK, "PgUp PgDn", "page"},
    {{K_PAGE_UP}, ACT_PAGE_UP, LISTS, QUIET, SILENT},

    /* the footer of a list begins with what is its own */
    {{' '}, ACT_TAG, IN_LIST, "Space", "tag", 0, 5, SILENT},
    {{'*'}, ACT_TAG_ALL, IN_LIST, "*", "all", 0, 6, SILENT},
    {{K_ENTER}, ACT_OPEN, IN_LIST, "Enter", "open", "open", 1, SILENT},

    {{'?', K_F1}, ACT_HELP, PLAIN, "?", "help", "help", 0, SILENT},
    {{'?', K_F1}, ACT_HELP, MAILS, QUIET, SILENT},
    {{'p'}, ACT_PAUSE, PLAIN, "p", "pause", "pause", 1, SECTION_CHANGE, "p",
     "pause or resume sending"},
    {{'p'}, ACT_PAUSE, MAILS, QUIET, SILENT},
    {{'f'}, ACT_FAILURES, IN_MAIN, "f", "failures", "fail", 2, SILENT},
    {{'f'}, ACT_FAILURES, NOT_HELP & ~IN_MAIN, QUIET, SILENT},
    {{'r'}, ACT_RETRY, IN_MAIN | MAILS, "r", "retry", "retry", 2, SECTION_CHANGE, "r",
     "retry: one, tagged, error, list, all"},
    {{'x'}, ACT_CANCEL, MAILS, "x", "cancel", 0, 3, SECTION_CHANGE, "x",
     "cancel: one, tagged, error, list"},
    {{'t'}, ACT_TRIGGER, IN_MAIN | IN_WORKERS, "t", "process now", 0, 3, SECTION_CHANGE, "t",
     "process now, try a parked lane"},
    {{'t'}, ACT_TRIGGER, IN_JOURNAL | MAILS, QUIET, SILENT},
    {{'u'}, ACT_UNDO, NOT_HELP, QUIET, SECTION_CHANGE, "u", "undo the last r or x, what is left"},

    /* to go elsewhere */
    {{K_TAB}, ACT_NEXT_PANE, IN_MESSAGE, QUIET, SECTION_LOOK, "Tab 1 2 3", "next pane, go to"},
    {{'1'}, ACT_GO_QUEUE, IN_MAIN, QUIET, SILENT},
    {{'2'}, ACT_GO_ERRORS, IN_MAIN, QUIET, SILENT},
    {{'3'}, ACT_GO_EVENTS, IN_MAIN, QUIET, SILENT},
    {{K_ENTER}, ACT_OPEN, IN_MAIN, QUIET, SECTION_LOOK, "Enter", "open"},
    {{K_ESC}, ACT_BACK, IN_ALL, QUIET, SECTION_LOOK, "q Esc", "back"},
    {{'e'}, ACT_SAME_ERROR, IN_MAIN | IN_LIST, QUIET, SECTION_LOOK, "f e",
     "failures, same error"},

    /* to find */
    {{'/'}, ACT_FILTER, IN_MAIN | IN_LIST | IN_JOURNAL, "/", "filter", 0, 4, SECTION_FIND, "/",
     "filter this list: to: err: id: older:"},
    {{0}, ACT_NEXT_MESSAGE, NOWHERE, QUIET, SECTION_FIND, "n N", "next, previous message"},
    {{'s'}, ACT_SORT, IN_LIST, "s", "sort", 0, 7, SECTION_FIND, "s",
     "sort    :  command, :ID opens"},
    {{':'}, ACT_COMMAND, NOT_HELP, QUIET, SILENT},

    {{'z'}, ACT_FREEZE, PLAIN, "z", "freeze", 0, 5, SILENT},
    {{'z'}, ACT_FREEZE, MAILS, QUIET, SILENT},
    {{'w'}, ACT_WORKERS, IN_MAIN, "w", "workers", 0, 6, SECTION_LOOK, "w a", "workers, journal"},
    {{'w'}, ACT_WORKERS, MAILS | IN_JOURNAL, QUIET, SILENT},
    {{0}, ACT_FREEZE, NOWHERE, QUIET, SECTION_LOOK, "z", "freeze the screen"},
    {{'a'}, ACT_JOURNAL, IN_MAIN, "a", "journal", 0, 7, SILENT},
    {{'a'}, ACT_JOURNAL, MAILS | IN_WORKERS, QUIET, SILENT},
    {{'+'}, ACT_SLOWER, NOT_HELP, QUIET, SECTION_LOOK, "+ -", "slower, faster"},
    {{'-'}, ACT_FASTER, NOT_HELP, QUIET, SILENT},
    {{'T'}, ACT_ZONE, NOT_HELP, QUIET, SECTION_LOOK, "T", "UTC, local"},
    {{K_CTRL('l')}, ACT_REDRAW, IN_ALL, QUIET, SECTION_LOOK, "Ctrl-L", "draw again"},
    {{'x'}, ACT_CANCEL, IN_MAIN, "x", "cancel", 0, 8, SILENT},

    {{'y'}, ACT_COPY, IN_MAIN | IN_MESSAGE, "y", "copy id", 0, 8, SECTION_COPY, "y",
     "id   Y  all shown (select as usual:"},
    {{'y'}, ACT_COPY, IN_LIST, "y", "id", 0, 8, SILENT},
    {{'Y'}, ACT_COPY_ALL, IN_MAIN | MAILS, QUIET, SECTION_COPY, " ",
     "the mouse stays with your terminal)"},
    {{'e'}, ACT_SAME_ERROR, IN_MESSAGE, "e", "same error", 0, 7, SILENT},
    {{'v'}, ACT_PART, IN_MESSAGE, "v", "next part", "part", 2, SILENT},
    {{'n'}, ACT_NEXT_MESSAGE, IN_MESSAGE, "n N", "others", "others", 3, SILENT},
    {{'N'}, ACT_LAST_MESSAGE, IN_MESSAGE, QUIET, SILENT},
    {{K_TAB}, ACT_NEXT_PANE, IN_MAIN, "Tab", "next pane", 0, 9, SILENT},
    {{K_BACKTAB}, ACT_LAST_PANE, IN_MAIN | IN_MESSAGE, QUIET, SILENT},

    /* to leave */
    {{'q'}, ACT_QUIT, IN_MAIN, "q", "quit", "quit", 0, SILENT},
    {{'q'}, ACT_BACK, NOT_HELP & ~IN_MAIN, "q", "back", "back", 0, SILENT},
    {{'q', '?', K_F1}, ACT_BACK, IN_HELP, "q", "back", "back", 0, SILENT},
    {{K_CTRL('c')}, ACT_INTERRUPT, IN_ALL, QUIET, SILENT},
    {{K_CTRL('z'), K_CTRL('s'), K_CTRL('q'), K_CTRL('\\')}, ACT_REFUSED, IN_ALL, QUIET, SILENT},
};

/* clang-format on */

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
