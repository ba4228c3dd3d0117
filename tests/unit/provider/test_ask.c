/* What providers are asked without sending, and what their answers are taken to mean: as a table
 * of answers, each with the findings it must lead to. The figures of an end-to-end run are
 * tests/e2e/70_doctor.sh. */
#include "unit/provider/mails.h"

struct told {
    int status;
    const char *body, *headers;
};

/* Before anything was asked. */
static const struct wire_response nothing[QUESTIONS_MAX] = {{.end = WIRE_NOT_SENT}};

/* The finding of that name, or a failure that shows all. */
static const struct finding *find(const struct findings *f, const char *check) {
    for (int i = 0; i < f->n; i++)
        if (str_eq(f->all[i].check, check))
            return &f->all[i];
    for (int i = 0; i < f->n; i++)
        print_message("%s %s\n", f->all[i].check, f->all[i].text);
    fail_msg("no finding %s", check);
    return NULL;
}

static void learn(const char *provider, const struct settings *s, const struct told *told,
                  struct findings *out) {
    const struct provider *p = provider_find(provider);
    struct wire_response answers[QUESTIONS_MAX];
    for (int i = 0; i < QUESTIONS_MAX; i++) {
        wire_response_init(&answers[i]);
        if (i < p->questions && told[i].status)
            answers[i] =
                answer(told[i].status, told[i].body, told[i].headers ? told[i].headers : "");
    }
    findings_init(out);
    p->learn(s, answers, out);
    for (int i = 0; i < QUESTIONS_MAX; i++)
        wire_response_done(&answers[i]);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void questions_only_look(void **state) {
    (void)state;
    static const char *const urls[][QUESTIONS_MAX] = {
        {"https://api.resend.com/domains?limit=100"},
        {"https://api.sendgrid.com/v3/scopes",
         "https://api.sendgrid.com/v3/whitelabel/domains?limit=100",
         "https://api.sendgrid.com/v3/verified_senders?limit=100",
         "https://api.sendgrid.com/v3/user/credits"},
    };
    static const char *const names[] = {"resend", "sendgrid"};
    for (int n = 0; n < 2; n++) {
        const struct provider *p = provider_find(names[n]);
        for (int i = 0; i < p->questions; i++) {
            struct wire_request r;
            struct err err;
            assert_true(p->ask(&conf, i, nothing, &r, &err));
            assert_string_equal(r.url, urls[n][i]);
            assert_true(r.get);
            assert_int_equal(r.body.len, 0);
            assert_true(str_starts(header(&r, "Authorization"), "Bearer "));
            for (int h = 0; h < r.header_count; h++)
                assert_int_equal(r.headers[h].secret, str_eq(r.headers[h].name, "Authorization"));
            wire_request_done(&r);
        }
    }
    assert_int_equal(provider_find("null")->questions, 0);
    assert_int_equal(mem_live(), 0);
}

static void a_key_that_fits_no_header_is_refused(void **state) {
    (void)state;
    char key[400];
    struct settings s = conf;
    struct wire_request r;
    struct err err;
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    s.resend_api_key = key;
    assert_false(provider_find("resend")->ask(&s, 0, nothing, &r, &err));
    assert_null(strstr(err.text, "kkk"));
}

/* --- Resend ----------------------------------------------------------------------------------- */

#define DOMAIN(status) "{\"data\":[{\"name\":\"shop.example\",\"status\":\"" status "\"}]}"
#define ERROR(name, text) "{\"statusCode\":1,\"name\":\"" name "\",\"message\":\"" text "\"}"

static void resend_says_what_of_key_and_domain(void **state) {
    (void)state;
    static const struct {
        struct told told;
        enum finding_level key, domain;
    } cases[] = {
        {{200, DOMAIN("verified"), NULL}, FINDING_OK, FINDING_OK},
        {{200, DOMAIN("pending"), NULL}, FINDING_OK, FINDING_MEND},
        {{200, DOMAIN("partially_verified"), NULL}, FINDING_OK, FINDING_MEND},
        {{200, "{\"data\":[{\"name\":\"SHOP.example\",\"status\":\"verified\"}]}", NULL},
         FINDING_OK,
         FINDING_OK},
        {{200, "{\"data\":[{\"name\":\"op.example\",\"status\":\"verified\"}]}", NULL},
         FINDING_OK,
         FINDING_MEND},
        {{200,
          "{\"data\":[{\"name\":\"shop.example\",\"status\":\"verified\","
          "\"capabilities\":{\"sending\":\"disabled\"}}]}",
          NULL},
         FINDING_OK,
         FINDING_MEND},
        {{200, "{\"data\":[]}", NULL}, FINDING_OK, FINDING_MEND},
        {{200, "{\"data\":[],\"has_more\":true}", NULL}, FINDING_OK, FINDING_UNKNOWN},
        {{200, "{\"data\":[1,null,\"x\",{}]}", NULL}, FINDING_OK, FINDING_MEND},
        {{401, ERROR("restricted_api_key", "may only send"), NULL}, FINDING_OK, FINDING_UNKNOWN},
        {{401, ERROR("missing_api_key", "no"), NULL}, FINDING_MEND, FINDING_UNKNOWN},
        {{400, ERROR("validation_error", "API key is invalid"), NULL},
         FINDING_MEND,
         FINDING_UNKNOWN},
        {{403, ERROR("invalid_api_key", "no"), NULL}, FINDING_MEND, FINDING_UNKNOWN},
        {{403, "error code: 1010", NULL}, FINDING_MEND, FINDING_UNKNOWN},
        {{451, ERROR("security_error", "no"), NULL}, FINDING_MEND, FINDING_UNKNOWN},
        {{404, "<html>", NULL}, FINDING_MEND, FINDING_UNKNOWN},
        {{302, "", NULL}, FINDING_MEND, FINDING_UNKNOWN},
        {{429, ERROR("rate_limit_exceeded", "slow"), NULL}, FINDING_UNKNOWN, FINDING_UNKNOWN},
        {{500, ERROR("application_error", "oh"), NULL}, FINDING_UNKNOWN, FINDING_UNKNOWN},
        {{503, "<html>", NULL}, FINDING_UNKNOWN, FINDING_UNKNOWN},
        {{200, "{\"data\":\"none\"}", NULL}, FINDING_UNKNOWN, FINDING_UNKNOWN},
        {{200, "", NULL}, FINDING_UNKNOWN, FINDING_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct findings f;
        learn("resend", &conf, &cases[i].told, &f);
        if (find(&f, "provider.key")->level != cases[i].key ||
            find(&f, "provider.domain")->level != cases[i].domain)
            fail_msg("case %zu: %s; %s", i, find(&f, "provider.key")->text,
                     find(&f, "provider.domain")->text);
        findings_free(&f);
    }
    assert_int_equal(mem_live(), 0);
}

static void resend_tells_rate_and_quotas(void **state) {
    (void)state;
    struct settings s = conf;
    struct told told = {200, DOMAIN("verified"),
                        "ratelimit-policy: 10;w=1\nx-resend-daily-quota: 37\n"
                        "x-resend-monthly-quota: 412\n"};
    struct findings f;
    s.daily_quota = 30;
    s.rate = 4;
    learn("resend", &s, &told, &f);
    assert_int_equal(find(&f, "provider.rate")->level, FINDING_OK);
    assert_string_equal(find(&f, "provider.quota")->text, "37 of 30 used today");
    assert_int_equal(find(&f, "provider.quota")->level, FINDING_NOTE);
    assert_string_equal(f.all[f.n - 1].text,
                        "412 used this month; the plan's limit is told by no answer");
    findings_free(&f);
    s.rate = 20;
    learn("resend", &s, &told, &f);
    assert_int_equal(find(&f, "provider.rate")->level, FINDING_NOTE);
    findings_free(&f);
    told.headers = "";
    learn("resend", &s, &told, &f);
    assert_int_equal(find(&f, "provider.rate")->level, FINDING_UNKNOWN);
    assert_int_equal(find(&f, "provider.quota")->level, FINDING_UNKNOWN);
    findings_free(&f);
}

static void without_an_answer_there_is_one_finding(void **state) {
    (void)state;
    static const char *const names[] = {"resend", "sendgrid", "ses"};
    for (int n = 0; n < 3; n++) {
        struct findings f;
        struct told none[QUESTIONS_MAX] = {{0}};
        learn(names[n], &conf, none, &f);
        assert_int_equal(f.n, 1);
        assert_string_equal(f.all[0].check, "provider.reach");
        assert_int_equal(f.all[0].level, FINDING_MEND);
        findings_free(&f);
    }
}

static void without_a_sender_no_domain_is_judged(void **state) {
    (void)state;
    struct settings s = conf;
    struct told told[QUESTIONS_MAX] = {{200, DOMAIN("verified"), NULL}};
    struct findings f;
    s.from = "";
    learn("resend", &s, told, &f);
    assert_int_equal(find(&f, "provider.domain")->level, FINDING_UNKNOWN);
    findings_free(&f);
}

/* --- SendGrid --------------------------------------------------------------------------------- */

#define SENDS "{\"scopes\":[\"alerts.read\",\"mail.send\"]}"
#define FORBIDDEN "{\"errors\":[{\"field\":null,\"message\":\"access forbidden\"}]}"
#define SENDER(verified)                                                                           \
    "{\"results\":[{\"from_email\":\"Later@shop.example\",\"verified\":" verified "}]}"

static void sendgrid_says_what_of_key_and_sender(void **state) {
    (void)state;
    static const struct {
        struct told told[QUESTIONS_MAX];
        enum finding_level key, domain;
    } cases[] = {
        {{{200, SENDS, NULL}, {200, "[{\"domain\":\"shop.example\",\"valid\":true}]", NULL}},
         FINDING_OK,
         FINDING_OK},
        {{{200, SENDS, NULL},
          {200, "[{\"domain\":\"shop.example\",\"valid\":false}]", NULL},
          {200, SENDER("true"), NULL}},
         FINDING_OK,
         FINDING_OK},
        {{{200, SENDS, NULL}, {200, "[]", NULL}, {200, SENDER("false"), NULL}},
         FINDING_OK,
         FINDING_MEND},
        {{{200, SENDS, NULL}, {200, "[]", NULL}, {403, FORBIDDEN, NULL}},
         FINDING_OK,
         FINDING_UNKNOWN},
        {{{200, SENDS, NULL},
          {200, "[{\"domain\":\"example\",\"valid\":true}]", NULL},
          {200, "{\"results\":[]}", NULL}},
         FINDING_OK,
         FINDING_UNKNOWN},
        {{{200, SENDS, NULL},
          {200, "[{\"domain\":\"hop.example\",\"valid\":true},7]", NULL},
          {200, "{\"results\":[]}", NULL}},
         FINDING_OK,
         FINDING_MEND},
        {{{200, "{\"scopes\":[\"mail.send.x\"]}", NULL}}, FINDING_MEND, FINDING_UNKNOWN},
        {{{401, FORBIDDEN, NULL}}, FINDING_MEND, FINDING_UNKNOWN},
        {{{403, FORBIDDEN, NULL}}, FINDING_MEND, FINDING_UNKNOWN},
        {{{403, "<html>", NULL}}, FINDING_UNKNOWN, FINDING_UNKNOWN},
        {{{404, "", NULL}}, FINDING_MEND, FINDING_UNKNOWN},
        {{{500, "", NULL}}, FINDING_UNKNOWN, FINDING_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct findings f;
        learn("sendgrid", &conf, cases[i].told, &f);
        if (find(&f, "provider.key")->level != cases[i].key ||
            find(&f, "provider.domain")->level != cases[i].domain)
            fail_msg("case %zu: %s; %s", i, find(&f, "provider.key")->text,
                     find(&f, "provider.domain")->text);
        findings_free(&f);
    }
    assert_int_equal(mem_live(), 0);
}

static void sendgrid_tells_what_is_left(void **state) {
    (void)state;
    static const struct {
        const char *body;
        enum finding_level level;
    } cases[] = {
        {"{\"remain\":60,\"total\":100}", FINDING_OK},
        {"{\"remain\":0,\"total\":100}", FINDING_NOTE},
        {"{\"remain\":-1,\"total\":100}", FINDING_UNKNOWN},
        {"{\"remain\":1e300,\"total\":1e300}", FINDING_UNKNOWN},
        {"{}", FINDING_UNKNOWN},
        {"nonsense", FINDING_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct findings f;
        struct told told[QUESTIONS_MAX] = {
            {200, SENDS, NULL}, {0}, {0}, {200, cases[i].body, NULL}};
        learn("sendgrid", &conf, told, &f);
        assert_int_equal(find(&f, "provider.quota")->level, cases[i].level);
        findings_free(&f);
    }
}

/* --- SES -------------------------------------------------------------------------------------- */

#define NOT_THERE "{\"__type\":\"NotFoundException\",\"message\":\"no\"}"
#define DENIED "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}"
#define ACCOUNT                                                                                    \
    "{\"SendQuota\":{\"Max24HourSend\":-1,\"MaxSendRate\":14,\"SentLast24Hours\":3},"              \
    "\"SendingEnabled\":true,\"ProductionAccessEnabled\":true}"
#define VERIFIED(yes) "{\"VerifiedForSendingStatus\":" yes "}"

static void ses_asks_for_every_identity_of_the_sender(void **state) {
    (void)state;
    static const char *const urls[] = {"account",
                                       "identities/a%2Bb%406.5.4.3.2.shop.example",
                                       "identities/6.5.4.3.2.shop.example",
                                       "identities/5.4.3.2.shop.example",
                                       "identities/4.3.2.shop.example",
                                       "identities/3.2.shop.example",
                                       "identities/2.shop.example",
                                       "identities/shop.example"};
    struct settings s = conf;
    s.aws_region = "eu-west-1";
    s.aws_endpoint_url_sesv2 = "";
    assert_int_equal(provider_find("ses")->questions, COUNT(urls));
    for (int i = 0; i < (int)COUNT(urls); i++) {
        char url[200];
        struct wire_request r;
        struct err err;
        s.from = "A <a+b@6.5.4.3.2.shop.example>";
        str_format(url, sizeof url, "https://email.eu-west-1.amazonaws.com/v2/email/%s", urls[i]);
        assert_true(provider_find("ses")->ask(&s, i, nothing, &r, &err));
        assert_string_equal(r.url, url);
        assert_true(r.get);
        wire_request_done(&r);
        s.from = "a@shop.example"; /* no domain of interest is above it */
        assert_true(provider_find("ses")->ask(&s, i, nothing, &r, &err));
        assert_int_equal(r.url[0] == '\0', i > 2);
        wire_request_done(&r);
        s.from = "";
        assert_true(provider_find("ses")->ask(&s, i, nothing, &r, &err));
        assert_int_equal(r.url[0] == '\0', i > 0);
        wire_request_done(&r);
    }
    assert_int_equal(mem_live(), 0);
}

static void ses_asks_until_an_identity_is_verified(void **state) {
    (void)state;
    static const struct {
        struct told told;
        bool enough;
    } cases[] = {{{200, VERIFIED("true"), NULL}, true},
                 {{200, VERIFIED("false"), NULL}, false},
                 {{404, NOT_THERE, NULL}, false},
                 {{403, DENIED, NULL}, false}};
    struct settings s = conf;
    s.aws_region = "eu-west-1";
    s.aws_endpoint_url_sesv2 = "";
    s.from = "a@b.shop.example";
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct wire_response answers[QUESTIONS_MAX] = {
            answer(200, ACCOUNT, ""), answer(404, NOT_THERE, ""),
            answer(cases[i].told.status, cases[i].told.body, "")};
        struct wire_request r;
        struct err err;
        assert_true(provider_find("ses")->ask(&s, 3, answers, &r, &err));
        assert_int_equal(r.url[0] == '\0', cases[i].enough);
        wire_request_done(&r);
        for (int q = 0; q < 3; q++)
            wire_response_done(&answers[q]);
    }
    assert_int_equal(mem_live(), 0);
}

static void ses_says_what_of_key_and_sender(void **state) {
    (void)state;
    static const struct {
        struct told told[QUESTIONS_MAX];
        enum finding_level key, domain;
    } cases[] = {
        {{{200, ACCOUNT, NULL}, {404, NOT_THERE, NULL}, {200, VERIFIED("true"), NULL}},
         FINDING_OK,
         FINDING_OK},
        {{{200, ACCOUNT, NULL}, {200, VERIFIED("false"), NULL}, {404, NOT_THERE, NULL}},
         FINDING_OK,
         FINDING_MEND},
        {{{200, ACCOUNT, NULL}, {404, NOT_THERE, NULL}, {404, NOT_THERE, NULL}},
         FINDING_OK,
         FINDING_MEND},
        {{{200, ACCOUNT, NULL}, {404, NOT_THERE, NULL}, {403, DENIED, NULL}},
         FINDING_OK,
         FINDING_UNKNOWN},
        {{{403, DENIED, NULL}, {403, DENIED, NULL}}, FINDING_OK, FINDING_UNKNOWN},
        {{{403, "<html>", NULL}, {404, "<html>", NULL}}, FINDING_UNKNOWN, FINDING_UNKNOWN},
        {{{404, "", NULL}, {200, "[]", NULL}}, FINDING_MEND, FINDING_UNKNOWN},
        {{{200, "surprise", NULL}, {200, "7", NULL}}, FINDING_UNKNOWN, FINDING_UNKNOWN},
        {{{500, "", NULL}}, FINDING_UNKNOWN, FINDING_UNKNOWN},
    };
    struct settings s = conf;
    s.aws_region = "eu-west-1";
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct findings f;
        learn("ses", &s, cases[i].told, &f);
        if (find(&f, "provider.key")->level != cases[i].key ||
            find(&f, "provider.domain")->level != cases[i].domain)
            fail_msg("case %zu: %s; %s", i, find(&f, "provider.key")->text,
                     find(&f, "provider.domain")->text);
        findings_free(&f);
    }
    assert_int_equal(mem_live(), 0);
}

/* --- SMTP ------------------------------------------------------------------------------------- */

static const struct settings mailer = {
    .smtp_url = "smtp://shop%40x:canary@mail.example",
    .from = "Shop <hello@shop.example>",
};

static void smtp_asks_up_to_the_sender(void **state) {
    (void)state;
    static const struct {
        const char *from, *sender;
        bool utf8;
    } cases[] = {{"Shop <hello@shop.example>", "hello@shop.example", false},
                 {"\xc3\xbc@shop.example", "\xc3\xbc@shop.example", true},
                 {"", "", false}};
    struct settings s = mailer;
    struct wire_request r;
    struct err err;
    for (size_t i = 0; i < COUNT(cases); i++) {
        s.from = cases[i].from;
        assert_true(provider_find("smtp")->ask(&s, 0, nothing, &r, &err));
        assert_true(r.get);
        assert_int_equal(r.body.len, 0);
        assert_string_equal(r.url, "smtp://mail.example:587/");
        assert_string_equal(r.smtp.sender, cases[i].sender);
        assert_int_equal(r.smtp.utf8, cases[i].utf8);
        assert_string_equal(r.smtp.password, "canary");
        wire_request_done(&r);
    }
    s.from = "no address";
    assert_false(provider_find("smtp")->ask(&s, 0, nothing, &r, &err));
    assert_true(str_starts(err.text, "from: "));
    assert_int_equal(mem_live(), 0);
}

static const struct {
    enum wire_end end;
    enum smtp_stage stage;
    int status;
    bool login;
    const char *said; /* a reply, or the transport's words */
    const char *check;
    enum finding_level level;
    const char *remedy; /* words of it, or NULL */
} dialogues[] = {
    {WIRE_NOT_SENT, SMTP_GREETING, 0, false, "Could not resolve host: x", "provider.reach",
     FINDING_MEND, "SMTP_URL"},
    {WIRE_NOT_SENT, SMTP_HELLO, 0, false, "", "provider.reach", FINDING_MEND, "SMTP_URL"},
    {WIRE_NOT_SENT, SMTP_NO_TLS, 0, false, "STARTTLS not available.", "provider.tls", FINDING_MEND,
     "smtps://"},
    {WIRE_NOT_SENT, SMTP_TLS, 0, false, "SSL certificate problem: self-signed certificate",
     "provider.tls", FINDING_MEND, "ca_file"},
    {WIRE_NOT_SENT, SMTP_TLS, 0, false, "SSL: no alternative certificate subject name matches",
     "provider.tls", FINDING_MEND, "SMTP_URL as the certificate"},
    {WIRE_NOT_SENT, SMTP_TLS, 0, false, "tlsv1 alert protocol version", "provider.tls",
     FINDING_MEND, "TLS 1.2"},
    {WIRE_NOT_SENT, SMTP_TLS, 0, false, "who knows", "provider.tls", FINDING_MEND, "certificate"},
    {WIRE_NOT_SENT, SMTP_AUTH, 0, false, "Authentication cancelled", "provider.key", FINDING_MEND,
     "AUTH"},
    {WIRE_ANSWERED, SMTP_GREETING, 421, false, "421 busy", "provider.reach", FINDING_UNKNOWN,
     "later"},
    {WIRE_ANSWERED, SMTP_GREETING, 554, false, "554 5.7.1 no", "provider.reach", FINDING_MEND,
     "SMTP_URL"},
    {WIRE_ANSWERED, SMTP_TLS, 454, false, "454 not now", "provider.reach", FINDING_UNKNOWN,
     "later"},
    {WIRE_ANSWERED, SMTP_AUTH, 535, true, "535 5.7.8 bad", "provider.key", FINDING_MEND,
     "password"},
    {WIRE_ANSWERED, SMTP_AUTH, 454, true, "454 4.7.0 later", "provider.reach", FINDING_UNKNOWN,
     "later"},
    {WIRE_ANSWERED, SMTP_MAIL, 530, false, "530 5.7.0 login", "provider.key", FINDING_MEND,
     "password"},
    {WIRE_ANSWERED, SMTP_NOOP, 530, false, "530 5.7.0 login", "provider.key", FINDING_MEND,
     "password"},
    {WIRE_ANSWERED, SMTP_MAIL, 550, true, "550 5.7.1 no", "provider.domain", FINDING_MEND, "from"},
    {WIRE_ANSWERED, SMTP_MAIL, 550, true, "550 5.7.1 no", "provider.tls", FINDING_OK, NULL},
    {WIRE_ANSWERED, SMTP_MAIL, 452, true, "452 4.3.1 full", "provider.reach", FINDING_UNKNOWN,
     "later"},
    {WIRE_ANSWERED, SMTP_NOOP, 502, true, "502 what", "provider.reach", FINDING_UNKNOWN, "later"},
    {WIRE_ANSWERED, SMTP_MAIL, 250, true, "250 ok", "provider.key", FINDING_OK, NULL},
    {WIRE_ANSWERED, SMTP_MAIL, 250, true, "250 ok", "provider.domain", FINDING_OK, NULL},
    {WIRE_ANSWERED, SMTP_MAIL, 250, true, "250 ok", "provider.rate", FINDING_UNKNOWN, "rate"},
    {WIRE_ANSWERED, SMTP_MAIL, 250, false, "250 ok", "provider.key", FINDING_NOTE, "587"},
    {WIRE_NOT_SENT, SMTP_NO_UTF8, 0, false, "", "provider.domain", FINDING_MEND, "xn--"},
};

static void each_dialogue_is_one_finding(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(dialogues); i++) {
        bool answered = dialogues[i].end == WIRE_ANSWERED;
        struct wire_response a = answer(dialogues[i].status, answered ? dialogues[i].said : "", "");
        struct findings f;
        a.end = dialogues[i].end;
        a.stage = dialogues[i].stage;
        a.login = dialogues[i].login;
        str_copy(a.problem, sizeof a.problem, answered ? "" : dialogues[i].said);
        findings_init(&f);
        provider_find("smtp")->learn(&mailer, &a, &f);
        const struct finding *found = find(&f, dialogues[i].check);
        if (found->level != dialogues[i].level ||
            (dialogues[i].remedy && !strstr(found->remedy, dialogues[i].remedy)) ||
            (found->level == FINDING_MEND && !found->remedy[0]))
            fail_msg("case %zu: %s; %s", i, found->text, found->remedy);
        for (int n = 0; n < f.n; n++)
            assert_null(strstr(f.all[n].text, "canary"));
        findings_free(&f);
        wire_response_done(&a);
    }
    assert_int_equal(mem_live(), 0);
}

static void mail_in_the_clear_is_said(void **state) {
    (void)state;
    static const struct {
        const char *url;
        enum finding_level level;
    } cases[] = {{"smtp://mail.example?tls=none", FINDING_NOTE},
                 {"smtp://localhost?tls=none", FINDING_OK},
                 {"smtps://mail.example", FINDING_OK}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct settings s = mailer;
        struct wire_response a = answer(250, "250 ok", "");
        struct findings f;
        s.smtp_url = cases[i].url;
        a.stage = SMTP_MAIL;
        findings_init(&f);
        provider_find("smtp")->learn(&s, &a, &f);
        assert_int_equal(find(&f, "provider.tls")->level, cases[i].level);
        assert_int_equal(find(&f, "provider.key")->level, FINDING_OK);
        findings_free(&f);
        wire_response_done(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_only_look),
        cmocka_unit_test(a_key_that_fits_no_header_is_refused),
        cmocka_unit_test(resend_says_what_of_key_and_domain),
        cmocka_unit_test(resend_tells_rate_and_quotas),
        cmocka_unit_test(without_an_answer_there_is_one_finding),
        cmocka_unit_test(without_a_sender_no_domain_is_judged),
        cmocka_unit_test(sendgrid_says_what_of_key_and_sender),
        cmocka_unit_test(sendgrid_tells_what_is_left),
        cmocka_unit_test(ses_asks_for_every_identity_of_the_sender),
        cmocka_unit_test(ses_asks_until_an_identity_is_verified),
        cmocka_unit_test(ses_says_what_of_key_and_sender),
        cmocka_unit_test(smtp_asks_up_to_the_sender),
        cmocka_unit_test(each_dialogue_is_one_finding),
        cmocka_unit_test(mail_in_the_clear_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
