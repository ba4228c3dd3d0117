/* Yardstick (c): the plain loop that many applications begin with. Poll, take 50 rows, send them
 * one at a time, mark each. No safety of any kind: what dies in the middle is sent twice.
 * usage: plain_loop DATABASE-URL SINK-URL MESSAGES */
#include <curl/curl.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char POLL[] =
    "SELECT m.id, m.to_email, m.subject, m.html FROM email_messages m WHERE m.status = 'pending'"
    " AND least(9, greatest(0, coalesce(m.priority, 5))) = 5"
    " ORDER BY coalesce(m.scheduled_at, m.created_at, '-infinity'::timestamptz), m.id LIMIT 50";
static const char TAKE[] = "UPDATE email_messages SET status = 'processing' WHERE id = $1";
static const char MARK[] = "UPDATE email_messages SET status = 'sent', sent_at = now(),"
                           " updated_at = now(), provider_message_id = $2 WHERE id = $1";

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t ignore(char *data, size_t size, size_t n, void *arg) {
    (void)data;
    (void)arg;
    return size * n;
}

static void run(PGconn *c, const char *sql, int n, const char *id) {
    const char *params[] = {id, "4ef9a417-02e9-4d39-ad75-000000000000"};
    PGresult *r = PQexecParams(c, sql, n, NULL, params, NULL, NULL, 0);
    if (PQresultStatus(r) != PGRES_COMMAND_OK) {
        fprintf(stderr, "plain_loop: %s", PQerrorMessage(c));
        exit(1);
    }
    PQclear(r);
}

static void post(CURL *easy, const PGresult *r, int i) {
    static char body[64 * 1024];
    snprintf(body, sizeof body,
             "{\"from\":\"Shop "
             "<hello@shop.example>\",\"to\":[\"%s\"],\"subject\":\"%s\",\"html\":\"%s\"}",
             PQgetvalue(r, i, 1), PQgetvalue(r, i, 2), PQgetvalue(r, i, 3));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    if (curl_easy_perform(easy) != CURLE_OK)
        exit(1);
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    PGconn *c = PQconnectdb(argv[1]);
    CURL *easy = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(easy, CURLOPT_URL, argv[2]);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
    double begin = now();
    long done = 0;
    for (int n = 1; n > 0 && done < atol(argv[3]);) {
        PGresult *r = PQexec(c, POLL);
        n = PQntuples(r);
        for (int i = 0; i < n; i++, done++) {
            run(c, TAKE, 1, PQgetvalue(r, i, 0));
            post(easy, r, i);
            run(c, MARK, 2, PQgetvalue(r, i, 0));
        }
        PQclear(r);
    }
    printf("{\"messages\": %ld, \"seconds\": %.6f}\n", done, now() - begin);
    PQfinish(c);
    curl_easy_cleanup(easy);
    return 0;
}
