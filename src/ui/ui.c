/* The turn: wait for keys, news or the next frame; act; draw what changed. Main thread.
 *
 * Frames come at a fixed pace (frames cost more bytes than events do); a key is answered by a frame
 * at once. Nothing but the one poll ever waits. */
#include "ui/internal.h"

#include "base/clock.h"
#include "base/str.h"
#include "ui/layout.h"
#include "ui/remember.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAME_US (250 * USEC_PER_MS)
#define FRAME_REMOTE_US USEC_PER_SEC
#define FRAME_KEY_US (100 * USEC_PER_MS) /* frames for keys: at most ten a second */
#define LOOK_UP_US USEC_PER_SEC          /* life and the terminal are looked at this often */
#define CROWD_PER_S 1000                 /* more events a second are folded */
#define READ_BYTES 256
#define HOLD_US (10 * USEC_PER_SEC) /* a list stands still that long after a move */
#define ANSWER_US                                                                                  \
    (5 * USEC_PER_SEC) /* what a key asked for is shown at once when it comes so soon */

/* ui_finish and signal handlers reach the running dashboard through these alone. */
static _Atomic bool finish_asked;
static volatile sig_atomic_t continued;

bool ui_possible(struct err *err) {
    setlocale(LC_CTYPE, "");
    return term_possible(err);
}

void ui_finish(const struct ui_ports *ports) {
    atomic_store(&finish_asked, true);
    wake_up(ports->wake);
}

bool ui_finished(const struct ui_ports *ports) {
    return atomic_load(&finish_asked) ||
           (ports->life != NULL && life_now(ports->life) != LIFE_RUNNING);
}

void ui_emergency_restore(void) {
    term_emergency_restore();
}

void ui_end_with(struct ui *ui, enum ui_end end) {
    if (!ui->over)
        ui->end = end;
    ui->over = true;
}

bool ui_draining(const struct ui *ui) {
    return ui->ports->life != NULL && life_now(ui->ports->life) != LIFE_RUNNING;
}

/* --- the scene ------------------------------------------------------------------------------- */

/* The database's time now, as far as this window can tell. */
static int64_t now_of(const struct ui *ui, int64_t boot_us) {
    const struct snapshot *s = ui->current;
    if (ui->options->demo)
        return ui->options->demo_now_us;
    return s->now_us >= 0 ? s->now_us + (boot_us - s->read_boot_us) : clock_wall_us();
}

void ui_scene(struct ui *ui, int64_t boot_us, struct scene *out) {
    *out = (struct scene){.options = ui->options, .places = ui->places, .frozen = ui->frozen};
    out->live = (struct picture){ui->current, now_of(ui, boot_us), ui->history};
    out->lists = ui->frozen ? ui->still : out->live;
    if (ui->frozen)
        out->places.event_end = 0;
    out->errors = ui->errors != NULL ? ui->errors : out->lists.s;
    out->shelf = &ui->shelf;
    out->list_holds = ui->shelf.moved_us > 0 && boot_us - ui->shelf.moved_us < HOLD_US;
    out->letter = &ui->letter;
    out->journal = &ui->journal;
    out->waiting_events = ui->history->end - out->lists.history->end;
    out->answer = boot_us < ui->answer_until_us ? ui->answer : "";
    out->dialog = ui->asking ? &ui->dialog : NULL;
    out->prompt = ui->prompting ? &ui->prompt : NULL;
    out->drain_left_us = -1;
    if (ui_draining(ui))
        out->drain_left_us = life_deadline_us(ui->ports->life) - boot_us;
    board_get_gauges(ui->ports->board, &out->gauges);
    verdict_of(ui->current, out->live.now_us, &out->state);
}

/* --- news ------------------------------------------------------------------------------------ */

static void take_snapshot(struct ui *ui) {
    struct snapshot *s = board_take(ui->ports->board);
    if (s == NULL)
        return;
    snapshot_release(ui->current);
    ui->current = s;
}

/* Returns whether there was an answer among them. */
static bool take_events(struct ui *ui, int64_t boot_us, int64_t frame_us) {
    struct event answer;
    bool answered;
    int crowd = (int)(CROWD_PER_S * frame_us / USEC_PER_SEC);
    history_take(ui->history, ui->ports->ring, crowd, now_of(ui, boot_us), &answer, &answered);
    if (answered) {
        act_answer(ui, boot_us, "%s", answer.text);
        ui->command_waits = !answer.final;
    }
    return answered;
}

/* Did somebody end it: the caller, the worker, the deadline? */
static void look_at_life(struct ui *ui, int64_t boot_us) {
    const struct ui_ports *p = ui->ports;
    if (atomic_load(&finish_asked))
        ui_end_with(ui, UI_DRAINED);
    if (!ui_draining(ui))
        return;
    bool ended = p->worker_ended != NULL && p->worker_ended(p->worker);
    if (life_now(p->life) == LIFE_STOPPING || !ui->options->worker_here || ended ||
        boot_us >= life_deadline_us(p->life))
        ui_end_with(ui, UI_DRAINED);
}

/* --- drawing --------------------------------------------------------------------------------- */

