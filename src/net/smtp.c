/* One mail as a curl handle: an SMTP transaction, and what its end proves. A question is the same
 * dialogue up to its first command that needs a login, and no mail.
 *
 * curl speaks the dialogue; here it is listened to, because its own report is not enough: after a
 * connection died RESPONSE_CODE is the last command's, and the last line a QUIT's. Each command it
 * sends and each line that comes back pass by, so that stage and reply are known exactly. The mail
 * counts as sent away once all its bytes were handed over: from there on the dot may have followed,
 * and the server may take its time (RFC 5321 4.5.3.2.6: ten minutes), whatever the deadline was.
 *
 * Connections are used again. One that the server closed meanwhile is noticed by curl, or by the
 * first command that gets no reply: then nothing was said yet, and it is tried once more on a fresh
 * one. curl itself never repeats an upload that is not HTTP. The transfer thread only. */
#include "net/internal.h"

#include "base/clock.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define DOT_TIMEOUT_US (600 * USEC_PER_SEC)
#define REPLY_TIMEOUT_S 900L /* curl's own per reply: ours are shorter, but for the dot's */
#define IDLE_MAX_S 60L       /* servers close after some minutes */
#define REPLY_MAX ((size_t)8 * 1024)

/* --- the dialogue ------------------------------------------------------------------------------
 */

static bool begins(const char *data, size_t n, const char *word) {
    return n >= strlen(word) && strncasecmp(data, word, strlen(word)) == 0;
}

static void enter(struct transfer *t, enum smtp_stage stage) {
    t->response.stage = stage;
    t->reply = 0;
    buf_clear(&t->response.body);
}

/* curl says a command. Lines of an AUTH exchange may look like anything: only what comes
 * after a login ends it. */
static void hear_command(struct transfer *t, const char *data, size_t n) {
    enum smtp_stage now = t->response.stage;
    if (begins(data, n, "QUIT\r\n")) {
        t->left = true;
    } else if (begins(data, n, "MAIL FROM:")) {
        enter(t, SMTP_MAIL);
    } else if (t->request.get && begins(data, n, "NOOP\r\n")) {
        enter(t, SMTP_NOOP);
    } else if (now == SMTP_AUTH || begins(data, n, "AUTH ")) {
        enter(t, SMTP_AUTH);
        t->response.login = true;
    } else if (begins(data, n, "EHLO ") || begins(data, n, "HELO ")) {
        enter(t, SMTP_HELLO);
        t->utf8_told = false;
    } else if (begins(data, n, "STARTTLS")) {
        enter(t, SMTP_TLS);
        t->secured = true;
    } else if (begins(data, n, "RCPT TO:")) {
        enter(t, SMTP_RCPT);
        t->response.recipient++;
    } else if (begins(data, n, "DATA\r\n")) {
        enter(t, SMTP_DATA);
    }
}

static int debug(CURL *easy, curl_infotype type, char *data, size_t n, void *arg) {
    struct transfer *t = arg;
    (void)easy;
    if (type == CURLINFO_HEADER_OUT && t->response.stage != SMTP_BODY) {
        hear_command(t, data, n);
    } else if (type == CURLINFO_HEADER_OUT && begins(data, n, "QUIT\r\n")) {
        t->left = true;
    }
    return 0;
}

