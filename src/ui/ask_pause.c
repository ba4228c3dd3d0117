/* "Pause sending?", "Resume sending?" and "Quit?". */
#include "ui/dialog.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/figures.h"

#include <string.h>

#define NAMED_OPERATORS 2

static struct figure n_of(const struct scene *scene, int which) {
    const struct snap_queue_row *q = &scene->live.s->queue[which];
    return figure_count_capped(q->n, q->capped);
}

/* " bob is here (idle 13m)." for the first others. */
static void who_is_here(const struct scene *scene, char *dst, size_t size) {
    const struct snapshot *s = scene->live.s;
    bool self_seen = false;
    int named = 0;
    str_copy(dst, size, "");
    for (int i = 0; i < s->operator_count && named < NAMED_OPERATORS; i++) {
        const struct snap_operator *o = &s->operators[i];
        if (!self_seen && str_eq(o->name, scene_operator(scene))) {
            self_seen = true;
            continue;
        }
        size_t used = strlen(dst);
        str_format(dst + used, size - used, " %.24s is here (idle %s).", o->name,
                   figure_age(scene->live.now_us - o->at_us).text);
        named++;
    }
}

static void workers_text(const struct scene *scene, char *dst, size_t size) {
    int up = snapshot_workers_up(scene->live.s, scene->live.now_us);
    if (up == 1)
        str_copy(dst, size, "the worker");
    else if (up > 1)
        str_format(dst, size, "all %d workers", up);
    else
        str_copy(dst, size, "all workers");
}

static void ask_to_pause(struct dialog *d, const struct scene *scene) {
    const struct snap_worker *own = scene_worker(scene);
    const struct snap_queue_row *pending = &scene->live.s->queue[QUEUE_PENDING];
    char here[160], workers[48], more[48] = "", only[80] = "";
    d->command.kind = COMMAND_PAUSE;
    str_format(d->title, sizeof d->title, "Pause sending on %.100s", scene->live.s->database);
    dialog_line(d, true, "No worker takes a new message until somebody resumes.");
    if (scene->live.s->queue[QUEUE_PROCESSING].n == 0)
        dialog_line(d, false, "Nothing is in flight. New mail is still accepted and waits.");
    else
        dialog_line(d, false, "%s in flight finish. New mail is still accepted and waits.",
                    n_of(scene, QUEUE_PROCESSING).text);
    who_is_here(scene, here, sizeof here);
    if (pending->per_min != SNAP_NO_RATE && pending->per_min > 0)
        str_format(more, sizeof more, "; about %s more a minute",
                   figure_count(pending->per_min).text);
    dialog_line(d, false, "%s wait now%s.%s", n_of(scene, QUEUE_PENDING).text, more, here);
    dialog_line(d, false, "%s", "");
    workers_text(scene, workers, sizeof workers);
    str_copy(d->choices, sizeof d->choices, "y");
    if (own != NULL && snapshot_workers_up(scene->live.s, scene->live.now_us) > 1) {
        str_format(only, sizeof only, "w only %.20s   ", own->name);
        str_copy(d->choices, sizeof d->choices, "yw");
    }
    str_format(d->ask, sizeof d->ask, "y pause %s   %sany other key: nothing", workers, only);
    str_copy(d->ask_short, sizeof d->ask_short, "y pause all   other keys: nothing");
}

static void ask_to_resume(struct dialog *d, const struct scene *scene, const char *worker) {
    const struct snapshot *s = scene->live.s;
    char workers[48];
    d->command.kind = COMMAND_RESUME;
    str_copy(d->command.worker, sizeof d->command.worker, worker);
    str_format(d->title, sizeof d->title, "Resume sending on %.100s", s->database);
    if (s->paused && worker[0] == '\0')
        dialog_line(d, true, "Paused by %.40s %s ago%s%.150s%s", s->paused_by,
                    figure_age(scene->live.now_us - s->paused_at_us).text,
                    s->paused_reason[0] != '\0' ? ": \"" : ".", s->paused_reason,
                    s->paused_reason[0] != '\0' ? "\"" : "");
    else
        dialog_line(d, true, "Worker %s is paused%s.", worker, s->paused ? ", and so are all" : "");
    dialog_line(d, false, "%s wait; they leave at the lane's rate, urgent and oldest first.",
                n_of(scene, QUEUE_PENDING).text);
    dialog_line(d, false, "%s", "");
    workers_text(scene, workers, sizeof workers);
    str_copy(d->choices, sizeof d->choices, "y");
    str_format(d->ask, sizeof d->ask, "y resume %s      any other key: nothing",
               worker[0] != '\0' ? worker : workers);
    str_copy(d->ask_short, sizeof d->ask_short, "y resume   other keys: nothing");
}

