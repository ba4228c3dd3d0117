/* SendGrid: the exact bytes that leave, held against the rules of its OpenAPI document, and what
 * every answer in its book, and some in none, mean. */
#include "base/json.h"
#include "unit/provider/mails.h"

static const struct provider *sendgrid(void) {
    return provider_find("sendgrid");
}

static char *fixture(const char *name) {
    return fixture_of("sendgrid", name);
}

static struct manifest manifest_for(struct message *m) {
    struct manifest one = manifest_of(m, 1);
    one.key[0] = '\0';
    return one;
}

/* The body that a message makes; the caller's to free. */
static struct json *body_of(struct message *m) {
    struct manifest one = manifest_for(m);
    struct wire_request r;
    struct err err = {0};
    if (!sendgrid()->build(&conf, &one, &r, &err)) {
        fail_msg("%s", err.text);
    }
    struct json *root = json_parse(buf_text(&r.body), r.body.len, WIRE_MAX_BODY, &err);
    assert_non_null(root);
    wire_request_done(&r);
    return root;
}

static struct message full_mail(void) {
    return (struct message){
        .id = (char *)"3f2a/77",
        .from = (char *)"Acme <a@acme.com>",
        .to = (char *)"\"Bea, Berg\" <b@y.com>",
        .cc = (char *)"[\"c@y.com\", \"Cé <c2@y.com>\"]",
        .bcc = (char *)"[ \"d@y.com\" ]",
        .reply_to = (char *)"[\"R <r@acme.com>\"]",
        .subject = (char *)"Héllo",
        .html = (char *)"<p class=\"x\">hi</p>\n",
        .text = (char *)"hi",
        .headers = (char *)"{\"X-Ref\": \"1\"}",
        .attachments = (char *)"[{\"content\":\"aGVs\\r\\nbG8=\\n\",\"filename\":\"a.txt\","
                               "\"content_type\":null},"
                               "{\"content\":\"aGk=\",\"filename\":\"i.png\","
                               "\"content_type\":\"image/png\",\"content_id\":\"img1\","
                               "\"path\":\"http://169.254.169.254/\"}]",
        .tags = (char *)"{\"campaign\":\"autumn \\\"26\\\"\",\"category\":\"receipt\"}",
    };
}

/* --- build ----------------------------------------------------------------------------------- */

static void a_mail_is_sent_as_documented(void **state) {
    (void)state;
    struct message m = full_mail();
    struct manifest one = manifest_for(&m);
    struct wire_request r;
    struct err err = {0};
    assert_true(sendgrid()->build(&conf, &one, &r, &err));
    char *golden = fixture("request_full.json");
    assert_string_equal(buf_text(&r.body), golden);
    assert_string_equal(r.url, "https://api.sendgrid.com/v3/mail/send");
    assert_string_equal(header(&r, "Authorization"), "Bearer SG.test_123456789");
    assert_string_equal(header(&r, "Content-Type"), "application/json");
    assert_string_equal(header(&r, "Accept"), "application/json");
    assert_int_equal(r.header_count, 3);
    for (int i = 0; i < r.header_count; i++) {
        assert_int_equal(r.headers[i].secret, str_eq(r.headers[i].name, "Authorization"));
    }
    mem_free(golden);
    wire_request_done(&r);
}

static void what_is_absent_is_left_out(void **state) {
    (void)state;
    static const char *const empty[] = {NULL, "null", "[]"};
    static const char *const nothing[] = {NULL, "null", "{}"};
    char *golden = fixture("request_plain.json");
    for (size_t i = 0; i < COUNT(empty); i++) {
        struct message m = mail("1", "a@y.com");
        m.text = (char *)(i ? "" : NULL);
        m.reply_to = (char *)"[\"r1@acme.com\",\"r2@acme.com\"]";
        m.cc = m.bcc = m.attachments = (char *)empty[i];
        m.headers = m.tags = (char *)nothing[i];
        struct manifest one = manifest_for(&m);
        struct wire_request r;
        struct err err = {0};
        assert_true(sendgrid()->build(&conf, &one, &r, &err));
        assert_string_equal(buf_text(&r.body), golden);
        wire_request_done(&r);
    }
    mem_free(golden);
}

/* Whatever the manifest says: there is no key, so curl must not repeat it (net/easy.c). */
static void it_is_never_safe_to_repeat(void **state) {
    (void)state;
    struct message m = mail("1", "a@y.com");
    struct manifest one = manifest_of(&m, 1);
    struct wire_request r;
    struct err err = {0};
    assert_string_not_equal(one.key, "");
    assert_true(sendgrid()->build(&conf, &one, &r, &err));
    assert_false(r.replay_safe);
    assert_null(header(&r, "Idempotency-Key"));
    assert_int_equal(sendgrid()->key_life_ms, 0);
    wire_request_done(&r);
}

static void the_same_manifest_gives_the_same_bytes(void **state) {
    (void)state;
    struct message m = full_mail();
    m.from = NULL;
    struct manifest one = manifest_for(&m);
    struct settings other = conf;
    other.from = "changed@since.example"; /* frozen in the manifest: no part in it */
    other.sendgrid_api_key = "SG.rotated_987654321";
    struct wire_request a;
    struct wire_request b;
    struct err err = {0};
    assert_true(sendgrid()->build(&conf, &one, &a, &err));
    assert_true(sendgrid()->build(&other, &one, &b, &err));
    assert_string_equal(buf_text(&a.body), buf_text(&b.body));
    assert_non_null(strstr(buf_text(&a.body), "\"email\":\"hello@shop.example\""));
    wire_request_done(&a);
    wire_request_done(&b);
}

