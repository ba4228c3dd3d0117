/* What is done under want of memory: every step from a row to a request, from an answer to an
 * outcome, from a document to a screen, and the start with its configuration. */
#include "oom/oom.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "core/mime.h"
#include "ui/dialog.h"
#include "ui/layout.h"
#include "ui/shelf.h"
#include "worker/internal.h"
#include "worker/plan.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DOCUMENT "tests/fixtures/ui/failing.json"
#define NOW INT64_C(1789960326000000)

static const struct settings settings = {
    .provider = "resend",
    .resend_api_key = "re_test_123456789",
    .resend_base_url = "https://api.resend.com",
    .sendgrid_api_key = "SG.test_123456789",
    .sendgrid_base_url = "https://api.sendgrid.com",
    .aws_access_key_id = "AKIDEXAMPLE",
    .aws_secret_access_key = "wJalrXUtnFEMI",
    .aws_session_token = "token",
    .aws_region = "eu-west-1",
    .aws_endpoint_url_sesv2 = "",
    .smtp_url = "smtp://u:p@mail.example",
    .ca_file = "",
    .from = "Shop <hello@shop.example>",
    .batch_size = 100,
    .concurrency = 4,
    .max_attempts = 5,
    .backoff_min_ms = 30000,
    .backoff_max_ms = 3600000,
    .request_timeout_ms = 30000,
};

/* --- messages -------------------------------------------------------------------------------- */

static char *own(const char *text) {
    char *copy = mem_strdup(text);
    CHECK(copy || !text);
    return copy;
}

/* A row with something in every column. */
static struct message full(const char *to, bool attachment) {
    return (struct message){
        .id = own("3f2a/77"),
        .from = own("Acme <a@acme.example>"),
        .to = own(to),
        .cc = own("[\"c@y.example\", \"C <d@y.example>\"]"),
        .bcc = own("[\"e@y.example\"]"),
        .reply_to = own("[\"r@acme.example\"]"),
        .subject = own("Héllo"),
        .html = own("<p>hi</p>"),
        .text = own("hi"),
        .headers = own("{\"X-Ref\": \"1\"}"),
        .attachments = own(attachment ? "[{\"filename\":\"a\",\"content\":\"aGk=\"}]" : NULL),
        .tags = own("{\"kind\":\"receipt\"}"),
        .bytes = 200,
    };
}

static bool checks_a_message(struct err *err) {
    char code[64];
    struct message m = full("a@b.example", true);
    oom_arm();
    bool good = message_check(&m, "", code, err);
    oom_disarm();
    CHECK(code[0] == '\0');
    message_done(&m);
    return good;
}

static bool refuses_a_message(struct err *err) {
    char code[64];
    struct message m = full("a@b.example", true);
    mem_free(m.tags);
    m.tags = own("{\"a\":\"1\",\"b\":[]}");
    oom_arm();
    bool good = message_check(&m, "", code, err);
    oom_disarm();
    message_done(&m);
    CHECK(!good);
    if (err->code == ERR_NOMEM)
        return false;
    CHECK(str_eq(code, "rejected:invalid_tags"));
    return true;
}

static struct manifest manifest_of(int n) {
    struct manifest m = {.lane = "resend", .key = "postroom/1", .attempts = 1, .n = n};
    m.messages = mem_array((size_t)n, sizeof *m.messages);
    CHECK(m.messages);
    m.batch = n > 1;
    for (int i = 0; i < n; i++)
        m.messages[i] = full("a@b.example", n == 1);
    return m;
}

static bool builds(const char *provider, int n, struct err *err) {
    const struct provider *p = provider_find(provider);
    struct manifest m = manifest_of(n);
    struct wire_request r;
    char code[64];
    oom_arm();
    bool good = p->accepts(&m.messages[0], code, err) && p->build(&settings, &m, &r, err);
    oom_disarm();
    if (good) {
        struct wire_request golden;
        CHECK(p->build(&settings, &m, &golden, err));
        CHECK(r.body.len == golden.body.len);
        CHECK(memcmp(r.body.data, golden.body.data, r.body.len) == 0);
        wire_request_done(&golden);
        wire_request_done(&r);
    }
    manifest_done(&m);
    return good;
}