static void ask_to_pause_one(struct dialog *d, const struct scene *scene,
                             const struct snap_worker *w) {
    int others = snapshot_workers_up(scene->live.s, scene->live.now_us) - 1;
    d->command.kind = COMMAND_PAUSE;
    str_copy(d->command.worker, sizeof d->command.worker, w->name);
    str_format(d->title, sizeof d->title, "Pause worker %.60s on %.80s", w->name,
               scene->live.s->database);
    dialog_line(d, true, "It takes no new message until somebody resumes it.");
    if (w->in_flight == 0)
        dialog_line(d, false, "It has nothing in flight.");
    else
        dialog_line(d, false, "Its %s in flight finish.", figure_count(w->in_flight).text);
    if (others > 0)
        dialog_line(d, false, "%d other worker%s on sending.", others,
                    others == 1 ? " goes" : "s go");
    else
        dialog_line(d, true, "No other worker runs: no mail is sent meanwhile.");
    dialog_line(d, false, "%s", "");
    str_copy(d->choices, sizeof d->choices, "y");
    str_format(d->ask, sizeof d->ask, "y pause %.24s      any other key: nothing", w->name);
    str_copy(d->ask_short, sizeof d->ask_short, "y pause it   other keys: nothing");
}

static const struct snap_worker *named(const struct scene *scene, const char *worker) {
    const struct snapshot *s = scene->live.s;
    for (int i = 0; worker[0] != '\0' && i < s->worker_count; i++)
        if (str_eq(s->workers[i].name, worker))
            return &s->workers[i];
    return NULL;
}

void ask_pause(struct dialog *d, const struct scene *scene, const char *worker) {
    const struct snap_worker *own = scene_worker(scene), *one = named(scene, worker);
    dialog_start(d, ASK_PAUSE);
    if (one != NULL && str_starts(one->state, "paused")) {
        d->purpose = ASK_RESUME;
        ask_to_resume(d, scene, one->name);
    } else if (one != NULL) {
        ask_to_pause_one(d, scene, one);
    } else if (scene->live.s->paused) {
        d->purpose = ASK_RESUME;
        ask_to_resume(d, scene, "");
    } else if (own != NULL && str_starts(own->state, "paused")) {
        d->purpose = ASK_RESUME;
        ask_to_resume(d, scene, own->name);
    } else {
        ask_to_pause(d, scene);
    }
}

/* "mail02 and mail03 go on sending." */
static void others_text(const struct scene *scene, char *dst, size_t size) {
    const struct snapshot *s = scene->live.s;
    const struct snap_worker *own = scene_worker(scene);
    const char *names[2] = {"", ""};
    int n = 0;
    for (int i = 0; i < s->worker_count; i++)
        if (&s->workers[i] != own && n++ < 2)
            names[n - 1] = s->workers[i].name;
    if (n == 0)
        str_copy(dst, size, "No other worker runs: mail waits until one is started.");
    else if (n == 1)
        str_format(dst, size, "%.40s goes on sending.", names[0]);
    else if (n == 2)
        str_format(dst, size, "%.40s and %.40s go on sending.", names[0], names[1]);
    else
        str_format(dst, size, "%.40s, %.40s and %d more go on sending.", names[0], names[1], n - 2);
}

void ask_quit(struct dialog *d, const struct scene *scene) {
    const struct snap_worker *own = scene_worker(scene);
    char others[160];
    int64_t flying = own != NULL ? own->in_flight : -1;
    if (scene->gauges.worker_here)
        flying = scene->gauges.in_flight;
    dialog_start(d, ASK_QUIT);
    str_copy(d->title, sizeof d->title, "Quit");
    dialog_line(d, true, "This window runs worker %.60s. Quitting stops that worker.",
                own != NULL ? own->name : scene->gauges.worker_name);
    if (flying == 0)
        dialog_line(d, false, "It has nothing in flight and stops at once.");
    else
        dialog_line(d, false, "Its %s message%s in flight finish%s first (%s at most).",
                    figure_count(flying).text, flying == 1 ? "" : "s", flying == 1 ? "es" : "",
                    figure_age_exact(scene->options->drain_timeout_ms * USEC_PER_MS).text);
    others_text(scene, others, sizeof others);
    dialog_line(d, false, "%s", others);
    dialog_line(d, false, "%s", "");
    str_copy(d->choices, sizeof d->choices, "y");
    str_copy(d->ask, sizeof d->ask, "y finish and quit      any other key: stay");
    str_copy(d->ask_short, sizeof d->ask_short, "y finish and quit   other keys: stay");
    str_copy(d->after, sizeof d->after, "To leave it running: detach (tmux: prefix d).");
}
