/* Resend: the exact bytes that leave, and what every answer in its book, and some in none, mean. */
#include "base/json.h"
#include "unit/provider/mails.h"

static const struct provider *resend(void) {
    return provider_find("resend");
}

static char *fixture(const char *name) {
    return fixture_of("resend", name);
}

/* --- build ----------------------------------------------------------------------------------- */

static void a_single_mail_is_sent_as_documented(void **state) {
    (void)state;
    struct message m = {
        .id = (char *)"3f2a-77",
        .from = (char *)"Acme <a@acme.com>",
        .to = (char *)"b@y.com",
        .cc = (char *)"[\"c@y.com\"]",
        .bcc = (char *)"[ \"d@y.com\" ]",
        .reply_to = (char *)"[\"r@acme.com\"]",
        .subject = (char *)"Héllo",
        .html = (char *)"<p class=\"x\">hi</p>\n",
        .text = (char *)"hi",
        .headers = (char *)"{\"X-Ref\": \"1\"}",
        .attachments = (char *)"[{\"content\":\"aGVsbG8=\",\"filename\":\"a.txt\"},"
                               "{\"content\":\"aGk=\",\"filename\":\"i.png\","
                               "\"content_type\":\"image/png\",\"content_id\":\"img1\","
                               "\"path\":\"http://169.254.169.254/\"}]",
        .tags = (char *)"{\"k\":\"v\"}",
    };
    struct manifest one = manifest_of(&m, 1);
    struct wire_request r;
    struct err err = {0};
    assert_true(resend()->build(&conf, &one, &r, &err));
    char *golden = fixture("request_single.json");
    assert_string_equal(buf_text(&r.body), golden);
    assert_string_equal(r.url, "https://api.resend.com/emails");
    assert_string_equal(header(&r, "Authorization"), "Bearer re_test_123456789");
    assert_string_equal(header(&r, "Content-Type"), "application/json");
    assert_string_equal(header(&r, "Idempotency-Key"), "postroom-3f2a");
    assert_null(header(&r, "x-batch-validation"));
    assert_int_equal(r.header_count, 3);
    assert_true(r.replay_safe);
    for (int i = 0; i < r.header_count; i++) {
        assert_int_equal(r.headers[i].secret, str_eq(r.headers[i].name, "Authorization"));
    }
    mem_free(golden);
    wire_request_done(&r);
}

static void a_batch_is_a_bare_array_in_permissive_mode(void **state) {
    (void)state;
    struct message two[2] = {mail("1", "A <a@y.com>"), mail("a/b", "b@y.com")};
    two[0].subject = (char *)"one";
    two[0].html = (char *)"<p>1</p>";
    two[0].cc = (char *)"[]";
    two[0].tags = (char *)"{}";
    two[1].from = (char *)"me@own.example";
    two[1].subject = (char *)"two";
    two[1].html = NULL;
    two[1].text = (char *)"";
    struct manifest both = manifest_of(two, 2);
    struct wire_request r;
    struct err err = {0};
    assert_true(resend()->build(&conf, &both, &r, &err));
    char *golden = fixture("request_batch.json");
    assert_string_equal(buf_text(&r.body), golden);
    assert_string_equal(r.url, "https://api.resend.com/emails/batch");
    assert_string_equal(header(&r, "x-batch-validation"), "permissive");
    mem_free(golden);
    wire_request_done(&r);
}

static void a_batch_of_one_stays_a_batch(void **state) {
    (void)state;
    struct message m = mail("1", "a@y.com");
    struct manifest one = manifest_of(&m, 1);
    struct wire_request r;
    struct err err = {0};
    one.batch = true;
    assert_true(resend()->build(&conf, &one, &r, &err));
    assert_string_equal(r.url, "https://api.resend.com/emails/batch");
    assert_int_equal(buf_text(&r.body)[0], '[');
    wire_request_done(&r);
}

static void without_a_key_nothing_is_replay_safe(void **state) {
    (void)state;
    struct message m = mail("1", "a@y.com");
    struct manifest one = manifest_of(&m, 1);
    struct wire_request r;
    struct err err = {0};
    one.key[0] = '\0';
    assert_true(resend()->build(&conf, &one, &r, &err));
    assert_null(header(&r, "Idempotency-Key"));
    assert_false(r.replay_safe);
    wire_request_done(&r);
}

static void the_same_manifest_gives_the_same_bytes(void **state) {
    (void)state;
    struct message m[MAX_MAILS];
    struct manifest all = some_mails(m, MAX_MAILS);
    struct settings other = conf;
    other.from = "changed@since.example"; /* frozen in the manifest: no part in it */
    other.resend_api_key = "re_rotated_987654321";
    struct wire_request a;
    struct wire_request b;
    struct err err = {0};
    assert_true(resend()->build(&conf, &all, &a, &err));
    assert_true(resend()->build(&other, &all, &b, &err));
    assert_string_equal(buf_text(&a.body), buf_text(&b.body));
    wire_request_done(&a);
    wire_request_done(&b);
}

