/* A scene -> a whole screen, without a terminal. Pure but for the canvas. */
#include "ui/pane.h"

#include "base/str.h"
#include "ui/dialog.h"
#include "ui/layout.h"
#include "ui/prompt.h"

#include <unistd.h>

const char *scene_operator(const struct scene *scene) {
    const char *name = scene->options->operator_name;
    return scene->options->demo || name == NULL ? scene->live.s->operator_name : name;
}

const struct snap_error *scene_error(const struct scene *scene) {
    const struct snapshot *s = scene->errors;
    for (int i = 0; i < s->error_count; i++)
        if (str_eq(s->errors[i].code, scene->places.error_code))
            return &s->errors[i];
    return s->error_count > 0 ? &s->errors[0] : NULL;
}

const struct event *scene_event(const struct scene *scene) {
    if (scene->places.focus != FOCUS_EVENTS || scene->places.event == 0)
        return NULL;
    return history_get(scene->lists.history, scene->places.event);
}

const struct snap_worker *scene_worker(const struct scene *scene) {
    const struct snapshot *s = scene->live.s;
    const struct gauges *g = &scene->gauges;
    for (int i = 0; i < s->worker_count; i++)
        if (s->workers[i].this_window || (g->worker_here && s->workers[i].pid == getpid() &&
                                          str_eq(s->workers[i].name, g->worker_name)))
            return &s->workers[i];
    return NULL;
}

const struct snap_worker *scene_chosen(const struct scene *scene) {
    const struct snapshot *s = scene->lists.s;
    for (int i = 0; i < s->worker_count; i++)
        if (str_eq(s->workers[i].name, scene->places.worker))
            return &s->workers[i];
    return s->worker_count > 0 ? &s->workers[0] : NULL;
}

bool scene_has_worker(const struct scene *scene) {
    const struct snap_worker *own = scene_worker(scene);
    return scene->options->worker_here || (scene->options->demo && own != NULL);
}

void compose(const struct scene *scene, struct canvas *c) {
    struct layout l;
    canvas_clear(c);
    layout_make(scene, c->rows, c->cols, &l);
    for (int i = 0; i < l.count; i++)
        l.panes[i].pane->draw(scene, c, l.panes[i].area);
    bool has_row = layout_find(&l, &pane_answer) != NULL || layout_find(&l, &pane_footer) != NULL;
    if (scene->prompt != NULL && !has_row)
        prompt_draw(scene->prompt, c, (struct rect){c->rows - 1, 0, 1, c->cols});
    if (scene->dialog != NULL)
        dialog_draw(scene->dialog, c);
}
