/* POST /emails and POST /emails/batch: idempotency, validation, acceptance.
 *
 * A request is parsed and checked without the lock; the key is taken before and answered after, so
 * that a second request under the same key meanwhile sees it in flight. An accepted batch is kept
 * as a whole under one lock. */
#include "sandbox/state.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

enum failure {
    FAIL_NOT,
    FAIL_BEFORE, /* 500, nothing accepted */
    FAIL_AFTER,  /* accepted, then the connection is closed without an answer */
};

/* The two kinds take turns, so that a client meets both. */
static enum failure roll(struct sandbox *s) {
    enum failure failure = FAIL_NOT;
    pthread_mutex_lock(&s->lock);
    if (rand_between(&s->dice, 0, 100) < s->options.fail) {
        failure = s->lose_next ? FAIL_AFTER : FAIL_BEFORE;
        s->lose_next = !s->lose_next;
        s->counts.failed++;
    }
    pthread_mutex_unlock(&s->lock);
    return failure;
}

/* --- acceptance ----------------------------------------------------------------------------- */

/* What a request brought: mails made ready, and the items of a permissive batch that were not. */
struct intake {
    const struct sandbox_options *options;
    struct kept *mails;
    int count;
    int recipients;
    struct buf errors; /* JSON objects with commas between */
};

static void intake_done(struct intake *t) {
    for (int i = 0; i < t->count; i++)
        kept_done(&t->mails[i]);
    mem_free(t->mails);
    buf_free(&t->errors);
}

static bool no_memory(struct problem *p) {
    return refuse(p, 500, "internal_server_error", "The sandbox is out of memory.");
}

static bool check_sender(const struct sandbox_options *o, const struct json *mail,
                         struct problem *p) {
    char address[321];
    const char *from = json_get_text(mail, "from");
    const char *at = from && parse_mailbox(from, address) ? strrchr(address, '@') : NULL;
    return !at || domain_may_send(o, at + 1) ||
           refuse(p, 403, "validation_error",
                  "The %.100s domain is not verified. Please, add and verify your domain on "
                  "https://resend.com/domains",
                  at + 1);
}

static bool take(struct intake *t, const struct json *mail, struct problem *p) {
    if (!kept_make(&t->mails[t->count], mail, clock_wall_us()))
        return no_memory(p);
    t->count++;
    t->recipients += count_recipients(mail);
    return true;
}

static void note_error(struct intake *t, int index, const struct problem *p) {
    struct json_writer w;
    if (t->errors.len)
        buf_addc(&t->errors, ',');
    jw_init(&w, &t->errors);
    jw_object(&w);
    jw_kv_int(&w, "index", index);
    jw_kv_text(&w, "message", p->message);
    jw_object_end(&w);
}

static bool check_batch(const struct json *root, const char *mode, struct problem *p) {
    if (!str_eq(mode, "strict") && !str_eq(mode, "permissive"))
        return refuse(p, 422, "validation_error",
                      "The `x-batch-validation` header must be `strict` or `permissive`.");
    if (json_type(root) != JSON_ARRAY)
        return refuse(p, 422, "validation_error", "A batch must be an array of emails.");
    if (json_size(root) == 0 || json_size(root) > BATCH_MAX)
        return refuse(p, 422, "validation_error", "A batch must have between 1 and %d emails.",
                      BATCH_MAX);
    return true;
}

static bool take_batch(struct intake *t, const struct json *root, const char *mode,
                       struct problem *p) {
    if (!check_batch(root, mode, p))
        return false;
    t->mails = mem_array((size_t)json_size(root), sizeof *t->mails);
    if (!t->mails)
        return no_memory(p);
    for (int i = 0; i < json_size(root); i++) {
        const struct json *mail = json_at(root, i);
        if (check_mail(mail, true, p) && check_sender(t->options, mail, p)) {
            if (!take(t, mail, p))
                return false;
        } else if (str_eq(mode, "permissive")) {
            note_error(t, i, p);
        } else {
            return false;
        }
    }
    return true;
}

static bool take_single(struct intake *t, const struct json *root, struct problem *p) {
    if (!check_mail(root, false, p) || !check_sender(t->options, root, p))
        return false;
    t->mails = mem_alloc(sizeof *t->mails);
    return t->mails ? take(t, root, p) : no_memory(p);
}

/* {"id"} or {"data":[{"id"}],"errors"?}; the mails' ids must still be there. */
static void print_accepted(const struct intake *t, bool batch, bool permissive, struct buf *out) {
    if (!batch) {
        buf_printf(out, "{\"id\":\"%s\"}", t->mails[0].id);
        return;
    }
    buf_puts(out, "{\"data\":[");
    for (int i = 0; i < t->count; i++)
        buf_printf(out, "%s{\"id\":\"%s\"}", i ? "," : "", t->mails[i].id);
    buf_puts(out, "]");
    if (permissive)
        buf_printf(out, ",\"errors\":[%s]", buf_text(&t->errors));
    buf_puts(out, "}");
}

