/* The log: SPEC's lines to the byte, hostile texts disarmed, a sink that fails or stalls. */
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char text[1 << 16];

/* What was written to a pipe's end so far. */
static const char *drain(int fd) {
    ssize_t n = read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static int open_log(enum log_format format, int *writer) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    log_open(format, ends[1]);
    *writer = ends[1];
    return ends[0];
}

static void close_log(int reader, int writer) {
    log_open(LOG_TEXT, -1);
    close(reader);
    close(writer);
}

static struct log_mail a_mail(void) {
    return (struct log_mail){.id = "42", .email = "a@b.test", .attempt = -1, .ms = -1};
}

/* "2026-11-21T23:28:01Z " and the rest, which is returned. */
static const char *after_time(const char *line) {
    int64_t us;
    char time[21];
    str_format(time, sizeof time, "%.20s", line);
    assert_int_equal(clock_parse_utc(time, &us), 1);
    assert_int_equal(line[20], ' ');
    return line + 21;
}

static void outcome_lines_are_exact(void **state) {
    (void)state;
    int writer, reader = open_log(LOG_TEXT, &writer);
    struct log_mail mail = a_mail();
    log_mail(&mail);
    assert_string_equal(after_time(drain(reader)),
                        "INFO ✅ Processed email message 42 for a@b.test\n");
    mail.error = "422 validation_error: bad `to`";
    log_mail(&mail);
    assert_string_equal(
        after_time(drain(reader)),
        "ERROR ❌ Failed to process email message 42: 422 validation_error: bad `to`\n");
    log_event(LOG_WARN, "lane_parked", "resend: %d in a row", 5);
    assert_string_equal(after_time(drain(reader)), "WARN lane_parked: resend: 5 in a row\n");
    close_log(reader, writer);
}

static struct json *parse_line(int reader) {
    struct err err;
    const char *line = drain(reader);
    return json_parse(line, strlen(line), sizeof text, &err);
}

static void json_lines_have_what_is_known(void **state) {
    (void)state;
    int writer, reader = open_log(LOG_JSON, &writer);
    struct log_mail mail = a_mail();
    mail.attempt = 2;
    mail.provider = "resend";
    mail.error_code = "";
    mail.ms = 12;
    log_mail(&mail);
    struct json *v = parse_line(reader);
    assert_non_null(v);
    assert_string_equal(json_get_text(v, "level"), "info");
    assert_string_equal(json_get_text(v, "id"), "42");
    assert_string_equal(json_get_text(v, "email"), "a@b.test");
    assert_true(json_get_number(v, "attempt", 0) > 1.9);
    assert_true(json_get_number(v, "ms", 0) > 11.9);
    assert_string_equal(json_get_text(v, "provider"), "resend");
    assert_null(json_get(v, "error"));
    assert_null(json_get(v, "error_code"));
    assert_null(json_get(v, "request_id"));
    assert_non_null(json_get_text(v, "time"));
    assert_non_null(json_get_text(v, "event"));
    json_free(v);
    log_event(LOG_ERROR, "database_away", "%s", "no \"route\"\n");
    v = parse_line(reader);
    assert_string_equal(json_get_text(v, "event"), "database_away");
    assert_string_equal(json_get_text(v, "text"), "no \"route\"\\x0A");
    json_free(v);
    close_log(reader, writer);
}

static void hostile_texts_stay_on_their_line(void **state) {
    (void)state;
    for (int format = LOG_TEXT; format <= LOG_JSON; format++) {
        int writer, reader = open_log((enum log_format)format, &writer);
        struct log_mail mail = a_mail();
        mail.id = "1\n2026-01-01T00:00:00Z INFO ✅ Processed";
        mail.error = "\r\x1b[2J\xc2\x9b\xe2\x80\xae\xff\x00hidden";
        log_mail(&mail);
        log_event(LOG_INFO, "event", "%s", "a\nb\x1b]0;x\x07");
        const char *out = drain(reader);
        int lines = 0;
        for (const char *c = out; *c; c++) {
            assert_true(*c == '\n' || (unsigned char)*c >= 0x20);
            lines += *c == '\n';
        }
        assert_int_equal(lines, 2);
        assert_null(strstr(out, "\xc2\x9b"));
        assert_null(strstr(out, "\xe2\x80\xae"));
        assert_true(str_is_utf8(out, strlen(out)));
        close_log(reader, writer);
    }
}

