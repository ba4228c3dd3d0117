/* The terminal. See term.h; curses writes to a memory file, term_flush carries it to the tty. */
#include "ui/term.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "ui/text.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#define BRACKETED_PASTE_ON "\033[?2004h"
#define BRACKETED_PASTE_OFF "\033[?2004l"
#define TITLE_PUSH "\033[22;2t"
#define TITLE_POP "\033[23;2t"
#define COPY_MAX ((size_t)64 * 1024)
#define PENDING_MAX ((size_t)1024 * 1024)
#define LEAVE_WAIT_MS 500 /* how long leaving waits for a terminal that does not take bytes */

enum {
    PAIR_RED = 1,
    PAIR_YELLOW = 2
};

struct terminal {
    SCREEN *screen;
    FILE *memory; /* what curses writes to */
    int in_fd, out_fd;
    bool out_owned;
    bool titles, colours, acs;
    struct termios saved, raw;
    struct sigaction stop_action; /* of SIGTSTP, before */
    struct buf pending;
    size_t sent;         /* of pending */
    struct canvas shown; /* as the terminal has it */
};

/* For signal handlers: filled before `armed` is set, never changed while it is. */
static struct {
    _Atomic bool armed;
    int fd, in_fd;
    struct termios saved;
    size_t len;
    char text[256];
} emergency;

bool term_possible(struct err *err) {
    const char *name = getenv("TERM");
    int found;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return err_set(err, ERR_USAGE, "no dashboard: standard input and output are no terminal");
    if (name == NULL || name[0] == '\0')
        return err_set(err, ERR_USAGE, "no dashboard: TERM is not set");
    if (setupterm(name, STDOUT_FILENO, &found) != OK)
        return err_set(err, ERR_USAGE,
                       "no dashboard: terminal type \"%.40s\" is not known here; set TERM", name);
    bool able = cursor_address != NULL && clear_screen != NULL;
    del_curterm(cur_term);
    if (!able)
        return err_set(err, ERR_USAGE,
                       "no dashboard: terminal type \"%.40s\" cannot move its cursor", name);
    return true;
}

static bool knows_titles(const char *name) {
    static const char *const prefixes[] = {"xterm", "tmux",   "screen", "rxvt", "alacritty",
                                           "foot",  "st-256", "kitty",  "vte"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (str_starts(name, prefixes[i]))
            return true;
    return false;
}

/* --- bytes ----------------------------------------------------------------------------------- */

static void send_text(struct terminal *t, const char *s) {
    buf_puts(&t->pending, s);
}

/* Moves what curses has drawn from its memory file to the bytes to be sent. */
static void collect(struct terminal *t) {
    char part[4096];
    int fd = fileno(t->memory);
    fflush(t->memory);
    off_t size = lseek(fd, 0, SEEK_CUR);
    for (off_t at = 0; at < size;) {
        ssize_t n = pread(fd, part, sizeof part, at);
        if (n <= 0)
            break;
        buf_add(&t->pending, part, (size_t)n);
        at += n;
    }
    lseek(fd, 0, SEEK_SET);
    if (ftruncate(fd, 0) != 0)
        return; /* stale bytes beyond the end are never read */
}

bool term_waiting(const struct terminal *t) {
    return t->sent < t->pending.len;
}

bool term_flush(struct terminal *t) {
    while (t->sent < t->pending.len) {
        ssize_t n = write(t->out_fd, t->pending.data + t->sent, t->pending.len - t->sent);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        t->sent += (size_t)n;
    }
    buf_clear(&t->pending);
    t->sent = 0;
    return true;
}

bool term_gone(const struct terminal *t) {
    struct termios now;
    return tcgetattr(t->in_fd, &now) != 0 && (errno == EIO || errno == ENOTTY);
}

/* --- modes ----------------------------------------------------------------------------------- */

/* No echo, no lines, no signals from keys, no flow control, output as it is. */
static void make_raw(struct terminal *t) {
    t->raw = t->saved;
    t->raw.c_iflag &=
        ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXOFF);
    t->raw.c_oflag &= ~(tcflag_t)OPOST;
    t->raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    t->raw.c_cc[VMIN] = 1;
    t->raw.c_cc[VTIME] = 0;
    tcsetattr(t->in_fd, TCSANOW, &t->raw);
}

/* terminfo's "$<2>" asks curses for a delay; a plain write would show it. */
static void strip_delays(char *text) {
    char *out = text;
    for (const char *p = text; *p != '\0';) {
        const char *end = p[0] == '$' && p[1] == '<' ? strchr(p, '>') : NULL;
        if (end != NULL)
            p = end + 1;
        else
            *out++ = *p++;
    }
    *out = '\0';
}

static void arm_emergency(const struct terminal *t) {
    emergency.fd = t->out_fd;
    emergency.in_fd = t->in_fd;
    emergency.saved = t->saved;
    str_format(emergency.text, sizeof emergency.text, "%s%s%s%s%s%s",
               exit_attribute_mode != NULL ? exit_attribute_mode : "",
               exit_alt_charset_mode != NULL ? exit_alt_charset_mode : "",
               cursor_normal != NULL ? cursor_normal : "", exit_ca_mode != NULL ? exit_ca_mode : "",
               BRACKETED_PASTE_OFF, t->titles ? TITLE_POP : "");
    strip_delays(emergency.text);
    emergency.len = strlen(emergency.text);
    atomic_store(&emergency.armed, true);
}

