/* How the state looks and what it says to do: for the state row and the small screens. */
#ifndef POSTROOM_UI_STATE_H
#define POSTROOM_UI_STATE_H

#include "ui/pane.h"

uint32_t state_look(enum mail_state state); /* bold and reverse unless mail simply flows */
void state_todo(const struct scene *scene, char *dst, size_t size);

#endif
