/* One message: what it is, why it stands where it stands, what happened to it, and the mail. */
#include "ui/views.h"

#include "base/str.h"
#include "core/figures.h"
#include "ui/letter.h"
#include "ui/text.h"

#include <string.h>

#define LABEL_COL 1
#define VALUE_COL 12
#define STEP_COL 11
#define FIELDS 8
#define WHOLE_ROWS 21 /* from here on no field is left out */
#define NARROW 70
#define WHOLE_ID_COLS 120

/* --- fields ----------------------------------------------------------------------------------- */

enum field {
    FIELD_TO,
    FIELD_FROM,
    FIELD_SUBJECT,
    FIELD_WHY,
    FIELD_ERROR,
    FIELD_CODE,
    FIELD_TWICE,
    FIELD_CREATED
};

/* Which go first where there is no room. */
static const enum field dropped[FIELDS] = {FIELD_CREATED, FIELD_FROM,    FIELD_CODE,  FIELD_TWICE,
                                           FIELD_TO,      FIELD_SUBJECT, FIELD_ERROR, FIELD_WHY};

static bool field_shown(enum field f, int rows) {
    for (int i = 0; i < FIELDS - rows; i++)
        if (dropped[i] == f)
            return false;
    return true;
}

static const char *or_dash(const char *s) {
    return s[0] != '\0' ? s : "-";
}

static void code_text(const struct scene *scene, const struct page_message *m, char *dst,
                      size_t size) {
    const struct snapshot *s = scene->lists.s;
    str_copy(dst, size, or_dash(m->row.error_code));
    for (int i = 0; i < s->error_count; i++)
        if (str_eq(s->errors[i].code, m->row.error_code) && s->errors[i].n > 1)
            str_format(dst, size, "%s    %s other%s, e shows them", m->row.error_code,
                       figure_count_capped(s->errors[i].n - 1, s->errors[i].capped).text,
                       s->errors[i].n == 2 ? " has it" : "s have it");
}

static void size_text(int64_t bytes, char *dst, size_t size) {
    if (bytes < 0)
        str_copy(dst, size, "size ?");
    else if (bytes < 1024)
        str_format(dst, size, "%lld bytes", (long long)bytes);
    else if (bytes < 10 * 1024 * 1024)
        str_format(dst, size, "%lld KB", (long long)bytes / 1024);
    else
        str_format(dst, size, "%lld MB", (long long)bytes / 1024 / 1024);
}

static void created_text(const struct scene *scene, const struct page_message *m, char *dst,
                         size_t size) {
    char bytes[32], urgency[32] = "";
    size_text(m->bytes, bytes, sizeof bytes);
    if (m->priority >= 0)
        str_format(urgency, sizeof urgency, "   priority %lld", (long long)m->priority);
    if (m->created_at_us < 0)
        str_format(dst, size, "?   %s%s   %s", m->kind, urgency, bytes);
    else
        str_format(dst, size, "%s %s, %s ago   %s%s   %s",
                   figure_moment(m->created_at_us, scene->lists.now_us).text, figure_zone(),
                   figure_age(scene->lists.now_us - m->created_at_us).text, m->kind, urgency,
                   bytes);
}

static void field_text(const struct scene *scene, const struct canvas *c,
                       const struct page_message *m, enum field f, char *dst, size_t size) {
    switch (f) {
    case FIELD_TO:
        str_copy(dst, size, or_dash(m->row.to));
        break;
    case FIELD_FROM:
        str_copy(dst, size, m->from[0] != '\0' ? m->from : "as configured");
        break;
    case FIELD_SUBJECT:
        str_copy(dst, size, or_dash(m->row.subject));
        break;
    case FIELD_WHY:
        str_copy(dst, size, m->why);
        break;
    case FIELD_ERROR:
        str_copy(dst, size, or_dash(m->row.error));
        break;
    case FIELD_CODE:
        code_text(scene, m, dst, size);
        break;
    case FIELD_TWICE:
        letter_twice(m, c->glyphs->ellipsis, dst, size);
        break;
    case FIELD_CREATED:
        created_text(scene, m, dst, size);
        break;
    }
}

