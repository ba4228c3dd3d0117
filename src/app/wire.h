/* The only place where threads are put together and taken apart again: a worker, a screen with its
 * feed, or both, until the end. */
#ifndef POSTROOM_APP_WIRE_H
#define POSTROOM_APP_WIRE_H

#include "core/settings.h"
#include "ui/ui.h"

enum wire_screen {
    SCREEN_NONE,  /* a daemon: the log on stdout */
    SCREEN_PLAIN, /* no terminal: the state row as text */
    SCREEN_FULL,  /* the dashboard */
};

struct wire_plan {
    bool worker; /* send mail in this process */
    bool once;   /* the worker ends when nothing is due any more */
    enum wire_screen screen;
    struct ui_options ui;     /* SCREEN_FULL and SCREEN_PLAIN */
    struct snapshot *fixture; /* ui.demo: this picture and no database; the caller's */
};

/* Builds what is planned, runs it until a signal, the operator or the worker ends it, shuts it down
 * in order. Says on leaving what became of the mail. Returns an exit code. */
int wire_run(const struct settings *s, const struct wire_plan *plan);

#endif