void term_emergency_restore(void) {
    if (!atomic_exchange(&emergency.armed, false))
        return;
    ssize_t ignored = write(emergency.fd, emergency.text, emergency.len);
    (void)ignored;
    tcsetattr(emergency.in_fd, TCSANOW, &emergency.saved);
}

/* A descriptor of our own on the same terminal, so that O_NONBLOCK is nobody else's. */
static void open_output(struct terminal *t) {
    t->out_fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    t->out_owned = t->out_fd >= 0;
    if (!t->out_owned)
        t->out_fd = STDOUT_FILENO;
}

/* --- curses ---------------------------------------------------------------------------------- */

static void choose_colours(struct terminal *t) {
    const char *no_color = getenv("NO_COLOR");
    t->colours = (no_color == NULL || no_color[0] == '\0') && has_colors() && start_color() == OK &&
                 use_default_colors() == OK;
    if (!t->colours)
        return;
    init_pair(PAIR_RED, COLOR_RED, -1);
    init_pair(PAIR_YELLOW, COLOR_YELLOW, -1);
}

/* Curses would install handlers that exit or stop the process from inside: it leaves alone what is
 * not at its default. Stopping stays ignored while the screen is up: it would stop a worker, too.
 */
static SCREEN *newterm_unhandled(struct terminal *t, const char *name) {
    static const int signals[] = {SIGINT, SIGTERM, SIGWINCH};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old[3];
    for (int i = 0; i < 3; i++) {
        sigaction(signals[i], NULL, &old[i]);
        if (old[i].sa_handler == SIG_DFL)
            sigaction(signals[i], &ignore, NULL);
    }
    sigaction(SIGTSTP, &ignore, &t->stop_action);
    SCREEN *screen = newterm(name, t->memory, stdin);
    for (int i = 0; i < 3; i++)
        sigaction(signals[i], &old[i], NULL);
    return screen;
}

static bool start_curses(struct terminal *t, struct err *err) {
    const char *name = getenv("TERM");
    int fd = memfd_create("postroom-screen", MFD_CLOEXEC);
    t->memory = fd < 0 ? NULL : fdopen(fd, "w");
    sigaction(SIGTSTP, NULL, &t->stop_action);
    if (t->memory == NULL) {
        if (fd >= 0)
            close(fd);
        return err_set(err, ERR_IO, "dashboard: no memory file: %s", strerror(errno));
    }
    t->screen = newterm_unhandled(t, name);
    if (t->screen == NULL)
        return err_set(err, ERR_USAGE, "no dashboard: terminal type \"%.40s\" cannot show it",
                       name);
    nonl();
    typeahead(-1); /* keys never cut a frame in two */
    idlok(stdscr, TRUE);
    scrollok(stdscr, FALSE);
    curs_set(0);
    choose_colours(t);
    t->titles = knows_titles(name);
    t->acs = acs_chars != NULL && !str_starts(name, "linux");
    return true;
}

struct terminal *term_open(struct err *err) {
    struct terminal *t = mem_alloc(sizeof *t);
    if (t == NULL) {
        err_nomem(err);
        return NULL;
    }
    t->in_fd = STDIN_FILENO;
    buf_init(&t->pending, PENDING_MAX);
    canvas_init(&t->shown, NULL);
    if (tcgetattr(t->in_fd, &t->saved) != 0) {
        err_set(err, ERR_IO, "dashboard: the terminal does not answer: %s", strerror(errno));
        mem_free(t);
        return NULL;
    }
    if (!start_curses(t, err)) {
        sigaction(SIGTSTP, &t->stop_action, NULL);
        if (t->memory != NULL)
            fclose(t->memory);
        mem_free(t);
        return NULL;
    }
    open_output(t);
    make_raw(t);
    arm_emergency(t);
    if (t->titles)
        send_text(t, TITLE_PUSH);
    send_text(t, BRACKETED_PASTE_ON);
    return t;
}

/* The last bytes. A terminal that takes nothing for a while is not waited for: what the kernel
 * holds for it is thrown away, so that at least what restores it has room, and output that somebody
 * held goes on, so that the words said after this block nobody. */
static void send_rest(struct terminal *t) {
    struct pollfd p = {.fd = t->out_fd, .events = POLLOUT};
    while (term_waiting(t) && poll(&p, 1, LEAVE_WAIT_MS) == 1 && (p.revents & POLLOUT) != 0)
        if (!term_flush(t))
            return;
    if (!term_waiting(t))
        return;
    tcflush(t->out_fd, TCOFLUSH);
    tcflow(t->out_fd, TCOON);
    buf_clear(&t->pending);
    t->sent = 0;
    send_text(t, emergency.text);
    term_flush(t);
}

