/* Where values come from and which are refused: every test runs in an empty folder of its own,
 * with an environment of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char folder[64];
static long live_before;

static int enter(void **state) {
    (void)state;
    clearenv();
    str_copy(folder, sizeof folder, "/tmp/test_config.XXXXXX");
    live_before = mem_live();
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state) {
    (void)state;
    static const char *const files[] = {"postroom.conf", "other.conf", "key", "ca.pem"};
    for (size_t i = 0; i < COUNT(files); i++)
        unlink(files[i]);
    bool clean = chdir("/") == 0 && rmdir(folder) == 0;
    return clean && mem_live() == live_before ? 0 : -1;
}

static void write_file(const char *path, const char *text, size_t n, mode_t mode) {
    unlink(path); /* its mode may keep us, too, from writing it */
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void conf(const char *text) {
    write_file("postroom.conf", text, strlen(text), 0600);
}

static struct config *load(void) {
    struct err err = {0};
    struct config *c = config_load(NULL, NULL, 0, &err);
    if (!c)
        fail_msg("%s", err.text);
    return c;
}

static struct config *load_flag(const char *key, const char *value) {
    struct err err = {0};
    struct config_flag flag = {key, value};
    struct config *c = config_load(NULL, &flag, 1, &err);
    if (!c)
        fail_msg("%s", err.text);
    return c;
}

/* Loading fails with ERR_USAGE and a line that holds all of `words` (ends with NULL). */
static void refused_flag(const char *key, const char *value, const char *const *words) {
    struct err err = {0};
    struct config_flag flag = {key, value};
    struct config *c = config_load(NULL, &flag, key ? 1 : 0, &err);
    if (c)
        fail_msg("accepted, but should name %s", words[0]);
    assert_int_equal(err.code, ERR_USAGE);
    for (; *words; words++)
        if (!strstr(err.text, *words))
            fail_msg("\"%s\" is not in: %s", *words, err.text);
}

