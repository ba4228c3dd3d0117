/* The network against a server that behaves as the path says: what each way to end a transfer is
 * read as, that nothing is sent twice, and that time, order and stopping hold. */
#include "base/mem.h"
#include "net/net.h"
#include "unit/net/peer.h"

#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct world {
    struct settings conf;
    struct peer *peer;
    struct net *net;
};

static int patience(void) {
    const char *text = getenv("TEST_PATIENCE");
    return text ? (int)strtol(text, NULL, 10) : 1;
}

/* --- names, without asking anybody ----------------------------------------------------------- */

static sem_t resolver_may_go;

/* What libcurl calls: names under .test are ours. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **out) {
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (str_eq(name, "slow.test")) {
        sem_wait(&resolver_may_go);
        return EAI_AGAIN;
    }
    if (str_eq(name, "nowhere.test")) {
        return EAI_NONAME;
    }
    if (str_eq(name, "rebound.test")) {
        name = "127.0.0.1";
    }
    if (str_eq(name, "metadata.test")) {
        name = "169.254.169.254";
    }
    return real(name, service, hints, out);
}

/* --- a world per test ------------------------------------------------------------------------ */

static int set_up(void **state) {
    struct world *w = calloc(1, sizeof *w);
    struct err err = {0};
    w->conf = (struct settings){.ca_file = "", .request_timeout_ms = 60000, .concurrency = 16};
    w->peer = peer_start();
    w->net = net_start(&w->conf, &err);
    assert_non_null(w->net);
    *state = w;
    return 0;
}

static int tear_down(void **state) {
    struct world *w = *state;
    net_stop(w->net);
    peer_stop(w->peer);
    free(w);
    assert_int_equal(mem_live(), 0);
    return 0;
}

static void again_with_timeout(struct world *w, int64_t timeout_ms) {
    struct err err = {0};
    net_stop(w->net);
    w->conf.request_timeout_ms = timeout_ms;
    w->net = net_start(&w->conf, &err);
    assert_non_null(w->net);
}

static struct wire_request request_to(const char *url, bool replay_safe) {
    struct wire_request r;
    wire_request_init(&r);
    str_copy(r.url, sizeof r.url, url);
    wire_request_header(&r, "Content-Type", "application/json", false);
    wire_request_header(&r, "Authorization", "Bearer re_secret", true);
    buf_puts(&r.body, "{\"to\":\"a@b\"}");
    r.replay_safe = replay_safe;
    return r;
}

static void submit_url(struct world *w, uint64_t id, const char *url, bool replay_safe,
                       int64_t start_us, int64_t deadline_us) {
    struct wire_request r = request_to(url, replay_safe);
    struct err err = {0};
    assert_true(net_submit(w->net, id, &r, start_us, deadline_us, &err));
    assert_null(r.body.data);
}

static void submit(struct world *w, uint64_t id, const char *path, bool replay_safe) {
    char url[200];
    str_format(url, sizeof url, "http://127.0.0.1:%d%s", w->peer->port, path);
    submit_url(w, id, url, replay_safe, 0, clock_boot_us() + 600 * USEC_PER_SEC);
}

/* The next finished transfer, waited for on net_fd. */
static struct wire_response reap(struct world *w, uint64_t *id) {
    struct wire_response r;
    struct pollfd p = {.fd = net_fd(w->net), .events = POLLIN};
    if (poll(&p, 1, 20000 * patience()) != 1 || !net_reap(w->net, id, &r)) {
        fail_msg("nothing came back");
        wire_response_init(&r);
    }
    return r;
}

static struct wire_response fetch(struct world *w, const char *path, bool replay_safe) {
    uint64_t id = 0;
    submit(w, 77, path, replay_safe);
    struct wire_response r = reap(w, &id);
    assert_int_equal(id, 77);
    return r;
}

static int64_t ms_since(int64_t start_us) {
    return (clock_boot_us() - start_us) / USEC_PER_MS;
}