static void ids_fit_tags_and_can_be_told_apart(void **state) {
    (void)state;
    static const struct {
        const char *id;
        const char *value;
    } cases[] = {
        {"0d0b3b1e-9d2f-4c57-8f0e-3b8d0f1c2a3b", "0d0b3b1e-9d2f-4c57-8f0e-3b8d0f1c2a3b"},
        {"42", "42"},
        {"order_7-B", "order_7-B"},
        {"order 7", "hex-6f726465722037"},
        {"hex-6f", "hex-6865782d3666"},
        {"\xc3\xa9", "hex-c3a9"},
        {"a\"b", "hex-612262"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = mail(cases[i].id, "a@y.com");
        struct manifest one = manifest_of(&m, 1);
        struct wire_request r;
        struct err err = {0};
        char expected[200];
        str_format(expected, sizeof expected, "{\"name\":\"postroom_id\",\"value\":\"%s\"}",
                   cases[i].value);
        assert_true(resend()->build(&conf, &one, &r, &err));
        assert_non_null(strstr(buf_text(&r.body), expected));
        wire_request_done(&r);
    }
}

static void what_tags_cannot_hold_is_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *tags;
        const char *text;
    } cases[] = {
        {"{\"a b\":\"v\"}", "\"a b\""},
        {"{\"k\":\"v v\"}", "\"k\""},
        {"{\"\":\"v\"}", "\"\""},
        {"{\"k\":\"\\u00e9\"}", "\"k\""},
        {"{\"k\":7}", "\"k\""},
        {"{\"postroom_id\":\"x\"}", "rename"},
        {"{\"ok\":\"1\",\"k\":\".\"}", "\"k\""},
        {"{\"k\":", "JSON"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = mail("1", "a@y.com");
        m.tags = (char *)cases[i].tags;
        struct manifest one = manifest_of(&m, 1);
        struct wire_request r;
        struct err err = {0};
        char code[64] = "";
        assert_false(resend()->accepts(&m, code, &err));
        assert_string_equal(code, "rejected:invalid_tags");
        if (!strstr(err.text, cases[i].text)) {
            fail_msg("%s: %s", cases[i].tags, err.text);
        }
        assert_false(resend()->build(&conf, &one, &r, &err));
        assert_int_equal(r.header_count, 0);
        assert_null(r.body.data);
    }
    struct message m = mail("1", "a@y.com");
    char code[64];
    struct err err = {0};
    m.tags = (char *)"{\"Kind_1\":\"a-b\",\"empty\":\"\"}";
    assert_true(resend()->accepts(&m, code, &err));
    char id[200];
    memset(id, '/', sizeof id);
    id[199] = '\0';
    m.id = id;
    assert_false(resend()->accepts(&m, code, &err));
    assert_string_equal(code, "rejected:invalid_id");
    id[126] = '\0';
    assert_true(resend()->accepts(&m, code, &err));
}

static void only_mails_without_attachments_share(void **state) {
    (void)state;
    struct message m = mail("1", "a@y.com");
    assert_true(resend()->batchable(&m));
    m.attachments = (char *)"[]";
    assert_false(resend()->batchable(&m));
}

static void a_failed_allocation_leaves_nothing_behind(void **state) {
    (void)state;
    struct message m = mail("1", "a@y.com");
    m.cc = (char *)"[\"c@y.com\"]";
    m.tags = (char *)"{\"k\":\"v\"}";
    struct manifest one = manifest_of(&m, 1);
    long before = mem_live();
    bool done = false;
    unsigned long n = 0;
    while (!done) {
        struct wire_request r;
        struct err err = {0};
        mem_fail_at(++n, 1);
        done = resend()->build(&conf, &one, &r, &err);
        mem_fail_at(0, 0);
        if (done) {
            wire_request_done(&r);
        } else {
            assert_int_equal(err.code, ERR_NOMEM);
        }
        assert_int_equal(mem_live(), before);
        assert_true(n < 1000);
    }
    assert_true(n > 3);
}

static void too_large_is_said_not_run_into(void **state) {
    (void)state;
    size_t size = 11 * 1024 * 1024;
    char *html = mem_alloc(size + 1);
    memset(html, 1, size); /* a control character: six bytes in JSON */
    struct message m = mail("1", "a@y.com");
    m.html = html;
    struct manifest one = manifest_of(&m, 1);
    struct wire_request r;
    struct err err = {0};
    assert_false(resend()->build(&conf, &one, &r, &err));
    assert_int_equal(err.code, ERR_INVALID);
    memset(html, '"', size);
    assert_true(resend()->build(&conf, &one, &r, &err));
    assert_true(r.body.len > 2 * size);
    wire_request_done(&r);
    mem_free(html);
}

