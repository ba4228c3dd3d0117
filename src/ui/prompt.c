/* One input line: characters, pastes (line breaks become blanks), Backspace, Ctrl-U, Enter, Esc. */
#include "ui/prompt.h"

#include "base/str.h"
#include "ui/input.h"
#include "ui/text.h"

#include <string.h>

void prompt_start(struct prompt *p, const char *label) {
    *p = (struct prompt){0};
    str_copy(p->label, sizeof p->label, label);
}

static void rub_out(struct prompt *p) {
    size_t n = strlen(p->text);
    while (n > 0 && ((unsigned char)p->text[--n] & 0xc0) == 0x80)
        ;
    p->text[n] = '\0';
}

static void add(struct prompt *p, uint32_t ch) {
    char bytes[5];
    size_t used = strlen(p->text), n = text_encode(bytes, ch);
    if (used + n < sizeof p->text)
        memcpy(p->text + used, bytes, n + 1);
}

enum prompt_end prompt_key(struct prompt *p, int32_t key) {
    bool pasted = (key & K_PASTED) != 0;
    int32_t ch = key & ~K_PASTED;
    if (pasted && ch < ' ')
        ch = ' ';
    if (ch >= ' ' && ch < K_OTHER)
        add(p, (uint32_t)ch);
    else if (ch == K_BACKSPACE)
        rub_out(p);
    else if (ch == K_CTRL('u'))
        p->text[0] = '\0';
    else if (ch == K_ENTER)
        return PROMPT_DONE;
    else if (ch == K_ESC || ch == K_CTRL('c'))
        return PROMPT_LEFT;
    return PROMPT_OPEN;
}

/* A text longer than the row shows its end. */
void prompt_draw(const struct prompt *p, struct canvas *c, struct rect area) {
    int col = 1 + canvas_printf(c, area.row, 1, LOOK_BOLD, "%s", p->label);
    int room = area.cols - 2 - col, w;
    const char *text = p->text;
    while (text_width(text) > room && text_next(&text, &w) != 0)
        ;
    col += canvas_text(c, area.row, col, room, LOOK_PLAIN, text);
    c->cursor_row = area.row;
    c->cursor_col = col;
    c->cursor_shown = true;
}
