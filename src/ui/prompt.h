/* One input line: start, feed keys, stop. One thread. */
#ifndef POSTROOM_UI_PROMPT_H
#define POSTROOM_UI_PROMPT_H

#include "ui/pane.h"

enum prompt_end {
    PROMPT_OPEN,
    PROMPT_DONE,
    PROMPT_LEFT
};

struct prompt {
    char label[24]; /* what stands before it: "reason: ", "/" */
    char text[200]; /* UTF-8 */
};

void prompt_start(struct prompt *p, const char *label);
enum prompt_end prompt_key(struct prompt *p, int32_t key);
void prompt_draw(const struct prompt *p, struct canvas *c, struct rect area);

#endif