static int draw_fields(const struct scene *scene, struct canvas *c, int row, int rows,
                       const struct page_message *m) {
    static const char *const labels[FIELDS] = {"To",    "From", "Subject", "Why",
                                               "Error", "Code", "Twice?",  "Created"};
    char text[1400];
    for (int f = 0; f < FIELDS; f++) {
        if (!field_shown((enum field)f, rows))
            continue;
        field_text(scene, c, m, (enum field)f, text, sizeof text);
        canvas_text(c, row, LABEL_COL, VALUE_COL, LOOK_PLAIN, labels[f]);
        canvas_text(c, row++, VALUE_COL, c->cols, f == FIELD_ERROR ? LOOK_RED : LOOK_PLAIN, text);
    }
    return row;
}

/* --- history ---------------------------------------------------------------------------------- */

/* An attempt takes two lines: what came of it, and with which request. */
static int step_lines(const struct page_event *e) {
    return e->attempt ? 2 : 1;
}

int message_steps(const struct letter *l) {
    const struct page_message *m = letter_message(l);
    int n = 0;
    for (int i = 0; m != NULL && i < m->history_count; i++)
        n += step_lines(&m->history[i]);
    return n;
}

static void outcome_text(const struct page_event *e, char *dst, size_t size) {
    char took[24] = "";
    if (e->seconds >= 0)
        str_format(took, sizeof took, "%.2fs", e->seconds < 99999 ? e->seconds : 99999);
    str_format(dst, size, "attempt %-2lld%7s  %s  %s", (long long)e->number, took, e->worker,
               e->error[0] != '\0' ? e->error : "sent");
}

static void request_text(const struct canvas *c, const struct page_event *e, char *dst,
                         size_t size) {
    char request[80];
    if (c->cols >= WHOLE_ID_COLS)
        str_copy(request, sizeof request, e->request);
    else
        text_short_id(request, sizeof request, e->request, c->glyphs->ellipsis);
    if (e->request[0] == '\0')
        str_copy(dst, size, "no request was made");
    else
        str_format(dst, size, "request %s, message %lld of %lld; provider id: %s", request,
                   (long long)e->position, (long long)e->of,
                   e->provider_id[0] != '\0' ? e->provider_id : "none");
}

static void draw_step(const struct scene *scene, struct canvas *c, int row,
                      const struct page_event *e, int part) {
    char text[1400];
    if (part == 0)
        canvas_text(c, row, LABEL_COL, STEP_COL - 2, LOOK_PLAIN,
                    figure_second(e->at_us, scene->lists.now_us).text);
    if (e->attempt && part == 0)
        outcome_text(e, text, sizeof text);
    else if (e->attempt)
        request_text(c, e, text, sizeof text);
    else
        str_format(text, sizeof text, "%s%s%s", e->who, e->who[0] != '\0' ? " " : "", e->what);
    canvas_text(c, row, STEP_COL, c->cols, LOOK_PLAIN, text);
}

static void draw_history(const struct scene *scene, struct canvas *c, int row, int rows,
                         const struct page_message *m) {
    const struct letter *l = scene->letter;
    int all = message_steps(l), top = l->steps_top;
    char title[80];
    str_format(title, sizeof title, "Attempts and events, newest first, %s", figure_zone());
    canvas_rule(c, row, 0, c->cols, title);
    if (top > all - rows)
        top = all > rows ? all - rows : 0;
    if (all > rows) {
        str_format(title, sizeof title, "%d older%s", all - rows - top,
                   l->in_history ? ", arrows scroll" : ", Tab scrolls them");
        if (c->cols >= NARROW)
            canvas_rule_right(c, row, c->cols - 2, title);
    }
    for (int i = 0, line = 0; i < m->history_count; i++)
        for (int part = 0; part < step_lines(&m->history[i]); part++, line++)
            if (line >= top && line < top + rows)
                draw_step(scene, c, row + 1 + line - top, &m->history[i], part);
    if (m->history_count == 0)
        canvas_text(c, row + 1, STEP_COL, c->cols, LOOK_PLAIN, "nothing happened yet");
}