static void mailboxes_are_taken_apart(void **state) {
    (void)state;
    static const struct {
        const char *to;
        const char *email;
        const char *name;
    } cases[] = {
        {"a@y.com", "a@y.com", NULL},
        {" <a@y.com>", "a@y.com", NULL},
        {"\"\" <a@y.com>", "a@y.com", NULL},
        {"A <a@y.com>", "a@y.com", "A"},
        {"\"B; \\\"b\\\" <x@z.com>\" <a@y.com>", "a@y.com", "B; \"b\" <x@z.com>"},
        {"\"a b\"@y.com", "\"a b\"@y.com", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = mail("1", cases[i].to);
        struct json *root = body_of(&m);
        const struct json *p = json_at(json_get(root, "personalizations"), 0);
        const struct json *to = json_at(json_get(p, "to"), 0);
        assert_string_equal(json_get_text(to, "email"), cases[i].email);
        assert_true(str_eq(json_get_text(to, "name"), cases[i].name));
        json_free(root);
    }
}

/* Events have custom_args among their own fields: a tag never takes the place of one. */
static void tags_do_not_pass_for_fields_of_events(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *arg;
    } cases[] = {
        {"order", "order"},           {"New Argument 1", "New Argument 1"},
        {"event", "tag_event"},       {"email", "tag_email"},
        {"type", "tag_type"},         {"sg_event_id", "tag_sg_event_id"},
        {"smtp-id", "tag_smtp-id"},   {"bounce_classification", "tag_bounce_classification"},
        {"tag_type", "tag_tag_type"}, {"Event", "Event"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char tags[100];
        struct message m = mail("an id, \"any\"", "a@y.com");
        str_format(tags, sizeof tags, "{\"%s\":\"v\"}", cases[i].name);
        m.tags = tags;
        struct json *root = body_of(&m);
        const struct json *p = json_at(json_get(root, "personalizations"), 0);
        const struct json *args = json_get(p, "custom_args");
        assert_int_equal(json_size(args), 2);
        assert_string_equal(json_get_text(args, "postroom_id"), m.id);
        assert_true(str_eq(json_get_text(args, cases[i].arg), "v"));
        json_free(root);
    }
}

static void one_request_carries_one_message(void **state) {
    (void)state;
    struct message m[2];
    struct err err = {0};
    for (int n = 0; n <= 2; n += 2) {
        struct manifest all = some_mails(m, n);
        struct wire_request r;
        assert_false(sendgrid()->build(&conf, &all, &r, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_int_equal(r.header_count, 0);
        assert_null(r.body.data);
    }
    m[0] = mail("1", "a@y.com");
    assert_false(sendgrid()->batchable(&m[0]));
    assert_int_equal(sendgrid()->batch_max, 1);
}

/* --- the rules of the OpenAPI document ------------------------------------------------------- */

static void only_these(const struct json *object, const char *const *names, size_t n) {
    assert_int_equal(json_type(object), JSON_OBJECT);
    for (const struct json *v = json_first(object); v; v = json_next(v)) {
        bool known = false;
        for (size_t i = 0; i < n; i++) {
            known = known || str_eq(json_key(v), names[i]);
        }
        if (!known) {
            fail_msg("\"%s\" is not in the document", json_key(v));
        }
    }
}
#define ONLY(object, ...)                                                                          \
    only_these(object, (const char *const[]){__VA_ARGS__},                                         \
               COUNT(((const char *const[]){__VA_ARGS__})))

/* MailTo and MailFrom: email required. */
static void is_person(const struct json *v) {
    const char *email = json_get_text(v, "email");
    ONLY(v, "email", "name");
    assert_true(email && strchr(email, '@') && !strpbrk(email, "<>\r\n"));
    assert_true(!json_get(v, "name") || json_get_text(v, "name"));
}

static void are_people(const struct json *list, bool required) {
    assert_true(!required || json_size(list) > 0);
    assert_true(!list || (json_type(list) == JSON_ARRAY && json_size(list) <= 1000));
    for (const struct json *v = json_first(list); v; v = json_next(v)) {
        is_person(v);
    }
}

static void are_strings(const struct json *object) {
    for (const struct json *v = json_first(object); v; v = json_next(v)) {
        assert_non_null(json_text(v));
    }
}

static void is_personalization(const struct json *p) {
    struct buf args;
    ONLY(p, "to", "cc", "bcc", "custom_args");
    are_people(json_get(p, "to"), true);
    are_people(json_get(p, "cc"), false);
    are_people(json_get(p, "bcc"), false);
    int all =
        json_size(json_get(p, "to")) + json_size(json_get(p, "cc")) + json_size(json_get(p, "bcc"));
    assert_true(all <= 1000);
    are_strings(json_get(p, "custom_args"));
    buf_init(&args, 1 << 20);
    json_print(&args, json_get(p, "custom_args"));
    assert_true(args.len < 10000);
    buf_free(&args);
}

static void is_content(const struct json *list) {
    assert_true(json_size(list) == 1 || json_size(list) == 2);
    for (const struct json *v = json_first(list); v; v = json_next(v)) {
        ONLY(v, "type", "value");
        assert_true(json_get_text(v, "value") && json_get_text(v, "value")[0]);
    }
    if (json_size(list) == 2) {
        assert_string_equal(json_get_text(json_at(list, 0), "type"), "text/plain");
        assert_string_equal(json_get_text(json_at(list, 1), "type"), "text/html");
    }
}

static void are_attachments(const struct json *list) {
    for (const struct json *v = json_first(list); v; v = json_next(v)) {
        const char *content = json_get_text(v, "content");
        const char *type = json_get_text(v, "type");
        const char *disposition = json_get_text(v, "disposition");
        ONLY(v, "content", "filename", "type", "disposition", "content_id");
        assert_true(content && content[0] && !strpbrk(content, "\r\n "));
        assert_non_null(json_get_text(v, "filename"));
        assert_true(!json_get(v, "type") || (type && type[0] && !strpbrk(type, ";\r\n")));
        assert_true(str_eq(disposition, "inline") || str_eq(disposition, "attachment"));
        assert_int_equal(str_eq(disposition, "inline"), json_get_text(v, "content_id") != NULL);
    }
}

static void follows_the_document(const struct json *root) {
    const struct json *all = json_get(root, "personalizations");
    const struct json *reply_to = json_get(root, "reply_to");
    const char *subject = json_get_text(root, "subject");
    ONLY(root, "personalizations", "from", "reply_to", "reply_to_list", "subject", "content",
         "attachments", "headers");
    assert_int_equal(json_size(all), 1);
    is_personalization(json_first(all));
    is_person(json_get(root, "from"));
    assert_true(subject && subject[0]);
    assert_false(reply_to && json_get(root, "reply_to_list"));
    if (reply_to) {
        is_person(reply_to);
    }
    are_people(json_get(root, "reply_to_list"), false);
    is_content(json_get(root, "content"));
    are_attachments(json_get(root, "attachments"));
    are_strings(json_get(root, "headers"));
}

/* ["x0@y.com","x1@y.com", ...] as the row has it. */
static char *many(int n, const char *domain) {
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_addc(&b, '[');
    for (int i = 0; i < n; i++) {
        buf_printf(&b, "%s\"x%d@%s\"", i ? "," : "", i, domain);
    }
    buf_addc(&b, ']');
    return buf_take(&b);
}

static void bodies_follow_the_document(void **state) {
    (void)state;
    char *cc = many(499, "c.example");
    char *bcc = many(500, "b.example");
    struct message cases[] = {full_mail(), mail("1", "a@y.com"), mail("2", "A <a@y.com>"),
                              full_mail(), full_mail()};
    cases[2].text = (char *)" ";
    cases[2].attachments = (char *)"[]";
    cases[3].cc = cc;
    cases[3].bcc = bcc;
    cases[3].reply_to = (char *)"[\"r@y.com\",\"s@y.com\"]";
    cases[4].subject = (char *)"\"\\";
    cases[4].tags = (char *)"null";
    for (size_t i = 0; i < COUNT(cases); i++) {
        char code[64] = "";
        struct err err = {0};
        assert_true(message_check(&cases[i], conf.from, code, &err));
        struct json *root = body_of(&cases[i]);
        follows_the_document(root);
        json_free(root);
    }
    mem_free(cc);
    mem_free(bcc);
}

/* --- what it cannot express ------------------------------------------------------------------ */

static void refused(const struct message *m, const char *want, const char *text) {
    struct message copy = *m;
    struct manifest one = manifest_for(&copy);
    struct wire_request r;
    struct err err = {0};
    char code[64] = "";
    assert_false(sendgrid()->accepts(m, code, &err));
    assert_string_equal(code, want);
    assert_int_equal(err.code, ERR_INVALID);
    if (!strstr(err.text, text)) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, text);
    }
    assert_false(sendgrid()->build(&conf, &one, &r, &err));
    assert_int_equal(r.header_count, 0);
    assert_null(r.body.data);
}

static void what_it_cannot_express_is_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *subject, *cc, *bcc, *reply_to, *headers, *attachments, *tags;
        const char *code;
        const char *text;
    } cases[] = {
        {.subject = "", .code = "rejected:invalid_subject", .text = "subject is empty"},
        {.cc = "[\"B <A@Y.com>\"]", .code = "rejected:invalid_cc", .text = "cc: A@Y.com is among"},
        {.cc = "[\"c@y.com\",\"c@y.com\"]", .code = "rejected:invalid_cc", .text = "cc: c@y.com"},
        {.cc = "[\"c@y.com\"]",
         .bcc = "[\"C@y.com\"]",
         .code = "rejected:invalid_bcc",
         .text = "bcc: C@y.com is among"},
        {.bcc = "[\"a@y.com\"]", .code = "rejected:invalid_bcc", .text = "bcc: a@y.com"},
        {.reply_to = "[\"r@y.com\",\"R <r@y.com>\"]",
         .code = "rejected:invalid_reply_to",
         .text = "reply_to: r@y.com"},
        {.headers = "{\"X-SG-EID\":\"x\"}",
         .code = "rejected:invalid_headers",
         .text = "\"X-SG-EID\" is SendGrid's own"},
        {.headers = "{\"x-sg-id\":\"x\"}", .code = "rejected:invalid_headers", .text = "x-sg-id"},
        {.headers = "{\"X-A\":\"1\",\"X-B\":\"\\u00e9\"}",
         .code = "rejected:invalid_headers",
         .text = "\"X-B\" is not ASCII"},
        {.attachments = "[{\"filename\":\"a\",\"content\":\"aGk=\"},"
                        "{\"filename\":\"b\",\"content\":\"\"}]",
         .code = "rejected:invalid_attachments",
         .text = "attachments[1] is empty"},
        {.attachments = "[{\"filename\":\"b\",\"content\":\"\\r\\n\"}]",
         .code = "rejected:invalid_attachments",
         .text = "attachments[0] is empty"},
        {.attachments = "[{\"filename\":\"b\"}]",
         .code = "rejected:invalid_attachments",
         .text = "attachments[0] is empty"},
        {.attachments = "[{\"filename\":\"b\",\"content\":\"aGk=\","
                        "\"content_type\":\"text/plain; charset=utf-8\"}]",
         .code = "rejected:invalid_attachments",
         .text = "has parameters"},
        {.tags = "{\"\":\"v\"}", .code = "rejected:invalid_tags", .text = "a name is empty"},
        {.tags = "{\"k\":", .code = "rejected:invalid_tags", .text = "JSON"},
        {.cc = "[\"", .code = "rejected:invalid_cc", .text = "JSON"},
        {.headers = "{", .code = "rejected:invalid_headers", .text = "JSON"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = mail("1", "a@y.com");
        m.subject = (char *)(cases[i].subject ? cases[i].subject : "s");
        m.cc = (char *)cases[i].cc;
        m.bcc = (char *)cases[i].bcc;
        m.reply_to = (char *)cases[i].reply_to;
        m.headers = (char *)cases[i].headers;
        m.attachments = (char *)cases[i].attachments;
        m.tags = (char *)cases[i].tags;
        refused(&m, cases[i].code, cases[i].text);
    }
}

