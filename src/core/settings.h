/* What the operator configured: plain values, made once by config before threads start, const
 * afterwards. Strings are owned by the configuration and outlive every thread. */
#ifndef POSTROOM_CORE_SETTINGS_H
#define POSTROOM_CORE_SETTINGS_H

#include "base/log.h"

#include <stdbool.h>
#include <stdint.h>

/* The columns of email_messages that an adopted table may call otherwise ([columns]). */
enum column {
    COL_ID,
    COL_FROM_EMAIL,
    COL_TO_EMAIL,
    COL_CC,
    COL_BCC,
    COL_REPLY_TO,
    COL_SUBJECT,
    COL_HTML,
    COL_TEXT,
    COL_HEADERS,
    COL_ATTACHMENTS,
    COL_TAGS,
    COL_KIND,
    COL_PRIORITY,
    COL_SCHEDULED_AT,
    COL_MAX_ATTEMPTS,
    COL_DEDUPE_KEY,
    COL_STATUS,
    COL_CREATED_AT,
    COL_UPDATED_AT,
    COL_SENT_AT,
    COL_FAILED_AT,
    COL_LAST_RETRY_AT,
    COL_NEXT_ATTEMPT_AT,
    COL_RETRY_COUNT,
    COL_ERROR_CODE,
    COL_ERROR_MESSAGE,
    COL_PROVIDER,
    COL_PROVIDER_MESSAGE_ID,
    COL_PROVIDER_RESPONSE,
    COL_DELIVERY,
    COL_DELIVERY_AT,
    COL_DELIVERED_AT,
    COL_BOUNCED_AT,
    COL_COMPLAINED_AT,
    COL_BOUNCE_TYPE,
    COL_CLAIMED_BY,
    COL_CLAIM_TOKEN,
    COL_LEASE_EXPIRES_AT,
    COL_REQUEST_ID,
    COL_UNFINISHED_CLAIMS, /* claims in a row that ended without any outcome (poison) */
    COLUMN_COUNT
};

/* SPEC's name of a column ("to_email"); NULL beyond the last. */
const char *column_name(enum column c);

enum on_uncertain {
    UNCERTAIN_HOLD,
    UNCERTAIN_RETRY
};

/* Resend's own limit per mail, attachments in base64 included (PROVIDERS 1.1). */
#define MESSAGE_MAX_BYTES (INT64_C(40) * 1024 * 1024)

struct settings {
    const char *database_url;        /* "" : libpq's PG* environment */
    const char *listen_database_url; /* "" : as database_url */
    const char *provider;            /* registry name */
    const char *resend_api_key;      /* "" where absent */
    const char *resend_base_url;     /* no trailing slash */
    const char *sendgrid_api_key;    /* "" where absent */
    const char *sendgrid_base_url;   /* no trailing slash */
    const char *aws_access_key_id;   /* "" where absent; so are the next three */
    const char *aws_secret_access_key;
    const char *aws_session_token;
    const char *aws_region;
    const char *aws_endpoint_url_sesv2; /* no trailing slash; "" : the region's own */
    const char *smtp_url;               /* "" where absent; holds a password */
    const char *ca_file;                /* "" : the system's */
    const char *from;                   /* default sender; "" where absent */
    double rate;                        /* requests per second for the whole lane; 0: learnt */
    int64_t daily_quota;                /* messages; 0: none */
    int64_t monthly_quota;              /* messages; 0: none */
    double quota_reserve;               /* share kept for priority <= 2, 0..1 */
    int batch_size;                     /* 1..100 */
    int claim_size;                     /* rows per claim; 0: auto */
    int concurrency;                    /* requests in flight per worker */
    int64_t poll_interval_ms;
    int64_t lease_ms;
    int max_attempts;
    int64_t backoff_min_ms;
    int64_t backoff_max_ms;
    int64_t request_timeout_ms;
    int64_t drain_timeout_ms;
    int64_t history_ms; /* how long postroom's own history is kept */
    enum on_uncertain on_uncertain;
    enum log_format log_format;
    const char *listen;                /* the HTTP door's addresses, commas between; "" : no door */
    const char *api_token;             /* "" where absent */
    const char *cors_origins;          /* "" : no web page may call */
    const char *resend_webhook_secret; /* "" : that route is closed; so with the next two */
    const char *sendgrid_webhook_public_key;
    const char *ses_topic_arn;
    const char *ses_cert_file;         /* "" : SNS certificates are fetched */
    const char *columns[COLUMN_COUNT]; /* the table's name of each column; default column_name() */
    const char *table;                 /* "email_messages" */
    const char *worker_name;           /* host name unless set; unique per process by its pid */
};

#endif