static bool builds_one(struct err *err) {
    return builds("resend", 1, err);
}

static bool builds_a_batch(struct err *err) {
    return builds("resend", 3, err);
}

static bool builds_for_sendgrid(struct err *err) {
    return builds("sendgrid", 1, err);
}

static bool builds_for_ses(struct err *err) {
    return builds("ses", 1, err);
}

static bool builds_for_smtp(struct err *err) {
    return builds("smtp", 1, err);
}

static bool signs_for_ses(struct err *err) {
    struct manifest m = manifest_of(1);
    const struct provider *p = provider_find("ses");
    struct wire_request r;
    CHECK(p->build(&settings, &m, &r, err));
    oom_arm();
    bool good = p->sign(&settings, NOW, &r, err);
    oom_disarm();
    CHECK(!good || r.header_count == 5);
    wire_request_done(&r);
    manifest_done(&m);
    return good;
}

static bool builds_for_null(struct err *err) {
    return builds("null", 3, err);
}

static bool builds_a_mail(struct err *err) {
    struct message m = full("Ännchen <a@b.example>", true);
    struct mime_context c = {.from = "s@acme.example", .date_us = NOW};
    struct buf mail, golden;
    buf_init(&mail, 1 << 20);
    buf_init(&golden, 1 << 20);
    oom_arm();
    bool good = mime_build(&m, &c, &mail, err);
    oom_disarm();
    if (good) {
        CHECK(mime_build(&m, &c, &golden, err));
        CHECK(mail.len == golden.len && memcmp(mail.data, golden.data, mail.len) == 0);
    }
    CHECK(good || mail.len == 0);
    buf_free(&mail);
    buf_free(&golden);
    message_done(&m);
    return good;
}

static bool lists_recipients(struct err *err) {
    struct message m = full("a@b.example", false);
    struct buf list;
    buf_init(&list, 1 << 20);
    oom_arm();
    bool good = mime_recipients(&m, false, &list, err);
    oom_disarm();
    CHECK(!good || str_eq(buf_text(&list), "a@b.example\nc@y.example\nd@y.example\ne@y.example\n"));
    buf_free(&list);
    message_done(&m);
    return good;
}

/* --- claimed messages -> flights ------------------------------------------------------------- */

static int take_all(struct flights *list) {
    int messages = 0;
    for (struct flight *f; (f = flights_pop(list));) {
        messages += f->manifest.n;
        flight_free(f);
    }
    return messages;
}

static bool plans_and_builds(struct err *err) {
    static struct worker w;
    struct flights out = {0};
    int n = 6;
    struct message *m = mem_array((size_t)n, sizeof *m);
    CHECK(m);
    w = (struct worker){.settings = &settings, .provider = provider_find("resend"), .batch = 2};
    rand_seed(&w.rand, 1);
    for (int i = 0; i < n; i++)
        m[i] = full(i == 1 ? "nobody" : "a@b.example", i == 3);
    m[4].unfinished = PLAN_POISON_AFTER;
    oom_arm();
    bool good = build_flights(&w, m, n, INT64_MAX, &out, err);
    oom_disarm();
    int built = take_all(&out), refused = take_all(&w.answered);
    CHECK(!good || (built == n - 2 && refused == 2));
    CHECK(built + refused <= n);
    return good;
}

/* --- answers --------------------------------------------------------------------------------- */

