/* One request as a curl handle, and what its end proves. What is said of SMTP is smtp.c.
 *
 * HTTP/1.1 only: a request has its connection to itself, so that a connection that dies loses one
 * answer and not all that share it, and the count of bytes sent is this request's own. At the
 * rates providers allow, multiplexing would gain nothing.
 *
 * curl repeats a POST by itself when a reused connection dies without an answer. With an
 * idempotency key that has one effect; a request without one gets a fresh connection that nobody
 * uses afterwards.
 *
 * ca_file is additional trust: it takes the place of the system's bundle file, while the system's
 * certificate folder is searched as well.
 *
 * The transfer thread only. */
#include "net/internal.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 10000L
#define HEADER_FLOOD ((size_t)256 * 1024)

static const struct {
    CURLoption option;
    long value;
} numbers[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_QUICK_EXIT, 1}, /* never wait for a resolver that hangs */
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    {CURLOPT_HTTP09_ALLOWED, 0},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS},
    {CURLOPT_TCP_NODELAY, 1},
    {CURLOPT_TCP_KEEPALIVE, 1},
    {CURLOPT_TCP_KEEPIDLE, 30},
    {CURLOPT_TCP_KEEPINTVL, 10},
};

/* --- callbacks ------------------------------------------------------------------------------- */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
    struct transfer *t = arg;
    (void)purpose;
    if (!url_allows_address(&address->addr, t->loopback)) {
        t->denied = true;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd >= 0 && transfer_is_smtp(t) && !sockets_add(t->sockets, fd)) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

/* Stops the transfer once the answer is longer than anyone would read: the status is known. */
static size_t take_body(char *data, size_t size, size_t count, void *arg) {
    struct transfer *t = arg;
    struct buf *body = &t->response.body;
    size_t n = size * count;
    size_t room = WIRE_MAX_ANSWER - body->len;
    buf_add(body, data, n < room ? n : room);
    if (n > room || body->failed) {
        t->response.body_cut = true;
        return 0;
    }
    return n;
}

static bool is_header_text(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7f) {
            return false;
        }
    }
    return n > 0;
}

/* Keeps "name: value\n" while there is room; what is no header, or a hostile one, is left out. */
static void keep_header(struct buf *headers, const char *line, size_t n) {
    char name[64];
    const char *colon = memchr(line, ':', n);
    size_t name_len = colon ? (size_t)(colon - line) : 0;
    while (n > 0 && isspace((unsigned char)line[n - 1])) {
        n--;
    }
    if (name_len == 0 || name_len >= sizeof name || !is_header_text(line, n) ||
        headers->len + n + 3 > headers->max) {
        return;
    }
    for (size_t i = 0; i < name_len; i++) {
        name[i] = (char)tolower((unsigned char)line[i]);
    }
    const char *value = colon + 1;
    size_t value_len = n - name_len - 1;
    while (value_len > 0 && isspace((unsigned char)*value)) {
        value++;
        value_len--;
    }
    buf_printf(headers, "%.*s: %.*s\n", (int)name_len, name, (int)value_len, value);
}

static size_t take_header(char *data, size_t size, size_t count, void *arg) {
    struct transfer *t = arg;
    size_t n = size * count;
    t->header_bytes += n;
    if (t->header_bytes > HEADER_FLOOD) {
        t->response.body_cut = true;
        return 0;
    }
    if (n >= 5 && memcmp(data, "HTTP/", 5) == 0) {
        buf_clear(&t->response.headers); /* a final answer after a 1xx */
        t->head_whole = false;
    } else if (n <= 2 && (data[0] == '\r' || data[0] == '\n')) {
        t->head_whole = true;
    } else {
        keep_header(&t->response.headers, data, n);
    }
    return n;
}

bool transfer_is_smtp(const struct transfer *t) {
    return str_starts(t->request.url, "smtp");
}

/* --- before ---------------------------------------------------------------------------------- */

void easy_refuse(struct transfer *t, const char *problem) {
    t->response.end = WIRE_NOT_SENT;
    t->response.status = 0;
    str_copy(t->response.problem, sizeof t->response.problem, problem);
}

static bool add_header(struct transfer *t, const char *line) {
    struct curl_slist *list = curl_slist_append(t->headers, line);
    if (list) {
        t->headers = list;
    }
    return list != NULL;
}

/* curl passes line breaks in values through, so they are refused here whatever providers check. */
static bool make_headers(struct transfer *t) {
    bool ok = add_header(t, "Expect:");
    for (int i = 0; ok && i < t->request.header_count; i++) {
        const struct wire_header *h = &t->request.headers[i];
        char line[sizeof h->name + WIRE_MAX_VALUE + 2];
        ok = str_is_clean(h->name) && str_is_clean(h->value) && !strchr(h->name, ':') &&
             str_format(line, sizeof line, "%s: %s", h->name, h->value) && add_header(t, line);
        explicit_bzero(line, sizeof line);
    }
    return ok;
}

/* What holds for any transfer. */
static bool set_behaviour(CURL *easy, struct transfer *t, const char *ca_file) {
    bool ok = true;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        ok = ok && curl_easy_setopt(easy, numbers[i].option, numbers[i].value) == CURLE_OK;
    }
    ok = ok && curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_PRIVATE, t) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->words) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK;
    if (ca_file[0] != '\0') {
        ok = ok && curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file) == CURLE_OK;
    }
    return ok;
}

