/* The table of configuration keys: one row per key drives the file, the environment, the flags,
 * --help and the man page's check. Const; any thread. */
#include "config/keys.h"

#include "config/config.h"

#include <string.h>

#define FIELD(f) offsetof(struct settings, f)

#define SECOND 1e3
#define MINUTE 60e3
#define HOUR 3600e3

/* name, env, default, type, field, low, high, words, secret, help */
const struct key config_keys[] = {
    {"database_url", "DATABASE_URL", "", KEY_TEXT, FIELD(database_url), 0, 0, NULL, true,
     "the database, a URL or key=value pairs; without it libpq's PG* variables count"},
    {"listen_database_url", "LISTEN_DATABASE_URL", "", KEY_TEXT, FIELD(listen_database_url), 0, 0,
     NULL, true, "a direct connection for LISTEN where database_url goes through a pooler"},
    {"provider", "POSTROOM_PROVIDER", "resend", KEY_NAME, FIELD(provider), 1, 32, NULL, false,
     "who delivers the mail: resend, sendgrid, ses, smtp, or null (sends nothing, for trials)"},
    {"resend_api_key", "RESEND_API_KEY", "", KEY_TEXT, FIELD(resend_api_key), 0, 0, NULL, true,
     "Resend's API key, re_..."},
    {"resend_base_url", "RESEND_BASE_URL", "https://api.resend.com", KEY_URL,
     FIELD(resend_base_url), 0, 0, NULL, false, "where Resend's API is; http only on this machine"},
    {"sendgrid_api_key", "SENDGRID_API_KEY", "", KEY_TEXT, FIELD(sendgrid_api_key), 0, 0, NULL,
     true, "SendGrid's API key, SG...."},
    {"sendgrid_base_url", "SENDGRID_BASE_URL", "https://api.sendgrid.com", KEY_URL,
     FIELD(sendgrid_base_url), 0, 0, NULL, false,
     "where SendGrid's API is; https://api.eu.sendgrid.com for EU subusers"},
    {"aws_access_key_id", "AWS_ACCESS_KEY_ID", "", KEY_TEXT, FIELD(aws_access_key_id), 0, 0, NULL,
     true, "the key for AWS SES"},
    {"aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "", KEY_TEXT, FIELD(aws_secret_access_key),
     0, 0, NULL, true, "its secret"},
    {"aws_session_token", "AWS_SESSION_TOKEN", "", KEY_TEXT, FIELD(aws_session_token), 0, 0, NULL,
     true, "the third part of temporary credentials"},
    {"aws_region", "AWS_REGION", "", KEY_TEXT, FIELD(aws_region), 0, 0, NULL, false,
     "where SES has your identities: eu-west-1"},
    {"aws_endpoint_url_sesv2", "AWS_ENDPOINT_URL_SESV2", "", KEY_URL, FIELD(aws_endpoint_url_sesv2),
     0, 0, NULL, false, "where SES's API v2 is, if not at the region's own address"},
    {"smtp_url", "SMTP_URL", "", KEY_SMTP, FIELD(smtp_url), 0, 0, NULL, true,
     "the mail server: smtp://user:password@host:587 (STARTTLS) or smtps://...:465"},
    {"ca_file", "POSTROOM_CA_FILE", "", KEY_PATH, FIELD(ca_file), 0, 0, NULL, false,
     "certificates (PEM) to trust besides the system's"},
    {"from", "POSTROOM_FROM", "", KEY_MAILBOX, FIELD(from), 0, 0, NULL, false,
     "the sender of messages that name none: a@b or \"Name <a@b>\""},
    {"rate", "POSTROOM_RATE", "learnt", KEY_NUMBER, FIELD(rate), 0.01, 1e5, "learnt", false,
     "requests per second for the whole lane, over all workers"},
    {"daily_quota", "POSTROOM_DAILY_QUOTA", "none", KEY_COUNT, FIELD(daily_quota), 1, 1e12, "none",
     false, "messages per day (UTC)"},
    {"monthly_quota", "POSTROOM_MONTHLY_QUOTA", "none", KEY_COUNT, FIELD(monthly_quota), 1, 1e12,
     "none", false, "messages per month (UTC)"},
    {"quota_reserve", "POSTROOM_QUOTA_RESERVE", "10 %", KEY_SHARE, FIELD(quota_reserve), 0, 1, NULL,
     false, "share of the quotas kept for messages of priority 0 to 2"},
    {"batch_size", "POSTROOM_BATCH_SIZE", "100", KEY_INT, FIELD(batch_size), 1, 100, NULL, false,
     "messages per request where the provider can; 1 switches batching off"},
    {"claim_size", "POSTROOM_CLAIM_SIZE", "auto", KEY_INT, FIELD(claim_size), 1, 1e5, "auto", false,
     "rows per claim"},
    {"concurrency", "POSTROOM_CONCURRENCY", "16", KEY_INT, FIELD(concurrency), 1, 256, NULL, false,
     "requests in flight per worker"},
    {"poll_interval", "POSTROOM_POLL_INTERVAL", "5s", KEY_DURATION, FIELD(poll_interval_ms), 100,
     HOUR, NULL, false, "how often to look for mail where no NOTIFY comes"},
    {"lease", "POSTROOM_LEASE", "90s", KEY_DURATION, FIELD(lease_ms), 2 * SECOND, HOUR, NULL, false,
     "how long a claim holds when its worker dies; at least twice request_timeout"},
    {"max_attempts", "POSTROOM_MAX_ATTEMPTS", "5", KEY_INT, FIELD(max_attempts), 1, 1000, NULL,
     false, "how often a message is tried, where its row does not say"},
    {"backoff", "POSTROOM_BACKOFF", "30s..1h", KEY_SPAN, FIELD(backoff_min_ms), 1, 168 * HOUR, NULL,
     false, "wait before the second attempt .. the longest wait"},
    {"request_timeout", "POSTROOM_REQUEST_TIMEOUT", "30s", KEY_DURATION, FIELD(request_timeout_ms),
     100, 10 * MINUTE, NULL, false, "how long a request may take"},
    {"drain_timeout", "POSTROOM_DRAIN_TIMEOUT", "30s", KEY_DURATION, FIELD(drain_timeout_ms), 0,
     HOUR, NULL, false, "how long leaving waits for requests in flight"},
    {"on_uncertain", "POSTROOM_ON_UNCERTAIN", "hold", KEY_CHOICE, FIELD(on_uncertain), 0, 0,
     "hold retry", false, "a message that may have been sent: hold it, or retry it"},
    {"history", "POSTROOM_HISTORY", "90d", KEY_DURATION, FIELD(history_ms), 48 * HOUR, 87600 * HOUR,
     NULL, false, "how long attempts, figures and the journal are kept"},
    {"log_format", "POSTROOM_LOG_FORMAT", "text", KEY_CHOICE, FIELD(log_format), 0, 0, "text json",
     false, "text or json"},
    {"listen", "POSTROOM_LISTEN", "", KEY_TEXT, FIELD(listen), 0, 0, NULL, false,
     "the HTTP door: HOST:PORT, [IPV6]:PORT or a port of 127.0.0.1; several with commas"},
    {"api_token", "POSTROOM_API_TOKEN", "", KEY_TOKEN, FIELD(api_token), 16, 512, NULL, true,
     "what callers of the HTTP door must show (Authorization: Bearer); 16 characters or more"},
    {"cors_origins", "POSTROOM_CORS_ORIGINS", "", KEY_ORIGINS, FIELD(cors_origins), 0, 0, NULL,
     false, "web pages that may call the HTTP door: https://app.example, ... or *"},
    {"resend_webhook_secret", "RESEND_WEBHOOK_SECRET", "", KEY_TEXT, FIELD(resend_webhook_secret),
     0, 0, NULL, true, "opens /webhooks/resend: its signing secret, whsec_..."},
    {"sendgrid_webhook_public_key", "SENDGRID_WEBHOOK_PUBLIC_KEY", "", KEY_TEXT,
     FIELD(sendgrid_webhook_public_key), 0, 0, NULL, false,
     "opens /webhooks/sendgrid: the event webhook's verification key, base64"},
    {"ses_topic_arn", "SES_TOPIC_ARN", "", KEY_TEXT, FIELD(ses_topic_arn), 0, 0, NULL, false,
     "opens /webhooks/ses: the SNS topics whose messages are taken, arn:aws:sns:..."},
    {"ses_cert_file", "SES_CERT_FILE", "", KEY_PATH, FIELD(ses_cert_file), 0, 0, NULL, false,
     "a certificate (PEM) in place of the one that SNS messages name, in closed networks"},
    {"worker_name", "POSTROOM_WORKER_NAME", "", KEY_NAME, FIELD(worker_name), 1, 64, NULL, false,
     "how this worker is called; without it the host's name"},
    {"table", "POSTROOM_TABLE", "email_messages", KEY_NAME, FIELD(table), 1, 127, NULL, false,
     "the table of messages, also schema.table"},
};

#define KEY_COUNT_ALL ((int)(sizeof config_keys / sizeof config_keys[0]))
_Static_assert(KEY_COUNT_ALL <= CONFIG_KEY_MAX, "raise CONFIG_KEY_MAX");

int config_key_count(void) {
    return KEY_COUNT_ALL;
}

int config_key_find(const char *name) {
    for (int i = 0; i < KEY_COUNT_ALL; i++)
        if (strcmp(config_keys[i].name, name) == 0)
            return i;
    return -1;
}

struct config_key_info config_key_at(int i) {
    const struct key *k = &config_keys[i];
    return (struct config_key_info){k->name, k->env, k->fallback, k->help, k->secret};
}
