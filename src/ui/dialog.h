/* Questions before a change. What a dialog acts on is fixed as it opens: its command holds the id,
 * or the filter and the database's time. Only the key or the number it names means yes. Pure. */
#ifndef POSTROOM_UI_DIALOG_H
#define POSTROOM_UI_DIALOG_H

#include "core/command.h"
#include "ui/pane.h"

#define DIALOG_LINES 12

enum dialog_purpose {
    ASK_PAUSE,
    ASK_RESUME,
    ASK_QUIT,
    ASK_SCOPE, /* of a retry or cancel */
    ASK_CHANGE
};
enum dialog_end {
    DIALOG_STAYS,
    DIALOG_NO,
    DIALOG_YES
};

struct dialog {
    enum dialog_purpose purpose;
    char title[160];
    struct {
        char text[320];
        bool keep; /* stays when there is no room for all */
    } lines[DIALOG_LINES];
    int line_count;
    char ask[96], ask_short[48]; /* below the lines: what the keys mean */
    char after[96];              /* below that, where there is room; or "" */
    char choices[8];             /* each of these keys is a yes */
    char picked;                 /* which one it was */
    int64_t number;              /* > 0: to be typed, then Enter */
    char typed[12];
    int64_t opened_us;      /* boot time */
    struct command command; /* what yes asks for */
    struct scope {          /* of a retry or cancel */
        int64_t n;          /* -1: to be counted first */
        bool capped;
        int64_t uncertain; /* further ones that `i` adds; 0: none */
        bool uncertain_in;
        char what;       /* '1' a message, '2' tagged, '3' an error, '4' the list, '5' all failed */
        char which[200]; /* in words */
        char text[320];  /* of the error */
        char errors[160];
        int64_t per_min;    /* how often the first error still happens; < 1: it does not */
        int64_t quota_left; /* -1: unknown */
        char database[80];
        int64_t fixed_us; /* the database's time when the dialog opened */
        char to[128];
    } scope;
};

/* Keys before this are ignored: they were meant for something else. */
#define DIALOG_DEAF_US INT64_C(300000)
#define DIALOG_NOT_SHOWN (INT64_MAX / 2) /* opened_us until it stands on the screen */

/* The same for every dialog; the builders below fill it. */
void dialog_start(struct dialog *d, enum dialog_purpose purpose);
void dialog_line(struct dialog *d, bool keep, const char *fmt, ...) PRINTF_LIKE(3, 4);
enum dialog_end dialog_key(struct dialog *d, int32_t key, int64_t boot_us);
void dialog_draw(const struct dialog *d, struct canvas *c);

/* Or to resume. worker: one worker's name, "" for this window's and all. */
void ask_pause(struct dialog *d, const struct scene *scene, const char *worker);
void ask_quit(struct dialog *d, const struct scene *scene);

/* kind: COMMAND_RETRY or COMMAND_CANCEL. What they may be done to, of what is under the cursor;
 * false: to nothing. */
bool ask_scope(struct dialog *d, const struct scene *scene, enum command_kind kind,
               const struct glyphs *glyphs);

/* The question itself. false: there is nothing of that. scope.n < 0: to be counted first, with
 * command.filter; then ask_counted. */
bool ask_change(struct dialog *d, const struct scene *scene, enum command_kind kind, char what);
void ask_counted(struct dialog *d, int64_t n, int64_t uncertain);
void ask_uncertain_too(struct dialog *d); /* `i` */

/* The same for a command that was typed: its ids, or a filter to be counted. */
void ask_command(struct dialog *d, const struct scene *scene, const struct command *c);

#endif