static void limits_are_kept_to_the_last_one(void **state) {
    (void)state;
    char code[64];
    struct err err = {0};
    struct message m = mail("1", "a@y.com");
    m.bytes = INT64_C(30) * 1024 * 1024;
    assert_true(sendgrid()->accepts(&m, code, &err));
    m.bytes++;
    refused(&m, "rejected:too_big", "at most 31457280");
    m.bytes = 0;

    char *cc = many(500, "c.example");
    char *bcc = many(499, "b.example");
    m.cc = cc;
    m.bcc = bcc;
    assert_true(sendgrid()->accepts(&m, code, &err));
    mem_free(bcc);
    m.bcc = bcc = many(500, "b.example");
    refused(&m, "rejected:invalid_bcc", "at most 1000 addresses");
    m.bcc = NULL;
    mem_free(cc);
    m.cc = cc = many(1000, "c.example");
    refused(&m, "rejected:invalid_cc", "at most 1000 addresses");
    m.cc = NULL;
    m.reply_to = cc;
    assert_true(sendgrid()->accepts(&m, code, &err));
    m.reply_to = NULL;
    mem_free(cc);
    mem_free(bcc);

    char value[10001];
    struct buf tags;
    memset(value, 'x', sizeof value);
    buf_init(&tags, 20000);
    for (int n = 9900; n < 10000; n++) { /* what passes fits, whatever the last byte is */
        buf_clear(&tags);
        buf_printf(&tags, "{\"k\":\"%.*s\"}", n, value);
        m.tags = tags.data;
        if (!sendgrid()->accepts(&m, code, &err)) {
            assert_in_range(n, 9940, 9980);
            break;
        }
        struct json *root = body_of(&m);
        follows_the_document(root);
        json_free(root);
    }
    refused(&m, "rejected:invalid_tags", "fewer than 10000");
    buf_free(&tags);
}