static void configuration_is_checked_at_start(void **state) {
    (void)state;
    static const struct {
        const char *key;
        const char *base;
        const char *text; /* NULL: fine */
    } cases[] = {
        {"re_123", "https://api.resend.com", NULL},
        {"", "https://api.resend.com", "RESEND_API_KEY is not set"},
        {"re_1 23", "https://api.resend.com", "RESEND_API_KEY is no key"},
        {"re_123\n", "https://api.resend.com", "RESEND_API_KEY is no key"},
        {"re_123", "", "RESEND_BASE_URL"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct settings s = conf;
        struct err err = {0};
        s.resend_api_key = cases[i].key;
        s.resend_base_url = cases[i].base;
        assert_int_equal(resend()->check(&s, &err), cases[i].text == NULL);
        assert_true(!cases[i].text || strstr(err.text, cases[i].text));
        assert_true(strlen(cases[i].key) < 4 || !strstr(err.text, cases[i].key));
    }
}

/* --- read: refusals and odd answers ---------------------------------------------------------- */

struct expected {
    enum outcome_kind kind;
    const char *code;
    enum lane_fault fault;
    bool definite;
};

static void check_all(const struct reading *got, int n, const struct expected *want,
                      const char *what) {
    for (int i = 0; i < n; i++) {
        const struct outcome *o = &got->outcomes[i];
        if (o->kind != want->kind || !str_eq(o->code, want->code) ||
            got->lane.fault != want->fault || got->definite != want->definite) {
            fail_msg("%s: outcome %d \"%s\" (%s), lane %d, definite %d", what, (int)o->kind,
                     o->code, o->reason, (int)got->lane.fault, got->definite);
        }
        assert_true((o->kind == OUTCOME_SENT) == (o->reason[0] == '\0'));
    }
    assert_true((got->lane.fault == LANE_OK) == (got->lane.text[0] == '\0'));
}

#define ERROR(name, message) "{\"statusCode\":0,\"name\":\"" name "\",\"message\":\"" message "\"}"

static const struct {
    int status;
    const char *body;
    struct expected want;
} refusals[] = {
    {400,
     ERROR("validation_error", "no"),
     {OUTCOME_REJECTED, "rejected:validation_error", LANE_OK, true}},
    {400,
     ERROR("invalid_idempotency_key", "no"),
     {OUTCOME_REJECTED, "rejected:invalid_idempotency_key", LANE_OK, true}},
    {401, ERROR("missing_api_key", "no"), {OUTCOME_RELEASE, "provider:401", LANE_KEY, true}},
    {401, ERROR("restricted_api_key", "no"), {OUTCOME_RELEASE, "provider:401", LANE_KEY, true}},
    {402, ERROR("payment_required", "no"), {OUTCOME_RELEASE, "provider:402", LANE_SUSPENDED, true}},
    {403, ERROR("invalid_api_key", "no"), {OUTCOME_RELEASE, "provider:403", LANE_KEY, true}},
    {403, ERROR("restricted_api_key", "no"), {OUTCOME_RELEASE, "provider:403", LANE_KEY, true}},
    {403,
     ERROR("validation_error", "The domain is not verified"),
     {OUTCOME_RELEASE, "provider:403", LANE_SENDER, true}},
    {403, "error code: 1010", {OUTCOME_RELEASE, "provider:403", LANE_KEY, true}},
    {404, ERROR("not_found", "no"), {OUTCOME_RELEASE, "provider:404", LANE_KEY, true}},
    {405, ERROR("method_not_allowed", "no"), {OUTCOME_RELEASE, "provider:405", LANE_KEY, true}},
    {408, "", {OUTCOME_UNCERTAIN, "provider:408", LANE_DOWN, false}},
    {409,
     ERROR("concurrent_idempotent_requests", "no"),
     {OUTCOME_SOON, "provider:409", LANE_OK, false}},
    {409, ERROR("invalid_idempotent_request", "no"), {OUTCOME_HELD, "uncertain", LANE_OK, true}},
    {409, "conflict", {OUTCOME_UNCERTAIN, "provider:409", LANE_DOWN, false}},
    {413, "<html>", {OUTCOME_REJECTED, "rejected:too_big", LANE_OK, true}},
    {418, "teapot", {OUTCOME_RETRY, "provider:418", LANE_DOWN, true}},
    {422,
     ERROR("invalid_attachment", "no"),
     {OUTCOME_REJECTED, "rejected:invalid_attachment", LANE_OK, true}},
    {422,
     ERROR("invalid_from_address", "no"),
     {OUTCOME_REJECTED, "rejected:invalid_from", LANE_OK, true}},
    {422,
     ERROR("invalid_access", "no"),
     {OUTCOME_REJECTED, "rejected:invalid_access", LANE_OK, true}},
    {422,
     ERROR("invalid_parameter", "no"),
     {OUTCOME_REJECTED, "rejected:invalid_parameter", LANE_OK, true}},
    {422,
     ERROR("invalid_region", "no"),
     {OUTCOME_REJECTED, "rejected:invalid_region", LANE_OK, true}},
    {422,
     ERROR("missing_required_field", "Missing `subject` field."),
     {OUTCOME_REJECTED, "rejected:missing_field", LANE_OK, true}},
    {422,
     ERROR("validation_error", "Invalid `to` field. Please use our testing address."),
     {OUTCOME_REJECTED, "rejected:invalid_to", LANE_OK, true}},
    {422,
     ERROR("validation_error", "Invalid `reply_to` field."),
     {OUTCOME_REJECTED, "rejected:invalid_reply_to", LANE_OK, true}},
    {422,
     ERROR("validation_error", "Invalid `from` field."),
     {OUTCOME_REJECTED, "rejected:invalid_from", LANE_OK, true}},
    {422,
     ERROR("validation_error", "Invalid `T\\u001b[0m` field."),
     {OUTCOME_REJECTED, "rejected:validation_error", LANE_OK, true}},
    {422, "<html>a proxy</html>", {OUTCOME_RETRY, "provider:422", LANE_DOWN, true}},
    {400, "", {OUTCOME_RETRY, "provider:400", LANE_DOWN, true}},
    {429, ERROR("rate_limit_exceeded", "no"), {OUTCOME_RELEASE, "provider:429", LANE_RATE, true}},
    {429, ERROR("daily_quota_exceeded", "no"), {OUTCOME_RELEASE, "provider:429", LANE_DAILY, true}},
    {429,
     ERROR("monthly_quota_exceeded", "no"),
     {OUTCOME_RELEASE, "provider:429", LANE_MONTHLY, true}},
    {429, "slow down", {OUTCOME_RELEASE, "provider:429", LANE_RATE, true}},
    {451, ERROR("security_error", "no"), {OUTCOME_RELEASE, "provider:451", LANE_SUSPENDED, true}},
    {500, ERROR("application_error", "no"), {OUTCOME_RETRY, "provider:500", LANE_DOWN, false}},
    {500, ERROR("internal_server_error", "no"), {OUTCOME_RETRY, "provider:500", LANE_DOWN, false}},
    {500, "", {OUTCOME_UNCERTAIN, "provider:500", LANE_DOWN, false}},
    {502, "<html>502 Bad Gateway</html>", {OUTCOME_UNCERTAIN, "provider:502", LANE_DOWN, false}},
    {503,
     "{\"message\":\"Service Unavailable\"}",
     {OUTCOME_UNCERTAIN, "provider:503", LANE_DOWN, false}},
    {504, "", {OUTCOME_UNCERTAIN, "provider:504", LANE_DOWN, false}},
    {301, "", {OUTCOME_RELEASE, "provider:301", LANE_KEY, true}},
    {307, "", {OUTCOME_RELEASE, "provider:307", LANE_KEY, true}},
    {0, "", {OUTCOME_UNCERTAIN, "provider:0", LANE_DOWN, false}},
    {199, "", {OUTCOME_UNCERTAIN, "provider:199", LANE_DOWN, false}},
    {999, "", {OUTCOME_UNCERTAIN, "provider:999", LANE_DOWN, false}},
};

static void every_refusal_has_its_meaning(void **state) {
    (void)state;
    struct message m[3];
    struct outcome outcomes[3];
    for (size_t i = 0; i < COUNT(refusals); i++) {
        for (int n = 1; n <= 3; n += 2) {
            struct manifest all = some_mails(m, n);
            struct reading got = {.outcomes = outcomes};
            struct wire_response r = answer(refusals[i].status, refusals[i].body, "");
            char what[64];
            str_format(what, sizeof what, "%d %.30s", refusals[i].status, refusals[i].body);
            resend()->read(&r, &all, &got);
            check_all(&got, n, &refusals[i].want, what);
            assert_int_equal(got.split, refusals[i].want.kind == OUTCOME_REJECTED && n > 1);
            wire_response_done(&r);
        }
    }
}

static void a_refusal_reads_status_name_text(void **state) {
    (void)state;
    struct message m[1];
    struct outcome outcomes[1];
    struct manifest one = some_mails(m, 1);
    struct reading got = {.outcomes = outcomes};
    char *body = fixture("reply_422_invalid_to.json");
    struct wire_response r = answer(422, body, "");
    resend()->read(&r, &one, &got);
    assert_string_equal(outcomes[0].reason,
                        "422 validation_error: Invalid `to` field. The email address needs to "
                        "follow the `email@example.com` or `Name <email@example.com>` format.");
    assert_string_equal(got.answer, body);
    wire_response_done(&r);
    mem_free(body);

    r = answer(404, ERROR("not_found", "nothing here"), "");
    resend()->read(&r, &one, &got);
    assert_string_equal(got.lane.text, "404 not_found: nothing here; check RESEND_BASE_URL");
    wire_response_done(&r);

    r = answer(404, ERROR("not_found", "a\\r\\n\\u001b[2J\\u009bb"), "");
    resend()->read(&r, &one, &got);
    assert_string_equal(got.lane.text, "404 not_found: a   [2J b; check RESEND_BASE_URL");
    wire_response_done(&r);

    /* a long one is cut between characters, and its hint has room */
    struct buf words;
    buf_init(&words, 2000);
    for (int i = 0; i < 300; i++) {
        buf_puts(&words, "é");
    }
    for (int odd = 0; odd < 2; odd++) {
        char long_body[1000];
        str_format(long_body, sizeof long_body, ERROR("not_found", "%s%s"), odd ? "x" : "",
                   buf_text(&words));
        r = answer(404, long_body, "");
        resend()->read(&r, &one, &got);
        assert_true(str_is_utf8(got.lane.text, strlen(got.lane.text)));
        assert_non_null(strstr(got.lane.text, "é; check RESEND_BASE_URL"));
        wire_response_done(&r);
    }
    buf_free(&words);

    r = answer(502, "<html>", "");
    resend()->read(&r, &one, &got);
    assert_string_equal(outcomes[0].reason, "502: not an answer of Resend's own");
    assert_string_equal(got.answer, "");
    wire_response_done(&r);
}

static void without_memory_to_read_it_the_answer_is_asked_for_again(void **state) {
    (void)state;
    static const struct {
        int status, mails;
        const char *body;
        enum outcome_kind kind;
    } cases[] = {
        {200, 2, "{\"data\":[],\"errors\":[{\"index\":0},{\"index\":1}]}", OUTCOME_SOON},
        {422, 1, ERROR("validation_error", "Invalid `to` field."), OUTCOME_SOON},
        {200, 1, "{\"id\":\"x\"}", OUTCOME_SENT}, /* that much the status says */
    };
    struct message m[2];
    struct outcome outcomes[2];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct manifest mails = some_mails(m, cases[i].mails);
        struct reading got = {.outcomes = outcomes};
        struct wire_response r = answer(cases[i].status, cases[i].body, "retry-after: 2\n");
        mem_fail_at(1, 1);
        resend()->read(&r, &mails, &got);
        mem_fail_at(0, 0);
        for (int j = 0; j < cases[i].mails; j++) {
            assert_int_equal(outcomes[j].kind, cases[i].kind);
        }
        assert_int_equal(got.definite, cases[i].kind == OUTCOME_SENT);
        assert_int_equal(got.lane.retry_after_ms, 2000);
        assert_int_equal(got.lane.fault, LANE_OK);
        assert_false(got.split);
        wire_response_done(&r);
    }
}

