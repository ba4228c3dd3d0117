/* The door over raw sockets, with a clerk that answers as told: each route, each refusal, and that
 * nobody who waits holds up others or the end. */
#include "base/base64.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TOKEN "0123456789abcdef"
#define AUTH "Authorization: Bearer " TOKEN "\r\n"
#define PROCESS "/api/process-pending-emails"
#define PAGE "Origin: https://app.example\r\n"
#define FOREIGN "Origin: https://evil.example\r\n"
#define ASKS "Access-Control-Request-Method: POST\r\n"

/* --- a process with a door -------------------------------------------------------------------- */

static struct settings settings;
static struct board *board;
static struct desk *desk;
static struct life life;
static struct door *door;
static pthread_t clerk_thread;
static _Atomic int looks;        /* how often progress was asked for */
static _Atomic int looks_to_end; /* after so many all is done */
static _Atomic int away;         /* an enum errand_end instead of answers */

static void *clerk(void *arg) {
    (void)arg;
    while (!desk_is_closed(desk)) {
        struct errand e;
        int place;
        struct pollfd p = {.fd = desk_fd(desk), .events = POLLIN};
        poll(&p, 1, -1);
        desk_clear_wake(desk);
        while (desk_take(desk, &e, &place)) {
            e.due = 7;
            if (e.kind == ERRAND_PROGRESS) {
                bool done = atomic_fetch_add(&looks, 1) + 1 >= atomic_load(&looks_to_end);
                e.sent = done ? 6 : 2;
                e.failed = done;
                e.remaining = done ? 0 : 5;
            }
            e.standing = (struct standing){.pending = 31};
            e.recorded = e.news ? e.news->count : 0;
            desk_answer(desk, place, (enum errand_end)atomic_load(&away), &e);
        }
    }
    return NULL;
}

static const char *secret = "", *topics = "", *cert_file = "";
static _Atomic int fetched; /* certificates and confirmations */
static _Atomic int unreachable;

/* What lies at Amazon's: a certificate; anything else is a confirmation. */
static bool fetch(const struct settings *s, const char *url, struct buf *out, struct err *err) {
    (void)s;
    atomic_fetch_add(&fetched, 1);
    assert_true(str_starts(url, "https://sns."));
    if (atomic_load(&unreachable))
        return err_set(err, ERR_IO, "cannot be reached");
    return !strstr(url, ".pem") || file_read("tests/fixtures/webhook/sns.crt", out, NULL, err);
}

static void open_door(const char *token, const char *origins) {
    struct err err = {0};
    struct gauges g = {.worker_here = true};
    struct metrics m;
    settings = (struct settings){.listen = "127.0.0.1:0",
                                 .api_token = token,
                                 .cors_origins = origins,
                                 .resend_webhook_secret = secret,
                                 .sendgrid_webhook_public_key = "",
                                 .ses_topic_arn = topics,
                                 .ses_cert_file = cert_file};
    metrics_init(&m, "resend");
    m.sent = 99;
    atomic_store(&looks, 0);
    atomic_store(&looks_to_end, 3);
    atomic_store(&away, ERRAND_DONE);
    life_init(&life);
    assert_non_null(board = board_new(NULL, &err));
    assert_non_null(desk = desk_new(32, &err));
    board_set_gauges(board, &g);
    board_set_metrics(board, &m);
    struct door_ports ports = {board, desk, &life, fetch};
    door = door_start(&settings, &ports, &err);
    assert_string_equal(err.text, "");
    assert_non_null(door);
    assert_int_equal(pthread_create(&clerk_thread, NULL, clerk, NULL), 0);
}

static void close_door(void) {
    int64_t begin = clock_boot_us();
    door_quiesce(door);
    desk_close(desk);
    door_stop(door);
    assert_true(clock_boot_us() - begin < 20 * USEC_PER_SEC); /* waits last longer */
    pthread_join(clerk_thread, NULL);
    desk_free(desk);
    board_free(board);
}

/* --- a client --------------------------------------------------------------------------------- */

static int dial(void) {
    struct sockaddr_in to = {.sin_family = AF_INET};
    int64_t port = 0;
    assert_true(str_to_int64(strrchr(http_address(door->servers[0]), ':') + 1, &port));
    to.sin_port = htons((uint16_t)port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)(const void *)&to, sizeof to), 0);
    return fd;
}

