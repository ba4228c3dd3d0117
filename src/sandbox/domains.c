/* GET /domains, as `postroom doctor` and clients ask it: the domains given with --domain, or "*",
 * since without any every sender may send. Keys of accounts in trouble (auth.c) get their answers
 * here, too. Reads what is constant; any thread. */
#include "sandbox/state.h"

#include "base/str.h"

#include <string.h>
#include <strings.h>

bool domain_may_send(const struct sandbox_options *o, const char *domain) {
    for (int i = 0; i < o->domain_count; i++)
        if (strcasecmp(o->domains[i], domain) == 0)
            return true;
    return o->domain_count == 0;
}

/* The troubles of sending do not keep an account from looking. */
static bool may_look(const char *authorization, struct problem *p, bool *none) {
    *none = false;
    if (check_key(authorization, p)) {
        if (!strstr(authorization, " re_sending"))
            return true;
        return refuse(p, 401, "restricted_api_key",
                      "This API key is restricted to only send emails");
    }
    *none = str_eq(p->name, "validation_error");
    return *none || p->status == 429;
}

static void write_domain(struct json_writer *w, int i, const char *name) {
    char id[UUID_TEXT];
    str_format(id, sizeof id, "d0000000-0000-4000-8000-%012d", i);
    jw_object(w);
    jw_kv_text(w, "id", id);
    jw_kv_text(w, "name", name);
    jw_kv_text(w, "status", "verified");
    jw_kv_text(w, "created_at", "2026-01-01 00:00:00.000000+00");
    jw_kv_text(w, "region", "us-east-1");
    jw_key(w, "capabilities");
    jw_object(w);
    jw_kv_text(w, "sending", "enabled");
    jw_kv_text(w, "receiving", "disabled");
    jw_object_end(w);
    jw_object_end(w);
}

static void write_list(const struct sandbox_options *o, bool none, struct buf *out) {
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w);
    jw_kv_text(&w, "object", "list");
    jw_key(&w, "has_more");
    jw_bool(&w, false);
    jw_key(&w, "data");
    jw_array(&w);
    for (int i = 0; i < o->domain_count && !none; i++)
        write_domain(&w, i, o->domains[i]);
    if (o->domain_count == 0 && !none)
        write_domain(&w, 0, "*");
    jw_array_end(&w);
    jw_object_end(&w);
}

void domains_serve(struct sandbox *s, const struct http_request *in, struct http_response *out) {
    struct problem p;
    bool none;
    if (!may_look(http_header(in, "authorization"), &p, &none)) {
        answer_problem(out, &p);
        return;
    }
    write_list(&s->options, none, &out->body);
    answer_json(out, 200);
}
