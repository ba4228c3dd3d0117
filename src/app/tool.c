/* Output for people and the small things around a command's one question to the database. What
 * comes from outside is cleaned before widths are taken. */
#include "app/tool.h"

#include "base/str.h"
#include "core/figures.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define TABLE_MAX ((size_t)64 * 1024 * 1024)
#define CELL_MAX ((size_t)4096)
#define CELL_WIDTH 40 /* of all but the last column, on a terminal */
#define GAP 2

struct db *tool_open(const struct settings *s, enum db_use use, struct err *err) {
    struct db *db = db_new(s, use, err);
    if (db && !db_open(db, err)) {
        db_free(db);
        return NULL;
    }
    return db;
}

const char *tool_operator(void) {
    const char *name = getenv("POSTROOM_OPERATOR");
    if (name && !str_is_blank(name) && str_is_clean(name))
        return name;
    const struct passwd *user = getpwuid(getuid());
    return user && user->pw_name[0] ? user->pw_name : "operator";
}

struct tool_amount tool_messages(int64_t n) {
    struct tool_amount a;
    str_format(a.text, sizeof a.text, "%s message%s", figure_count(n).text, n == 1 ? "" : "s");
    return a;
}

int tool_columns(void) {
    struct winsize size;
    if (!isatty(STDOUT_FILENO))
        return 0;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* --- tables ----------------------------------------------------------------------------------- */

/* Terminals disagree about what has no width in the C library: such a character is shown as '?'. */
static int char_width(uint32_t cp) {
    return MB_CUR_MAX > 1 ? wcwidth((wchar_t)cp) : 1;
}

static int text_width(const char *s) {
    size_t n = strlen(s), len;
    int width = 0;
    for (uint32_t cp; n > 0 && (len = str_utf8_next(s, n, &cp)) > 0; s += len, n -= len)
        width += abs(char_width(cp));
    return width;
}

/* Prints at most `most` columns of it (-1: all), and "…" where it was cut; what was used. */
static int print_cut(const char *s, int most) {
    int used = 0;
    bool cut = most >= 0 && text_width(s) > most;
    size_t n = strlen(s), len;
    for (uint32_t cp; n > 0 && (len = str_utf8_next(s, n, &cp)) > 0; s += len, n -= len) {
        int width = char_width(cp);
        if (cut && used + abs(width) > most - 1)
            break;
        used += abs(width);
        fwrite(width < 0 ? "?" : s, 1, width < 0 ? 1 : len, stdout);
    }
    if (cut && most > 0)
        fputs("…", stdout);
    return used + (cut && most > 0);
}

void tool_table_start(struct tool_table *t, int columns) {
    t->columns = columns;
    t->cells = 0;
    buf_init(&t->text, TABLE_MAX);
}

void tool_table_add(struct tool_table *t, const char *text) {
    str_sanitize(&t->text, text && *text ? text : "-", CELL_MAX);
    buf_addc(&t->text, '\0');
    t->cells++;
}

static void measure(const struct tool_table *t, int most, int widths[TOOL_COLUMNS_MAX]) {
    const char *cell = t->text.data;
    for (int i = 0; i < t->cells; i++, cell += strlen(cell) + 1) {
        int width = text_width(cell);
        if (most > 0 && width > most)
            width = most;
        if (width > widths[i % t->columns])
            widths[i % t->columns] = width;
    }
}

static void print_rows(const struct tool_table *t, int columns, const int *widths) {
    const char *cell = t->text.data;
    int at = 0;
    for (int i = 0; i < t->cells; i++, cell += strlen(cell) + 1) {
        int column = i % t->columns;
        if (column == t->columns - 1) {
            int left = columns - at - 1;
            print_cut(cell, columns == 0 ? -1 : left > 0 ? left : 0);
            putchar('\n');
            at = 0;
        } else {
            int used = print_cut(cell, columns == 0 ? -1 : widths[column]);
            printf("%*s", widths[column] - used + GAP, "");
            at += widths[column] + GAP;
        }
    }
}

bool tool_table_print(struct tool_table *t, struct err *err) {
    int columns = tool_columns(), widths[TOOL_COLUMNS_MAX] = {0};
    bool whole = !t->text.failed;
    if (whole && t->cells > 0) {
        measure(t, columns > 0 ? CELL_WIDTH : 0, widths);
        print_rows(t, columns, widths);
    }
    buf_free(&t->text);
    return whole || err_nomem(err);
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* Such a character stands within a string; only what separates values may be a control. */
static void print_escaped(uint32_t cp) {
    if (cp < 0x20)
        putchar(cp == '\n' ? '\n' : ' ');
    else if (cp < 0x10000)
        printf("\\u%04x", (unsigned)cp);
    else
        printf("\\u%04x\\u%04x", 0xd7c0 + (unsigned)(cp >> 10), 0xdc00 + (unsigned)(cp & 0x3ff));
}

void tool_print_json(const char *json, size_t n) {
    const char *run = json, *end = json + n; /* the run: what was not printed yet */
    for (const char *s = json; s < end;) {
        uint32_t cp;
        size_t len = str_utf8_next(s, (size_t)(end - s), &cp);
        if (len > 0 && !str_is_hidden(cp)) {
            s += len;
            continue;
        }
        fwrite(run, 1, (size_t)(s - run), stdout);
        print_escaped(len > 0 ? cp : 0xfffd); /* broken bytes, too */
        s += len > 0 ? len : 1;
        run = s;
    }
    fwrite(run, 1, (size_t)(end - run), stdout);
}

/* --- progress --------------------------------------------------------------------------------- */

static bool progress_shown;

void tool_progress(void *label, const struct admin_totals *so_far) {
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r%s: %s of %s", (const char *)label,
            figure_count(so_far->done + so_far->taken).text, figure_count(so_far->asked).text);
    fflush(stderr);
    progress_shown = true;
}

void tool_progress_end(void) {
    if (progress_shown)
        fputs("\r\033[K", stderr);
    progress_shown = false;
}
