/* TLS against Debian's openssl as the server: a certificate nobody vouches for, or one for another
 * host, or an old protocol gets not one byte of the key; ca_file adds trust. Skipped where there is
 * no openssl command. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/net.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char folder[] = "/tmp/postroom-tls-XXXXXX";

struct server {
    pid_t pid;
    int port;
    int in;  /* what it says to its client */
    int out; /* what its client said, and its own words */
    char seen[65536];
    size_t seen_len;
};

/* Runs openssl; its output goes nowhere. */
static int openssl(const char *const argv[]) {
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        execvp("openssl", (char *const *)argv);
        _exit(127);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void path_of(char dst[100], const char *name, const char *suffix) {
    str_format(dst, 100, "%s/%s.%s", folder, name, suffix);
}

static bool make_certificate(const char *name, const char *subject_alt_name) {
    char key[100];
    char cert[100];
    char alt[100];
    path_of(key, name, "key");
    path_of(cert, name, "pem");
    str_format(alt, sizeof alt, "subjectAltName=%s", subject_alt_name);
    const char *argv[] = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                          "-days",   "2",   "-subj", "/CN=t",   "-addext",  alt,
                          "-keyout", key,   "-out",  cert,      NULL};
    return openssl(argv) == 0;
}

/* Reads what the server prints until `text` is among it, or for long enough. */
static const char *wait_for_text(struct server *s, const char *text) {
    const char *found;
    while (!(found = strstr(s->seen, text)) && s->seen_len + 1 < sizeof s->seen) {
        struct pollfd p = {.fd = s->out, .events = POLLIN};
        ssize_t n = poll(&p, 1, 10000) == 1
                        ? read(s->out, s->seen + s->seen_len, sizeof s->seen - 1 - s->seen_len)
                        : 0;
        if (n <= 0) {
            return NULL;
        }
        s->seen_len += (size_t)n;
        s->seen[s->seen_len] = '\0';
    }
    return found;
}

static void server_start(struct server *s, const char *certificate, const char *version) {
    char key[100];
    char cert[100];
    int in[2];
    int out[2];
    path_of(key, certificate, "key");
    path_of(cert, certificate, "pem");
    memset(s, 0, sizeof *s);
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    s->pid = fork();
    if (s->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(out[1], 2);
        close(in[1]);
        close(out[0]);
        execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-key",
               key, "-cert", cert, "-cipher", "ALL:@SECLEVEL=0", version, NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    s->in = in[1];
    s->out = out[0];
    const char *line = wait_for_text(s, "ACCEPT 127.0.0.1:");
    assert_non_null(line);
    s->port = (int)strtol(line + strlen("ACCEPT 127.0.0.1:"), NULL, 10);
    assert_true(s->port > 0);
}

/* It ends by itself after its one connection; until then everything it read is printed. */
static void server_stop(struct server *s) {
    assert_null(wait_for_text(s, "\x01 that it never prints"));
    close(s->in);
    close(s->out);
    kill(s->pid, SIGTERM);
    waitpid(s->pid, NULL, 0);
}

static void submit(struct net *net, int port) {
    struct wire_request r;
    struct err err = {0};
    wire_request_init(&r);
    str_format(r.url, sizeof r.url, "https://127.0.0.1:%d/emails", port);
    wire_request_header(&r, "Authorization", "Bearer re_canary", true);
    buf_puts(&r.body, "{}");
    assert_true(net_submit(net, 1, &r, 0, clock_boot_us() + 60 * USEC_PER_SEC, &err));
}

static struct wire_response reap(struct net *net) {
    struct pollfd p = {.fd = net_fd(net), .events = POLLIN};
    uint64_t id;
    struct wire_response got;
    assert_int_equal(poll(&p, 1, 30000), 1);
    assert_true(net_reap(net, &id, &got));
    return got;
}

/* Answers by hand once the request is there: what s_server reads from us, it sends. */
static void answer(struct server *s) {
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    assert_non_null(wait_for_text(s, "re_canary"));
    assert_int_equal(write(s->in, text, strlen(text)), strlen(text));
}

static void only_a_trusted_host_gets_the_key(void **state) {
    (void)state;
    static const struct {
        const char *certificate;
        const char *version;
        const char *trusted; /* as ca_file; NULL: the system's alone */
        bool taken;
    } cases[] = {
        {"right", "-tls1_3", "right", true},  {"right", "-tls1_2", "right", true},
        {"right", "-tls1_3", NULL, false},    {"right", "-tls1_3", "wrong", false},
        {"wrong", "-tls1_3", "wrong", false}, {"right", "-tls1_1", "right", false},
    };
    if (!make_certificate("right", "IP:127.0.0.1") ||
        !make_certificate("wrong", "DNS:elsewhere.example")) {
        skip();
    }
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct server s;
        struct err err = {0};
        char ca[100] = "";
        if (cases[i].trusted) {
            path_of(ca, cases[i].trusted, "pem");
        }
        struct settings conf = {.ca_file = ca, .request_timeout_ms = 20000, .concurrency = 1};
        struct net *net = net_start(&conf, &err);
        assert_non_null(net);
        server_start(&s, cases[i].certificate, cases[i].version);
        submit(net, s.port);
        if (cases[i].taken) {
            answer(&s);
        }
        struct wire_response r = reap(net);
        if (r.end != (cases[i].taken ? WIRE_ANSWERED : WIRE_NOT_SENT)) {
            fail_msg("case %zu: end %d, \"%s\"\n%s", i, (int)r.end, r.problem, s.seen);
        }
        net_stop(net);
        server_stop(&s);
        assert_int_equal(strstr(s.seen, "re_canary") != NULL, cases[i].taken);
        wire_response_done(&r);
    }
    assert_int_equal(mem_live(), 0);
}

static int set_up(void **state) {
    struct err err = {0};
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    return mkdtemp(folder) && net_global_init(&err) ? 0 : 1;
}

static int tear_down(void **state) {
    static const char *const files[] = {"right.key", "right.pem", "wrong.key", "wrong.pem"};
    (void)state;
    net_global_cleanup();
    for (size_t i = 0; i < COUNT(files); i++) {
        char path[100];
        str_format(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_trusted_host_gets_the_key),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
