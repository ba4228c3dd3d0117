/* --help, made from the tables of commands, options and configuration keys. */
#ifndef POSTROOM_APP_HELP_H
#define POSTROOM_APP_HELP_H

#include "app/cmd.h"

/* What every command takes besides its own options; ends with a row without a name. */
extern const struct option common_options[];

void help_print_all(void);              /* postroom --help */
void help_print(const struct cmd *cmd); /* postroom COMMAND --help */

#endif