static void a_lost_answer_is_uncertain_and_no_connection_is_not(void **state) {
    (void)state;
    static const struct {
        enum wire_end end;
        const char *problem;
        struct expected want;
        const char *reason;
    } cases[] = {
        {WIRE_NOT_SENT,
         "Could not resolve host: api.resend.com",
         {OUTCOME_RELEASE, "not_sent", LANE_DOWN, true},
         "not sent: Could not resolve host: api.resend.com"},
        {WIRE_LOST,
         "Connection reset by peer",
         {OUTCOME_UNCERTAIN, "lost", LANE_DOWN, false},
         "lost: Connection reset by peer"},
        {WIRE_TIMED_OUT,
         "no answer within 30s",
         {OUTCOME_UNCERTAIN, "timeout", LANE_DOWN, false},
         "timeout: no answer within 30s"},
        {WIRE_LOST, "", {OUTCOME_UNCERTAIN, "lost", LANE_DOWN, false}, "lost: no answer"},
        {WIRE_LOST,
         "reset by\n\xff",
         {OUTCOME_UNCERTAIN, "lost", LANE_DOWN, false},
         "lost: reset by ?"},
    };
    struct message m[2];
    struct outcome outcomes[2];
    struct manifest both = some_mails(m, 2);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reading got = {.outcomes = outcomes};
        struct wire_response r = answer(0, "", "");
        r.end = cases[i].end;
        str_copy(r.problem, sizeof r.problem, cases[i].problem);
        resend()->read(&r, &both, &got);
        check_all(&got, 2, &cases[i].want, cases[i].reason);
        assert_string_equal(outcomes[1].reason, cases[i].reason);
        assert_string_equal(got.lane.text, cases[i].reason);
        assert_false(got.split);
        wire_response_done(&r);
    }
}

