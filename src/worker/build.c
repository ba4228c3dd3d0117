/* Claimed messages become requests with bodies, or are refused with what to mend.
 * The worker's thread. */
#include "base/mem.h"
#include "base/str.h"
#include "worker/internal.h"
#include "worker/plan.h"

#include <string.h>

static struct flight *flight_for(struct worker *w, int messages, int64_t deadline_us) {
    struct flight *f = flight_new(++w->last_id, messages);
    if (!f)
        return NULL;
    f->deadline_us = deadline_us;
    str_copy(f->manifest.lane, sizeof f->manifest.lane, w->provider->name);
    str_copy(f->manifest.sender, sizeof f->manifest.sender, w->settings->from);
    str_copy(f->manifest.origin, sizeof f->manifest.origin, w->database);
    f->manifest.made_us = clock_wall_us();
    return f;
}

static void add_message(struct flight *f, struct message *m) {
    f->manifest.messages[f->manifest.n++] = *m;
    memset(m, 0, sizeof *m);
}

static void name_request(struct worker *w, struct flight *f, const char *id) {
    str_copy(f->manifest.id, sizeof f->manifest.id, id);
    if (w->provider->key_life_ms > 0)
        str_format(f->manifest.key, sizeof f->manifest.key, "postroom/%s", id);
    f->manifest.attempts = 1;
}

/* Ends a message that cannot be sent at all, without a request. */
static bool refuse(struct worker *w, struct message *m, const char *code, const char *reason,
                   struct err *err) {
    struct flight *f = flight_for(w, 1, INT64_MAX);
    if (!f)
        return err_nomem(err);
    add_message(f, m);
    flight_set_all(f, OUTCOME_REJECTED, code, reason);
    flight_enter(f, FLIGHT_ANSWERED);
    settle_answered(w, f);
    return true;
}

/* Refuses those that no provider could send; the good ones move together to the front. */
static bool sort_out(struct worker *w, struct message *messages, int n, int *good,
                     struct err *err) {
    *good = 0;
    for (int i = 0; i < n; i++) {
        struct message *m = &messages[i];
        char code[64];
        struct err why = {0};
        bool ok = true;
        if (m->unfinished >= PLAN_POISON_AFTER)
            ok = refuse(w, m, "poison",
                        "poison: the worker died on this message again and again; look at its "
                        "content, then retry it",
                        err);
        else if (m->suppressed)
            ok = refuse(w, m, "suppressed", m->suppressed, err);
        else if (!message_check(m, w->settings->from, code, &why) ||
                 !w->provider->accepts(m, code, &why)) {
            if (why.code == ERR_NOMEM)
                return err_nomem(err);
            ok = refuse(w, m, code, why.text, err);
        } else if ((*good)++ != i) {
            messages[*good - 1] = *m;
            memset(m, 0, sizeof *m);
        }
        if (!ok)
            return false;
    }
    return true;
}

/* Contents are in the body now; id, recipient and counters stay. */
static void drop_contents(struct manifest *m) {
    for (int i = 0; i < m->n; i++) {
        char **contents[] = {&m->messages[i].html, &m->messages[i].text,
                             &m->messages[i].attachments};
        for (size_t k = 0; k < sizeof contents / sizeof contents[0]; k++) {
            mem_free(*contents[k]);
            *contents[k] = NULL;
        }
    }
}

bool build_body(struct worker *w, struct flight *f, struct err *err) {
    wire_request_done(&f->wire);
    wire_request_init(&f->wire);
    if (!w->provider->build(w->settings, &f->manifest, &f->wire, err))
        return false;
    char hash[SHA256_HEX];
    if (!crypto_sha256_hex(hash, buf_text(&f->wire.body), f->wire.body.len))
        return err_nomem(err);
    if (f->manifest.hash[0] && strcmp(f->manifest.hash, hash) != 0)
        return err_set(err, ERR_NOTFOUND, "its content was changed meanwhile");
    str_copy(f->manifest.hash, sizeof f->manifest.hash, hash);
    drop_contents(&f->manifest);
    return true;
}

/* One message of a request cannot be expressed: find it by building each alone. */
static bool build_singly(struct worker *w, struct flight *f, struct flights *out, struct err *err) {
    for (int i = 0; i < f->manifest.n; i++) {
        char id[UUID_TEXT];
        struct err why = {0};
        struct flight *one = flight_for(w, 1, f->deadline_us);
        if (!one)
            return err_nomem(err);
        add_message(one, &f->manifest.messages[i]);
        rand_uuid(id);
        name_request(w, one, id);
        if (build_body(w, one, &why)) {
            flights_push(out, one);
            continue;
        }
        bool memory = why.code == ERR_NOMEM;
        bool ok = !memory &&
                  refuse(w, &one->manifest.messages[0], "rejected:invalid_content", why.text, err);
        flight_free(one);
        if (!ok)
            return memory ? err_nomem(err) : false;
    }
    return true;
}

static bool build_one(struct worker *w, struct flight *f, struct flights *out, struct err *err) {
    struct err why = {0};
    if (build_body(w, f, &why)) {
        flights_push(out, f);
        return true;
    }
    bool ok = why.code != ERR_NOMEM ? build_singly(w, f, out, err) : err_nomem(err);
    flight_free(f);
    return ok;
}

/* The claim planned an id for each run of messages; the first request made of a run takes it. */
static void choose_id(struct worker *w, struct flight *f, char last[UUID_TEXT]) {
    const char *planned = f->manifest.messages[0].request_id;
    char fresh[UUID_TEXT];
    if (strcmp(planned, last) != 0) {
        str_copy(last, UUID_TEXT, planned);
        name_request(w, f, planned);
        return;
    }
    rand_uuid(fresh);
    name_request(w, f, fresh);
}

static bool build_groups(struct worker *w, struct message *messages, int n, const int *group,
                         int groups, int64_t deadline_us, struct flights *out, struct err *err) {
    char last[UUID_TEXT] = "";
    for (int g = 0; g < groups; g++) {
        int members = 0;
        for (int i = 0; i < n; i++)
            members += group[i] == g;
        struct flight *f = flight_for(w, members, deadline_us);
        if (!f)
            return err_nomem(err);
        for (int i = 0; i < n; i++)
            if (group[i] == g)
                add_message(f, &messages[i]);
        f->manifest.batch = members > 1;
        choose_id(w, f, last);
        if (!build_one(w, f, out, err))
            return false;
    }
    return true;
}

bool build_flights(struct worker *w, struct message *messages, int n, int64_t deadline_us,
                   struct flights *out, struct err *err) {
    int good = 0;
    int *group = mem_array((size_t)n + 1, sizeof *group);
    bool ok = (group && sort_out(w, messages, n, &good, err)) || (group == NULL && err_nomem(err));
    if (ok) {
        int groups = plan_requests(w->provider, w->batch, messages, good, group);
        ok = build_groups(w, messages, good, group, groups, deadline_us, out, err);
    }
    for (int i = 0; i < n; i++)
        message_done(&messages[i]);
    mem_free(messages);
    mem_free(group);
    return ok;
}