static bool reads(int n, int status, const char *body, enum outcome_kind first) {
    struct manifest m = manifest_of(n);
    struct outcome outcomes[3];
    struct reading r = {.outcomes = outcomes};
    struct wire_response response;
    wire_response_init(&response);
    response.end = WIRE_ANSWERED;
    response.status = status;
    buf_puts(&response.body, body);
    memset(outcomes, 0xaa, sizeof outcomes);
    oom_arm();
    provider_find("resend")->read(&response, &m, &r);
    oom_disarm();
    /* what it says, or the same request again */
    for (int i = 0; i < n; i++)
        CHECK(r.definite ? outcomes[i].kind == (i == 0 ? first : OUTCOME_SENT)
                         : outcomes[i].kind == OUTCOME_SOON);
    wire_response_done(&response);
    manifest_done(&m);
    return true;
}

static bool reads_an_id(struct err *err) {
    (void)err;
    return reads(1, 200, "{\"id\":\"49a3999c\"}", OUTCOME_SENT);
}

static bool reads_a_refusal(struct err *err) {
    (void)err;
    return reads(1, 422, "{\"name\":\"validation_error\",\"message\":\"Invalid `to` field.\"}",
                 OUTCOME_REJECTED);
}

static bool reads_a_batch(struct err *err) {
    (void)err;
    return reads(3, 200,
                 "{\"data\":[{\"id\":\"b\"},{\"id\":\"c\"}],"
                 "\"errors\":[{\"index\":0,\"message\":\"no\"}]}",
                 OUTCOME_REJECTED);
}

/* What it says, or certainly not sent and so again: these cannot be asked twice. */
static bool reads_of(const char *provider, int status, const char *body, enum outcome_kind first) {
    struct manifest m = manifest_of(1);
    struct outcome outcome;
    struct reading r = {.outcomes = &outcome};
    struct wire_response response;
    wire_response_init(&response);
    response.end = WIRE_ANSWERED;
    response.status = status;
    buf_puts(&response.body, body);
    buf_puts(&response.headers, "x-message-id: 49a3999c\n");
    memset(&outcome, 0xaa, sizeof outcome);
    oom_arm();
    provider_find(provider)->read(&response, &m, &r);
    oom_disarm();
    CHECK(r.definite);
    CHECK(outcome.kind == first || (status >= 400 && outcome.kind == OUTCOME_RELEASE));
    wire_response_done(&response);
    manifest_done(&m);
    return true;
}

static bool reads_an_id_of_sendgrid(struct err *err) {
    (void)err;
    return reads_of("sendgrid", 202, "{}", OUTCOME_SENT);
}

static bool reads_a_refusal_of_sendgrid(struct err *err) {
    (void)err;
    return reads_of("sendgrid", 400, "{\"errors\":[{\"message\":\"no\",\"field\":\"from\"}]}",
                    OUTCOME_REJECTED);
}

static bool reads_an_id_of_ses(struct err *err) {
    (void)err;
    return reads_of("ses", 200, "{\"MessageId\":\"1\"}", OUTCOME_SENT);
}

/* A reply to the mail's end: what it says, whatever memory there is. */
static bool reads_a_reply(struct err *err) {
    struct manifest m = manifest_of(1);
    struct outcome outcome;
    struct reading r = {.outcomes = &outcome};
    struct wire_response response;
    (void)err;
    wire_response_init(&response);
    response.end = WIRE_ANSWERED;
    response.status = 250;
    response.stage = SMTP_BODY;
    buf_puts(&response.body, "250 2.0.0 Ok: queued as 4Tx9\n");
    oom_arm();
    provider_find("smtp")->read(&response, &m, &r);
    oom_disarm();
    CHECK(outcome.kind == OUTCOME_SENT && r.definite);
    wire_response_done(&response);
    manifest_done(&m);
    return true;
}

/* A refused copy: named by its field, or certainly not sent and so again. */
static bool reads_a_refusal_of_a_copy(struct err *err) {
    struct manifest m = manifest_of(1);
    struct outcome outcome;
    struct reading r = {.outcomes = &outcome};
    struct wire_response response;
    (void)err;
    wire_response_init(&response);
    response.end = WIRE_ANSWERED;
    response.status = 550;
    response.stage = SMTP_RCPT;
    response.recipient = 3;
    buf_puts(&response.body, "550 5.1.1 no such user\n");
    oom_arm();
    provider_find("smtp")->read(&response, &m, &r);
    oom_disarm();
    CHECK(r.definite && (outcome.kind == OUTCOME_RELEASE || outcome.kind == OUTCOME_REJECTED));
    CHECK(outcome.kind == OUTCOME_RELEASE || !str_eq(outcome.code, "rejected:invalid_to"));
    wire_response_done(&response);
    manifest_done(&m);
    return true;
}

