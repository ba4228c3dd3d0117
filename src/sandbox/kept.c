/* A mail as the sandbox keeps and shows it: Resend's shape of an email, with its last event.
 *
 * Nothing is delivered, so the event is what the address stands for: Resend's test addresses
 * bounce, complain or are suppressed, everything else is delivered. Pure but for the id; any
 * thread. */
#include "sandbox/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *local;
    const char *event;
} test_addresses[] = {
    {"delivered", "delivered"},
    {"bounced", "bounced"},
    {"complained", "complained"},
    {"suppressed", "suppressed"},
};

/* "bounced@resend.dev", "bounced+label@resend.dev"; NULL: no test address. */
static const char *event_of_address(const char *mailbox) {
    char address[321];
    if (!mailbox || !parse_mailbox(mailbox, address))
        return NULL;
    const char *at = strrchr(address, '@');
    if (strcasecmp(at, "@resend.dev") != 0)
        return NULL;
    size_t local = strcspn(address, "+@");
    for (size_t i = 0; i < sizeof test_addresses / sizeof test_addresses[0]; i++)
        if (strlen(test_addresses[i].local) == local &&
            strncasecmp(address, test_addresses[i].local, local) == 0)
            return test_addresses[i].event;
    return NULL;
}

static const char *last_event(const struct json *mail) {
    if (json_get_text(mail, "scheduled_at"))
        return "scheduled";
    const struct json *to = json_get(mail, "to");
    const char *event = event_of_address(json_text(to));
    for (int i = 0; !event && json_type(to) == JSON_ARRAY && i < json_size(to); i++)
        event = event_of_address(json_text(json_at(to, i)));
    return event ? event : "delivered";
}

static void put_addresses(struct json_writer *w, const struct json *mail, const char *field) {
    const struct json *v = json_get(mail, field);
    jw_key(w, field);
    if (json_type(v) == JSON_STRING) {
        jw_array(w);
        jw_value(w, v);
        jw_array_end(w);
    } else if (json_type(v) == JSON_ARRAY) {
        jw_value(w, v);
    } else {
        jw_null(w);
    }
}

/* As much of a body as is kept, cut between characters. */
static void put_body(struct json_writer *w, const struct json *mail, const char *field) {
    const char *text = json_get_text(mail, field);
    jw_key(w, field);
    if (!text) {
        jw_null(w);
        return;
    }
    size_t n = strlen(text);
    if (n > KEPT_BODY_MAX) {
        n = KEPT_BODY_MAX;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
            n--;
    }
    jw_text_n(w, text, n);
}

static void put_value(struct json_writer *w, const struct json *mail, const char *field) {
    const struct json *v = json_get(mail, field);
    if (json_type(v) == JSON_NULL)
        return;
    jw_key(w, field);
    jw_value(w, v);
}

static void put_attachments(struct json_writer *w, const struct json *mail) {
    const struct json *list = json_get(mail, "attachments");
    jw_key(w, "attachments");
    jw_array(w);
    for (int i = 0; i < json_size(list); i++) {
        const struct json *a = json_at(list, i);
        const char *content = json_get_text(a, "content");
        jw_object(w);
        jw_kv_text(w, "filename", json_get_text(a, "filename"));
        jw_kv_text(w, "content_type", json_get_text(a, "content_type"));
        jw_kv_int(w, "base64_length", content ? (int64_t)strlen(content) : 0);
        jw_object_end(w);
    }
    jw_array_end(w);
}

/* "2026-11-21 23:28:01.123+00", as Resend writes times. */
static void put_time(struct json_writer *w, int64_t wall_us) {
    char utc[32], text[32];
    clock_format_utc(utc, sizeof utc, wall_us);
    str_format(text, sizeof text, "%.10s %.12s+00", utc, utc + 11);
    jw_kv_text(w, "created_at", text);
}

static char *make_head(const struct kept *m, const struct json *mail, int64_t wall_us) {
    struct buf out;
    struct json_writer w;
    char message_id[80];
    buf_init(&out, STORE_MAX_BYTES);
    jw_init(&w, &out);
    str_format(message_id, sizeof message_id, "<%s@sandbox.invalid>", m->id);
    jw_object(&w);
    jw_kv_text(&w, "id", m->id);
    jw_kv_text(&w, "message_id", message_id);
    put_addresses(&w, mail, "to");
    jw_kv_text(&w, "from", json_get_text(mail, "from"));
    put_time(&w, wall_us);
    jw_kv_text(&w, "subject", json_get_text(mail, "subject"));
    put_addresses(&w, mail, "bcc");
    put_addresses(&w, mail, "cc");
    put_addresses(&w, mail, "reply_to");
    jw_kv_text(&w, "last_event", last_event(mail));
    jw_kv_text(&w, "scheduled_at", json_get_text(mail, "scheduled_at"));
    put_value(&w, mail, "tags");
    jw_object_end(&w);
    char *text = buf_take(&out);
    buf_free(&out);
    return text;
}

static char *make_body(const struct json *mail) {
    struct buf out;
    struct json_writer w;
    buf_init(&out, STORE_MAX_BYTES);
    jw_init(&w, &out);
    jw_object(&w);
    jw_kv_text(&w, "object", "email");
    put_body(&w, mail, "html");
    put_body(&w, mail, "text");
    put_value(&w, mail, "headers");
    put_value(&w, mail, "template");
    put_value(&w, mail, "topic_id");
    put_attachments(&w, mail);
    jw_object_end(&w);
    char *text = buf_take(&out);
    buf_free(&out);
    return text;
}

bool kept_make(struct kept *m, const struct json *mail, int64_t wall_us) {
    *m = (struct kept){0};
    rand_uuid(m->id);
    m->head = make_head(m, mail, wall_us);
    m->body = make_body(mail);
    if (m->head && m->body)
        return true;
    kept_done(m);
    return false;
}

void kept_done(struct kept *m) {
    mem_free(m->head);
    mem_free(m->body);
    *m = (struct kept){0};
}