/* --- how transfers end ----------------------------------------------------------------------- */

static void every_end_is_read_by_its_evidence(void **state) {
    struct world *w = *state;
    static const struct {
        const char *path;
        enum wire_end end;
        int status;
        bool cut;
        const char *body;
    } cases[] = {
        {"/ok", WIRE_ANSWERED, 200, false, "{\"id\":\"x\"}"},
        {"/204", WIRE_ANSWERED, 204, false, ""},
        {"/302", WIRE_ANSWERED, 302, false, ""},
        {"/429", WIRE_ANSWERED, 429, false, "{}"},
        {"/500", WIRE_ANSWERED, 500, false, "{}"},
        {"/until-close", WIRE_ANSWERED, 200, false, "{\"id\":\"y\"}"},
        {"/continue-ok", WIRE_ANSWERED, 200, false, "{\"id\":\"x\"}"},
        {"/gzip", WIRE_ANSWERED, 200, false, "\x1f\x8b\x08\x01"},
        /* a 2xx status line is an acceptance, however it goes on */
        {"/cut-200", WIRE_ANSWERED, 200, true, "{\"id\""},
        {"/cut-chunk", WIRE_ANSWERED, 200, true, "{\"id"},
        {"/bad-chunk", WIRE_ANSWERED, 200, true, ""},
        {"/status-line", WIRE_ANSWERED, 200, true, ""},
        /* another status cut short tells too little */
        {"/cut-429", WIRE_LOST, 0, false, NULL},
        {"/status-line-500", WIRE_LOST, 0, false, NULL},
        {"/half-line", WIRE_LOST, 0, false, NULL},
        {"/continue", WIRE_LOST, 0, false, NULL},
        {"/garbage", WIRE_LOST, 0, false, NULL},
        {"/http09", WIRE_LOST, 0, false, NULL},
        {"/silent", WIRE_LOST, 0, false, NULL},
        {"/reset", WIRE_LOST, 0, false, NULL},
        {"/reset-early", WIRE_LOST, 0, false, NULL},
    };
    for (size_t i = 0; i < COUNT(cases) * 2; i++) {
        size_t c = i / 2;
        int before = peer_count(w->peer, &w->peer->requests);
        struct wire_response r = fetch(w, cases[c].path, i % 2 == 0);
        bool cut = r.end == WIRE_ANSWERED && r.body_cut;
        if (r.end != cases[c].end || r.status != cases[c].status || cut != cases[c].cut ||
            (r.end == WIRE_ANSWERED) != (r.problem[0] == '\0')) {
            fail_msg("%s: end %d, status %d, cut %d, \"%s\"", cases[c].path, (int)r.end, r.status,
                     cut, r.problem);
        }
        if (cases[c].body) {
            assert_string_equal(buf_text(&r.body), cases[c].body);
        }
        int seen = peer_count(w->peer, &w->peer->requests) - before;
        assert_true(seen <= 1);
        wire_response_done(&r);
    }
}

