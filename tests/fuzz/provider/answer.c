/* Whatever a provider answers, every message gets an outcome, and SENT only for a 2xx. Where the
 * provider knows no keys, nothing that may have been sent is sent again by itself.
 *
 * A seed is "SSSneba", header lines, an empty line and the body: SSS the status, n how many
 * messages ('a' = 1), e how the transport ended (enum wire_end, 'a' = answered), b 'b' for a batch,
 * a the attempts ('a' = 1). */
#include "base/json.h"
#include "core/retry.h"
#include "provider/provider.h"

#include "fuzz/fuzz.h"

#define MAX_MAILS 100

static struct wire_response response;
static struct message messages[MAX_MAILS];
static struct manifest manifest;
static struct outcome outcomes[MAX_MAILS];

static void take_answer(struct seed *in) {
    int status = 100 * seed_number(in, '0', 10);
    status += 10 * seed_number(in, '0', 10);
    status += seed_number(in, '0', 10);
    int n = 1 + seed_number(in, 'a', MAX_MAILS);
    wire_response_init(&response);
    response.end = (enum wire_end)seed_number(in, 'a', 4);
    response.status = response.end == WIRE_ANSWERED ? status : 0;
    manifest = (struct manifest){.lane = "resend", .key = "k", .n = n, .messages = messages};
    manifest.batch = seed_number(in, 'a', 2) == 1 || n > 1;
    manifest.attempts = 1 + seed_number(in, 'a', 3);
    for (int i = 0; i < n; i++)
        messages[i] = (struct message){.id = (char *)"m",
                                       .to = (char *)"a@b.example",
                                       .from = i % 3 == 2 ? (char *)"x@c.example" : NULL};
    mem_free(seed_text(in, '\n'));
}

static void take_rest(struct seed *in) {
    const char *body = memmem(in->data, in->left, "\n\n", 2);
    size_t head = body ? (size_t)(body - in->data) + 1 : in->left;
    size_t skip = body ? head + 1 : head;
    if (response.end != WIRE_ANSWERED) {
        char *problem = seed_rest(in);
        str_copy(response.problem, sizeof response.problem, problem);
        mem_free(problem);
        return;
    }
    buf_add(&response.headers, in->data, head);
    buf_add(&response.body, in->data + skip, in->left - skip);
}

static void check_keyless(const struct outcome *o, const struct verdict *v) {
    bool open = o->kind == OUTCOME_UNCERTAIN || o->kind == OUTCOME_SOON;
    CHECK(!v->keep_request);
    CHECK(!open || (v->next_attempt_ms == -1 && str_eq(v->error_code, "uncertain")));
    CHECK(manifest.attempts == 1 || open || o->kind == OUTCOME_SENT);
}

static void check_outcome(const struct provider *p, const struct outcome *o,
                          const struct reading *r) {
    const struct retry_policy policy = {5, 30000, 3600000, UNCERTAIN_HOLD, p->key_life_ms > 0};
    struct verdict v;
    CHECK(o->kind <= OUTCOME_HELD);
    CHECK_TEXT(o->code);
    CHECK_TEXT(o->reason);
    CHECK_TEXT(o->provider_id);
    if (o->kind == OUTCOME_SENT) {
        CHECK(response.end == WIRE_ANSWERED);
        CHECK(response.status >= 200 && response.status <= 299);
        CHECK(o->code[0] == '\0' && o->reason[0] == '\0');
    } else {
        CHECK(o->code[0] && o->reason[0] && o->provider_id[0] == '\0');
    }
    retry_decide(o, r->definite, 1, r->lane.retry_after_ms, &policy, 1.0, &v);
    CHECK_TEXT(v.error_code);
    CHECK_TEXT(v.error_message);
    CHECK(str_is_clean(v.error_code) && str_is_clean(v.error_message));
    CHECK((o->kind == OUTCOME_SENT) == str_eq(v.status, "sent"));
    CHECK(v.next_attempt_ms >= -1);
    if (!policy.has_key)
        check_keyless(o, &v);
}

static void check_reading(const struct reading *r) {
    struct json *kept = r->answer[0] ? json_parse(r->answer, strlen(r->answer), 4096, NULL) : NULL;
    CHECK_TEXT(r->answer);
    CHECK(r->answer[0] == '\0' || json_type(kept) == JSON_OBJECT);
    CHECK_TEXT(r->lane.text);
    CHECK(r->lane.fault <= LANE_DOWN);
    CHECK((r->lane.fault == LANE_OK) == (r->lane.text[0] == '\0'));
    CHECK(r->lane.rate >= 0 && r->lane.rate <= 1e6);
    CHECK(r->lane.daily_used >= -1 && r->lane.monthly_used >= -1);
    CHECK(r->lane.retry_after_ms >= -1 && r->lane.retry_after_ms <= 86400 * 1000);
    CHECK(!r->split || manifest.n > 1);
    json_free(kept);
}

static void read_it(const struct provider *p) {
    struct reading r;
    memset(&r, 0xaa, sizeof r);
    memset(outcomes, 0xaa, sizeof outcomes);
    r.outcomes = outcomes;
    r.definite = r.split = false;
    p->read(&response, &manifest, &r);
    check_reading(&r);
    for (int i = 0; i < manifest.n; i++)
        check_outcome(p, &outcomes[i], &r);
}

/* The same as an answer to any of the questions. */
static void learn_from_it(const struct provider *p) {
    static const struct settings s = {.from = "Shop <hello@shop.example>",
                                      .aws_region = "eu-west-1",
                                      .smtp_url = "smtp://u:p@mail.example"};
    struct wire_response answers[QUESTIONS_MAX];
    struct findings found;
    for (int i = 0; i < QUESTIONS_MAX; i++)
        answers[i] = response; /* lent */
    findings_init(&found);
    p->learn(&s, answers, &found);
    CHECK(found.n > 0);
    for (int i = 0; i < found.n; i++) {
        CHECK_TEXT(found.all[i].text);
        CHECK(str_starts(found.all[i].check, "provider.") && str_is_clean(found.all[i].text));
        CHECK(found.all[i].level != FINDING_MEND || found.all[i].remedy[0]);
    }
    findings_free(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct seed in = seed_of(data, n);
    take_answer(&in);
    take_rest(&in);
    read_it(provider_find("resend"));
    read_it(provider_find("sendgrid"));
    learn_from_it(provider_find("resend"));
    learn_from_it(provider_find("sendgrid"));
    read_it(provider_find("ses"));
    learn_from_it(provider_find("ses"));
    for (int stage = SMTP_GREETING; stage < SMTP_STAGES; stage++) {
        response.stage = (enum smtp_stage)stage;
        read_it(provider_find("smtp"));
        learn_from_it(provider_find("smtp"));
    }
    wire_response_done(&response);
    return 0;
}