static void a_failed_allocation_leaves_nothing_behind(void **state) {
    (void)state;
    struct message m = full_mail();
    struct manifest one = manifest_for(&m);
    long before = mem_live();
    bool done = false;
    unsigned long n = 0;
    while (!done) {
        struct wire_request r;
        struct err err = {0};
        mem_fail_at(++n, 1);
        done = sendgrid()->build(&conf, &one, &r, &err);
        mem_fail_at(0, 0);
        if (done) {
            char *golden = fixture("request_full.json");
            assert_string_equal(buf_text(&r.body), golden);
            mem_free(golden);
            wire_request_done(&r);
        } else {
            assert_int_equal(err.code, ERR_NOMEM);
        }
        assert_int_equal(mem_live(), before);
        assert_true(n < 1000);
    }
    assert_true(n > 20);
}

static void too_large_is_said_not_run_into(void **state) {
    (void)state;
    size_t size = 11 * 1024 * 1024;
    char *html = mem_alloc(size + 1);
    memset(html, 1, size); /* a control character: six bytes in JSON */
    struct message m = mail("1", "a@y.com");
    m.html = html;
    struct manifest one = manifest_for(&m);
    struct wire_request r;
    struct err err = {0};
    assert_false(sendgrid()->build(&conf, &one, &r, &err));
    assert_int_equal(err.code, ERR_INVALID);
    memset(html, '"', size);
    assert_true(sendgrid()->build(&conf, &one, &r, &err));
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
        {"SG.123", "https://api.sendgrid.com", NULL},
        {"", "https://api.sendgrid.com", "SENDGRID_API_KEY is not set"},
        {"", "https://api.sendgrid.com", "SENDGRID_API_KEY_FILE"},
        {"SG.1 23", "https://api.sendgrid.com", "SENDGRID_API_KEY is no key"},
        {"SG.123\n", "https://api.sendgrid.com", "SENDGRID_API_KEY is no key"},
        {"SG.123", "", "SENDGRID_BASE_URL"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct settings s = conf;
        struct err err = {0};
        s.sendgrid_api_key = cases[i].key;
        s.sendgrid_base_url = cases[i].base;
        s.resend_api_key = "";
        assert_int_equal(sendgrid()->check(&s, &err), cases[i].text == NULL);
        assert_true(!cases[i].text || strstr(err.text, cases[i].text));
        assert_true(strlen(cases[i].key) < 4 || !strstr(err.text, cases[i].key));
    }
    char url[512];
    sendgrid()->base_url(&conf, url);
    assert_string_equal(url, "https://api.sendgrid.com");
    assert_string_equal(sendgrid()->base_key, "SENDGRID_BASE_URL");
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

#define ERROR(message, field) "{\"errors\":[{\"message\":\"" message "\",\"field\":" field "}]}"
#define NO_FIELD "null"
#define REJECTED(code)                                                                             \
    { OUTCOME_REJECTED, "rejected:" code, LANE_OK, true }
#define GATEWAY(status)                                                                            \
    { OUTCOME_UNCERTAIN, "provider:" status, LANE_DOWN, false }

static const struct {
    int status;
    const char *body;
    struct expected want;
} refusals[] = {
    {400, ERROR("no", "\"personalizations.0.to.0.email\""), REJECTED("invalid_to")},
    {400, ERROR("no", "\"personalizations.0.cc\""), REJECTED("invalid_cc")},
    {400, ERROR("no", "\"personalizations.12.bcc.3.name\""), REJECTED("invalid_bcc")},
    {400, ERROR("no", "\"personalizations.0.custom_args\""), REJECTED("invalid_tags")},
    {400, ERROR("no", "\"from.email\""), REJECTED("invalid_from")},
    {400, ERROR("no", "\"from\""), REJECTED("invalid_from")},
    {400, ERROR("no", "\"reply_to_list.1.email\""), REJECTED("invalid_reply_to")},
    {400, ERROR("no", "\"subject\""), REJECTED("invalid_subject")},
    {400, ERROR("no", "\"content.0.value\""), REJECTED("invalid_content")},
    {400, ERROR("no", "\"attachments.0.content\""), REJECTED("invalid_attachments")},
    {400, ERROR("no", "\"headers.X-Ref\""), REJECTED("invalid_headers")},
    {400, ERROR("no", "\"personalizations\""), REJECTED("invalid_personalizations")},
    {400, ERROR("no", "\"personalizations.0\""), REJECTED("bad_request")},
    {400, ERROR("no", "\"null\""), REJECTED("bad_request")},
    {400, ERROR("no", "\"To\\u001b[0m\""), REJECTED("bad_request")},
    {400, ERROR("no", "\"a_word_longer_than_any_field_has\""), REJECTED("bad_request")},
    {400, ERROR("Bad Request", NO_FIELD), REJECTED("bad_request")},
    {400, "<html>a proxy</html>", {OUTCOME_RETRY, "provider:400", LANE_DOWN, true}},
    {400, "{\"errors\":[]}", {OUTCOME_RETRY, "provider:400", LANE_DOWN, true}},
    {400, "{\"errors\":[\"no\"]}", {OUTCOME_RETRY, "provider:400", LANE_DOWN, true}},
    {413, ERROR("content too large", NO_FIELD), REJECTED("too_big")},
    {413, "<html>", REJECTED("too_big")},
    {401,
     ERROR("authorization required", NO_FIELD),
     {OUTCOME_RELEASE, "provider:401", LANE_KEY, true}},
    {401, "", {OUTCOME_RELEASE, "provider:401", LANE_KEY, true}},
    {401,
     ERROR("Maximum credits exceeded", NO_FIELD),
     {OUTCOME_RELEASE, "provider:401", LANE_DAILY, true}},
    {403, ERROR("access forbidden", NO_FIELD), {OUTCOME_RELEASE, "provider:403", LANE_KEY, true}},
    {403, ERROR("no", "\"from\""), {OUTCOME_RELEASE, "provider:403", LANE_SENDER, true}},
    {403,
     ERROR("no verified Sender Identity", NO_FIELD),
     {OUTCOME_RELEASE, "provider:403", LANE_SENDER, true}},
    {403, "error code: 1010", {OUTCOME_RELEASE, "provider:403", LANE_KEY, true}},
    {404, ERROR("not found", NO_FIELD), {OUTCOME_RELEASE, "provider:404", LANE_KEY, true}},
    {405, ERROR("no", NO_FIELD), {OUTCOME_RELEASE, "provider:405", LANE_KEY, true}},
    {406, "", {OUTCOME_RELEASE, "provider:406", LANE_KEY, true}},
    {408, "", GATEWAY("408")},
    {415, ERROR("no", NO_FIELD), {OUTCOME_RETRY, "provider:415", LANE_DOWN, true}},
    {429, ERROR("too many requests", NO_FIELD), {OUTCOME_RELEASE, "provider:429", LANE_RATE, true}},
    {429, "slow down", {OUTCOME_RELEASE, "provider:429", LANE_RATE, true}},
    {451, ERROR("no", NO_FIELD), {OUTCOME_RELEASE, "provider:451", LANE_SUSPENDED, true}},
    {500,
     ERROR("internal server error", NO_FIELD),
     {OUTCOME_RETRY, "provider:500", LANE_DOWN, true}},
    {503,
     "{\"errors\":[{\"message\":\"busy\"}]}",
     {OUTCOME_RETRY, "provider:503", LANE_DOWN, true}},
    {500, "", GATEWAY("500")},
    {500, "{\"message\":\"oops\"}", GATEWAY("500")},
    {500, "{\"errors\":[{\"error\":\"oops\"}]}", GATEWAY("500")},
    {500, ERROR("cut", NO_FIELD) "x", GATEWAY("500")},
    {503, "<html>503</html>", GATEWAY("503")},
    /* from a gateway, whoever lent it the words */
    {502, ERROR("bad gateway", NO_FIELD), GATEWAY("502")},
    {502, "<html>502 Bad Gateway</html>", GATEWAY("502")},
    {504, ERROR("timeout", NO_FIELD), GATEWAY("504")},
    {504, "", GATEWAY("504")},
    {301, "", {OUTCOME_RELEASE, "provider:301", LANE_KEY, true}},
    {307, "", {OUTCOME_RELEASE, "provider:307", LANE_KEY, true}},
    {0, "", GATEWAY("0")},
    {199, "", GATEWAY("199")},
    {999, "", GATEWAY("999")},
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
            str_format(what, sizeof what, "%d %.40s", refusals[i].status, refusals[i].body);
            sendgrid()->read(&r, &all, &got);
            check_all(&got, n, &refusals[i].want, what);
            assert_false(got.split);
            wire_response_done(&r);
        }
    }
}

