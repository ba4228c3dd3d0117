/* The mails that were accepted: the newest 10,000 or 64 MiB, whichever is less, so that a sandbox
 * left running does not grow. A ring by age with an index by id is not worth it at this size:
 * looking one up walks the ring, newest first. */
#include "sandbox/internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

struct store {
    struct kept *ring;
    size_t max_mails, max_bytes;
    size_t first, count; /* the oldest, and how many */
    size_t bytes;
};

struct store *store_new(size_t max_mails, size_t max_bytes) {
    struct store *s = mem_alloc(sizeof *s);
    if (!s)
        return NULL;
    *s = (struct store){.max_mails = max_mails, .max_bytes = max_bytes};
    s->ring = mem_array(max_mails, sizeof *s->ring);
    if (s->ring)
        return s;
    mem_free(s);
    return NULL;
}

/* i = 0: the newest. */
static struct kept *mail_at(const struct store *s, size_t i) {
    return &s->ring[(s->first + s->count - 1 - i) % s->max_mails];
}

static size_t size_of(const struct kept *m) {
    return strlen(m->head) + strlen(m->body);
}

static void drop_oldest(struct store *s) {
    struct kept *m = mail_at(s, s->count - 1);
    s->bytes -= size_of(m);
    kept_done(m);
    s->first = (s->first + 1) % s->max_mails;
    s->count--;
}

void store_free(struct store *s) {
    if (!s)
        return;
    while (s->count)
        drop_oldest(s);
    mem_free(s->ring);
    mem_free(s);
}

void store_add(struct store *s, struct kept *m) {
    size_t size = size_of(m);
    while (s->count && (s->count == s->max_mails || s->bytes + size > s->max_bytes))
        drop_oldest(s);
    s->count++;
    *mail_at(s, 0) = *m;
    s->bytes += size;
    *m = (struct kept){0};
}

int store_count(const struct store *s) {
    return (int)s->count;
}

/* Its place, newest first; `count` where it is not here. */
static size_t place_of(const struct store *s, const char *id) {
    size_t i = 0;
    while (i < s->count && strcmp(mail_at(s, i)->id, id) != 0)
        i++;
    return i;
}

/* Two JSON objects as one: both are written without white space and have members. */
static void print_joined(struct buf *out, const char *a, const char *b) {
    buf_add(out, a, strlen(a) - 1);
    buf_addc(out, ',');
    buf_puts(out, b + 1);
}

bool store_print(const struct store *s, const char *id, struct buf *out) {
    size_t i = place_of(s, id);
    if (i == s->count)
        return false;
    print_joined(out, mail_at(s, i)->head, mail_at(s, i)->body);
    return true;
}

void store_list(const struct store *s, int limit, const char *after, const char *before,
                struct buf *out) {
    size_t begin = 0, end = s->count, most = (size_t)limit;
    if (after) {
        begin = place_of(s, after) + 1;
    } else if (before) { /* the ones right before it */
        end = place_of(s, before);
        end = end == s->count ? 0 : end;
        begin = end > most ? end - most : 0;
    }
    bool more = before && !after ? begin > 0 : begin + most < end;
    buf_puts(out, "{\"object\":\"list\",\"data\":[");
    for (size_t i = begin; i < end && i - begin < most; i++) {
        if (i > begin)
            buf_addc(out, ',');
        buf_puts(out, mail_at(s, i)->head);
    }
    buf_printf(out, "],\"has_more\":%s}", more ? "true" : "false");
}