/* The handle may have carried another kind of request before. */
static bool set_method(CURL *easy, const struct wire_request *r) {
    if (r->get) {
        return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    }
    curl_off_t size = (curl_off_t)r->body.len;
    return curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, size) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, buf_text(&r->body)) == CURLE_OK;
}

static bool set_request(CURL *easy, struct transfer *t, int64_t limit_ms) {
    long fresh = t->request.replay_safe ? 0 : 1;
    bool ok = curl_easy_setopt(easy, CURLOPT_URL, t->request.url) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_USERAGENT, "postroom/" POSTROOM_VERSION) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
                                t->loopback ? "http,https" : "https") == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)limit_ms) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, fresh) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, fresh) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK;
    ok = ok && set_method(easy, &t->request);
    ok = ok && curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_HEADERDATA, t) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_WRITEDATA, t) == CURLE_OK;
    return ok;
}

bool easy_prepare(CURL *easy, struct transfer *t, const char *ca_file, int64_t limit_ms) {
    t->limit_ms = limit_ms;
    t->loopback = url_names_loopback(t->request.url);
    if (!set_behaviour(easy, t, ca_file)) {
        easy_refuse(t, "out of memory");
        return false;
    }
    if (transfer_is_smtp(t)) {
        return smtp_prepare(easy, t, limit_ms);
    }
    if (t->request.body.failed || !make_headers(t)) {
        easy_refuse(t, "the request could not be made: out of memory, or a header with a "
                       "control character");
        return false;
    }
    if (!set_request(easy, t, limit_ms)) {
        easy_refuse(t, "out of memory");
        return false;
    }
    return true;
}

/* --- after ----------------------------------------------------------------------------------- */

static int64_t bytes_sent(CURL *easy) {
    long head = 0;
    curl_off_t body = 0;
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &head);
    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &body);
    return head + body;
}

bool easy_is_sent(const struct transfer *t) {
    curl_off_t body = 0;
    if (transfer_is_smtp(t)) {
        return t->whole;
    }
    curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &body);
    return bytes_sent(t->easy) > 0 && (size_t)body == t->request.body.len;
}

/* curl is content where a connection closes in the middle of the headers. */
static bool is_whole(const struct transfer *t, CURLcode code) {
    return code == CURLE_OK && t->head_whole;
}

/* What acceptance can be told from, in the order of its weight. A final status line proves that
 * the request was judged: a 2xx is an acceptance even where its body was cut. Of another status
 * cut short we know too little. Not one byte sent proves that nothing was judged. */
static enum wire_end judge(const struct transfer *t, CURLcode code, long status) {
    if (status >= 200 && (is_whole(t, code) || t->response.body_cut || status <= 299)) {
        return WIRE_ANSWERED;
    }
    if (bytes_sent(t->easy) == 0) {
        return WIRE_NOT_SENT;
    }
    return code == CURLE_OPERATION_TIMEDOUT ? WIRE_TIMED_OUT : WIRE_LOST;
}

static void describe(struct transfer *t, CURLcode code) {
    char *problem = t->response.problem;
    size_t size = sizeof t->response.problem;
    const char *waited = transfer_is_smtp(t) ? smtp_silence(t, code) : NULL;
    if (t->denied && t->response.end == WIRE_NOT_SENT) {
        str_copy(problem, size,
                 "the provider's name leads to a loopback or link-local address: not connected");
    } else if (t->garbled) {
        str_copy(problem, size, "the answer was not SMTP");
    } else if (waited && code == CURLE_OPERATION_TIMEDOUT) {
        str_format(problem, size, "no answer to %s within %llds", waited,
                   (long long)((t->limit_ms + 999) / 1000));
    } else if (waited) {
        str_format(problem, size, "the connection closed before an answer to %s came", waited);
    } else if (t->response.end == WIRE_TIMED_OUT && t->limit_ms % 1000 == 0) {
        str_format(problem, size, "no answer within %llds", (long long)(t->limit_ms / 1000));
    } else if (t->response.end == WIRE_TIMED_OUT) {
        str_format(problem, size, "no answer within %lldms", (long long)t->limit_ms);
    } else if (code == CURLE_GOT_NOTHING) {
        str_copy(problem, size, "the connection closed before an answer came");
    } else if (code == CURLE_PARTIAL_FILE || code == CURLE_OK) {
        str_copy(problem, size, "the answer was cut short");
    } else if (t->response.end == WIRE_LOST &&
               (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY)) {
        str_copy(problem, size, "the answer was not HTTP");
    } else if (code == CURLE_ABORTED_BY_CALLBACK) {
        str_copy(problem, size, "cancelled");
    } else {
        str_copy(problem, size, t->words[0] ? t->words : curl_easy_strerror(code));
    }
}

void easy_read_end(struct transfer *t, CURLcode code) {
    long status = 0;
    curl_off_t took_us = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    t->response.took_ms = took_us / 1000;
    bool smtp = transfer_is_smtp(t);
    t->response.end = smtp ? smtp_judge(t, code) : judge(t, code, status);
    if (t->response.end == WIRE_ANSWERED) {
        t->response.status = smtp ? t->reply : (int)status;
        t->response.body_cut = !smtp && !is_whole(t, code);
    } else {
        describe(t, code);
    }
}