/* An answer given before the key was looked at says nothing about an earlier attempt. */
static void a_second_attempt_never_releases(void **state) {
    (void)state;
    struct message m[2];
    struct outcome outcomes[2];
    struct manifest both = some_mails(m, 2);
    both.attempts = 2;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct expected want = refusals[i].want;
        if (want.kind == OUTCOME_RELEASE || want.kind == OUTCOME_RETRY) {
            want.kind = want.kind == OUTCOME_RELEASE ? OUTCOME_SOON : OUTCOME_RETRY;
            want.definite = false;
        }
        struct reading got = {.outcomes = outcomes};
        struct wire_response r = answer(refusals[i].status, refusals[i].body, "");
        resend()->read(&r, &both, &got);
        check_all(&got, 2, &want, refusals[i].body);
        wire_response_done(&r);
    }
    struct expected again = {OUTCOME_SOON, "not_sent", LANE_DOWN, false};
    struct reading got = {.outcomes = outcomes};
    struct wire_response r = answer(0, "", "");
    r.end = WIRE_NOT_SENT;
    resend()->read(&r, &both, &got);
    check_all(&got, 2, &again, "no connection");
    wire_response_done(&r);
}

static void a_refused_sender_is_the_rows_or_the_lanes(void **state) {
    (void)state;
    static const struct {
        const char *from[3];
        int n;
        bool split;
        enum lane_fault fault;
        enum outcome_kind kind[3];
    } cases[] = {
        {{NULL}, 1, false, LANE_SENDER, {OUTCOME_RELEASE}},
        {{"me@own.example"}, 1, false, LANE_OK, {OUTCOME_REJECTED}},
        {{NULL, NULL, NULL},
         3,
         false,
         LANE_SENDER,
         {OUTCOME_RELEASE, OUTCOME_RELEASE, OUTCOME_RELEASE}},
        {{"A <a@own.example>", "b@OWN.example", "c@own.example"},
         3,
         false,
         LANE_OK,
         {OUTCOME_REJECTED, OUTCOME_REJECTED, OUTCOME_REJECTED}},
        {{"a@own.example", "b@other.example", "a@own.example"},
         3,
         true,
         LANE_OK,
         {OUTCOME_REJECTED, OUTCOME_REJECTED, OUTCOME_REJECTED}},
        {{NULL, "b@other.example", NULL},
         3,
         true,
         LANE_OK,
         {OUTCOME_RELEASE, OUTCOME_REJECTED, OUTCOME_RELEASE}},
    };
    char *body = fixture("reply_403_sender.json");
    for (size_t c = 0; c < COUNT(cases); c++) {
        struct message m[3];
        struct outcome outcomes[3];
        struct manifest all = some_mails(m, cases[c].n);
        for (int i = 0; i < cases[c].n; i++) {
            m[i].from = (char *)cases[c].from[i];
        }
        struct reading got = {.outcomes = outcomes};
        struct wire_response r = answer(403, body, "");
        resend()->read(&r, &all, &got);
        assert_int_equal(got.split, cases[c].split);
        assert_int_equal(got.lane.fault, cases[c].fault);
        assert_true(got.definite);
        for (int i = 0; i < cases[c].n; i++) {
            assert_int_equal(outcomes[i].kind, cases[c].kind[i]);
            if (cases[c].kind[i] == OUTCOME_REJECTED) {
                assert_string_equal(outcomes[i].code, "rejected:sender_not_verified");
                assert_true(str_starts(outcomes[i].reason, "403 validation_error: The acme.com"));
            }
        }
        wire_response_done(&r);
    }
    mem_free(body);
}

