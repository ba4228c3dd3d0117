/* History: see history.h. Each step begins where the one before ended, because the entries of what
 * was deleted stay in the index until it is vacuumed. */
#include "db/history.h"

#include "base/str.h"
#include "db/guided.h"
#include "db/internal.h"

#define STEP "2000"
_Static_assert(HISTORY_STEP == 2000, "STEP repeats it");

#define LIMIT "(SELECT now() - $1::bigint * interval '1 ms' AS t, mine FROM lock)"

/* A table with a running number: the oldest so many, of which those are deleted that are old. */
#define BY_NUMBER(name, place)                                                                     \
    " " name "_seen AS MATERIALIZED (SELECT s.seq, s.at < l.t AS old FROM " LIMIT " l,"            \
    "  LATERAL (SELECT seq, at FROM postroom." name " WHERE l.mine AND seq > " place "::bigint"    \
    "   ORDER BY seq LIMIT " STEP ") s),"                                                          \
    " " name "_gone AS (DELETE FROM postroom." name " d USING " name "_seen s"                     \
    "  WHERE d.seq = s.seq AND s.old RETURNING d.seq),"
#define BY_MINUTE(name)                                                                            \
    " " name "_gone AS (DELETE FROM postroom." name " d USING (SELECT s.ref FROM " LIMIT " l,"     \
    "  LATERAL (SELECT ctid AS ref FROM postroom." name " WHERE l.mine AND minute < l.t"           \
    "   ORDER BY minute LIMIT " STEP ") s) o WHERE d.ctid = o.ref RETURNING 1),"

static const char PRUNE[] =
    "WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS s),"
    " lock AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtext('postroom.history')) AS mine"
    "  FROM relaxed)," BY_NUMBER("attempts", "$2") BY_NUMBER("journal", "$3") BY_MINUTE("minutes")
        BY_MINUTE("minute_errors")
            BY_MINUTE("waiting") " usage_gone AS (DELETE FROM postroom.usage USING lock"
                                 "  WHERE mine AND day < (now() AT TIME ZONE 'UTC')::date - 400) "
                                 "SELECT (SELECT max(seq) FROM attempts_gone), (SELECT max(seq) "
                                 "FROM journal_gone),"
                                 " greatest((SELECT count(*) FROM attempts_gone), (SELECT count(*) "
                                 "FROM journal_gone),"
                                 "  (SELECT count(*) FROM minutes_gone), (SELECT count(*) FROM "
                                 "minute_errors_gone),"
                                 "  (SELECT count(*) FROM waiting_gone)) >= " STEP;

bool history_prune(struct db *db, int64_t keep_ms, struct history_place *place, bool *more,
                   struct err *err) {
    char keep[24], attempts[24], journal[24];
    PGresult *r = NULL;
    str_format(keep, sizeof keep, "%lld", (long long)keep_ms);
    str_format(attempts, sizeof attempts, "%lld", (long long)place->attempts);
    str_format(journal, sizeof journal, "%lld", (long long)place->journal);
    if (!guided_rows(db, PRUNE, 3, (const char *[]){keep, attempts, journal}, &r, err))
        return false;
    place->attempts = cell_int(r, 0, 0, place->attempts);
    place->journal = cell_int(r, 0, 1, place->journal);
    *more = cell_bool(r, 0, 2);
    PQclear(r);
    return true;
}
