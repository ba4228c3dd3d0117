/* How far the help can scroll. */
#ifndef POSTROOM_UI_HELP_H
#define POSTROOM_UI_HELP_H

int help_last_top(int rows, int cols);

#endif