/* --- read: acceptances ----------------------------------------------------------------------- */

static void an_accepted_mail_has_its_id(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *body;
        const char *id;
        const char *answer;
    } cases[] = {
        {200, "{\"id\":\"49a3999c\"}", "49a3999c", "{\"id\":\"49a3999c\"}"},
        {201, " {\"id\": \"49a3999c\"}\n", "49a3999c", "{\"id\":\"49a3999c\"}"},
        {200, "", "", ""},
        {204, "", "", ""},
        {200, "{\"id\":\"49a39", "", ""},
        {200, "{\"id\":7}", "", "{\"id\":7}"},
        {200, "{\"id\":\"a b\"}", "", "{\"id\":\"a b\"}"},
        {200, "{\"id\":\"a\\u001bb\"}", "", "{\"id\":\"a\\u001bb\"}"},
        {200, "{\"id\":\"\xc3\xa9\"}", "", "{\"id\":\"\xc3\xa9\"}"},
        {200, "[]", "", ""},
        {200, "<html>welcome</html>", "", ""},
        {200, "{\"id\":\"x\\u0000\"}", "", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m[1];
        struct outcome outcomes[1];
        struct manifest one = some_mails(m, 1);
        struct reading got = {.outcomes = outcomes};
        struct expected want = {OUTCOME_SENT, "", LANE_OK, true};
        struct wire_response r = answer(cases[i].status, cases[i].body, "");
        resend()->read(&r, &one, &got);
        check_all(&got, 1, &want, cases[i].body);
        assert_string_equal(outcomes[0].provider_id, cases[i].id);
        assert_string_equal(got.answer, cases[i].answer);
        wire_response_done(&r);
    }
}

static void long_ids_and_answers_are_left_out(void **state) {
    (void)state;
    static const struct {
        size_t length;
        size_t kept;
        bool answer;
    } cases[] = {{127, 127, true}, {128, 0, true}, {1014, 0, true}, {1015, 0, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m[1];
        struct outcome outcomes[1];
        struct manifest one = some_mails(m, 1);
        struct reading got = {.outcomes = outcomes};
        char id[1200] = "";
        char body[1300];
        memset(id, 'x', cases[i].length);
        str_format(body, sizeof body, "{\"id\":\"%s\"}", id);
        struct wire_response r = answer(200, body, "");
        resend()->read(&r, &one, &got);
        assert_int_equal(outcomes[0].kind, OUTCOME_SENT);
        assert_int_equal(strlen(outcomes[0].provider_id), cases[i].kept);
        assert_string_equal(got.answer, cases[i].answer ? body : "");
        wire_response_done(&r);
    }
}

static void ids_of_a_batch_skip_the_refused_ones(void **state) {
    (void)state;
    /* outcomes as "id", "!code" where refused, "" where sent with the id unknown */
    static const struct {
        const char *body;
        const char *want[3];
    } cases[] = {
        {"{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"}]}", {"a", "b", "c"}},
        {"{\"data\":[{\"id\":\"a\"},{\"id\":\"c\"}],\"errors\":[{\"index\":1,\"message\":"
         "\"Invalid `to` field.\"}]}",
         {"a", "!rejected:invalid_to", "c"}},
        {"{\"data\":[{\"id\":\"c\"}],\"errors\":[{\"index\":1,\"message\":\"Missing `subject` "
         "field.\"},{\"index\":0,\"message\":\"bad\"}]}",
         {"!rejected:validation_error", "!rejected:missing_field", "c"}},
        {"{\"data\":[],\"errors\":[{\"index\":0,\"message\":\"x\"},{\"index\":1},"
         "{\"index\":2,\"name\":\"invalid_attachment\",\"message\":\"x\"}]}",
         {"!rejected:validation_error", "!rejected:validation_error",
          "!rejected:invalid_attachment"}},
        /* the same index twice is one refusal */
        {"{\"data\":[{\"id\":\"b\"},{\"id\":\"c\"}],\"errors\":[{\"index\":0,\"message\":\"x\"},"
         "{\"index\":0,\"message\":\"y\"}]}",
         {"!rejected:validation_error", "b", "c"}},
        /* counts or indexes that do not add up: sent, whose id is whose unknown */
        {"{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}]}", {"", "", ""}},
        {"{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"},{\"id\":\"d\"}]}", {"", "", ""}},
        {"{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"}],\"errors\":[{\"index\":3}]}",
         {"", "", ""}},
        {"{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"errors\":[{\"index\":0.5}]}", {"", "", ""}},
        {"{\"errors\":[{\"index\":2,\"message\":\"bad\"}]}",
         {"", "", "!rejected:validation_error"}},
        {"{\"data\":[{\"id\":\"a\"},{},{\"id\":5}]}", {"a", "", ""}},
        {"{\"id\":\"a\"}", {"", "", ""}},
        {"", {"", "", ""}},
        {"{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"},", {"", "", ""}},
        {"null", {"", "", ""}},
    };
    for (size_t c = 0; c < COUNT(cases); c++) {
        struct message m[3];
        struct outcome outcomes[3];
        struct manifest all = some_mails(m, 3);
        struct reading got = {.outcomes = outcomes};
        struct wire_response r = answer(200, cases[c].body, "");
        resend()->read(&r, &all, &got);
        assert_true(got.definite);
        assert_false(got.split);
        assert_int_equal(got.lane.fault, LANE_OK);
        for (int i = 0; i < 3; i++) {
            const char *want = cases[c].want[i];
            bool refused = want[0] == '!';
            assert_int_equal(outcomes[i].kind, refused ? OUTCOME_REJECTED : OUTCOME_SENT);
            assert_string_equal(refused ? outcomes[i].code : outcomes[i].provider_id,
                                refused ? want + 1 : want);
            assert_true(!refused || str_starts(outcomes[i].reason, "422 "));
        }
        wire_response_done(&r);
    }
}