/* --- the mail --------------------------------------------------------------------------------- */

/* "v headers, HTML, answer": the parts that v shows next. */
static void parts_text(const struct letter *l, char *dst, size_t size) {
    str_copy(dst, size, "v");
    const char *comma = "";
    for (int i = 1; i < LETTER_PARTS; i++) {
        enum letter_part p = (enum letter_part)(((int)l->part + i) % LETTER_PARTS);
        size_t used = strlen(dst);
        if (!letter_has(l, p))
            continue;
        str_format(dst + used, size - used, "%s %s", comma, letter_part_name(p));
        comma = ",";
    }
}

static void draw_mail(const struct scene *scene, struct canvas *c, int row, int rows) {
    const struct letter *l = scene->letter;
    int width = c->cols - 2, all = letter_lines(l, width), top = l->top;
    char title[120], parts[80];
    const char *rest = l->text == NULL ? "" : l->text, *line;
    size_t len;
    if (top > all - rows)
        top = all > rows ? all - rows : 0;
    str_format(title, sizeof title, "Mail: %s, line %d of %d", letter_title(l),
               all == 0 ? 0 : top + 1, all);
    parts_text(l, parts, sizeof parts);
    canvas_rule(c, row, 0, c->cols, title);
    if (text_width(title) + text_width(parts) + 9 < c->cols)
        canvas_rule_right(c, row, c->cols - 2, parts);
    for (int i = 0; letter_line(&rest, width, &line, &len) && i < top + rows; i++) {
        char text[4 * CANVAS_MAX_COLS + 1];
        if (i < top)
            continue;
        if (len > sizeof text - 1)
            len = sizeof text - 1;
        memcpy(text, line, len);
        text[len] = '\0';
        canvas_text(c, row + 1 + i - top, LABEL_COL, width, LOOK_PLAIN, text);
    }
}

/* --- all of it -------------------------------------------------------------------------------- */

struct shares {
    int fields, steps, mail;
};

static int least(int a, int b) {
    return a < b ? a : b;
}

/* The mail keeps four rows where there is room, the history takes what it needs of the rest. */
static struct shares share(int rows, int steps) {
    struct shares s = {.fields = rows >= WHOLE_ROWS ? FIELDS : (rows - 1) * FIELDS / WHOLE_ROWS};
    int rest = rows - 1 - s.fields;
    if (s.fields < 1)
        s.fields = rows > 1;
    rest = rows - 1 - s.fields;
    if (rest < 4) { /* two rules with a row each do not fit */
        s.mail = rest > 1 ? rest - 1 : 0;
        return s;
    }
    int mail = least(4, (rest - 2) / 2);
    s.steps = least(steps > 0 ? steps : 1, rest - 2 - mail);
    s.mail = rest - 2 - s.steps;
    return s;
}

int message_mail_rows(const struct letter *l, int rows) {
    return share(rows, message_steps(l)).mail;
}

int message_step_rows(const struct letter *l, int rows) {
    return share(rows, message_steps(l)).steps;
}

static void draw(const struct scene *scene, struct canvas *c, struct rect area) {
    const struct letter *l = scene->letter;
    const struct page_message *m = letter_message(l);
    char title[120];
    str_format(title, sizeof title, "Message %s", l->id);
    canvas_rule(c, area.row, 0, area.cols, title);
    if (m == NULL) {
        canvas_text(c, area.row + 1, LABEL_COL, c->cols, LOOK_PLAIN,
                    l->chain.trouble[0] != '\0' ? l->chain.trouble : "asking the database…");
        return;
    }
    struct shares s = share(area.rows, message_steps(l));
    if (text_width(title) + text_width(m->row.status) + 9 < c->cols)
        canvas_rule_right(c, area.row, area.cols - 2, m->row.status);
    int row = draw_fields(scene, c, area.row + 1, s.fields, m);
    if (s.steps > 0) {
        draw_history(scene, c, row, s.steps, m);
        row += 1 + s.steps;
    }
    if (s.mail > 0)
        draw_mail(scene, c, row, s.mail);
}

const struct pane pane_message = {"message", draw};
