/* Yardstick (a): PostgreSQL alone. Claims mail and marks it sent, in batches, over one or more
 * connections, and does nothing else: nothing is stored in between, nothing is sent, no history is
 * kept. What a worker could do at most on this machine if the network and safety were free.
 * usage: postgres_alone URL MESSAGES BATCH CONNECTIONS */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* As the worker claims: oldest first by the index on what is due, rows locked by one short
 * statement that returns what a request needs. */
static const char CLAIM[] =
    "WITH due AS MATERIALIZED (SELECT m.ctid AS ref FROM email_messages m"
    "  WHERE m.status = 'pending' AND least(9, greatest(0, coalesce(m.priority, 5))) = 5"
    "  AND coalesce(m.scheduled_at, m.created_at, '-infinity'::timestamptz) <= now()"
    "  ORDER BY coalesce(m.scheduled_at, m.created_at, '-infinity'::timestamptz), m.id"
    "  LIMIT $1::int FOR UPDATE OF m SKIP LOCKED) "
    "UPDATE email_messages m SET status = 'processing', claimed_by = 'bench',"
    " claim_token = m.claim_token + 1, lease_expires_at = clock_timestamp() + interval '90 s' "
    "FROM due WHERE m.ctid = due.ref "
    "RETURNING m.id, m.claim_token, m.to_email, m.subject, m.html";

/* As it writes what became of them. */
static const char FINISH[] =
    "UPDATE email_messages m SET status = 'sent', sent_at = clock_timestamp(), error_code = NULL,"
    " error_message = NULL, provider = 'resend', provider_message_id = o.provider_id,"
    " provider_response = o.answer::jsonb, lease_expires_at = NULL, updated_at = clock_timestamp() "
    "FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[])"
    " AS o(id, token, provider_id, answer) "
    "WHERE m.id = o.id AND m.claim_token = o.token AND m.lease_expires_at IS NOT NULL";

static const char *url, *batch;
static long messages;
static atomic_long done;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(PGconn *c, const PGresult *r) {
    ExecStatusType s = PQresultStatus(r);
    if (s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK)
        return;
    fprintf(stderr, "postgres_alone: %s", PQerrorMessage(c));
    exit(1);
}

static void finish(PGconn *c, const PGresult *claimed) {
    size_t room = (size_t)PQntuples(claimed) * 96 + 8;
    char *arrays[4], *end[4];
    for (int k = 0; k < 4; k++) {
        end[k] = arrays[k] = malloc(room);
        if (!arrays[k])
            exit(1);
        *end[k]++ = '{';
    }
    for (int i = 0; i < PQntuples(claimed); i++) {
        const char *comma = i ? "," : "";
        end[0] += sprintf(end[0], "%s%s", comma, PQgetvalue(claimed, i, 0));
        end[1] += sprintf(end[1], "%s%s", comma, PQgetvalue(claimed, i, 1));
        end[2] += sprintf(end[2], "%s%s", comma, PQgetvalue(claimed, i, 0));
        end[3] +=
            sprintf(end[3], "%s\"{\\\"id\\\":\\\"%s\\\"}\"", comma, PQgetvalue(claimed, i, 0));
    }
    for (int k = 0; k < 4; k++)
        strcpy(end[k], "}");
    PGresult *r = PQexecParams(c, FINISH, 4, NULL, (const char *const *)arrays, NULL, NULL, 0);
    check(c, r);
    PQclear(r);
    for (int k = 0; k < 4; k++)
        free(arrays[k]);
}

static void *drain(void *arg) {
    PGconn *c = PQconnectdb(url);
    (void)arg;
    PQclear(PQexec(c, "SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off;"
                      " SET enable_hashjoin = off; SET enable_mergejoin = off"));
    for (int n = 1; n > 0 && atomic_load(&done) < messages;) {
        PGresult *r = PQexecParams(c, CLAIM, 1, NULL, &batch, NULL, NULL, 0);
        check(c, r);
        n = PQntuples(r);
        if (n > 0)
            finish(c, r);
        atomic_fetch_add(&done, n);
        PQclear(r);
    }
    PQfinish(c);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t threads[64];
    if (argc != 5)
        return 2;
    url = argv[1];
    messages = atol(argv[2]);
    batch = argv[3];
    int n = atoi(argv[4]) < 64 ? atoi(argv[4]) : 64;
    double begin = now();
    for (int i = 0; i < n; i++)
        pthread_create(&threads[i], NULL, drain, NULL);
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    printf("{\"messages\": %ld, \"seconds\": %.6f}\n", atomic_load(&done), now() - begin);
    return 0;
}