/* --- read: headers --------------------------------------------------------------------------- */

static void headers_tell_rate_quota_and_wait(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *headers;
        double rate;
        int64_t daily;
        int64_t monthly;
        int64_t retry_after_ms;
    } cases[] = {
        {200, "", 0, -1, -1, -1},
        {200, "ratelimit-limit: 10\nratelimit-remaining: 9\nratelimit-reset: 1\n", 10, -1, -1, -1},
        {200, "ratelimit-limit: 100\nratelimit-policy: 100;w=60\n", 100.0 / 60, -1, -1, -1},
        {200, "ratelimit-policy: 2;w=1\n", 2, -1, -1, -1},
        {200, "ratelimit-policy: 5; w=1, 60;w=60\n", 1, -1, -1, -1},
        {200, "ratelimit-policy: \"default\";q=10;w=2\n", 5, -1, -1, -1},
        {200, "ratelimit-limit: 10, 10;w=1\n", 10, -1, -1, -1},
        {200, "ratelimit-limit: lots\n", 0, -1, -1, -1},
        {200, "ratelimit-limit: -5\n", 0, -1, -1, -1},
        {200, "ratelimit-limit: 0\n", 0, -1, -1, -1},
        {200, "ratelimit-limit: 1e30\n", 0, -1, -1, -1},
        {200, "ratelimit-limit: nan\n", 0, -1, -1, -1},
        {200, "ratelimit-limit: 4\nratelimit-policy: 4;w=0\n", 4, -1, -1, -1},
        {200, "x-resend-daily-quota: 2\nx-resend-monthly-quota: 11\n", 0, 2, 11, -1},
        {200, "x-resend-daily-quota: -1\nx-resend-monthly-quota: many\n", 0, -1, -1, -1},
        {429, "retry-after: 3\nratelimit-reset: 1\n", 0, -1, -1, 3000},
        {429, "retry-after: 0\n", 0, -1, -1, 0},
        {429, "retry-after: 0.5\n", 0, -1, -1, 500},
        {429, "retry-after: 99999999\n", 0, -1, -1, 86400000},
        {429, "retry-after: -3\n", 0, -1, -1, -1},
        {429, "retry-after: Wed, 21 Oct 2026 07:28:00 GMT\n", 0, -1, -1, -1},
        {429, "retry-after: \n", 0, -1, -1, -1},
        {429, "ratelimit-reset: 2\n", 0, -1, -1, 2000},
        {429, "ratelimit-reset: 1614265330\n", 0, -1, -1, -1},
        {503, "retry-after: 7\n", 0, -1, -1, 7000},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m[1];
        struct outcome outcomes[1];
        struct manifest one = some_mails(m, 1);
        struct reading got = {.outcomes = outcomes};
        struct wire_response r = answer(cases[i].status, "{\"id\":\"x\"}", cases[i].headers);
        resend()->read(&r, &one, &got);
        if (!(got.lane.rate > cases[i].rate - 1e-9 && got.lane.rate < cases[i].rate + 1e-9) ||
            got.lane.daily_used != cases[i].daily || got.lane.monthly_used != cases[i].monthly ||
            got.lane.retry_after_ms != cases[i].retry_after_ms) {
            fail_msg("%s: rate %g daily %lld monthly %lld retry %lld", cases[i].headers,
                     got.lane.rate, (long long)got.lane.daily_used,
                     (long long)got.lane.monthly_used, (long long)got.lane.retry_after_ms);
        }
        wire_response_done(&r);
    }
}

/* --- read: anything -------------------------------------------------------------------------- */

