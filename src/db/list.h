/* Messages for `list`, `show` and `send --wait`: pages by key through the indexes of each status,
 * never an OFFSET, never a scan of the table. Rows come as JSON objects, one by one, so that
 * --json prints what it gets and everything else reads it with base/json.
 * Sent messages are found through their attempts: those sent by something else before this table
 * was adopted are not among them. Called by the thread that owns the struct db. */
#ifndef POSTROOM_DB_LIST_H
#define POSTROOM_DB_LIST_H

#include "base/buf.h"
#include "core/message.h"
#include "db/db.h"

/* What to list. Zeroed: the newest of everything. */
struct list_query {
    const char *status;     /* NULL: all. pending scheduled processing retrying failed uncertain
                               sent cancelled; "failed" holds retrying and uncertain ones too */
    const char *error_code; /* NULL: any; implies failed */
    const char *to;         /* NULL: any; a part of the recipient, in any case */
    int64_t since_us;       /* 0: any; created at or after (wall time) */
    int limit;              /* 1.. */
};

/* One message: {"id","status","to","subject","kind","priority","created_at","at" (what the order
 * goes by), "scheduled_at","sent_at","failed_at","next_attempt_at","retry_count","error_code",
 * "error_message","provider_message_id"}; absent values are null. status is one of the eight words
 * above. json is valid during the call. False ends the list. */
typedef bool list_row_fn(void *ctx, const char *json);

/* Newest first (pending, scheduled, retrying: first to be sent first; processing: oldest claim
 * first). ERR_USAGE: an unknown status. */
bool list_messages(struct db *db, const struct list_query *q, list_row_fn *row, void *ctx,
                   struct err *err) MUST_CHECK;

/* One message as a JSON object into out (cleared first): every column under SPEC's name, html and
 * text only with bodies (else "html_bytes", "text_bytes"; attachments always without content, with
 * "bytes"), "attempts": [{"at","attempt","outcome","ms","worker","request_id","position",
 * "members","error_code","error","provider_id"}], "events": [{"at","event","bounce_type",
 * "recipient","detail","provider","provider_id","received_at"}] and "journal":
 * [{"at","who","what"}], each newest first. ERR_NOTFOUND: no such id. */
bool list_show(struct db *db, const char *id, bool bodies, struct buf *out,
               struct err *err) MUST_CHECK;

/* The same message as it would be sent: what it owns is message_done's to free, also on failure.
 * *created_us: wall time, now where the row has none. */
bool list_message(struct db *db, const char *id, struct message *out, int64_t *created_us,
                  struct err *err) MUST_CHECK;

/* Where one message is now, for following it. */
struct list_state {
    char status[16];
    bool ended;            /* sent, cancelled, or failed with no attempt to come */
    char error[300];       /* error_message, or its code */
    char next_attempt[40]; /* "" : none */
    char provider_id[128];
};
bool list_follow(struct db *db, const char *id, struct list_state *out, struct err *err) MUST_CHECK;

#endif