static void long_texts_are_cut(void **state) {
    (void)state;
    static char huge[20000];
    memset(huge, '\\', sizeof huge - 1);
    for (int format = LOG_TEXT; format <= LOG_JSON; format++) {
        int writer, reader = open_log((enum log_format)format, &writer);
        struct log_mail mail = {huge, huge, huge, huge, 1, huge, huge, 1};
        log_mail(&mail);
        log_event(LOG_INFO, "event", "%s", huge);
        const char *out = drain(reader);
        assert_non_null(strchr(out, '\n'));
        assert_non_null(strchr(strchr(out, '\n') + 1, '\n'));
        assert_true(strlen(out) < 16384);
        close_log(reader, writer);
    }
}

static void nowhere_and_broken_sinks_are_harmless(void **state) {
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    struct log_mail mail = a_mail();
    log_open(LOG_TEXT, -1);
    log_mail(&mail);
    int writer, reader = open_log(LOG_TEXT, &writer);
    close(reader);
    log_mail(&mail);
    log_mail(&mail);
    close(writer);
    log_mail(&mail); /* EBADF */

    reader = open_log(LOG_TEXT, &writer); /* a sink that works tells what is missing */
    log_mail(&mail);
    assert_non_null(strstr(drain(reader), "log_lines_lost: 3 lines"));
    assert_non_null(strstr(text, "Processed email message 42"));
    close_log(reader, writer);
}

static void a_stalled_reader_does_not_stop_the_writer(void **state) {
    (void)state;
    int writer, reader = open_log(LOG_TEXT, &writer);
    int64_t start = clock_boot_us();
    for (int i = 0; i < 5000; i++) { /* several times what a pipe holds */
        log_event(LOG_INFO, "event", "line %d of a log that nobody reads any more", i);
    }
    assert_true(clock_boot_us() - start < 30 * USEC_PER_SEC);
    while (*drain(reader)) {
    }
    log_event(LOG_INFO, "event", "heard again");
    assert_non_null(strstr(drain(reader), "log_lines_lost"));
    assert_non_null(strstr(text, "heard again"));
    close_log(reader, writer);
}

/* Held lines come together and whole, none is lost, and a line that is not held keeps its place. */
static void held_lines_come_with_the_release(void **state) {
    (void)state;
    int writer, reader = open_log(LOG_TEXT, &writer), lines = 0;
    struct log_mail mail = a_mail();
    log_hold();
    log_mail(&mail);
    assert_string_equal(drain(reader), "");
    for (int i = 0; i < 99; i++) {
        log_mail(&mail);
    }
    log_release();
    log_event(LOG_INFO, "after", "x");
    const char *p = drain(reader);
    for (const char *end; (end = strchr(p, '\n')); p = end + 1, lines++) {
        const char *words = lines < 100
                                ? "INFO \xe2\x9c\x85 Processed email message 42 for a@b.test\n"
                                : "INFO after: x\n";
        assert_int_equal(strncmp(after_time(p), words, strlen(words)), 0);
    }
    assert_int_equal(lines, 101);
    close_log(reader, writer);
}

static void *write_lines(void *arg) {
    for (int i = 0; i < 100; i++) {
        log_event(LOG_INFO, "event", "%s", (const char *)arg);
    }
    return NULL;
}

static void threads_do_not_mix_their_lines(void **state) {
    (void)state;
    static char as[] = "aaaaaaaaaaaaaaaaaaaa";
    static char bs[] = "bbbbbbbbbbbbbbbbbbbb";
    int writer, reader = open_log(LOG_TEXT, &writer);
    pthread_t a, b;
    assert_int_equal(pthread_create(&a, NULL, write_lines, as), 0);
    assert_int_equal(pthread_create(&b, NULL, write_lines, bs), 0);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    const char *line = drain(reader);
    int lines = 0;
    for (; *line; line = strchr(line, '\n') + 1, lines++) {
        const char *words = after_time(line);
        assert_true(strncmp(words, "INFO event: aaaaaaaaaaaaaaaaaaaa\n", 33) == 0 ||
                    strncmp(words, "INFO event: bbbbbbbbbbbbbbbbbbbb\n", 33) == 0);
    }
    assert_int_equal(lines, 200);
    close_log(reader, writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcome_lines_are_exact),
        cmocka_unit_test(json_lines_have_what_is_known),
        cmocka_unit_test(hostile_texts_stay_on_their_line),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(nowhere_and_broken_sinks_are_harmless),
        cmocka_unit_test(a_stalled_reader_does_not_stop_the_writer),
        cmocka_unit_test(held_lines_come_with_the_release),
        cmocka_unit_test(threads_do_not_mix_their_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
