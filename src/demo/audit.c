/* The audit of a headless demonstration: the table must say of every message what was to happen to
 * it, and the sandbox must have kept exactly those that the table calls sent, each once. */
#include "demo/internal.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX ((size_t)64 * 1024 * 1024)

/* --- the sandbox ---------------------------------------------------------------------------- */

static int connect_sandbox(const struct demo *d) {
    struct sockaddr_in to = {.sin_family = AF_INET};
    const char *colon = strrchr(d->sandbox_address, ':');
    int64_t port = 0;
    if (!colon || !str_to_int64(colon + 1, &port))
        return -1;
    to.sin_port = htons((uint16_t)port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 10};
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, (const struct sockaddr *)(const void *)&to, sizeof to) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* A GET as simple as can be: the sandbox ends the connection after its answer. */
static struct json *get_json(const struct demo *d, const char *path, struct err *err) {
    char request[160], piece[16384];
    struct buf answer;
    struct json *root = NULL;
    int fd = connect_sandbox(d);
    buf_init(&answer, ANSWER_MAX);
    str_format(request, sizeof request,
               "GET %s HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n", path);
    if (fd >= 0 && send(fd, request, strlen(request), MSG_NOSIGNAL) > 0)
        for (ssize_t n; (n = recv(fd, piece, sizeof piece, 0)) > 0;)
            buf_add(&answer, piece, (size_t)n);
    if (fd >= 0)
        close(fd);
    const char *body = answer.failed ? NULL : strstr(buf_text(&answer), "\r\n\r\n");
    if (body && str_starts(answer.data, "HTTP/1.1 200 "))
        root = json_parse(body + 4, strlen(body + 4), ANSWER_MAX, err);
    else
        err_set(err, ERR_IO, "the sandbox does not answer");
    buf_free(&answer);
    return root;
}

/* --- comparing ids -------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool differ(struct err *err, const char *what, const char *id) {
    return err_set(err, ERR_INVALID, "%s: %s", what, id);
}

/* Both lists sorted; says what the first difference means. */
static bool compare(const char **sent, int n, const char **kept, int m, struct err *err) {
    for (int i = 1; i < m; i++)
        if (strcmp(kept[i - 1], kept[i]) == 0)
            return differ(err, "sent twice", kept[i]);
    for (int i = 0; i < n || i < m; i++) {
        int order = i == n ? 1 : i == m ? -1 : strcmp(sent[i], kept[i]);
        if (order < 0)
            return differ(err, "sent by the table, unknown to the sandbox", sent[i]);
        if (order > 0)
            return differ(err, "kept by the sandbox, not sent by the table", kept[i]);
    }
    return true;
}

/* The message ids the sandbox kept; the strings are root's. */
static const char **kept_ids(const struct json *root, int *n) {
    const struct json *data = json_get(root, "data");
    const char **ids = mem_array((size_t)json_size(data) + 1, sizeof *ids);
    *n = 0;
    for (int i = 0; ids && i < json_size(data); i++) {
        const struct json *tags = json_get(json_at(data, i), "tags");
        const char *id = "(a mail without postroom_id)";
        for (int k = 0; k < json_size(tags); k++)
            if (str_eq(json_get_text(json_at(tags, k), "name"), "postroom_id"))
                id = json_get_text(json_at(tags, k), "value");
        ids[(*n)++] = id ? id : "";
    }
    return ids;
}

/* Splits the lines in place. */
static const char **line_list(struct buf *text, int *n) {
    size_t lines = 0;
    for (size_t i = 0; i < text->len; i++)
        lines += text->data[i] == '\n';
    const char **list = mem_array(lines + 1, sizeof *list);
    *n = 0;
    char *rest = text->data;
    for (char *line; list && (line = strsep(&rest, "\n")) != NULL;)
        if (line[0])
            list[(*n)++] = line;
    return list;
}

static bool audit_sandbox(struct demo *d, struct err *err) {
    struct buf lines;
    buf_init(&lines, ANSWER_MAX);
    struct json *root = get_json(d, "/emails", err);
    bool ok =
        root && server_sql(d, "SELECT id FROM email_messages WHERE status = 'sent'", &lines, err);
    if (ok) {
        int n = 0, m = 0;
        const char **sent = line_list(&lines, &n), **kept = kept_ids(root, &m);
        if (sent && kept) {
            qsort(sent, (size_t)n, sizeof *sent, by_text);
            qsort(kept, (size_t)m, sizeof *kept, by_text);
            ok = compare(sent, n, kept, m, err);
        } else {
            ok = err_nomem(err);
        }
        mem_free(sent);
        mem_free(kept);
    }
    json_free(root);
    buf_free(&lines);
    return ok;
}