static void tell_state(struct ui *ui, const struct scene *scene) {
    char title[200];
    if (scene->state.state == ui->titled)
        return;
    str_format(title, sizeof title, "postroom %s %s", state_name(scene->state.state),
               scene->live.s->database);
    term_title(ui->term, title);
    if (ui->options->bell && ui->titled_read)
        term_bell(ui->term);
    ui->titled_read = scene->live.s->published_at_us >= 0;
    ui->titled = scene->state.state;
}

/* The events move on where the link may be sent that much. */
static void move_on(struct ui *ui, int64_t boot_us) {
    budget_earn(&ui->budget, boot_us, ui->history->end, ui->canvas.cols);
    if (budget_allows(&ui->budget))
        ui->places.event_end = ui->history->end;
}

/* asked_for: by a key or a change of size, which no budget holds up or pays for. */
static void draw(struct ui *ui, bool asked_for, int64_t boot_us) {
    struct scene scene;
    struct err err;
    int rows, cols;
    term_size(ui->term, &rows, &cols);
    if (!canvas_resize(&ui->canvas, rows, cols, &err))
        return; /* no memory for this size: the old picture stays */
    look_settle(ui, boot_us);
    move_on(ui, boot_us);
    ui_scene(ui, boot_us, &scene);
    move_settle(ui, layout_events_rows(&scene, rows, cols), boot_us);
    ui_scene(ui, boot_us, &scene);
    compose(&scene, &ui->canvas);
    size_t bytes = term_show(ui->term, &ui->canvas, ui->whole);
    if (!asked_for && !ui->whole)
        budget_spend(&ui->budget, bytes);
    ui->whole = false;
    tell_state(ui, &scene);
    if (ui->asking && ui->dialog.opened_us == DIALOG_NOT_SHOWN)
        ui->dialog.opened_us = boot_us; /* it stands: from here its keys count, after a moment */
}

/* --- keys ------------------------------------------------------------------------------------ */

static bool readable(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1 && (p.revents & POLLIN) != 0;
}

/* While a dialog opens, only Ctrl-C counts: whoever presses it again means it. */
static void act_on(struct ui *ui, const struct input_keys *keys, int64_t boot_us) {
    for (int i = 0; i < keys->count && !ui->over; i++)
        if (!ui->drop_typed || keys->keys[i] == K_CTRL('c'))
            act_key(ui, keys->keys[i], boot_us);
}

/* What was typed before a dialog stood meant something else. */
static void drop_typed(struct ui *ui, int64_t boot_us) {
    unsigned char bytes[READ_BYTES];
    int fd = term_input_fd(ui->term);
    for (int i = 0; i < 64 && readable(fd); i++) {
        struct input_keys keys = {0};
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n <= 0)
            break;
        input_feed(&ui->input, bytes, (size_t)n, boot_us, &keys);
        act_on(ui, &keys, boot_us);
    }
    ui->drop_typed = false;
}

/* Returns whether there were any keys. */
static bool read_keys(struct ui *ui, bool ready, int64_t boot_us) {
    unsigned char bytes[READ_BYTES];
    struct input_keys keys = {0};
    ssize_t n = ready ? read(term_input_fd(ui->term), bytes, sizeof bytes) : 0;
    if (ready && (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)))
        ui_end_with(ui, UI_GONE);
    if (n > 0)
        input_feed(&ui->input, bytes, (size_t)n, boot_us, &keys);
    else
        input_tick(&ui->input, boot_us, &keys);
    act_on(ui, &keys, boot_us);
    if (ui->drop_typed)
        drop_typed(ui, boot_us);
    return keys.count > 0;
}

/* --- the turn -------------------------------------------------------------------------------- */

struct pace {
    int64_t last_us; /* the last one; < 0: none yet */
    int64_t key_us;  /* the last key */
    bool key;        /* a key waits for its frame */
    bool news;       /* the wake was raised: left alone until the next frame */
};

int64_t ui_frame_pace(const struct ui_options *options) {
    bool remote =
        getenv("TMUX") != NULL || getenv("SSH_TTY") != NULL || getenv("SSH_CONNECTION") != NULL;
    if (options->refresh_s > 0)
        return (int64_t)(options->refresh_s * (double)USEC_PER_SEC);
    return remote ? FRAME_REMOTE_US : FRAME_US;
}

static int64_t next_frame_us(const struct ui *ui, const struct pace *pace) {
    if (pace->last_us < 0)
        return 0;
    return pace->last_us + (pace->key || ui->whole ? FRAME_KEY_US : ui->every_us);
}

static int wait_ms(const struct ui *ui, const struct pace *pace, int64_t boot_us) {
    int64_t wait = next_frame_us(ui, pace) - boot_us, input = input_wait_us(&ui->input, boot_us);
    if (term_waiting(ui->term) || wait > LOOK_UP_US)
        wait = LOOK_UP_US; /* a terminal that takes nothing gets no new frame */
    if (input >= 0 && input < wait)
        wait = input;
    return wait <= 0 ? 0 : (int)((wait + USEC_PER_MS - 1) / USEC_PER_MS);
}