static void a_refusal_reads_status_name_text(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *file;
        const char *reason;
        const char *lane;
    } cases[] = {
        {400, "reply_400_to.json",
         "400 personalizations.0.to.0.email: Does not contain a valid address.", ""},
        {400, "reply_400_base64.json",
         "400 attachments.0.content: The attachment content must be base64 encoded.", ""},
        {400, "reply_400_plain.json", "400 bad_request: Bad Request", ""},
        {401, "reply_401_key.json",
         "401 unauthorized: The provided authorization grant is invalid, expired, or revoked",
         "401 unauthorized: The provided authorization grant is invalid, expired, or revoked; "
         "check "
         "SENDGRID_API_KEY"},
        {401, "reply_401_credits.json", "401 unauthorized: Maximum credits exceeded",
         "401 unauthorized: Maximum credits exceeded"},
        {403, "reply_403_forbidden.json", "403 forbidden: access forbidden",
         "403 forbidden: access forbidden; check SENDGRID_API_KEY and that it may send mail"},
        {413, "reply_413.json", "413 payload_too_large: content too large", ""},
        {429, "reply_429.json", "429 too_many_requests: too many requests",
         "429 too_many_requests: too many requests"},
        {500, "reply_500.json", "500 internal_server_error: internal server error",
         "500 internal_server_error: internal server error"},
        {502, "reply_502_gateway.html", "502: not an answer of SendGrid's own",
         "502: not an answer of SendGrid's own"},
        {409, "reply_400_plain.json", "409 error: Bad Request", "409 error: Bad Request"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m[1];
        struct outcome outcomes[1];
        struct manifest one = some_mails(m, 1);
        struct reading got = {.outcomes = outcomes};
        char *body = fixture(cases[i].file);
        struct wire_response r = answer(cases[i].status, body, "");
        sendgrid()->read(&r, &one, &got);
        assert_string_equal(outcomes[0].reason, cases[i].reason);
        assert_string_equal(got.lane.text, cases[i].lane);
        assert_string_equal(got.answer, body[0] == '{' ? body : "");
        wire_response_done(&r);
        mem_free(body);
    }
}

