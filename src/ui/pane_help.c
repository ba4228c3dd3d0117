/* The help, made from the key table, so that it cannot lie. Two columns of keys where there is
 * room, else one list that scrolls. */
#include "ui/help.h"

#include "base/str.h"
#include "ui/keys.h"

#include <string.h>

#define TWO_COLUMNS 80
#define LOOK_COL 1
#define CHANGE_COL 38
#define LINE_MAX 96
#define NOTE_COL 7

static const char *const notes[] = {
    "",
    " TAG   Space one   * the whole error or list   Esc clears",
    " STATE FLOWING SLOW THROTTLED QUOTA PARKED PAUSED FAILING STALLED NO DATA IDLE",
    "       PAUSED: no mail is sent.   FROZEN: only your screen stands still.",
    " MARK  ! needs you  > cursor  * tagged  + - closed, open  ~ estimate  ? unknown",
    "       uncertain: maybe sent already; r leaves these out unless you say so",
    "",
    " Leave it running: tmux detach.   Quit finishes this worker first.",
    " man postroom   postroom status --json   postroom why ID",
};
#define NOTES ((int)(sizeof notes / sizeof *notes))

/* What is drawn: at most so many lines, each a text at a column. */
struct sheet {
    struct canvas *c;
    struct rect area;
    int top, count; /* lines scrolled away; lines so far */
};

static void put(struct sheet *s, int line, int col, const char *text) {
    int row = line - s->top + 1;
    if (row >= 1 && row < s->area.rows)
        canvas_text(s->c, s->area.row + row, col, s->area.cols, LOOK_PLAIN, text);
    if (line >= s->count)
        s->count = line + 1;
}

/* How much of the text stands on a line: up to a blank where there is one. */
static size_t line_end(const char *text, size_t room) {
    size_t n = strlen(text);
    if (n <= room)
        return n;
    for (n = room; n > 0 && text[n] != ' '; n--)
        ;
    return n > 0 ? n : room;
}

/* A note over as many lines as it needs; returns the line after it. */
static int put_note(struct sheet *s, int line, const char *note) {
    char text[LINE_MAX];
    int indent = 0;
    do {
        int room = s->area.cols - 1 - indent;
        size_t n = line_end(note, room > 1 ? (size_t)room : 1);
        str_format(text, sizeof text, "%.*s", (int)n, note);
        put(s, line++, indent, text);
        note += n + strspn(note + n, " ");
        indent = NOTE_COL;
    } while (*note != '\0');
    return line;
}

/* One section downwards from `line`; returns the line after it. */
static int put_section(struct sheet *s, int line, int col, const char *title,
                       enum section section) {
    char text[LINE_MAX];
    bool look = section == SECTION_LOOK;
    put(s, line++, col, title);
    for (int i = 0; i < key_count; i++) {
        if (key_table[i].section != section)
            continue;
        str_format(text, sizeof text, look ? "%-14s %s" : "%s  %s", key_table[i].help_sign,
                   key_table[i].help);
        put(s, line++, col + 1, text);
    }
    return line;
}

static int put_all(struct sheet *s) {
    bool two = s->area.cols >= TWO_COLUMNS;
    int right = two ? CHANGE_COL : LOOK_COL, line = 1;
    int left = put_section(s, line, LOOK_COL, "LOOK", SECTION_LOOK);
    line = put_section(s, two ? line : left, right, "CHANGE (all but t ask first)", SECTION_CHANGE);
    line = put_section(s, line, right, "FIND", SECTION_FIND);
    line = put_section(s, line, right, "COPY", SECTION_COPY);
    line = left > line ? left : line;
    for (int i = 0; i < NOTES; i++)
        line = put_note(s, line, notes[i]);
    return s->count;
}

int help_last_top(int rows, int cols) {
    struct canvas nowhere = {0};
    struct sheet s = {.c = &nowhere, .area = {0, 0, rows, cols}};
    int lines = put_all(&s);
    return lines > rows - 1 ? lines - (rows - 1) : 0;
}

static void draw(const struct scene *scene, struct canvas *c, struct rect area) {
    int last = help_last_top(area.rows, area.cols);
    struct sheet s = {.c = c, .area = area};
    s.top = scene->places.help_top < last ? scene->places.help_top : last;
    canvas_text(c, area.row, 1, area.cols, LOOK_BOLD, "postroom help");
    canvas_right(c, area.row, area.cols - 1, LOOK_PLAIN,
                 s.top < last ? "j more  q closes" : "q closes");
    put_all(&s);
}

const struct pane pane_help = {"help", draw};
