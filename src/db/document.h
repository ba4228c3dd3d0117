/* The document of what stands where, folded by one statement: src/db/document.c. */
#ifndef POSTROOM_DB_DOCUMENT_H
#define POSTROOM_DB_DOCUMENT_H

#include "core/verdict.h"
#include "db/internal.h"

/* What is counted row by row is counted up to this many; beyond: "10,000+". */
#define COUNT_CAP "10000"

/* Folds the document and stores it where the stored one is older than max_age_ms and nobody else
 * is at it. One row (doc, now) or, where there was nothing to do, none. held goes into it; where it
 * is not known, as the stored one has it. */
bool document_publish(struct db *db, int max_age_ms, const struct verdict_held *held,
                      PGresult **out, struct err *err) MUST_CHECK;

/* Folds it for the caller alone, also on a standby: one row (doc, now). */
bool document_fold(struct db *db, const struct verdict_held *held, PGresult **out,
                   struct err *err) MUST_CHECK;

/* The stored one: a row (doc, now, age in ms), or none. */
bool document_read(struct db *db, PGresult **out, struct err *err) MUST_CHECK;

#endif