static void a_lost_answer_is_uncertain_and_no_connection_is_not(void **state) {
    (void)state;
    static const struct {
        enum wire_end end;
        struct expected want;
    } cases[] = {
        {WIRE_NOT_SENT, {OUTCOME_RELEASE, "not_sent", LANE_DOWN, true}},
        {WIRE_LOST, {OUTCOME_UNCERTAIN, "lost", LANE_DOWN, false}},
        {WIRE_TIMED_OUT, {OUTCOME_UNCERTAIN, "timeout", LANE_DOWN, false}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m[1];
        struct outcome outcomes[1];
        struct manifest one = some_mails(m, 1);
        struct reading got = {.outcomes = outcomes};
        struct wire_response r = answer(0, "", "");
        r.end = cases[i].end;
        str_copy(r.problem, sizeof r.problem, "because");
        sendgrid()->read(&r, &one, &got);
        check_all(&got, 1, &cases[i].want, cases[i].want.code);
        assert_non_null(strstr(outcomes[0].reason, "because"));
        wire_response_done(&r);
    }
}

/* There is no key, so an earlier attempt may have gone out whatever comes back now. */
static void a_second_attempt_proves_nothing(void **state) {
    (void)state;
    struct message m[2];
    struct outcome outcomes[2];
    struct manifest both = some_mails(m, 2);
    both.attempts = 2;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct expected want = refusals[i].want;
        want.kind = OUTCOME_UNCERTAIN;
        want.definite = false;
        struct reading got = {.outcomes = outcomes};
        struct wire_response r = answer(refusals[i].status, refusals[i].body, "");
        sendgrid()->read(&r, &both, &got);
        check_all(&got, 2, &want, refusals[i].body);
        wire_response_done(&r);
    }
    struct expected lost = {OUTCOME_UNCERTAIN, "not_sent", LANE_DOWN, false};
    struct reading got = {.outcomes = outcomes};
    struct wire_response r = answer(0, "", "");
    r.end = WIRE_NOT_SENT;
    sendgrid()->read(&r, &both, &got);
    check_all(&got, 2, &lost, "no connection");
    r.end = WIRE_ANSWERED;
    r.status = 202;
    sendgrid()->read(&r, &both, &got);
    assert_int_equal(outcomes[0].kind, OUTCOME_SENT);
    wire_response_done(&r);
}

static void a_refused_sender_is_the_rows_or_the_lanes(void **state) {
    (void)state;
    char *body = fixture("reply_403_sender.json");
    for (int own = 0; own < 2; own++) {
        struct message m[1];
        struct outcome outcomes[1];
        struct manifest one = some_mails(m, 1);
        m[0].from = (char *)(own ? "x@other.example" : NULL);
        struct expected want =
            own ? (struct expected)REJECTED("sender_not_verified")
                : (struct expected){OUTCOME_RELEASE, "provider:403", LANE_SENDER, true};
        struct reading got = {.outcomes = outcomes};
        struct wire_response r = answer(403, body, "");
        sendgrid()->read(&r, &one, &got);
        check_all(&got, 1, &want, "sender");
        assert_true(str_starts(outcomes[0].reason, "403 forbidden: The from address does not"));
        wire_response_done(&r);
    }
    mem_free(body);
}

