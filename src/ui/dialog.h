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
    ASK_RETRY_SCOPE,
    ASK_RETRY,
    SHOW_DETAIL
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
    struct scope {          /* of a retry */
        int64_t n;
        bool capped;
        int64_t uncertain; /* further ones that `i` adds; -1: unknown */
        bool uncertain_in;
        char what;      /* '1' a message, '3' an error, '5' all that failed */
        char text[320]; /* of the error */
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

void ask_pause(struct dialog *d, const struct scene *scene); /* or to resume */
void ask_quit(struct dialog *d, const struct scene *scene);
bool show_detail(struct dialog *d, const struct scene *scene);

/* false: there is nothing to retry. */
bool ask_retry_scope(struct dialog *d, const struct scene *scene, const struct glyphs *glyphs);
bool ask_retry(struct dialog *d, const struct scene *scene, char scope);
void ask_retry_uncertain_too(struct dialog *d); /* `i` */

#endif