static void frame(struct ui *ui, struct pace *pace, int64_t boot_us) {
    if (boot_us < next_frame_us(ui, pace) || term_waiting(ui->term))
        return;
    if (pace->news)
        wake_clear(ui->ports->wake);
    take_events(ui, boot_us, ui->every_us);
    take_snapshot(ui);
    look_take(ui, boot_us);
    if (ui->drop_typed) /* what came put a question */
        drop_typed(ui, boot_us);
    draw(ui, pace->key || pace->last_us < 0, boot_us);
    if (!term_flush(ui->term))
        ui_end_with(ui, UI_GONE);
    pace->last_us = boot_us;
    pace->key = pace->news = false;
}

static void resume(struct ui *ui) {
    continued = 0;
    term_resume(ui->term);
    ui->whole = true;
}

/* A key's page, or the answer to its command, is shown at once, however slow the frames are. */
static bool answers_key(struct ui *ui, int64_t boot_us) {
    wake_clear(ui->ports->wake);
    bool page = look_take(ui, boot_us);
    return (ui->command_waits && take_events(ui, boot_us, ui->every_us)) || page;
}

static bool is_answer_time(const struct pace *pace, int64_t boot_us) {
    return pace->key_us > 0 && boot_us - pace->key_us < ANSWER_US;
}

static void turn(struct ui *ui, struct pace *pace) {
    bool deaf = ui->ports->wake == NULL || (pace->news && !is_answer_time(pace, clock_boot_us())) ||
                pace->key;
    struct pollfd fds[3] = {
        {.fd = term_input_fd(ui->term), .events = POLLIN},
        {.fd = term_waiting(ui->term) ? term_output_fd(ui->term) : -1, .events = POLLOUT},
        {.fd = deaf ? -1 : ui->ports->wake->fd, .events = POLLIN},
    };
    int n = poll(fds, 3, wait_ms(ui, pace, clock_boot_us()));
    int64_t boot_us = clock_boot_us();
    if (n < 0)
        memset(fds, 0, sizeof fds); /* a signal: the size or the life may have changed */
    if ((fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        ui_end_with(ui, UI_GONE);
    bool news = (fds[2].revents & POLLIN) != 0;
    pace->news = pace->news || news;
    if (continued != 0)
        resume(ui);
    if (read_keys(ui, (fds[0].revents & POLLIN) != 0, boot_us)) {
        pace->key_us = boot_us;
        pace->key = true;
    } else if (news && is_answer_time(pace, boot_us)) {
        pace->key = answers_key(ui, boot_us);
    }
    pace->key = pace->key || n < 0;
    if ((fds[1].revents & POLLOUT) != 0 && !term_flush(ui->term))
        ui_end_with(ui, UI_GONE);
    look_at_life(ui, boot_us);
    if (!ui->over)
        frame(ui, pace, boot_us);
}

/* --- start and end --------------------------------------------------------------------------- */

static void on_resize(int signal) {
    (void)signal; /* it only has to interrupt the poll */
}

static void on_continue(int signal) {
    (void)signal;
    continued = 1;
}

struct handlers {
    struct sigaction resize, resume;
};

static void install(struct handlers *old) {
    struct sigaction resize = {.sa_handler = on_resize},
                     resume_action = {.sa_handler = on_continue};
    sigaction(SIGWINCH, &resize, &old->resize);
    sigaction(SIGCONT, &resume_action, &old->resume);
}

static void uninstall(const struct handlers *old) {
    sigaction(SIGWINCH, &old->resize, NULL);
    sigaction(SIGCONT, &old->resume, NULL);
}

static void release(struct ui *ui) {
    if (ui->frozen) {
        snapshot_release((struct snapshot *)ui->still.s);
        history_free((struct history *)ui->still.history);
    }
    shelf_done(&ui->shelf);
    letter_done(&ui->letter);
    chain_clear(&ui->journal);
    snapshot_release(ui->errors);
    snapshot_release(ui->current);
    history_free(ui->history);
    canvas_done(&ui->canvas);
}

static bool prepare(struct ui *ui, struct err *err) {
    canvas_init(&ui->canvas, glyphs_choose());
    ui->titled = STATE_COUNT;
    ui->history = history_new(err);
    ui->current = snapshot_parse("{}", 2, err); /* until the first one is posted */
    if (ui->history == NULL || ui->current == NULL)
        return false;
    take_snapshot(ui);
    if (ui->options->demo)
        history_load(ui->history, ui->current);

    remember_load(ui, clock_boot_us());
    ui->term = term_open(err);
    return ui->term != NULL;
}

enum ui_end ui_run(const struct ui_options *options, const struct ui_ports *ports,
                   struct err *err) {
    struct ui ui = {.options = options, .ports = ports, .every_us = ui_frame_pace(options)};
    struct pace pace = {.last_us = -1};
    struct handlers old;
    if (!term_possible(err) || !prepare(&ui, err)) {
        release(&ui);
        return UI_REFUSED;
    }
    install(&old);
    while (!ui.over)
        turn(&ui, &pace);
    term_close(ui.term);
    remember_save(&ui);
    uninstall(&old);
    release(&ui);
    return ui.end;
}
