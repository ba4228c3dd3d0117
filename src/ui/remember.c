/* `key = value` lines; what is unknown or makes no sense is passed over. See remember.h. */
#include "ui/remember.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/state.h"
#include "base/str.h"
#include "core/figures.h"

#include <limits.h>
#include <string.h>

#define FILE_MAX ((size_t)4096)
#define REFRESH_MIN_S 0.1
#define REFRESH_MAX_S 3600.0

static const char *const panes[] = {
    [FOCUS_ERRORS] = "errors", [FOCUS_EVENTS] = "events", [FOCUS_QUEUE] = "queue"};

static bool path_of(char *dst, size_t size) {
    char folder[PATH_MAX];
    return state_folder(folder, sizeof folder) && str_format(dst, size, "%s/dashboard", folder);
}

/* --- coming back ------------------------------------------------------------------------------ */

static void take_pane(struct ui *ui, const char *value) {
    for (size_t i = 0; i < sizeof panes / sizeof *panes; i++)
        if (str_eq(value, panes[i]))
            ui->places.focus = (enum focus)i;
}

static void take_sort(struct ui *ui, const char *value) {
    for (int i = 0; i < SORTS; i++)
        if (str_eq(value, sort_name((enum list_sort)i)))
            ui->shelf.sort = (enum list_sort)i;
}

static void take_filter(struct ui *ui, const char *words, int64_t boot_us) {
    struct filter f = ui->shelf.filter;
    struct err err;
    if (words[0] == '\0' || !filter_parse(&f, words, clock_wall_us(), &err))
        return;
    ui->shelf.filter = f;
    str_copy(ui->shelf.words, sizeof ui->shelf.words, words);
    act_answer(ui, boot_us, "the failures are still filtered: %s (f, then Esc: all)", words);
}

static void take_refresh(struct ui *ui, const char *value) {
    double seconds;
    if (ui->options->refresh_s <= 0 && str_to_double(value, &seconds) && seconds >= REFRESH_MIN_S &&
        seconds <= REFRESH_MAX_S)
        ui->every_us = (int64_t)(seconds * (double)USEC_PER_SEC);
}

static void take(struct ui *ui, const char *key, const char *value, int64_t boot_us) {
    if (str_eq(key, "pane"))
        take_pane(ui, value);
    else if (str_eq(key, "sort"))
        take_sort(ui, value);
    else if (str_eq(key, "filter"))
        take_filter(ui, value, boot_us);
    else if (str_eq(key, "refresh"))
        take_refresh(ui, value);
    else if (str_eq(key, "times"))
        ui->local_zone = str_eq(value, "local");
}

void remember_load(struct ui *ui, int64_t boot_us) {
    char path[PATH_MAX];
    struct buf text;
    struct err err;
    if (ui->options->demo || !path_of(path, sizeof path))
        return;
    buf_init(&text, FILE_MAX);
    bool read = file_read(path, &text, NULL, &err);
    char *rest = read && !text.failed ? text.data : NULL;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *value = strstr(line, " = ");
        if (value == NULL)
            continue;
        *value = '\0';
        take(ui, line, value + 3, boot_us);
    }
    buf_free(&text);
    figures_local(ui->local_zone);
}

/* --- being left ------------------------------------------------------------------------------- */

static void put_lines(const struct ui *ui, struct buf *out) {
    buf_printf(out, "pane = %s\nsort = %s\n", panes[ui->places.focus], sort_name(ui->shelf.sort));
    if (ui->shelf.status[0] == '\0' && ui->shelf.words[0] != '\0')
        buf_printf(out, "filter = %s\n", ui->shelf.words);
    if (ui->options->refresh_s <= 0 && ui->every_us != ui_frame_pace(ui->options))
        buf_printf(out, "refresh = %g\n", (double)ui->every_us / (double)USEC_PER_SEC);
    buf_printf(out, "times = %s\n", ui->local_zone ? "local" : "UTC");
}

void remember_save(const struct ui *ui) {
    char path[PATH_MAX], folder[PATH_MAX];
    struct buf text;
    struct err err;
    if (ui->options->demo || !path_of(path, sizeof path) || !state_folder(folder, sizeof folder))
        return;
    buf_init(&text, FILE_MAX);
    put_lines(ui, &text);
    if (!text.failed && state_make(folder, &err) && !file_write(path, &text, &err))
        log_event(LOG_WARN, "dashboard_state", "%s", err.text);
    buf_free(&text);
}