/* --- the table ------------------------------------------------------------------------------ */

static const char counts_sql[] =
    "SELECT json_build_object('total', count(*),"
    " 'sent', count(*) FILTER (WHERE status = 'sent' AND provider_message_id <> ''),"
    " 'failed', count(*) FILTER (WHERE status = 'failed' AND error_message <> ''),"
    " 'wrong', count(*) FILTER (WHERE (dedupe_key LIKE '%-flawed') <> (status = 'failed')))"
    " FROM email_messages";

static const char reasons_sql[] =
    "SELECT coalesce(json_agg(r), '[]') FROM (SELECT count(*) AS n, error_code AS code,"
    " error_message AS text FROM email_messages WHERE status = 'failed'"
    " GROUP BY 2, 3 ORDER BY 1 DESC, 2, 3 LIMIT 10) AS r";

static const char open_sql[] =
    "SELECT count(*) FROM email_messages WHERE status IN ('pending', 'processing')"
    " OR (status = 'failed' AND next_attempt_at IS NOT NULL)";

static struct json *sql_json(struct demo *d, const char *sql, struct err *err) {
    struct buf out;
    buf_init(&out, ANSWER_MAX);
    struct json *root = NULL;
    if (server_sql(d, sql, &out, err))
        root = json_parse(buf_text(&out), out.len, ANSWER_MAX, err);
    buf_free(&out);
    return root;
}

bool audit_open(struct demo *d, int64_t *open, struct err *err) {
    struct buf out;
    buf_init(&out, 4096);
    bool ok = server_sql(d, open_sql, &out, err);
    if (ok && !(out.len && str_to_int64(str_trim(out.data), open)))
        ok = err_set(err, ERR_DB, "psql counted nothing");
    buf_free(&out);
    return ok;
}

static int number(const struct json *v, const char *key) {
    return (int)json_get_number(v, key, -1);
}

static void print_reasons(const struct json *reasons) {
    for (int i = 0; i < json_size(reasons); i++) {
        const struct json *r = json_at(reasons, i);
        struct buf line;
        buf_init(&line, 1024);
        const char *code = json_get_text(r, "code"), *text = json_get_text(r, "text");
        str_sanitize(&line, text ? text : "", 160);
        printf("  %8d  %-24s %s\n", number(r, "n"), code ? code : "", buf_text(&line));
        buf_free(&line);
    }
}

static bool judge(const struct json *counts, int loaded, struct err *err) {
    int sent = number(counts, "sent"), failed = number(counts, "failed");
    if (number(counts, "total") != loaded || sent + failed != loaded)
        return err_set(err, ERR_INVALID, "of %d messages the table has %d sent and %d failed",
                       loaded, sent, failed);
    if (number(counts, "wrong") != 0)
        return err_set(err, ERR_INVALID,
                       "%d messages did not end as they should (flawed ones failed, others sent)",
                       number(counts, "wrong"));
    return true;
}

static bool report(struct demo *d, int loaded, double seconds, const struct json *counts,
                   const struct json *reasons, struct err *err) {
    struct json *sandbox = get_json(d, "/sandbox", err);
    if (!sandbox)
        return false;
    printf("\n%d messages in %.1f s, %d requests to the provider\n", loaded, seconds,
           number(sandbox, "requests"));
    printf("  sent      %6d\n  failed    %6d\n", number(counts, "sent"), number(counts, "failed"));
    print_reasons(reasons);
    json_free(sandbox);
    if (!judge(counts, loaded, err) || !audit_sandbox(d, err))
        return err_wrap(err, "the table does not agree");
    printf("The table and the provider agree: every message is accounted for, none was sent "
           "twice.\n");
    return true;
}

bool audit(struct demo *d, int loaded, double seconds, struct err *err) {
    struct json *counts = sql_json(d, counts_sql, err);
    struct json *reasons = counts ? sql_json(d, reasons_sql, err) : NULL;
    bool ok = reasons && report(d, loaded, seconds, counts, reasons, err);
    json_free(counts);
    json_free(reasons);
    return ok;
}