static void keep(struct sandbox *s, struct intake *t) {
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < t->count; i++)
        store_add(s->store, &t->mails[i]);
    s->counts.accepted += t->count;
    s->counts.recipients += t->recipients;
    pthread_mutex_unlock(&s->lock);
}

/* All of a request or nothing: on success the mails are kept and `answer` says so. */
static bool accept_request(struct sandbox *s, const struct http_request *in, struct buf *answer,
                           struct problem *p) {
    bool batch = str_eq(in->path, "/emails/batch");
    const char *mode = http_header(in, "x-batch-validation");
    struct json *root = json_parse(in->body, in->body_len, in->body_len, NULL);
    if (!root)
        return refuse(p, 400, "validation_error", "The request body is not valid JSON.");
    struct intake t = {.options = &s->options};
    buf_init(&t.errors, (size_t)1024 * 1024);
    bool taken = batch ? take_batch(&t, root, mode ? mode : "strict", p) : take_single(&t, root, p);
    if (taken) {
        print_accepted(&t, batch, str_eq(mode, "permissive"), answer);
        taken = answer->failed || t.errors.failed ? no_memory(p) : true;
    }
    if (taken)
        keep(s, &t);
    intake_done(&t);
    json_free(root);
    return taken;
}

/* --- idempotency ---------------------------------------------------------------------------- */

static bool check_idempotency_key(const char *key, struct problem *p) {
    size_t n = strlen(key);
    return n >= 1 && n <= 256
               ? true
               : refuse(p, 400, "invalid_idempotency_key", "The key must be between 1-256 chars.");
}

/* The payload is where it went and every byte of it. */
static bool hash_payload(const struct http_request *in, char hash[SHA256_HEX], struct problem *p) {
    struct buf b;
    buf_init(&b, in->body_len + 64);
    buf_printf(&b, "%s\n", in->path);
    buf_add(&b, in->body, in->body_len);
    bool ok = !b.failed && crypto_sha256_hex(hash, buf_text(&b), b.len);
    buf_free(&b);
    return ok ? true : no_memory(p);
}

/* Takes the key; *replay: `answer` holds the first answer already. */
static bool begin_key(struct sandbox *s, const struct http_request *in, const char *key,
                      struct buf *answer, bool *replay, struct problem *p) {
    char hash[SHA256_HEX];
    if (!check_idempotency_key(key, p) || !hash_payload(in, hash, p))
        return false;
    pthread_mutex_lock(&s->lock);
    enum key_state state = keys_begin(s->keys, key, hash, clock_boot_us(), answer);
    *replay = state == KEY_REPLAY;
    s->counts.replayed += *replay;
    pthread_mutex_unlock(&s->lock);
    switch (state) {
    case KEY_DIFFERENT:
        return refuse(p, 409, "invalid_idempotent_request",
                      "Same idempotency key used with a different request payload.");
    case KEY_IN_FLIGHT:
        return refuse(p, 409, "concurrent_idempotent_requests",
                      "Same idempotency key used while original request is still in progress.");
    case KEY_NO_MEMORY:
        return no_memory(p);
    case KEY_NEW:
    case KEY_REPLAY:
        break;
    }
    return true;
}

static void end_key(struct sandbox *s, const char *key, bool accepted, const char *answer) {
    if (!key)
        return;
    pthread_mutex_lock(&s->lock);
    if (accepted)
        keys_finish(s->keys, key, answer);
    else
        keys_forget(s->keys, key);
    pthread_mutex_unlock(&s->lock);
}

void send_serve(struct sandbox *s, const struct http_request *in, struct http_response *out) {
    struct problem p;
    bool replay = false, accepted;
    enum failure failure = roll(s);
    const char *key = http_header(in, "idempotency-key");
    if (failure == FAIL_BEFORE) {
        refuse(&p, 500, "application_error", "An unexpected error occurred.");
        accepted = false;
    } else if (key && !begin_key(s, in, key, &out->body, &replay, &p)) {
        accepted = false;
    } else if (replay) {
        accepted = true;
    } else {
        accepted = accept_request(s, in, &out->body, &p);
        http_wait(in, s->options.latency_ms);
        end_key(s, key, accepted, buf_text(&out->body));
    }
    if (accepted)
        answer_json(out, 200);
    else
        answer_problem(out, &p);
    out->drop = failure == FAIL_AFTER;
}
