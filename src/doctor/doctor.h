/* `postroom doctor`: everything that can be known without sending a mail or changing anything, and
 * what to do about it. Main thread; may take as long as a database and a provider that do not
 * answer, half a minute at most. */
#ifndef POSTROOM_DOCTOR_DOCTOR_H
#define POSTROOM_DOCTOR_DOCTOR_H

#include "config/config.h"
#include "core/findings.h"

/* Adds what it finds, in the order it is to be read. The checks are called "config.*",
 * "database.*", "queue.*", "provider.*", "clock.*", "state.*" and "terminal.*". */
void doctor_examine(const struct config *config, struct findings *out);

#endif