static bool reads_a_refusal_of_ses(struct err *err) {
    (void)err;
    return reads_of("ses", 400, "{\"__type\":\"MessageRejected\",\"message\":\"no\"}",
                    OUTCOME_REJECTED);
}

/* --- documents and the screen ---------------------------------------------------------------- */

static void read_document(struct buf *text) {
    struct err err = {0};
    buf_init(text, (size_t)1 << 20);
    CHECK(file_read(DOCUMENT, text, NULL, &err));
}

static bool reads_and_writes_json(struct err *err) {
    struct buf text, out;
    read_document(&text);
    buf_init(&out, (size_t)1 << 20);
    oom_arm();
    struct json *v = json_parse(buf_text(&text), text.len, text.len, err);
    if (v)
        json_print(&out, v);
    bool good = v && !out.failed;
    if (v && out.failed)
        err_nomem(err);
    oom_disarm();
    json_free(v);
    buf_free(&text);
    buf_free(&out);
    return good;
}

static bool reads_a_snapshot(struct err *err) {
    struct buf text;
    read_document(&text);
    oom_arm();
    struct snapshot *s = snapshot_parse(buf_text(&text), text.len, err);
    struct snapshot *away = s ? snapshot_away(s, err) : NULL;
    oom_disarm();
    snapshot_release(s);
    bool good = away && away->away && away->error_count > 0;
    snapshot_release(away);
    buf_free(&text);
    return good;
}

static void draw(struct canvas *c, const struct snapshot *s, const struct history *history) {
    struct ui_options options = {.operator_name = "op", .demo = true, .demo_now_us = NOW};
    struct shelf shelf = {.then = -1};
    struct scene scene = {.options = &options, .shelf = &shelf, .answer = "", .drain_left_us = -1};
    scene.live = scene.lists = (struct picture){s, NOW, history};
    scene.errors = s;
    verdict_of(s, NOW, &scene.state);
    compose(&scene, c);
}

static bool draws_a_frame(struct err *err) {
    struct buf text;
    struct err none;
    struct canvas canvas;
    read_document(&text);
    struct snapshot *s = snapshot_parse(buf_text(&text), text.len, &none);
    CHECK(s);
    canvas_init(&canvas, &glyphs_emoji);
    oom_arm();
    struct history *history = history_new(err);
    struct history *still = history ? history_copy(history, err) : NULL;
    bool good = still && canvas_resize(&canvas, 24, 80, err);
    if (good) {
        history_load(history, s);
        draw(&canvas, s, history);
    }
    oom_disarm();
    canvas_done(&canvas);
    history_free(history);
    history_free(still);
    snapshot_release(s);
    buf_free(&text);
    return good;
}

/* --- the start ------------------------------------------------------------------------------- */

static bool loads_a_configuration(struct err *err) {
    static const char text[] = "database_url = postgresql://u:secret@h/db\n"
                               "resend_api_key = re_123456789012\nfrom = \"Shop <a@b.example>\"\n"
                               "backoff = 1s..1m\n[columns]\nto_email = recipient\n";
    static const struct config_flag flags[] = {{"rate", "10"}};
    char path[40];
    int fd = memfd_create("postroom.conf", MFD_CLOEXEC);
    CHECK(fd >= 0 && fchmod(fd, 0600) == 0);
    CHECK(write(fd, text, sizeof text - 1) == (ssize_t)sizeof text - 1);
    str_format(path, sizeof path, "/proc/self/fd/%d", fd);
    oom_arm();
    struct config *c = config_load(path, flags, COUNT(flags), err);
    oom_disarm();
    CHECK(!strstr(err->text, "secret") && !strstr(err->text, "re_1234"));
    config_free(c);
    close(fd);
    return c != NULL;
}