static void check_sane(const struct reading *got, int n, int status, const char *what) {
    bool accepted = status >= 200 && status <= 299;
    for (int i = 0; i < n; i++) {
        const struct outcome *o = &got->outcomes[i];
        if (!accepted && o->kind == OUTCOME_SENT) {
            fail_msg("%s with %d passes for sent", what, status);
        }
        assert_true(o->kind == OUTCOME_SENT || o->code[0] != '\0');
        assert_true(str_is_utf8(o->reason, strlen(o->reason)));
        assert_true(strspn(o->code, "abcdefghijklmnopqrstuvwxyz0123456789_:") == strlen(o->code));
        assert_true(str_is_clean(o->provider_id));
    }
    assert_true(!got->split || n > 1);
    assert_true(got->answer[0] == '\0' || got->answer[0] == '{');
}

static void any_bytes_under_any_status_are_read(void **state) {
    (void)state;
    static const char *const names[] = {
        "reply_single.json",         "reply_batch.json",
        "reply_batch_errors.json",   "reply_422_missing.json",
        "reply_422_invalid_to.json", "reply_403_sender.json",
        "reply_429_rate.json",       "reply_500.json",
        "reply_502_gateway.html",    "reply_1010.txt",
        "hostile_cut.json",          "hostile_types.json",
        "hostile_errors.json",       "hostile_controls.json",
        "hostile_bytes.json",        "hostile_deep.json",
        "hostile_long.json",
    };
    struct message m[3];
    struct outcome outcomes[3];
    for (size_t f = 0; f < COUNT(names); f++) {
        char *body = fixture(names[f]);
        for (int status = 0; status < 620; status++) {
            for (int n = 1; n <= 3; n++) {
                struct manifest all = some_mails(m, n);
                struct reading got = {.outcomes = outcomes};
                struct wire_response r = answer(status, body, "retry-after: \xff\nx\n:\n");
                memset(outcomes, 0xee, sizeof outcomes);
                resend()->read(&r, &all, &got);
                check_sane(&got, n, status, names[f]);
                wire_response_done(&r);
            }
        }
        mem_free(body);
    }
}

static void without_memory_nothing_sent_turns_unsent(void **state) {
    (void)state;
    long before = mem_live();
    for (unsigned long n = 1; n < 40; n++) {
        struct message m[2];
        struct outcome outcomes[2];
        struct manifest both = some_mails(m, 2);
        struct reading got = {.outcomes = outcomes};
        struct wire_response r = answer(200, "{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}]}", "");
        mem_fail_at(n, 1);
        resend()->read(&r, &both, &got);
        mem_fail_at(0, 0);
        /* or the same request again, whose key keeps it from being sent twice */
        enum outcome_kind kind = got.definite ? OUTCOME_SENT : OUTCOME_SOON;
        assert_int_equal(outcomes[0].kind, kind);
        assert_int_equal(outcomes[1].kind, kind);
        wire_response_done(&r);
        assert_int_equal(mem_live(), before);
    }
}

static void the_registry_knows_its_providers(void **state) {
    (void)state;
    assert_string_equal(resend()->name, "resend");
    assert_int_equal(resend()->batch_max, 100);
    assert_true(resend()->wire);
    char url[512];
    resend()->base_url(&conf, url);
    assert_string_equal(url, "https://api.resend.com");
    assert_string_equal(provider_find("sendgrid")->name, "sendgrid");
    assert_string_equal(provider_find("ses")->name, "ses");
    assert_string_equal(provider_find("smtp")->name, "smtp");
    assert_string_equal(provider_find("null")->name, "null");
    assert_null(provider_find("mailgun"));
    assert_null(provider_find(NULL));
    assert_string_equal(provider_names(), "resend, sendgrid, ses, smtp, null");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_mail_is_sent_as_documented),
        cmocka_unit_test(a_batch_is_a_bare_array_in_permissive_mode),
        cmocka_unit_test(a_batch_of_one_stays_a_batch),
        cmocka_unit_test(without_a_key_nothing_is_replay_safe),
        cmocka_unit_test(the_same_manifest_gives_the_same_bytes),
        cmocka_unit_test(ids_fit_tags_and_can_be_told_apart),
        cmocka_unit_test(what_tags_cannot_hold_is_refused_by_name),
        cmocka_unit_test(only_mails_without_attachments_share),
        cmocka_unit_test(a_failed_allocation_leaves_nothing_behind),
        cmocka_unit_test(too_large_is_said_not_run_into),
        cmocka_unit_test(configuration_is_checked_at_start),
        cmocka_unit_test(every_refusal_has_its_meaning),
        cmocka_unit_test(a_refusal_reads_status_name_text),
        cmocka_unit_test(without_memory_to_read_it_the_answer_is_asked_for_again),
        cmocka_unit_test(a_lost_answer_is_uncertain_and_no_connection_is_not),
        cmocka_unit_test(a_second_attempt_never_releases),
        cmocka_unit_test(a_refused_sender_is_the_rows_or_the_lanes),
        cmocka_unit_test(an_accepted_mail_has_its_id),
        cmocka_unit_test(long_ids_and_answers_are_left_out),
        cmocka_unit_test(ids_of_a_batch_skip_the_refused_ones),
        cmocka_unit_test(headers_tell_rate_quota_and_wait),
        cmocka_unit_test(any_bytes_under_any_status_are_read),
        cmocka_unit_test(without_memory_nothing_sent_turns_unsent),
        cmocka_unit_test(the_registry_knows_its_providers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