static void without_memory_to_read_it_nothing_is_held_against_the_mail(void **state) {
    (void)state;
    static const struct {
        int status;
        enum outcome_kind kind;
        enum lane_fault fault;
    } cases[] = {
        {400, OUTCOME_RELEASE, LANE_OK},  {401, OUTCOME_RELEASE, LANE_OK},
        {403, OUTCOME_RELEASE, LANE_OK},  {429, OUTCOME_RELEASE, LANE_RATE},
        {413, OUTCOME_REJECTED, LANE_OK}, {500, OUTCOME_UNCERTAIN, LANE_DOWN},
        {202, OUTCOME_SENT, LANE_OK},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m[1];
        struct outcome outcomes[1];
        struct manifest one = some_mails(m, 1);
        struct reading got = {.outcomes = outcomes};
        struct wire_response r =
            answer(cases[i].status, ERROR("no", "\"from\""), "x-message-id: x\n");
        mem_fail_at(1, 1);
        sendgrid()->read(&r, &one, &got);
        mem_fail_at(0, 0);
        assert_int_equal(outcomes[0].kind, cases[i].kind);
        assert_int_equal(got.lane.fault, cases[i].fault);
        wire_response_done(&r);
    }
}

/* --- read: acceptances ----------------------------------------------------------------------- */

static void an_accepted_mail_has_its_id(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *body;
        const char *headers;
        const char *id;
    } cases[] = {
        {202, "", "server: nginx\nx-message-id: LRzXl_NHStOGhQ4kofSm_A\n",
         "LRzXl_NHStOGhQ4kofSm_A"},
        {202, "", "x-message-id:   a.b  \n", "a.b"},
        {200, "", "x-message-id: x\n", "x"}, /* sandbox mode */
        {202, "<html>welcome</html>", "x-message-id: x\n", "x"},
        {202, "{\"errors\":[{\"message\":\"no\"}]}", "", ""},
        {202, "\xff\x01garbage", "", ""},
        {202, "", "", ""},
        {202, "", "x-message-id: \n", ""},
        {202, "", "x-message-id: a b\n", ""},
        {202, "", "x-message-id: \xc3\xa9\n", ""},
        {202, "", "x-message-ids: x\n", ""},
        {204, "", "", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m[1];
        struct outcome outcomes[1];
        struct manifest one = some_mails(m, 1);
        struct reading got = {.outcomes = outcomes};
        struct expected want = {OUTCOME_SENT, "", LANE_OK, true};
        struct wire_response r = answer(cases[i].status, cases[i].body, cases[i].headers);
        sendgrid()->read(&r, &one, &got);
        check_all(&got, 1, &want, cases[i].headers);
        assert_string_equal(outcomes[0].provider_id, cases[i].id);
        wire_response_done(&r);
    }
}

static void long_ids_are_left_out(void **state) {
    (void)state;
    static const size_t lengths[] = {127, 128, 159, 160, 400};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct message m[1];
        struct outcome outcomes[1];
        struct manifest one = some_mails(m, 1);
        struct reading got = {.outcomes = outcomes};
        char id[500] = "";
        char headers[600];
        memset(id, 'x', lengths[i]);
        str_format(headers, sizeof headers, "x-message-id: %s\n", id);
        struct wire_response r = answer(202, "", headers);
        sendgrid()->read(&r, &one, &got);
        assert_int_equal(outcomes[0].kind, OUTCOME_SENT);
        assert_int_equal(strlen(outcomes[0].provider_id), lengths[i] <= 127 ? lengths[i] : 0);
        wire_response_done(&r);
    }
}

/* --- read: headers --------------------------------------------------------------------------- */

#define DATE "date: Tue, 15 Sep 2020 07:21:42 GMT\n" /* 1600154502 */

static void a_429_tells_how_long_to_wait(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *headers;
        int64_t wait_ms;
    } cases[] = {
        {429, DATE "x-ratelimit-reset: 1600154507\n", 5000},
        {429,
         "x-ratelimit-limit: 5\nx-ratelimit-remaining: 0\n" DATE "x-ratelimit-reset: 1600154502\n",
         0},
        {429, DATE "x-ratelimit-reset: 1600158102\n", 3600000},
        /* no time to believe in: Retry-After, else a second */
        {429, DATE "x-ratelimit-reset: 1600158103\n", 1000},
        {429, DATE "x-ratelimit-reset: 1600154501\n", 1000},
        {429, DATE "x-ratelimit-reset: 5\n", 1000},
        {429, DATE "x-ratelimit-reset: 9223372036854775807\n", 1000},
        {429, DATE "x-ratelimit-reset: soon\n", 1000},
        {429, DATE "x-ratelimit-reset: -1600154507\n", 1000},
        {429, "x-ratelimit-reset: 1600154507\n", 1000},
        {429, "date: Tue, 15 Sep 2020 07:21:42 CET\nx-ratelimit-reset: 1600154507\n", 1000},
        {429, "date: Tue, 15 sep 2020 07:21:42 GMT\nx-ratelimit-reset: 1600154507\n", 1000},
        {429, "date: Tue, 15 Sep 2020 07:61:42 GMT\nx-ratelimit-reset: 1600154507\n", 1000},
        {429, "date: Tuesday, 15-Sep-20 07:21:42 GMT\nx-ratelimit-reset: 1600154507\n", 1000},
        {429, "date: \nx-ratelimit-reset: 1600154507\n", 1000},
        {429, DATE "x-ratelimit-reset: 1600158103\nretry-after: 7\n", 7000},
        {429, "retry-after: 3\n", 3000},
        {429, "retry-after: 0\n", 0},
        {429, "retry-after: 99999999\n", 86400000},
        {429, "", 1000},
        /* the longer of two */
        {429, DATE "x-ratelimit-reset: 1600154507\nretry-after: 2\n", 5000},
        {429, DATE "x-ratelimit-reset: 1600154507\nretry-after: 60\n", 60000},
        /* a reset says nothing where nothing was throttled */
        {202, DATE "x-ratelimit-reset: 1600154507\n", -1},
        {500, DATE "x-ratelimit-reset: 1600154507\n", -1},
        {503, "retry-after: 7\n", 7000},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m[1];
        struct outcome outcomes[1];
        struct manifest one = some_mails(m, 1);
        struct reading got = {.outcomes = outcomes};
        struct wire_response r = answer(cases[i].status, ERROR("no", NO_FIELD), cases[i].headers);
        sendgrid()->read(&r, &one, &got);
        if (got.lane.retry_after_ms != cases[i].wait_ms) {
            fail_msg("%s: %lld", cases[i].headers, (long long)got.lane.retry_after_ms);
        }
        wire_response_done(&r);
    }
}