static bool refuses_a_configuration(struct err *err) {
    static const struct config_flag flags[] = {{"resend_api_key_file", "tests/fixtures/ui/"
                                                                       "failing.json"}};
    oom_arm();
    struct config *c = config_load("/dev/null", flags, COUNT(flags), err);
    oom_disarm();
    CHECK(!c); /* a document is no key */
    return err->code != ERR_NOMEM;
}

static bool makes_what_threads_share(struct err *err) {
    oom_arm();
    struct board *board = board_new(NULL, err);
    struct ring *ring = board ? ring_new(16, NULL, err) : NULL;
    struct mailbox *mailbox = ring ? mailbox_new(8, err) : NULL;
    oom_disarm();
    bool good = mailbox != NULL;
    board_free(board);
    ring_free(ring);
    mailbox_free(mailbox);
    return good;
}

static bool starts_the_network(struct err *err) {
    oom_arm();
    struct net *net = net_start(&settings, err);
    oom_disarm();
    net_stop(net);
    return net != NULL;
}

/* --- texts ----------------------------------------------------------------------------------- */

static bool cleans_text(struct err *err) {
    struct buf out;
    buf_init(&out, 4096);
    oom_arm();
    for (int i = 0; i < 40; i++)
        str_sanitize(&out, "a\x1b[31m\xe2\x80\xae b", 100);
    oom_disarm();
    bool good = !out.failed;
    buf_free(&out);
    return good || err_nomem(err);
}

static bool logs(struct err *err) {
    struct log_mail mail = {"1", "a@b.example", "no\x1b", "rejected", 1, "resend", NULL, 3};
    (void)err;
    int fd = memfd_create("log", MFD_CLOEXEC);
    CHECK(fd >= 0);
    log_open(LOG_JSON, fd);
    oom_arm();
    log_mail(&mail);
    log_event(LOG_WARN, "event", "%s", "text");
    oom_disarm();
    log_open(LOG_TEXT, -1);
    close(fd);
    return true;
}

const struct operation operations[] = {
    {"check a message", checks_a_message, false},
    {"refuse a message", refuses_a_message, false},
    {"build one mail", builds_one, false},
    {"build a batch", builds_a_batch, false},
    {"build for SendGrid", builds_for_sendgrid, false},
    {"build for SES", builds_for_ses, false},
    {"build for SMTP", builds_for_smtp, false},
    {"sign for SES", signs_for_ses, false},
    {"build without a wire", builds_for_null, false},
    {"build a mail", builds_a_mail, false},
    {"list its recipients", lists_recipients, false},
    {"plan and build requests", plans_and_builds, false},
    {"read an id", reads_an_id, true},
    {"read a refusal", reads_a_refusal, true},
    {"read a batch's answer", reads_a_batch, true},
    {"read an id of SendGrid", reads_an_id_of_sendgrid, true},
    {"read a refusal of SendGrid", reads_a_refusal_of_sendgrid, true},
    {"read an id of SES", reads_an_id_of_ses, true},
    {"read a reply of SMTP", reads_a_reply, true},
    {"read a refusal of a copy by SMTP", reads_a_refusal_of_a_copy, true},
    {"read a refusal of SES", reads_a_refusal_of_ses, true},
    {"read and write JSON", reads_and_writes_json, false},
    {"read a snapshot", reads_a_snapshot, false},
    {"draw a frame", draws_a_frame, false},
    {"load a configuration", loads_a_configuration, false},
    {"refuse a configuration", refuses_a_configuration, false},
    {"make what threads share", makes_what_threads_share, false},
    {"start the network", starts_the_network, false},
    {"clean text", cleans_text, false},
    {"log", logs, true},
};
const int operation_count = (int)COUNT(operations);