static void put(int fd, const char *method, const char *path, const char *headers) {
    char request[1024];
    str_format(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n",
               method, path, headers);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
}

static char answer[64 * 1024];

static void get(int fd) {
    size_t n = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (n + 1 < sizeof answer && poll(&p, 1, 20000) > 0) {
        ssize_t got = recv(fd, answer + n, sizeof answer - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    answer[n] = '\0';
    close(fd);
}

static void call(const char *method, const char *path, const char *headers) {
    int fd = dial();
    put(fd, method, path, headers);
    get(fd);
}

static int status(void) {
    int64_t n = 0;
    char digits[4] = "";
    if (str_starts(answer, "HTTP/1.1 "))
        memcpy(digits, answer + 9, 3);
    return str_to_int64(digits, &n) ? (int)n : 0;
}

static const char *body(void) {
    const char *end = strstr(answer, "\r\n\r\n");
    return end ? end + 4 : "";
}

static bool told(const char *header) { /* "name: value", a whole line */
    char line[256];
    str_format(line, sizeof line, "\r\n%s\r\n", header);
    return strstr(answer, line) != NULL;
}

static bool is_error(const char *code) {
    char start[128];
    str_format(start, sizeof start, "{\"error\":{\"code\":\"%s\",\"message\":\"", code);
    return str_starts(body(), start) && told("content-type: application/json; charset=utf-8");
}

/* --- routes ----------------------------------------------------------------------------------- */

static void every_route_and_error(void **state) {
    (void)state;
    static const struct {
        const char *method, *path, *headers;
        int status;
        const char *body; /* how it begins; an error: its code */
    } cases[] = {
        {"GET", "/healthz", "", 200, "{\"status\":\"ok\"}"},
        {"GET", "/readyz", "", 200, "{\"status\":\"ready\"}"},
        {"GET", "/readyz?verbose", "", 200, "{\"status\":\"ready\"}"},
        {"GET", "/metrics", AUTH, 200, "# HELP postroom_messages "},
        {"POST", PROCESS, AUTH, 202, "{\"status\":\"accepted\",\"due\":7}"},
        {"POST", PROCESS "?wait=60", AUTH, 200, /* at once when all is done */
         "{\"processed\":7,\"sent\":6,\"failed\":1,\"remaining\":0}"},
        {"HEAD", "/healthz", "", 200, ""},
        {"HEAD", "/metrics", AUTH, 200, ""},
        {"GET", "/", "", 404, "not_found"},
        {"GET", "/healthz/", "", 404, "not_found"},
        {"GET", "//healthz", "", 404, "not_found"},
        {"POST", "/webhooks/resend", "", 404, "not_found"},
        {"GET", "/api/nothing", AUTH, 404, "not_found"},
        {"POST", "/healthz", "", 405, "method_not_allowed"},
        {"DELETE", "/metrics", AUTH, 405, "method_not_allowed"},
        {"GET", PROCESS, AUTH, 405, "method_not_allowed"},
        {"HEAD", PROCESS, AUTH, 405, NULL},
        {"OPTIONS", PROCESS, AUTH, 405, "method_not_allowed"},
        {"BREW", "/healthz", "", 405, "method_not_allowed"},
        {"POST", PROCESS "?wait=61", AUTH, 400, "bad_wait"},
        {"POST", PROCESS "?wait=-1", AUTH, 400, "bad_wait"},
        {"POST", PROCESS "?wait=soon", AUTH, 400, "bad_wait"},
        {"POST", PROCESS "?wait=", AUTH, 400, "bad_wait"},
        {"POST", PROCESS "?wait", AUTH, 400, "bad_wait"},
        {"GET", "/metrics", "", 401, "unauthorized"},
        {"POST", PROCESS, "", 401, "unauthorized"},
        {"POST", PROCESS, "Authorization: Bearer 0123456789abcdeX\r\n", 401, "unauthorized"},
        {"POST", PROCESS "?api_token=" TOKEN, "", 401, "unauthorized"},
        {"GET", "/api/nothing", "", 401, "unauthorized"},
        {"POST", "/%61pi/process-pending-emails", "", 401, "unauthorized"},
        {"POST", PROCESS, AUTH "Content-Length: 1048577\r\nExpect: 100-continue\r\n", 413,
         "too_large"},
        {"POST", PROCESS, AUTH "Content-Length: 1\r\nContent-Length: 1\r\n", 400, "bad_request"},
    };
    open_door(TOKEN, "");
    for (size_t i = 0; i < COUNT(cases); i++) {
        call(cases[i].method, cases[i].path, cases[i].headers);
        bool fits = status() == cases[i].status;
        if (fits && cases[i].body)
            fits = cases[i].status >= 400 ? is_error(cases[i].body)
                   : cases[i].body[0]     ? str_starts(body(), cases[i].body)
                                          : body()[0] == '\0';
        if (!fits)
            fail_msg("%s %s: %s", cases[i].method, cases[i].path, answer);
        assert_int_equal(told("www-authenticate: Bearer"), status() == 401);
    }
    call("POST", "/healthz", "");
    assert_true(told("allow: GET, HEAD"));
    call("GET", PROCESS, AUTH);
    assert_true(told("allow: POST"));
    close_door();
}

static void without_a_token_nobody_is_asked(void **state) {
    (void)state;
    open_door("", "");
    call("POST", PROCESS, "");
    assert_int_equal(status(), 202);
    call("GET", "/metrics", "");
    assert_int_equal(status(), 200);
    /* but no page that a browser here happens to show may use it */
    call("POST", PROCESS, FOREIGN);
    assert_int_equal(status(), 403);
    assert_true(is_error("forbidden_origin"));
    close_door();
}

static void pages_of_named_origins_may_call(void **state) {
    (void)state;
    open_door(TOKEN, "https://app.example, http://localhost:5173");
    call("OPTIONS", PROCESS, PAGE ASKS "Access-Control-Request-Headers: authorization\r\n");
    assert_int_equal(status(), 204);
    assert_true(told("access-control-allow-origin: https://app.example"));
    assert_true(told("access-control-allow-methods: POST"));
    assert_true(told("access-control-allow-headers: authorization, content-type"));
    assert_true(told("vary: origin"));
    call("OPTIONS", PROCESS, FOREIGN ASKS);
    assert_int_equal(status(), 403);
    assert_null(strstr(answer, "access-control-allow"));
    assert_true(told("vary: origin"));
    call("POST", PROCESS, PAGE AUTH);
    assert_int_equal(status(), 202);
    assert_true(told("access-control-allow-origin: https://app.example"));
    call("POST", PROCESS, PAGE); /* the page may read why it failed */
    assert_int_equal(status(), 401);
    assert_true(told("access-control-allow-origin: https://app.example"));
    call("POST", PROCESS, FOREIGN AUTH); /* the token counts; the page cannot read the answer */
    assert_int_equal(status(), 202);
    assert_null(strstr(answer, "access-control-allow"));
    call("OPTIONS", "/metrics", PAGE ASKS);
    assert_int_equal(status(), 401);
    assert_null(strstr(answer, "access-control-allow"));
    close_door();
}

static void metrics_are_the_boards_and_the_databases(void **state) {
    (void)state;
    open_door(TOKEN, "");
    call("GET", "/metrics", AUTH);
    assert_true(told("content-type: text/plain; version=0.0.4; charset=utf-8"));
    assert_non_null(strstr(answer, "\npostroom_sent_total{provider=\"resend\"} 99\n"));
    assert_non_null(strstr(answer, "\npostroom_messages{status=\"pending\"} 31\n"));
    atomic_store(&away, ERRAND_AWAY);
    call("GET", "/metrics", AUTH);
    assert_int_equal(status(), 200);
    assert_non_null(strstr(answer, "\npostroom_sent_total{provider=\"resend\"} 99\n"));
    assert_null(strstr(answer, "\npostroom_messages{"));
    close_door();
}

/* --- when it cannot be done ------------------------------------------------------------------- */

static void what_keeps_it_is_said(void **state) {
    (void)state;
    static const struct {
        enum errand_end end;
        const char *code;
    } cases[] = {{ERRAND_AWAY, "database_away"},
                 {ERRAND_SCHEMA, "schema_old"},
                 {ERRAND_REFUSED, "database_refused"}};
    open_door(TOKEN, "");
    for (size_t i = 0; i < COUNT(cases); i++) {
        atomic_store(&away, cases[i].end);
        for (int wait = 0; wait < 2; wait++) {
            call("POST", wait ? PROCESS "?wait=5" : PROCESS, AUTH);
            assert_int_equal(status(), 503);
            assert_true(is_error(cases[i].code));
            assert_true(told("retry-after: 1"));
        }
    }
    close_door();
}

static void readiness_has_its_reasons(void **state) {
    (void)state;
    static const struct {
        struct gauges gauges;
        const char *code;
    } cases[] = {{{.worker_here = false}, "starting"},
                 {{.worker_here = true, .database_away = true}, "database_away"},
                 {{.worker_here = true, .database_away = true, .schema_old = true}, "schema_old"}};
    struct gauges well = {.worker_here = true};
    open_door(TOKEN, "");
    for (size_t i = 0; i < COUNT(cases); i++) {
        board_set_gauges(board, &cases[i].gauges);
        call("GET", "/readyz", "");
        assert_int_equal(status(), 503);
        assert_true(is_error(cases[i].code));
        call("GET", "/healthz", "");
        assert_int_equal(status(), 200);
    }
    board_set_gauges(board, &well);
    call("GET", "/readyz", "");
    assert_int_equal(status(), 200);
    life_drain(&life, 1);
    call("GET", "/readyz", "");
    assert_int_equal(status(), 503);
    assert_true(is_error("draining"));
    call("POST", PROCESS, AUTH);
    assert_int_equal(status(), 503);
    assert_true(is_error("draining"));
    close_door();
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void waits(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: makes no sense */
    } cases[] = {
        {"0", 0},    {"1", 1000}, {"60", 60000}, {"0.25", 250}, {"60.0", 60000},
        {"", -1},    {"-1", -1},  {"61", -1},    {"60.1", -1},  {"nan", -1},
        {"inf", -1}, {"1s", -1},  {"x", -1},     {"1 2", -1},   {"99999999999999999999", -1}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = -1;
        bool good = process_wait_ms(cases[i].text, &ms);
        if (good != (cases[i].ms >= 0) || (good && ms != cases[i].ms))
            fail_msg("\"%s\": %lld", cases[i].text, (long long)ms);
    }
}

static void a_wait_ends_when_its_time_is_up(void **state) {
    (void)state;
    open_door(TOKEN, "");
    atomic_store(&looks_to_end, 1000000);
    int64_t begin = clock_boot_us();
    call("POST", PROCESS "?wait=2", AUTH);
    int64_t took = clock_boot_us() - begin;
    assert_int_equal(status(), 200);
    assert_string_equal(body(), "{\"processed\":2,\"sent\":2,\"failed\":0,\"remaining\":5}");
    assert_true(took >= 2 * USEC_PER_SEC && took < 20 * USEC_PER_SEC);
    assert_true(atomic_load(&looks) >= 2 && atomic_load(&looks) < 40);
    call("POST", PROCESS "?wait=0", AUTH);
    assert_int_equal(status(), 200);
    close_door();
}

/* As many as may wait do; others are served or told that it is busy, and leaving ends all waits. */
static void waiting_holds_up_nobody(void **state) {
    (void)state;
    int fds[20];
    open_door(TOKEN, "");
    atomic_store(&looks_to_end, 1000000);
    for (size_t i = 0; i < COUNT(fds); i++) {
        fds[i] = dial();
        put(fds[i], "POST", PROCESS "?wait=60", AUTH);
        if (i < 16)
            while (atomic_load(&door->waiting) <= (int)i)
                poll(NULL, 0, 1);
    }
    for (size_t i = 16; i < COUNT(fds); i++) {
        get(fds[i]);
        assert_int_equal(status(), 503);
        assert_true(is_error("busy"));
    }
    int64_t begin = clock_boot_us();
    call("GET", "/healthz", "");
    assert_int_equal(status(), 200);
    assert_true(clock_boot_us() - begin < 20 * USEC_PER_SEC);
    life_drain(&life, clock_boot_us() + 60 * USEC_PER_SEC);
    for (size_t i = 0; i < 16; i++) {
        get(fds[i]);
        assert_int_equal(status(), 200);
        assert_non_null(strstr(body(), "\"remaining\":5"));
    }
    close_door();
}

static void closing_ends_a_wait(void **state) {
    (void)state;
    open_door(TOKEN, "");
    atomic_store(&looks_to_end, 1000000);
    int fd = dial();
    put(fd, "POST", PROCESS "?wait=60", AUTH);
    while (atomic_load(&looks) == 0)
        poll(NULL, 0, 1);
    close_door(); /* within its time */
    close(fd);
}

/* --- opening ---------------------------------------------------------------------------------- */

static void where_it_may_listen(void **state) {
    (void)state;
    static const struct {
        const char *listen, *token;
        int servers; /* 0: refused */
        const char *says;
    } cases[] = {
        {"127.0.0.1:0", "", 1, ""},
        {"0", "", 1, ""},
        {"127.0.0.1:0, [::1]:0", "", 2, ""},
        {"0.0.0.0:0", TOKEN, 1, ""},
        {"0.0.0.0:0", "", 0,
         "listen: cannot listen on 0.0.0.0:0: only loopback is allowed without api_token"},
        {"127.0.0.1:0,[::]:0", "", 0, "only loopback is allowed without api_token"},
        {"nowhere", "", 0, "give HOST:PORT"},
        {" , ", "", 0, "listen: there is no address in it"},
        {"0,0,0,0,0", "", 0, "at most 4 addresses"},
    };
    long live = mem_live();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = {0};
        struct settings s = {.listen = cases[i].listen,
                             .api_token = cases[i].token,
                             .cors_origins = "",
                             .resend_webhook_secret = "",
                             .sendgrid_webhook_public_key = "",
                             .ses_topic_arn = "",
                             .ses_cert_file = ""};
        struct door_ports ports = {NULL, NULL, &life, fetch};
        struct door *d = door_start(&s, &ports, &err);
        if (!strstr(err.text, cases[i].says) || (d ? d->server_count : 0) != cases[i].servers)
            fail_msg("%s: %s", cases[i].listen, err.text);
        assert_int_equal(err.code, d ? ERR_NONE : ERR_USAGE);
        door_stop(d);
    }
    assert_int_equal(mem_live(), live);
}

/* --- webhooks --------------------------------------------------------------------------------- */

#define RESEND "/webhooks/resend"
#define SES "/webhooks/ses"
#define TOPIC "arn:aws:sns:eu-west-1:123456789012:mail-events"
#define DELIVERED "{\"type\":\"email.delivered\",\"data\":{\"email_id\":\"e\"}}"

static void post(const char *path, const char *extra, const char *text) {
    char head[512];
    int fd = dial();
    str_format(head, sizeof head, "%sContent-Length: %zu\r\n", extra, strlen(text));
    put(fd, "POST", path, head);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    get(fd);
}

/* With the key "key". */
static void post_signed(const char *text, int64_t age_s) {
    unsigned char mac[HMAC_BYTES];
    char content[512], head[512];
    struct buf signature;
    int64_t s = clock_wall_us() / USEC_PER_SEC - age_s;
    str_format(content, sizeof content, "id-1.%lld.%s", (long long)s, text);
    assert_true(crypto_hmac(mac, "key", 3, content, strlen(content)));
    buf_init(&signature, 100);
    base64_add(&signature, mac, sizeof mac);
    str_format(head, sizeof head,
               "svix-id: id-1\r\nsvix-timestamp: %lld\r\nsvix-signature: v1,%s\r\n", (long long)s,
               buf_text(&signature));
    buf_free(&signature);
    post(RESEND, head, text);
}

static void post_file(const char *name) {
    char path[200];
    struct err err;
    struct buf text;
    str_format(path, sizeof path, "tests/fixtures/webhook/%s", name);
    buf_init(&text, 64 * 1024);
    assert_true(file_read(path, &text, NULL, &err));
    post(SES, "", buf_text(&text));
    buf_free(&text);
}

static void a_webhook_is_answered_when_it_is_written(void **state) {
    (void)state;
    secret = "whsec_a2V5";
    open_door(TOKEN, "");
    post_signed(DELIVERED, 0);
    assert_int_equal(status(), 200);
    assert_string_equal(body(), "{\"recorded\":1,\"duplicates\":0,\"ignored\":0}");
    post_signed("{\"type\":\"email.opened\",\"data\":{}}", 0);
    assert_string_equal(body(), "{\"recorded\":0,\"duplicates\":0,\"ignored\":1}");
    post_signed("{", 0);
    assert_int_equal(status(), 400);
    assert_true(is_error("bad_event"));
    post_signed(DELIVERED, 400);
    assert_int_equal(status(), 401);
    post(RESEND, "", DELIVERED);
    assert_true(is_error("unauthorized"));
    call("GET", RESEND, "");
    assert_int_equal(status(), 405);
    assert_true(told("allow: POST"));
    call("POST", "/webhooks/sendgrid", "");
    assert_int_equal(status(), 404);
    atomic_store(&away, ERRAND_AWAY);
    post_signed(DELIVERED, 0);
    assert_int_equal(status(), 503);
    assert_true(is_error("database_away"));
    life_drain(&life, clock_boot_us() + USEC_PER_SEC);
    post_signed(DELIVERED, 0);
    assert_true(is_error("draining"));
    close_door();
    secret = "";
}

static void a_certificate_is_fetched_once(void **state) {
    (void)state;
    topics = TOPIC;
    atomic_store(&fetched, 0);
    atomic_store(&unreachable, 1);
    open_door(TOKEN, "");
    post_file("sns_v1.json");
    assert_int_equal(status(), 503);
    assert_true(is_error("no_certificate"));
    atomic_store(&unreachable, 0);
    post_file("sns_v1.json");
    assert_int_equal(status(), 200);
    post_file("sns_v2.json");
    assert_int_equal(status(), 200);
    assert_int_equal(atomic_load(&fetched), 2);
    post_file("sns_subscribe.json");
    assert_int_equal(status(), 200);
    assert_string_equal(body(), "{\"status\":\"confirmed\"}");
    assert_int_equal(atomic_load(&fetched), 3);
    atomic_store(&unreachable, 1);
    post_file("sns_subscribe.json");
    assert_true(is_error("not_confirmed"));
    post_file("sns.crt");
    assert_int_equal(status(), 401);
    close_door();
    /* a file in its place: of somebody else, then the right one */
    atomic_store(&fetched, 0);
    cert_file = "tests/fixtures/webhook/other.crt";
    open_door(TOKEN, "");
    post_file("sns_v1.json");
    assert_int_equal(status(), 401);
    close_door();
    cert_file = "tests/fixtures/webhook/sns.crt";
    open_door(TOKEN, "");
    post_file("sns_v1.json");
    assert_int_equal(status(), 200);
    close_door();
    assert_int_equal(atomic_load(&fetched), 0);
    topics = cert_file = "";
}

static void settings_of_webhooks_are_checked(void **state) {
    (void)state;
    struct err err = {0};
    struct settings s = {.listen = "127.0.0.1:0",
                         .api_token = "",
                         .cors_origins = "",
                         .resend_webhook_secret = "?",
                         .sendgrid_webhook_public_key = "",
                         .ses_topic_arn = "",
                         .ses_cert_file = ""};
    struct door_ports ports = {NULL, NULL, &life, fetch};
    assert_null(door_start(&s, &ports, &err));
    assert_int_equal(err.code, ERR_USAGE);
    s.resend_webhook_secret = "";
    s.ses_cert_file = "tests/fixtures/webhook/sns_v1.json";
    assert_null(door_start(&s, &ports, &err));
    assert_true(str_starts(err.text, "ses_cert_file: "));
}

int main(void) {
    log_open(LOG_TEXT, -1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_and_error),
        cmocka_unit_test(without_a_token_nobody_is_asked),
        cmocka_unit_test(pages_of_named_origins_may_call),
        cmocka_unit_test(metrics_are_the_boards_and_the_databases),
        cmocka_unit_test(what_keeps_it_is_said),
        cmocka_unit_test(readiness_has_its_reasons),
        cmocka_unit_test(waits),
        cmocka_unit_test(a_wait_ends_when_its_time_is_up),
        cmocka_unit_test(waiting_holds_up_nobody),
        cmocka_unit_test(closing_ends_a_wait),
        cmocka_unit_test(where_it_may_listen),
        cmocka_unit_test(a_webhook_is_answered_when_it_is_written),
        cmocka_unit_test(a_certificate_is_fetched_once),
        cmocka_unit_test(settings_of_webhooks_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