/* The reply's code; 0 where the line is none. */
static int code_of(const char *line, size_t n) {
    bool good = n >= 3 && isdigit((unsigned char)line[0]) && isdigit((unsigned char)line[1]) &&
                isdigit((unsigned char)line[2]) &&
                (n == 3 || line[3] == ' ' || line[3] == '-' || line[3] == '\r' || line[3] == '\n');
    return good ? (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0') : 0;
}

/* The server has said all that it can, in the clear where that was asked for. */
static bool hello_is_final(const struct transfer *t, const char *line, size_t n) {
    bool open = t->secured || t->request.smtp.tls_none || str_starts(t->request.url, "smtps:");
    return t->response.stage == SMTP_HELLO && open && t->reply == 250 && n > 3 && line[3] == ' ';
}

/* A line of a reply. Returning 0 ends the transfer: this is no SMTP, or the server cannot take
 * these addresses. */
static size_t take_line(char *line, size_t size, size_t count, void *arg) {
    struct transfer *t = arg;
    size_t n = size * count;
    int code = code_of(line, n);
    if (t->left) {
        return n;
    }
    if (code == 0) { /* curl would wait for one that is a reply */
        t->garbled = true;
        t->reply = 0;
        return 0;
    }
    t->reply = code;
    if (t->response.body.len + n < REPLY_MAX) {
        buf_printf(&t->response.body, "%.*s\n", (int)strcspn(line, "\r\n"), line);
    }
    if (t->response.stage == SMTP_HELLO && n > 12 && begins(line + 4, n - 4, "SMTPUTF8")) {
        t->utf8_told = true;
    }
    if (t->request.smtp.utf8 && hello_is_final(t, line, n) && !t->utf8_told) {
        t->response.stage = SMTP_NO_UTF8;
        return 0;
    }
    return n;
}

static size_t give_mail(char *dst, size_t size, size_t count, void *arg) {
    struct transfer *t = arg;
    const struct buf *mail = &t->request.body;
    size_t rest = mail->len - t->given, n = size * count < rest ? size * count : rest;
    if (t->response.stage != SMTP_BODY) {
        enter(t, SMTP_BODY);
    }
    memcpy(dst, mail->data + t->given, n);
    t->given += n;
    if (t->given == mail->len && !t->whole) {
        t->whole = true;
        t->deadline_us = clock_boot_us() + DOT_TIMEOUT_US;
        t->limit_ms = DOT_TIMEOUT_US / USEC_PER_MS;
    }
    return n;
}

/* curl waits for the answer to QUIT, and all transfers with it: it looks here once a second. */
static int stay(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    const struct transfer *t = arg;
    (void)a, (void)b, (void)c, (void)d;
    return t->left;
}

static size_t take_nothing(char *data, size_t size, size_t count, void *arg) {
    (void)data;
    (void)arg;
    return size * count;
}

/* --- before ------------------------------------------------------------------------------------
 */

static bool add_recipients(struct transfer *t) {
    const char *at = buf_text(&t->request.smtp.recipients);
    while (*at) {
        char address[330];
        size_t n = strcspn(at, "\n");
        bool fits = str_format(address, sizeof address, "<%.*s>", (int)n, at) &&
                    str_is_clean(address) && !strpbrk(address + 1, "<");
        struct curl_slist *list = fits ? curl_slist_append(t->headers, address) : NULL;
        if (!list) {
            return false;
        }
        t->headers = list;
        at += n + (at[n] == '\n');
    }
    return t->headers != NULL;
}

#define SET(option, value) (ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK)

static bool set_mail(CURL *easy, struct transfer *t) {
    char sender[330];
    bool ok = str_format(sender, sizeof sender, "<%s>", t->request.smtp.sender);
    SET(CURLOPT_MAIL_FROM, sender);
    SET(CURLOPT_MAIL_RCPT, t->headers);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->request.body.len);
    return ok;
}

/* A command of our own; the QUIT behind it takes back a sender that was named. */
static bool set_question(CURL *easy, const struct transfer *t) {
    const struct wire_smtp *s = &t->request.smtp;
    char command[360] = "NOOP";
    bool ok = !s->sender[0] || str_format(command, sizeof command, "MAIL FROM:<%s>%s", s->sender,
                                          s->utf8 ? " SMTPUTF8" : "");
    SET(CURLOPT_CUSTOMREQUEST, command);
    SET(CURLOPT_NOBODY, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    return ok;
}

static bool set_dialogue(CURL *easy, struct transfer *t) {
    const struct wire_smtp *s = &t->request.smtp;
    bool ok = str_is_clean(s->sender) && !strpbrk(s->sender, "<>");
    SET(CURLOPT_URL, t->request.url);
    SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(CURLOPT_USE_SSL, s->tls_none ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    if (s->user[0]) {
        SET(CURLOPT_USERNAME, s->user);
        SET(CURLOPT_PASSWORD, s->password);
    }
    /* what a server can, it says only at the beginning */
    SET(CURLOPT_FRESH_CONNECT, s->utf8 || t->again || t->request.get ? 1L : 0L);
    SET(CURLOPT_MAXAGE_CONN, IDLE_MAX_S);
    SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, REPLY_TIMEOUT_S);
    return ok && (t->request.get ? set_question(easy, t) : set_mail(easy, t));
}

static bool set_ears(CURL *easy, struct transfer *t) {
    bool ok = true;
    SET(CURLOPT_VERBOSE, 1L); /* for debug: nothing is printed */
    SET(CURLOPT_DEBUGFUNCTION, debug);
    SET(CURLOPT_DEBUGDATA, t);
    SET(CURLOPT_HEADERFUNCTION, take_line);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_READFUNCTION, give_mail);
    SET(CURLOPT_READDATA, t);
    SET(CURLOPT_WRITEFUNCTION, take_nothing);
    SET(CURLOPT_XFERINFOFUNCTION, stay);
    SET(CURLOPT_XFERINFODATA, t);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_CLOSESOCKETFUNCTION, sockets_close);
    SET(CURLOPT_CLOSESOCKETDATA, t->sockets);
    return ok;
}