/* X-RateLimit-Limit has a window nobody tells: it is no rate. */
static void no_rate_is_guessed(void **state) {
    (void)state;
    static const int statuses[] = {202, 429, 500};
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct message m[1];
        struct outcome outcomes[1];
        struct manifest one = some_mails(m, 1);
        struct reading got = {.outcomes = outcomes};
        struct wire_response r = answer(statuses[i], "",
                                        DATE "x-ratelimit-limit: 500\nx-ratelimit-remaining: 499\n"
                                             "x-ratelimit-reset: 1600154562\n");
        sendgrid()->read(&r, &one, &got);
        assert_true(got.lane.rate <= 0);
        assert_int_equal(got.lane.daily_used, -1);
        assert_int_equal(got.lane.monthly_used, -1);
        wire_response_done(&r);
    }
    assert_true(sendgrid()->start_rate <= 0);
}

/* --- read: anything -------------------------------------------------------------------------- */

static void check_sane(const struct reading *got, int n, int status, const char *what) {
    bool accepted = status >= 200 && status <= 299;
    for (int i = 0; i < n; i++) {
        const struct outcome *o = &got->outcomes[i];
        if (accepted != (o->kind == OUTCOME_SENT)) {
            fail_msg("%s with %d: outcome %d", what, status, (int)o->kind);
        }
        assert_true(o->kind == OUTCOME_SENT || o->code[0] != '\0');
        assert_true(str_is_utf8(o->reason, strlen(o->reason)));
        assert_true(strspn(o->code, "abcdefghijklmnopqrstuvwxyz0123456789_:") == strlen(o->code));
        assert_true(str_is_clean(o->provider_id));
    }
    assert_false(got->split);
    assert_true(str_is_utf8(got->lane.text, strlen(got->lane.text)));
    assert_true(got->answer[0] == '\0' || got->answer[0] == '{');
}

static void any_bytes_under_any_status_are_read(void **state) {
    (void)state;
    static const char *const names[] = {
        "reply_400_to.json",   "reply_401_credits.json", "reply_403_sender.json",
        "reply_429.json",      "reply_500.json",         "reply_502_gateway.html",
        "hostile_cut.json",    "hostile_types.json",     "hostile_entries.json",
        "hostile_fields.json", "hostile_controls.json",  "hostile_bytes.json",
        "hostile_deep.json",   "hostile_long.json",
    };
    static const char headers[] = "x-message-id: \xff\ndate: \xff\nx-ratelimit-reset: \n"
                                  "retry-after: \xff\nx\n:\n";
    struct message m[3];
    struct outcome outcomes[3];
    for (size_t f = 0; f < COUNT(names); f++) {
        char *body = fixture(names[f]);
        for (int status = 0; status < 620; status++) {
            for (int n = 1; n <= 3; n++) {
                struct manifest all = some_mails(m, n);
                struct reading got = {.outcomes = outcomes};
                struct wire_response r = answer(status, body, headers);
                memset(outcomes, 0xee, sizeof outcomes);
                sendgrid()->read(&r, &all, &got);
                check_sane(&got, n, status, names[f]);
                wire_response_done(&r);
            }
        }
        mem_free(body);
    }
    struct manifest none = some_mails(m, 0);
    struct reading got = {.outcomes = NULL};
    struct wire_response r = answer(500, "", "");
    sendgrid()->read(&r, &none, &got);
    assert_int_equal(got.lane.fault, LANE_OK);
    wire_response_done(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_is_sent_as_documented),
        cmocka_unit_test(what_is_absent_is_left_out),
        cmocka_unit_test(it_is_never_safe_to_repeat),
        cmocka_unit_test(the_same_manifest_gives_the_same_bytes),
        cmocka_unit_test(mailboxes_are_taken_apart),
        cmocka_unit_test(tags_do_not_pass_for_fields_of_events),
        cmocka_unit_test(one_request_carries_one_message),
        cmocka_unit_test(bodies_follow_the_document),
        cmocka_unit_test(what_it_cannot_express_is_refused_by_name),
        cmocka_unit_test(limits_are_kept_to_the_last_one),
        cmocka_unit_test(a_failed_allocation_leaves_nothing_behind),
        cmocka_unit_test(too_large_is_said_not_run_into),
        cmocka_unit_test(configuration_is_checked_at_start),
        cmocka_unit_test(every_refusal_has_its_meaning),
        cmocka_unit_test(a_refusal_reads_status_name_text),
        cmocka_unit_test(a_lost_answer_is_uncertain_and_no_connection_is_not),
        cmocka_unit_test(a_second_attempt_proves_nothing),
        cmocka_unit_test(a_refused_sender_is_the_rows_or_the_lanes),
        cmocka_unit_test(without_memory_to_read_it_nothing_is_held_against_the_mail),
        cmocka_unit_test(an_accepted_mail_has_its_id),
        cmocka_unit_test(long_ids_are_left_out),
        cmocka_unit_test(a_429_tells_how_long_to_wait),
        cmocka_unit_test(no_rate_is_guessed),
        cmocka_unit_test(any_bytes_under_any_status_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