static void too_long_an_answer_is_cut_and_known(void **state) {
    struct world *w = *state;
    static const struct {
        const char *path;
        int status;
        size_t kept;
    } cases[] = {
        {"/big", 200, WIRE_MAX_ANSWER},
        {"/big-500", 500, WIRE_MAX_ANSWER},
        {"/flood", 200, 0},
        {"/flood-500", 500, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct wire_response r = fetch(w, cases[i].path, true);
        assert_int_equal(r.end, WIRE_ANSWERED);
        assert_int_equal(r.status, cases[i].status);
        assert_true(r.body_cut);
        assert_int_equal(r.body.len, cases[i].kept);
        assert_true(r.headers.len <= 16384);
        wire_response_done(&r);
    }
}

static void refused_and_unresolved_are_not_sent(void **state) {
    struct world *w = *state;
    struct peer *gone = peer_start();
    int closed_port = gone->port;
    peer_stop(gone);
    static const struct {
        const char *url; /* %d: a port */
        const char *problem;
        bool live;
    } cases[] = {
        {"http://127.0.0.1:%d/ok", "connect", false},
        {"http://[::1]:%d/ok", "connect", false},
        {"https://nowhere.test:%d/ok", "resolve", true},
        {"https://rebound.test:%d/ok", "loopback or link-local", true},
        {"https://metadata.test:%d/latest", "loopback or link-local", true},
        {"http://rebound.test:%d/ok", "http", true}, /* plain http beyond loopback */
        {"http://169.254.169.254:%d/", "http", true},
        {"https://169.254.169.254:%d/", "loopback or link-local", true},
        {"https://0.0.0.0:%d/", "loopback or link-local", true},
        {"https://127.0.0.1:%d/ok", "", true}, /* no TLS there */
        {"file:///etc/passwd", "", true},
        {"ftp://127.0.0.1:%d/", "", true},
        {"", "", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char url[200] = "";
        const char *slot = strstr(cases[i].url, "%d");
        str_copy(url, sizeof url, cases[i].url);
        if (slot) {
            str_format(url, sizeof url, "%.*s%d%s", (int)(slot - cases[i].url), cases[i].url,
                       cases[i].live ? w->peer->port : closed_port, slot + 2);
        }
        uint64_t id;
        submit_url(w, 5, url, true, 0, clock_boot_us() + 60 * USEC_PER_SEC);
        struct wire_response r = reap(w, &id);
        if (r.end != WIRE_NOT_SENT || r.problem[0] == '\0' ||
            !strstr(r.problem, cases[i].problem)) {
            fail_msg("%s: end %d, \"%s\"", url, (int)r.end, r.problem);
        }
        wire_response_done(&r);
    }
    assert_int_equal(peer_count(w->peer, &w->peer->requests), 0);
}

static void a_request_that_cannot_be_made_is_not_sent(void **state) {
    struct world *w = *state;
    struct wire_request r = request_to("http://127.0.0.1:1/", true);
    struct err err = {0};
    uint64_t id;
    mem_free(r.headers[0].value);
    r.headers[0].value = mem_strdup("a\r\nX-Evil: 1");
    assert_true(net_submit(w->net, 1, &r, 0, clock_boot_us() + USEC_PER_SEC, &err));
    struct wire_response got = reap(w, &id);
    assert_int_equal(got.end, WIRE_NOT_SENT);
    assert_non_null(strstr(got.problem, "control"));
    wire_response_done(&got);

    r = request_to("http://127.0.0.1:1/", true);
    mem_fail_at(1, 1);
    assert_false(net_submit(w->net, 2, &r, 0, clock_boot_us() + USEC_PER_SEC, &err));
    mem_fail_at(0, 0);
    assert_int_equal(err.code, ERR_NOMEM);
    assert_null(r.body.data);
    assert_false(net_reap(w->net, &id, &got));
}

/* Does every other thread of this process wait for something? */
static bool others_sleep(void) {
    DIR *tasks = opendir("/proc/self/task");
    bool sleep = true;
    assert_non_null(tasks);
    for (struct dirent *d; (d = readdir(tasks));) {
        char path[300], state = 'S';
        str_format(path, sizeof path, "/proc/self/task/%s/stat", d->d_name);
        FILE *f = d->d_name[0] == '.' || atoi(d->d_name) == gettid() ? NULL : fopen(path, "r");
        if (f) {
            (void)!fscanf(f, "%*d (%*[^)]) %c", &state);
            fclose(f);
        }
        sleep = sleep && state == 'S';
    }
    closedir(tasks);
    return sleep;
}

static void what_is_held_goes_out_together(void **state) {
    struct world *w = *state;
    struct wire_response first = fetch(w, "/ok", true);
    wire_response_done(&first);
    while (!others_sleep()) {
        sched_yield();
    }
    net_hold(w->net);
    for (uint64_t id = 1; id <= 5; id++) {
        submit(w, id, "/ok", true);
    }
    net_release(w->net); /* the thread sleeps for a minute unless it is woken */
    uint64_t seen = 0;
    for (int i = 0; i < 5; i++) {
        uint64_t id = 0;
        struct wire_response r = reap(w, &id);
        assert_int_equal(r.status, 200);
        seen |= UINT64_C(1) << id;
        wire_response_done(&r);
    }
    assert_int_equal(seen, 0x3e);
}

/* --- what is sent ---------------------------------------------------------------------------- */

static void the_request_is_what_was_built(void **state) {
    struct world *w = *state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    char url[100];
    uint64_t id;
    struct err err = {0};
    str_format(url, sizeof url, "http://localhost:%d/ok", w->peer->port);
    struct wire_request r = request_to(url, true);
    buf_clear(&r.body);
    size_t n = 3 * 1024 * 1024;
    for (size_t i = 0; i < n; i++) {
        buf_addc(&r.body, (char)(i * 31 % 251));
    }
    assert_true(net_submit(w->net, 1, &r, 0, clock_boot_us() + 60 * USEC_PER_SEC, &err));
    struct wire_response got = reap(w, &id);
    assert_int_equal(got.status, 200);
    wire_response_done(&got);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");

    const char *head = w->peer->head;
    assert_true(str_starts(head, "POST /ok HTTP/1.1\r\n"));
    assert_non_null(strstr(head, "\r\nUser-Agent: postroom/" POSTROOM_VERSION "\r\n"));
    assert_non_null(strstr(head, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(head, "\r\nAuthorization: Bearer re_secret\r\n"));
    assert_null(strstr(head, "Expect:"));
    assert_null(strstr(head, "Accept-Encoding:"));
    assert_int_equal(w->peer->body_len, n);
    for (size_t i = 0; i < n; i++) {
        if (w->peer->body[i] != (char)(i * 31 % 251)) {
            fail_msg("byte %zu differs", i);
        }
    }
}

static void headers_come_in_lower_case_and_clean(void **state) {
    struct world *w = *state;
    char value[64];
    struct wire_response r = fetch(w, "/headers", true);
    assert_true(wire_response_header(&r, "ratelimit-limit", value, sizeof value));
    assert_string_equal(value, "10");
    assert_true(wire_response_header(&r, "x-resend-daily-quota", value, sizeof value));
    assert_string_equal(value, "2");
    assert_false(wire_response_header(&r, "x-esc", value, sizeof value));
    assert_null(strchr(buf_text(&r.headers), '\x1b'));
    wire_response_done(&r);
    r = fetch(w, "/continue-ok", true);
    assert_false(wire_response_header(&r, "a", value, sizeof value)); /* the 100's */
    assert_true(wire_response_header(&r, "content-length", value, sizeof value));
    wire_response_done(&r);
}

/* --- connections ----------------------------------------------------------------------------- */

static void only_replay_safe_requests_share_connections(void **state) {
    struct world *w = *state;
    for (int i = 0; i < 3; i++) {
        struct wire_response r = fetch(w, "/ok", true);
        assert_int_equal(r.status, 200);
        wire_response_done(&r);
    }
    assert_int_equal(peer_count(w->peer, &w->peer->connections), 1);
    for (int i = 0; i < 3; i++) {
        struct wire_response r = fetch(w, "/ok", false);
        assert_int_equal(r.status, 200);
        wire_response_done(&r);
    }
    assert_int_equal(peer_count(w->peer, &w->peer->connections), 4);
    struct wire_response r = fetch(w, "/ok", true); /* and the first one is still good */
    wire_response_done(&r);
    assert_int_equal(peer_count(w->peer, &w->peer->connections), 4);
}

/* The server reads the second request on a connection and hangs up without a word: curl repeats
 * that by itself where the connection was a used one. */
static void curl_repeats_only_what_is_safe_to_repeat(void **state) {
    struct world *w = *state;
    struct wire_response r = fetch(w, "/once-a-connection", true);
    wire_response_done(&r);
    r = fetch(w, "/once-a-connection", true);
    assert_int_equal(r.end, WIRE_ANSWERED);
    assert_int_equal(peer_count(w->peer, &w->peer->requests), 3); /* the trap is real */
    wire_response_done(&r);

    int before = peer_count(w->peer, &w->peer->requests);
    for (int i = 0; i < 5; i++) {
        r = fetch(w, "/once-a-connection", false);
        assert_int_equal(r.end, WIRE_ANSWERED);
        wire_response_done(&r);
        r = fetch(w, "/silent", false);
        assert_int_equal(r.end, WIRE_LOST);
        wire_response_done(&r);
    }
    assert_int_equal(peer_count(w->peer, &w->peer->requests) - before, 10);
}

static void requests_run_beside_one_another(void **state) {
    struct world *w = *state;
    bool back[200] = {false};
    for (uint64_t i = 0; i < PEER_MEETING; i++) {
        submit(w, i, "/meet", true); /* none is answered before all are there */
    }
    for (uint64_t i = PEER_MEETING; i < COUNT(back); i++) {
        submit(w, i, "/ok", i % 2 == 0);
    }
    for (size_t i = 0; i < COUNT(back); i++) {
        uint64_t id = COUNT(back);
        struct wire_response r = reap(w, &id);
        assert_int_equal(r.status, 200);
        assert_true(id < COUNT(back) && !back[id]);
        back[id] = true;
        wire_response_done(&r);
    }
    uint64_t id;
    struct wire_response r;
    assert_false(net_reap(w->net, &id, &r));
    struct pollfd p = {.fd = net_fd(w->net), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 0), 0);
}

/* --- time ------------------------------------------------------------------------------------ */

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Requests leave at their slots, submitted in any order. The machine may be busy: the best of some
 * rounds counts, but none may ever be early. */
static void requests_leave_at_their_slots(void **state) {
    struct world *w = *state;
    enum {
        N = 9
    };
    int64_t median = 0;
    struct wire_response r = fetch(w, "/ok", true);
    wire_response_done(&r);
    for (int round = 0; round < 50; round++) {
        int first = peer_count(w->peer, &w->peer->requests);
        int64_t start = clock_boot_us() + 30 * USEC_PER_MS;
        int64_t late[N];
        bool in_order = true;
        char url[100];
        str_format(url, sizeof url, "http://127.0.0.1:%d/ok", w->peer->port);
        for (int i = 0; i < N; i++) {
            int slot = (i * 4) % N;
            submit_url(w, (uint64_t)slot, url, true, start + slot * 7300,
                       start + 60 * USEC_PER_SEC);
        }
        for (int i = 0; i < N; i++) {
            uint64_t id;
            r = reap(w, &id);
            assert_int_equal(r.status, 200);
            in_order = in_order && id == (uint64_t)i;
            wire_response_done(&r);
        }
        pthread_mutex_lock(&w->peer->lock);
        for (int i = 0; i < N; i++) {
            late[i] = w->peer->arrived_us[first + i] - (start + i * 7300);
        }
        pthread_mutex_unlock(&w->peer->lock);
        qsort(late, N, sizeof late[0], by_size);
        assert_true(late[0] >= 0);
        median = late[N / 2];
        if (in_order && median <= 2000 * patience()) {
            return;
        }
    }
    fail_msg("answers never in order, or late: the median at last %lld us", (long long)median);
}

static void an_answer_that_does_not_come_times_out(void **state) {
    struct world *w = *state;
    again_with_timeout(w, 2000);
    static const struct {
        const char *path;
        enum wire_end end;
        const char *problem;
    } cases[] = {
        {"/hang", WIRE_TIMED_OUT, "no answer within 2s"},
        {"/drip", WIRE_ANSWERED, ""}, /* a 200 that drips is a 200 */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t start = clock_boot_us();
        struct wire_response r = fetch(w, cases[i].path, true);
        assert_int_equal(r.end, cases[i].end);
        assert_string_equal(r.problem, cases[i].problem);
        assert_true(ms_since(start) >= 1990 && ms_since(start) < 8000 * patience());
        assert_true(r.took_ms >= 1990);
        assert_int_equal(r.body_cut, r.end == WIRE_ANSWERED);
        wire_response_done(&r);
    }
}

static void the_deadline_holds_before_and_during(void **state) {
    struct world *w = *state;
    char url[100];
    uint64_t id;
    str_format(url, sizeof url, "http://127.0.0.1:%d/hang", w->peer->port);
    submit_url(w, 1, url, true, 0, clock_boot_us() - 1);
    struct wire_response r = reap(w, &id);
    assert_int_equal(r.end, WIRE_NOT_SENT);
    assert_string_equal(r.problem, "its time was over before it could start");
    wire_response_done(&r);

    int64_t now = clock_boot_us();
    submit_url(w, 2, url, true, now + 100 * USEC_PER_MS, now + 50 * USEC_PER_MS);
    r = reap(w, &id);
    assert_int_equal(r.end, WIRE_NOT_SENT);
    wire_response_done(&r);
    assert_int_equal(peer_count(w->peer, &w->peer->requests), 0);

    now = clock_boot_us();
    submit_url(w, 3, url, true, 0, now + 2 * USEC_PER_SEC);
    r = reap(w, &id);
    assert_int_equal(r.end, WIRE_TIMED_OUT);
    assert_true(ms_since(now) >= 1990 && ms_since(now) < 8000 * patience());
    wire_response_done(&r);
}

static void wait_for_requests(struct world *w, int n) {
    for (int i = 0; i < 2000 * patience() && peer_count(w->peer, &w->peer->requests) < n; i++) {
        poll(NULL, 0, 5);
    }
    assert_int_equal(peer_count(w->peer, &w->peer->requests), n);
}

/* A machine that slept: curl's clock stood still, the lease's did not. */
static void what_is_overdue_after_a_sleep_ends(void **state) {
    struct world *w = *state;
    uint64_t id;
    again_with_timeout(w, 600000);
    char url[100];
    str_format(url, sizeof url, "http://127.0.0.1:%d/hang", w->peer->port);
    submit_url(w, 1, url, true, 0, clock_boot_us() + 60 * USEC_PER_SEC);
    wait_for_requests(w, 1);
    int64_t start = clock_boot_us();
    clock_shift(120 * USEC_PER_SEC, 0);
    submit(w, 2, "/hang", true); /* wakes the thread, as the timer would */
    struct wire_response r = reap(w, &id);
    clock_shift(0, 0);
    assert_true(ms_since(start) < 15000);
    assert_int_equal(id, 1);
    assert_int_equal(r.end, WIRE_TIMED_OUT);
    wire_response_done(&r);
}

/* --- stopping -------------------------------------------------------------------------------- */

static void cancelling_tells_the_started_from_the_rest(void **state) {
    struct world *w = *state;
    char url[100];
    str_format(url, sizeof url, "http://127.0.0.1:%d/ok", w->peer->port);
    submit(w, 1, "/hang", true);
    int64_t later = clock_boot_us() + 30 * USEC_PER_SEC;
    submit_url(w, 2, url, true, later, later + USEC_PER_SEC);
    wait_for_requests(w, 1);
    submit_url(w, 3, url, true, later, later + USEC_PER_SEC);
    net_cancel_all(w->net);
    for (int i = 0; i < 3; i++) {
        uint64_t id;
        struct wire_response r = reap(w, &id);
        assert_int_equal(r.end, id == 1 ? WIRE_LOST : WIRE_NOT_SENT);
        assert_true(str_starts(r.problem, "cancelled"));
        wire_response_done(&r);
    }
    struct wire_response r = fetch(w, "/ok", true); /* and goes on */
    assert_int_equal(r.status, 200);
    wire_response_done(&r);
}

static void a_resolver_that_hangs_holds_up_nobody(void **state) {
    struct world *w = *state;
    sem_init(&resolver_may_go, 0, 0);
    again_with_timeout(w, 3000);
    int64_t start = clock_boot_us();
    submit_url(w, 1, "https://slow.test/", true, 0, start + 60 * USEC_PER_SEC);
    struct wire_response r = fetch(w, "/ok", true);
    assert_int_equal(r.status, 200);
    assert_true(ms_since(start) < 2900);
    wire_response_done(&r);
    uint64_t id;
    r = reap(w, &id);
    assert_int_equal(r.end, WIRE_NOT_SENT);
    assert_true(ms_since(start) < 10000 * patience());
    wire_response_done(&r);

    submit_url(w, 2, "https://slow.test/", true, 0, clock_boot_us() + 60 * USEC_PER_SEC);
    start = clock_boot_us();
    again_with_timeout(w, 400); /* stops with it under way */
    assert_true(ms_since(start) < 2900);
    sem_post(&resolver_may_go);
    sem_post(&resolver_may_go);
    poll(NULL, 0, 50); /* its thread ends by itself; sanitizers like to see that */
}

static void stopping_frees_what_nobody_reaped(void **state) {
    struct world *w = *state;
    for (uint64_t i = 0; i < 20; i++) {
        submit(w, i, i % 2 ? "/hang" : "/ok", i % 4 < 2);
    }
    wait_for_requests(w, 20);
    int64_t start = clock_boot_us();
    again_with_timeout(w, 1000);
    assert_true(ms_since(start) <
                10000);        /* much less than the time after which they end by themselves */
    submit(w, 1, "/ok", true); /* torn down before or while it runs */
}

static void a_missing_ca_file_is_said_at_start(void **state) {
    (void)state;
    struct settings conf = {.ca_file = "/nonexistent/ca.pem", .request_timeout_ms = 1000};
    struct err err = {0};
    assert_null(net_start(&conf, &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.text, "/nonexistent/ca.pem"));
    net_stop(NULL);
    assert_int_equal(mem_live(), 0);
}

static int global_set_up(void **state) {
    struct err err = {0};
    (void)state;
    return net_global_init(&err) ? 0 : 1;
}

static int global_tear_down(void **state) {
    (void)state;
    net_global_cleanup();
    return 0;
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_WORLD(every_end_is_read_by_its_evidence),
        IN_WORLD(too_long_an_answer_is_cut_and_known),
        IN_WORLD(refused_and_unresolved_are_not_sent),
        IN_WORLD(a_request_that_cannot_be_made_is_not_sent),
        IN_WORLD(what_is_held_goes_out_together),
        IN_WORLD(the_request_is_what_was_built),
        IN_WORLD(headers_come_in_lower_case_and_clean),
        IN_WORLD(only_replay_safe_requests_share_connections),
        IN_WORLD(curl_repeats_only_what_is_safe_to_repeat),
        IN_WORLD(requests_run_beside_one_another),
        IN_WORLD(requests_leave_at_their_slots),
        IN_WORLD(an_answer_that_does_not_come_times_out),
        IN_WORLD(the_deadline_holds_before_and_during),
        IN_WORLD(what_is_overdue_after_a_sleep_ends),
        IN_WORLD(cancelling_tells_the_started_from_the_rest),
        IN_WORLD(a_resolver_that_hangs_holds_up_nobody),
        IN_WORLD(stopping_frees_what_nobody_reaped),
        cmocka_unit_test(a_missing_ca_file_is_said_at_start),
    };
    return cmocka_run_group_tests(tests, global_set_up, global_tear_down);
}