void term_close(struct terminal *t) {
    if (t == NULL)
        return;
    endwin();
    collect(t);
    send_text(t, BRACKETED_PASTE_OFF);
    if (t->titles)
        send_text(t, TITLE_POP);
    send_rest(t);
    atomic_store(&emergency.armed, false);
    tcsetattr(t->in_fd, TCSANOW, &t->saved);
    sigaction(SIGTSTP, &t->stop_action, NULL);
    delscreen(t->screen);
    fclose(t->memory);
    if (t->out_owned)
        close(t->out_fd);
    canvas_done(&t->shown);
    buf_free(&t->pending);
    mem_free(t);
}

void term_resume(struct terminal *t) {
    tcsetattr(t->in_fd, TCSANOW, &t->raw);
}

void term_size(const struct terminal *t, int *rows, int *cols) {
    struct winsize w = {0};
    *rows = LINES;
    *cols = COLS;
    if (ioctl(t->in_fd, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0) {
        *rows = w.ws_row;
        *cols = w.ws_col;
    }
}

int term_input_fd(const struct terminal *t) {
    return t->in_fd;
}

int term_output_fd(const struct terminal *t) {
    return t->out_fd;
}

/* --- cells ----------------------------------------------------------------------------------- */

/* Box drawing as the terminal's line set: one byte a cell instead of three. */
static char line_letter(uint32_t ch) {
    static const struct {
        uint32_t ch;
        char letter;
    } letters[] = {{0x2500, 'q'}, {0x2502, 'x'}, {0x252c, 'w'}, {0x250c, 'l'},
                   {0x2510, 'k'}, {0x2514, 'm'}, {0x2518, 'j'}};
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (letters[i].ch == ch)
            return letters[i].letter;
    return '\0';
}

static void to_curses(const struct terminal *t, const struct cell *cell, cchar_t *out) {
    wchar_t text[2] = {(wchar_t)cell->ch, L'\0'};
    attr_t attrs = A_NORMAL;
    short pair = 0;
    char letter = t->acs ? line_letter(cell->ch) : '\0';
    if (cell->look & LOOK_BOLD)
        attrs |= A_BOLD;
    if (cell->look & LOOK_REVERSE)
        attrs |= A_REVERSE;
    if (t->colours && (cell->look & LOOK_RED))
        pair = PAIR_RED;
    if (t->colours && (cell->look & LOOK_YELLOW))
        pair = PAIR_YELLOW;
    if (letter != '\0') {
        text[0] = (wchar_t)letter;
        attrs |= A_ALTCHARSET;
    }
    setcchar(out, text, attrs, pair, NULL);
}

static void write_row(struct terminal *t, const struct canvas *c, int row) {
    cchar_t cell;
    for (int col = 0; col < c->cols; col++) {
        const struct cell *from = canvas_at(c, row, col);
        if (from->ch == 0)
            continue; /* the right half came with the left one */
        to_curses(t, from, &cell);
        mvadd_wchnstr(row, col, &cell, 1);
    }
}

static bool row_changed(const struct terminal *t, const struct canvas *c, int row) {
    return memcmp(canvas_at(&t->shown, row, 0), canvas_at(c, row, 0),
                  (size_t)c->cols * sizeof(struct cell)) != 0;
}

/* The shown canvas becomes c's size; false where memory is short: then everything is written. */
static bool same_size(struct terminal *t, const struct canvas *c) {
    if (t->shown.rows == c->rows && t->shown.cols == c->cols)
        return true;
    struct err err;
    resizeterm(c->rows, c->cols);
    if (!canvas_resize(&t->shown, c->rows, c->cols, &err))
        canvas_done(&t->shown);
    return false;
}

size_t term_show(struct terminal *t, const struct canvas *c, bool whole) {
    size_t before = t->pending.len;
    whole = !same_size(t, c) || whole;
    if (whole)
        clearok(curscr, TRUE);
    for (int row = 0; row < c->rows; row++)
        if (whole || t->shown.cells == NULL || row_changed(t, c, row))
            write_row(t, c, row);
    if (t->shown.cells != NULL)
        memcpy(t->shown.cells, c->cells, (size_t)c->rows * (size_t)c->cols * sizeof *c->cells);
    curs_set(c->cursor_shown ? 1 : 0);
    if (c->cursor_row >= 0)
        move(c->cursor_row, c->cursor_col < c->cols ? c->cursor_col : c->cols - 1);
    refresh();
    collect(t);
    return t->pending.len - before;
}

void term_title(struct terminal *t, const char *text) {
    char clean[160];
    if (!t->titles)
        return;
    text_clean(clean, sizeof clean, text);
    send_text(t, "\033]2;");
    send_text(t, clean);
    send_text(t, "\007");
}

/* Whether it does so nobody can know: many terminals, and tmux as it comes, do not. */
void term_copy(struct terminal *t, const char *text) {
    struct buf b;
    buf_init(&b, COPY_MAX);
    base64_add(&b, text, strlen(text));
    if (!b.failed) {
        send_text(t, "\033]52;c;");
        send_text(t, buf_text(&b));
        send_text(t, "\007");
    }
    buf_free(&b);
}

void term_bell(struct terminal *t) {
    send_text(t, "\007");
}