static void refused(const char *const *words) {
    refused_flag(NULL, NULL, words);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static int index_of(const char *key) {
    for (int i = 0; i < config_key_count(); i++)
        if (strcmp(config_key_at(i).key, key) == 0)
            return i;
    fail_msg("no key %s", key);
    return -1;
}

static void describes(const struct config *c, const char *key, const char *value,
                      const char *source) {
    struct buf v, s;
    buf_init(&v, 1000);
    buf_init(&s, 1000);
    config_describe(c, index_of(key), &v, &s);
    assert_string_equal(buf_text(&v), value);
    assert_string_equal(buf_text(&s), source);
    buf_free(&v);
    buf_free(&s);
}

/* --- what comes out --------------------------------------------------------------------------- */

static void defaults(void **state) {
    (void)state;
    struct config *c = load();
    const struct settings *s = config_settings(c);
    char host[80] = "";
    gethostname(host, sizeof host - 1);
    assert_string_equal(s->database_url, "");
    assert_string_equal(s->listen_database_url, "");
    assert_string_equal(s->provider, "resend");
    assert_string_equal(s->resend_api_key, "");
    assert_string_equal(s->resend_base_url, "https://api.resend.com");
    assert_string_equal(s->sendgrid_api_key, "");
    assert_string_equal(s->sendgrid_base_url, "https://api.sendgrid.com");
    assert_string_equal(s->ca_file, "");
    assert_string_equal(s->from, "");
    assert_true(s->rate == 0);
    assert_int_equal(s->daily_quota, 0);
    assert_int_equal(s->monthly_quota, 0);
    assert_true(s->quota_reserve > 0.0999 && s->quota_reserve < 0.1001);
    assert_int_equal(s->batch_size, 100);
    assert_int_equal(s->claim_size, 0);
    assert_int_equal(s->concurrency, 16);
    assert_int_equal(s->poll_interval_ms, 5000);
    assert_int_equal(s->lease_ms, 90000);
    assert_int_equal(s->max_attempts, 5);
    assert_int_equal(s->backoff_min_ms, 30000);
    assert_int_equal(s->backoff_max_ms, 3600000);
    assert_int_equal(s->request_timeout_ms, 30000);
    assert_int_equal(s->drain_timeout_ms, 30000);
    assert_int_equal(s->on_uncertain, UNCERTAIN_HOLD);
    assert_int_equal(s->log_format, LOG_TEXT);
    assert_string_equal(s->table, "email_messages");
    assert_string_equal(s->listen, "");
    assert_string_equal(s->api_token, "");
    assert_string_equal(s->cors_origins, "");
    assert_string_equal(s->worker_name, host);
    for (int i = 0; i < COLUMN_COUNT; i++)
        assert_string_equal(s->columns[i], column_name((enum column)i));
    describes(c, "rate", "learnt", "default");
    config_free(c);
}

/* Every key, given as flag, gets where it belongs. */
static void every_key(void **state) {
    (void)state;
    write_file("ca.pem", "x", 1, 0644);
    static const struct {
        const char *key, *value;
    } cases[] = {
        {"database_url", "postgresql:///a"},
        {"listen_database_url", "postgresql:///b"},
        {"provider", "null"},
        {"resend_api_key", "re_123"},
        {"resend_base_url", "http://127.0.0.1:8025///"},
        {"sendgrid_api_key", "SG.123"},
        {"sendgrid_base_url", "https://api.eu.sendgrid.com/"},
        {"aws_access_key_id", "AKIA1"},
        {"aws_secret_access_key", "a/b+c"},
        {"aws_session_token", "t=="},
        {"aws_region", "eu-west-1"},
        {"aws_endpoint_url_sesv2", "https://ses.example/"},
        {"smtp_url", "smtp://u:p@mail.example"},
        {"ca_file", "ca.pem"},
        {"from", "Shop <hello@shop.example>"},
        {"rate", "2.5"},
        {"daily_quota", "100"},
        {"monthly_quota", "3000"},
        {"quota_reserve", "25%"},
        {"batch_size", "1"},
        {"claim_size", "500"},
        {"concurrency", "4"},
        {"poll_interval", "250ms"},
        {"lease", "2m"},
        {"max_attempts", "9"},
        {"backoff", "1s..2d"},
        {"request_timeout", "5s"},
        {"drain_timeout", "0s"},
        {"on_uncertain", "retry"},
        {"log_format", "json"},
        {"listen", "127.0.0.1:8080, [::1]:8080"},
        {"api_token", "0123456789abcdef"},
        {"cors_origins", "https://app.example, http://localhost:5173"},
        {"resend_webhook_secret", "whsec_a2V5"},
        {"sendgrid_webhook_public_key", "MFkw"},
        {"ses_topic_arn", "arn:aws:sns:x:1:t"},
        {"ses_cert_file", "ca.pem"},
        {"worker_name", "w1"},
        {"history", "30d"},
        {"table", "mail.outbox"},
    };
    struct config_flag flags[COUNT(cases)];
    struct err err = {0};
    for (size_t i = 0; i < COUNT(cases); i++)
        flags[i] = (struct config_flag){cases[i].key, cases[i].value};
    assert_int_equal(COUNT(cases), config_key_count());
    struct config *c = config_load(NULL, flags, COUNT(cases), &err);
    if (!c)
        fail_msg("%s", err.text);
    const struct settings *s = config_settings(c);
    assert_string_equal(s->database_url, "postgresql:///a");
    assert_string_equal(s->listen_database_url, "postgresql:///b");
    assert_string_equal(s->provider, "null");
    assert_string_equal(s->resend_api_key, "re_123");
    assert_string_equal(s->resend_base_url, "http://127.0.0.1:8025");
    assert_string_equal(s->sendgrid_api_key, "SG.123");
    assert_string_equal(s->sendgrid_base_url, "https://api.eu.sendgrid.com");
    assert_string_equal(s->aws_access_key_id, "AKIA1");
    assert_string_equal(s->aws_secret_access_key, "a/b+c");
    assert_string_equal(s->aws_session_token, "t==");
    assert_string_equal(s->aws_region, "eu-west-1");
    assert_string_equal(s->aws_endpoint_url_sesv2, "https://ses.example");
    assert_string_equal(s->smtp_url, "smtp://u:p@mail.example");
    assert_string_equal(s->ca_file, "ca.pem");
    assert_string_equal(s->resend_webhook_secret, "whsec_a2V5");
    assert_string_equal(s->sendgrid_webhook_public_key, "MFkw");
    assert_string_equal(s->ses_topic_arn, "arn:aws:sns:x:1:t");
    assert_string_equal(s->ses_cert_file, "ca.pem");
    assert_int_equal(s->history_ms, INT64_C(30) * 24 * 3600 * 1000);
    assert_string_equal(s->from, "Shop <hello@shop.example>");
    assert_true(s->rate > 2.49 && s->rate < 2.51);
    assert_int_equal(s->daily_quota, 100);
    assert_int_equal(s->monthly_quota, 3000);
    assert_true(s->quota_reserve > 0.249 && s->quota_reserve < 0.251);
    assert_int_equal(s->batch_size, 1);
    assert_int_equal(s->claim_size, 500);
    assert_int_equal(s->concurrency, 4);
    assert_int_equal(s->poll_interval_ms, 250);
    assert_int_equal(s->lease_ms, 120000);
    assert_int_equal(s->max_attempts, 9);
    assert_int_equal(s->backoff_min_ms, 1000);
    assert_int_equal(s->backoff_max_ms, 172800000);
    assert_int_equal(s->request_timeout_ms, 5000);
    assert_int_equal(s->drain_timeout_ms, 0);
    assert_int_equal(s->on_uncertain, UNCERTAIN_RETRY);
    assert_int_equal(s->log_format, LOG_JSON);
    assert_string_equal(s->listen, "127.0.0.1:8080, [::1]:8080");
    assert_string_equal(s->api_token, "0123456789abcdef");
    assert_string_equal(s->cors_origins, "https://app.example, http://localhost:5173");
    assert_string_equal(s->worker_name, "w1");
    assert_string_equal(s->table, "mail.outbox");
    config_free(c);
}

static void precedence(void **state) {
    (void)state;
    conf("# the shop's\n\n  rate = 3\r\nconcurrency=5\nfrom = \"Shop <a@b.example>\"\n; end");
    setenv("POSTROOM_RATE", "4", 1);
    setenv("POSTROOM_LEASE", "", 1); /* empty: not given */
    struct config *c = load_flag("max_attempts", "7");
    assert_true(config_settings(c)->rate > 3.9);
    describes(c, "rate", "4", "environment");
    describes(c, "concurrency", "5", "postroom.conf:4");
    describes(c, "from", "Shop <a@b.example>", "postroom.conf:5");
    describes(c, "max_attempts", "7", "flag");
    describes(c, "lease", "90s", "default");
    config_free(c);

    c = load_flag("rate", "6");
    describes(c, "rate", "6", "flag");
    config_free(c);
}

/* --config reads that file and no other. */
static void named_file(void **state) {
    (void)state;
    struct err err = {0};
    conf("rate = 3\n");
    write_file("other.conf",
               "\xef\xbb\xbf"
               "batch_size = 7",
               17, 0644);
    struct config *c = config_load("other.conf", NULL, 0, &err);
    assert_non_null(c);
    describes(c, "rate", "learnt", "default");
    describes(c, "batch_size", "7", "other.conf:1");
    config_free(c);

    assert_null(config_load("absent.conf", NULL, 0, &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.text, "absent.conf"));
    assert_null(config_load(".", NULL, 0, &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null((c = config_load("/dev/null", NULL, 0, &err)));
    config_free(c);
}

static void columns(void **state) {
    (void)state;
    conf("table = outbox\n[columns]\nto_email = recipient\n subject = \"The Subject\"\n");
    struct config *c = load();
    assert_string_equal(config_settings(c)->columns[COL_TO_EMAIL], "recipient");
    assert_string_equal(config_settings(c)->columns[COL_SUBJECT], "The Subject");
    assert_string_equal(config_settings(c)->columns[COL_HTML], "html");
    config_free(c);
}

/* As systemd hands them over: below the environment, above the file, and empty ones are none. */
static void secrets_from_credentials(void **state) {
    (void)state;
    static const char *const files[] = {"credentials/resend_api_key", "credentials/api_token",
                                        "credentials/rate", "credentials/database_url"};
    char path[100];
    struct err err = {0};
    str_format(path, sizeof path, "%s/credentials", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    setenv("CREDENTIALS_DIRECTORY", path, 1);
    write_file(files[0], "re_credential_1234\n", 19, 0400);
    write_file(files[1], "\n", 1, 0400);
    write_file(files[2], "7\n", 2, 0400); /* no secret: not looked for */
    write_file(files[3], "postgres:///credential\n", 23, 0400);
    conf("resend_api_key = re_file_1234567\nrate = 3\n");
    setenv("DATABASE_URL", "postgres:///environment", 1);
    struct config *c = load();
    assert_string_equal(config_settings(c)->resend_api_key, "re_credential_1234");
    assert_string_equal(config_settings(c)->api_token, "");
    assert_string_equal(config_settings(c)->database_url, "postgres:///environment");
    assert_true(config_settings(c)->rate > 2.9 && config_settings(c)->rate < 3.1);
    describes(c, "resend_api_key", "…1234", "credential");
    config_free(c);

    write_file(files[1], "short\n", 6, 0400);
    assert_null(config_load(NULL, NULL, 0, &err));
    assert_true(str_starts(err.text, "credential api_token: "));
    assert_null(strstr(err.text, "short\n"));
    for (size_t i = 0; i < COUNT(files); i++)
        unlink(files[i]);
    rmdir(path);
}

static void secrets_from_files(void **state) {
    (void)state;
    write_file("key", "re_from_a_file_1234\n", 20, 0444);
    setenv("RESEND_API_KEY_FILE", "key", 1);
    struct config *c = load();
    assert_string_equal(config_settings(c)->resend_api_key, "re_from_a_file_1234");
    describes(c, "resend_api_key", "…1234", "environment");
    config_free(c);

    setenv("RESEND_API_KEY", "re_direct", 1);
    refused(WORDS("RESEND_API_KEY", "given twice"));
    unsetenv("RESEND_API_KEY");

    c = load_flag("resend_api_key", "re_flag"); /* the flag wins over the file */
    assert_string_equal(config_settings(c)->resend_api_key, "re_flag");
    config_free(c);

    unsetenv("RESEND_API_KEY_FILE");
    conf("resend_api_key_file = key\n");
    c = load();
    assert_string_equal(config_settings(c)->resend_api_key, "re_from_a_file_1234");
    config_free(c);

    conf("resend_api_key_file = nothere\n");
    refused(WORDS("postroom.conf:1", "resend_api_key_file", "nothere"));
    write_file("key", "re_\0hidden", 10, 0600);
    conf("resend_api_key_file = key\n");
    refused(WORDS("postroom.conf:1", "resend_api_key_file"));
    write_file("key", " \n", 2, 0600);
    refused(WORDS("postroom.conf:1", "resend_api_key_file", "key is empty"));
    conf("rate_file = key\n"); /* only secrets have it */
    refused(WORDS("postroom.conf:1", "rate_file"));
}

static void redaction(void **state) {
    (void)state;
    static const struct {
        const char *url, *shown;
    } cases[] = {
        {"postgresql:///shop", "postgresql:///shop"},
        {"postgresql://shop@db:5432/shop", "postgresql://shop@db:5432/shop"},
        {"postgresql://shop:hunter22@db/shop", "…shop"},
        {"host=db password=hunter22 dbname=shop", "…shop"},
        {"postgresql:///shop?host=/run/pg&password=hunter22", "…er22"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct config *c = load_flag("database_url", cases[i].url);
        describes(c, "database_url", cases[i].shown, "flag");
        config_free(c);
    }
}

/* --- what is refused -------------------------------------------------------------------------- */

static void bad_values(void **state) {
    (void)state;
    static const struct {
        const char *key, *value, *says;
    } cases[] = {
        {"rate", "", "from 0.01 to 100000, or learnt"},
        {"rate", "0", "from 0.01"},
        {"rate", "-1", "from 0.01"},
        {"rate", "nan", "from 0.01"},
        {"rate", "inf", "from 0.01"},
        {"rate", "fast", "from 0.01"},
        {"rate", "2 per second", "from 0.01"},
        {"daily_quota", "0", "a whole number from 1 to 1000000000000, or none"},
        {"monthly_quota", "1e3", "a whole number"},
        {"quota_reserve", "101 %", "0 % to 100 %"},
        {"quota_reserve", "1.5", "0 % to 100 %"},
        {"quota_reserve", "%", "0 % to 100 %"},
        {"quota_reserve", "-0.1", "0 % to 100 %"},
        {"batch_size", "0", "from 1 to 100"},
        {"batch_size", "101", "from 1 to 100"},
        {"batch_size", "ten", "from 1 to 100"},
        {"claim_size", "0", "or auto"},
        {"concurrency", "257", "from 1 to 256"},
        {"concurrency", "99999999999999999999", "from 1 to 256"},
        {"poll_interval", "5 parsecs", "a duration from 100ms to 1h"},
        {"poll_interval", "0s", "from 100ms"},
        {"lease", "1s", "from 2s to 1h"},
        {"max_attempts", "0", "from 1 to 1000"},
        {"backoff", "30s", "30s..1h"},
        {"backoff", "..1h", "30s..1h"},
        {"backoff", "30s..", "30s..1h"},
        {"backoff", "1h..30s", "the shorter wait stands first"},
        {"backoff", "1s..8d", "to 7d"},
        {"request_timeout", "11m", "to 10m"},
        {"drain_timeout", "never", "to 1h"},
        {"on_uncertain", "drop", "hold retry"},
        {"on_uncertain", "hol", "hold retry"},
        {"on_uncertain", "", "hold retry"},
        {"log_format", "xml", "text json"},
        {"resend_base_url", "api.resend.com", "https://"},
        {"resend_base_url", "ftp://api.resend.com", "https://"},
        {"resend_base_url", "https://me:secret@api.resend.com/x",
         "\"…@api.resend.com/x\": no user"},
        {"sendgrid_base_url", "me:secret@api.sendgrid.com", "\"…@api.sendgrid.com\": allowed"},
        {"resend_base_url", "https://", "https://"},
        {"resend_base_url", "", "https://"},
        {"from", "nobody", "a@b"},
        {"from", "Shop <a@b.example>\nBcc: x@y.example", "control"},
        {"ca_file", "missing.pem", "can be read"},
        {"provider", "", "1 to 32 bytes"},
        {"api_token", "0123456789abcde", "16 to 512 characters"},
        {"api_token", "0123456789 abcdef", "without blanks"},
        {"api_token", "0123456789abcdéf", "ASCII"},
        {"cors_origins", "app.example", "origins like https://app.example"},
        {"cors_origins", "https://app.example/", "no slash at the end"},
        {"cors_origins", "https://app.example, https://", "origins like"},
        {"cors_origins", "https://*.example", "origins like"},
        {"cors_origins", "null", "origins like"},
        {"worker_name", "", "1 to 64 bytes"},
        {"table", "", "1 to 127 bytes"},
        {"worker_name", "\x1b[31mred", "control"},
        {"worker_name", "\xff\xfe", "UTF-8"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char flag[64];
        str_format(flag, sizeof flag, "--%s", cases[i].key);
        for (char *c = flag; *c; c++)
            *c = *c == '_' ? '-' : *c;
        refused_flag(cases[i].key, cases[i].value, WORDS(flag, cases[i].says));
    }
}

/* An error never repeats a secret. */
static void secret_not_told(void **state) {
    (void)state;
    struct err err = {0};
    struct config_flag flags[] = {{"resend_api_key", "re_canary\n"}, {"api_token", "canary"}};
    for (size_t i = 0; i < COUNT(flags); i++) {
        assert_null(config_load(NULL, &flags[i], 1, &err));
        assert_non_null(strstr(err.text, i == 0 ? "--resend-api-key" : "--api-token"));
        assert_null(strstr(err.text, "canary"));
    }
}

static void bad_files(void **state) {
    (void)state;
    static const struct {
        const char *text, *place, *says;
    } cases[] = {
        {"rate = 1\nbacth_size = 5\n", "postroom.conf:2", "did you mean batch_size?"},
        {"RATE = 1\n", "postroom.conf:1", "did you mean rate?"},
        {"batch-size = 1\n", "postroom.conf:1", "did you mean batch_size?"},
        {"carrier_pigeon = x\n", "postroom.conf:1", "unknown key \"carrier_pigeon\""},
        {"xyzzy = 1\n", "postroom.conf:1", "unknown key \"xyzzy\""},
        {"rate = 1\n\nrate = 2\n", "postroom.conf:3", "before in postroom.conf:1"},
        {"rate\n", "postroom.conf:1", "key = value"},
        {"= 5\n", "postroom.conf:1", "key = value"},
        {"[columns\nto_email = x\n", "postroom.conf:1", "[name]"},
        {"[smtp]\nhost = x\n", "postroom.conf:2", "unknown section [smtp]"},
        {"rate = 5 # per second\n", "postroom.conf:1", "allowed is a number"},
        {"worker_name = a\tb\n", "postroom.conf:1", "control"},
        {"[columns]\nto_mail = x\n", "postroom.conf:2", "did you mean to_email?"},
        {"[columns]\nrate = 5\n", "postroom.conf:2", "above [columns]"},
        {"[columns]\nto_email =\n", "postroom.conf:2", "1 to 63 bytes"},
        {"[columns]\nto_email = a\nto_email = b\n", "postroom.conf:3", "twice"},
        {"[columns]\nto_email = subject\n", "postroom.conf", "same column \"subject\""},
        {"lease = 10s\nrequest_timeout = 6s\n", "lease (10s, from postroom.conf:1)",
         "request_timeout (6s, from postroom.conf:2)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        conf(cases[i].text);
        refused(WORDS(cases[i].place, cases[i].says));
    }
    write_file("postroom.conf", "rate = 1\0\n", 10, 0600);
    refused(WORDS("postroom.conf", "NUL"));
}

static void bad_environment(void **state) {
    (void)state;
    static const struct {
        const char *name, *says;
    } cases[] = {
        {"POSTROOM_BACTH_SIZE", "did you mean POSTROOM_BATCH_SIZE?"},
        {"POSTROOM_DATABASE_URL", "did you mean DATABASE_URL?"},
        {"POSTROOM_RESEND_API_KEY", "did you mean RESEND_API_KEY?"},
        {"POSTROOM_RATE_FILE", "POSTROOM_RATE_FILE"},
        {"POSTROOM_", "unknown variable POSTROOM_"},
        {"POSTROOM_NOTHING_LIKE_IT", "postroom.conf(5)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        setenv(cases[i].name, "1", 1);
        refused(WORDS("environment", cases[i].name, cases[i].says));
        unsetenv(cases[i].name);
    }
    setenv("POSTROOM_CONCURRENCY", "many", 1);
    refused(WORDS("POSTROOM_CONCURRENCY", "\"many\"", "from 1 to 256"));
    unsetenv("POSTROOM_CONCURRENCY");

    setenv("POSTROOM_OPERATOR", "anna", 1); /* the dashboard's own */
    setenv("POSTROOM_GLYPHS", "ascii", 1);
    setenv("POSTROOMS", "x", 1);
    setenv("SENDGRID_SENDER", "x", 1); /* somebody else's */
    config_free(load());
}

static void file_modes(void **state) {
    (void)state;
    static const char key[] = "resend_api_key = re_1\n", other[] = "sendgrid_api_key = SG.1\n",
                      plain[] = "rate = 1\n", token[] = "api_token = 0123456789abcdef\n",
                      no_password[] = "database_url = postgresql:///shop\n",
                      password[] = "database_url = postgresql://a:b@db/shop\n";
    static const struct {
        const char *text;
        mode_t mode;
        const char *run; /* NULL: accepted */
    } cases[] = {
        {key, 0600, NULL},
        {key, 0640, NULL},
        {key, 0400, NULL},
        {key, 0644, "run: chmod 640 postroom.conf"},
        {key, 0604, "run: chmod 600 postroom.conf"},
        {key, 0602, "run: chmod 600 postroom.conf"},
        {key, 0660, "run: chmod 640 postroom.conf"},
        {other, 0600, NULL},
        {other, 0644, "run: chmod 640 postroom.conf"},
        {token, 0644, "run: chmod 640 postroom.conf"},
        {plain, 0666, NULL},
        {no_password, 0644, NULL},
        {password, 0644, "mode 0644"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        write_file("postroom.conf", cases[i].text, strlen(cases[i].text), cases[i].mode);
        if (cases[i].run)
            refused(WORDS("postroom.conf holds a secret", cases[i].run));
        else
            config_free(load());
    }
}

/* Whichever allocation fails: an error, nothing left behind. */
static void out_of_memory(void **state) {
    (void)state;
    struct config_flag flag = {"rate", "5"};
    conf("concurrency = 4\n[columns]\nto_email = recipient\n");
    setenv("POSTROOM_LEASE", "2m", 1);
    for (unsigned long n = 1;; n++) {
        struct err err = {0};
        assert_true(n < 1000);
        mem_fail_at(n, 0);
        struct config *c = config_load(NULL, &flag, 1, &err);
        mem_fail_at(0, 0);
        if (c) {
            config_free(c);
            break;
        }
        assert_int_equal(err.code, ERR_NOMEM);
        assert_int_equal(mem_live(), live_before);
    }
}

static void key_names(void **state) {
    (void)state;
    assert_true(config_is_key("rate"));
    assert_true(config_is_key("resend_api_key_file"));
    assert_false(config_is_key("rate_file"));
    assert_false(config_is_key("batch-size"));
    assert_false(config_is_key(""));
    for (int i = 0; i < config_key_count(); i++) {
        struct config_key_info k = config_key_at(i);
        assert_true(config_is_key(k.key));
        assert_true(strlen(k.help) > 5);
    }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)
    static const struct CMUnitTest tests[] = {
        TEST(defaults),
        TEST(every_key),
        TEST(precedence),
        TEST(named_file),
        TEST(columns),
        TEST(secrets_from_files),
        TEST(secrets_from_credentials),
        TEST(redaction),
        TEST(bad_values),
        TEST(secret_not_told),
        TEST(bad_files),
        TEST(bad_environment),
        TEST(file_modes),
        TEST(key_names),
        TEST(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