bool smtp_prepare(CURL *easy, struct transfer *t, int64_t limit_ms) {
    t->deadline_us =
        clock_boot_us() + limit_ms * USEC_PER_MS; /* curl's own would count the dot's */
    t->given = 0;
    t->response.login = false;
    t->response.recipient = -1;
    t->whole = t->left = t->secured = t->utf8_told = t->garbled = false;
    enter(t, SMTP_GREETING);
    if (t->request.body.failed ||
        (!t->request.get && (t->request.body.len == 0 || !add_recipients(t)))) {
        easy_refuse(t, "the mail could not be made: out of memory, or an address with a control "
                       "character");
        return false;
    }
    if (!set_dialogue(easy, t) || !set_ears(easy, t)) {
        easy_refuse(t, "out of memory");
        return false;
    }
    return true;
}

/* --- after -------------------------------------------------------------------------------------
 */

/* A connection used before that died before it said anything about this mail. */
bool smtp_wants_another(const struct transfer *t, CURLcode code) {
    long opened = 1;
    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &opened);
    return (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING ||
            (code == CURLE_WEIRD_SERVER_REPLY && t->reply == 421)) &&
           opened == 0 && !t->again && t->response.stage <= SMTP_MAIL &&
           (t->reply == 0 || t->reply == 421);
}

/* What broke where no reply tells it. */
static enum smtp_stage stage_of(enum smtp_stage now, CURLcode code) {
    switch ((int)code) {
    case CURLE_USE_SSL_FAILED:
        return SMTP_NO_TLS;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return SMTP_TLS;
    case CURLE_LOGIN_DENIED:
        return SMTP_AUTH;
    default:
        return now;
    }
}

enum wire_end smtp_judge(struct transfer *t, CURLcode code) {
    if (t->response.stage == SMTP_NO_UTF8) {
        return WIRE_NOT_SENT;
    }
    if (code == CURLE_OK && (t->whole || t->request.get)) {
        t->reply = t->reply > 0 ? t->reply : 250;
        return WIRE_ANSWERED;
    }
    if (t->reply >= 400 || (t->whole && t->reply >= 200)) {
        return WIRE_ANSWERED;
    }
    if (!t->whole) {
        t->response.stage = stage_of(t->response.stage, code);
        return WIRE_NOT_SENT;
    }
    return code == CURLE_OPERATION_TIMEDOUT ? WIRE_TIMED_OUT : WIRE_LOST;
}

/* Where the dialogue stood when it broke off; NULL: that is told otherwise. */
const char *smtp_silence(const struct transfer *t, CURLcode code) {
    static const char *const waited[SMTP_STAGES] = {[SMTP_GREETING] = "its greeting",
                                                    [SMTP_HELLO] = "EHLO",
                                                    [SMTP_TLS] = "STARTTLS",
                                                    [SMTP_AUTH] = "AUTH",
                                                    [SMTP_MAIL] = "MAIL FROM",
                                                    [SMTP_RCPT] = "RCPT TO",
                                                    [SMTP_DATA] = "DATA",
                                                    [SMTP_BODY] = "the mail's end",
                                                    [SMTP_NOOP] = "NOOP",
                                                    [SMTP_NO_TLS] = "EHLO",
                                                    [SMTP_NO_UTF8] = "EHLO"};
    bool cut = code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING ||
               code == CURLE_OPERATION_TIMEDOUT;
    long connected = 0;
    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connected);
    return cut && (connected > 0 || t->response.stage > SMTP_GREETING) ? waited[t->response.stage]
                                                                       : NULL;
}
