/* Idempotency keys: what was asked under a key, and what was answered, for 24 hours.
 *
 * A hash table with a list by age beside it. Expired keys go when new ones come; past KEYS_MAX the
 * oldest answered ones go early. Only accepted requests are remembered: one that was refused
 * changed nothing, so its key may be used again. Time is an argument. */
#include "sandbox/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define KEY_LIFE_US (24 * 3600 * USEC_PER_SEC)
#define KEYS_MAX 20000
#define BUCKETS 8192

struct entry {
    struct entry *next;          /* in the bucket */
    struct entry *older, *newer; /* by age */
    char key[257];
    char hash[SHA256_HEX];
    int64_t at_us;
    char *answer; /* NULL: in flight */
};

struct keys {
    struct entry *buckets[BUCKETS];
    struct entry *oldest, *newest;
    int count;
};

struct keys *keys_new(void) {
    return mem_alloc(sizeof(struct keys));
}

static size_t bucket_of(const char *key) {
    uint32_t h = 2166136261U; /* FNV-1a */
    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 16777619U;
    return h % BUCKETS;
}

static struct entry *find(const struct keys *k, const char *key) {
    struct entry *e = k->buckets[bucket_of(key)];
    while (e && strcmp(e->key, key) != 0)
        e = e->next;
    return e;
}

static void drop(struct keys *k, struct entry *e) {
    struct entry **link = &k->buckets[bucket_of(e->key)];
    while (*link != e)
        link = &(*link)->next;
    *link = e->next;
    *(e->older ? &e->older->newer : &k->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &k->newest) = e->older;
    k->count--;
    mem_free(e->answer);
    mem_free(e);
}

void keys_free(struct keys *k) {
    if (!k)
        return;
    while (k->oldest)
        drop(k, k->oldest);
    mem_free(k);
}

static void expire(struct keys *k, int64_t now_us) {
    while (k->oldest && k->oldest->answer &&
           (now_us - k->oldest->at_us >= KEY_LIFE_US || k->count >= KEYS_MAX))
        drop(k, k->oldest);
}

static bool insert(struct keys *k, const char *key, const char hash[SHA256_HEX], int64_t now_us) {
    struct entry *e = mem_alloc(sizeof *e);
    if (!e)
        return false;
    str_copy(e->key, sizeof e->key, key);
    str_copy(e->hash, sizeof e->hash, hash);
    e->at_us = now_us;
    e->next = k->buckets[bucket_of(key)];
    k->buckets[bucket_of(key)] = e;
    e->older = k->newest;
    *(k->newest ? &k->newest->newer : &k->oldest) = e;
    k->newest = e;
    k->count++;
    return true;
}

enum key_state keys_begin(struct keys *k, const char *key, const char hash[SHA256_HEX],
                          int64_t now_us, struct buf *answer) {
    expire(k, now_us);
    struct entry *e = find(k, key);
    if (!e)
        return insert(k, key, hash, now_us) ? KEY_NEW : KEY_NO_MEMORY;
    if (strcmp(e->hash, hash) != 0)
        return KEY_DIFFERENT;
    if (!e->answer)
        return KEY_IN_FLIGHT;
    buf_puts(answer, e->answer);
    return KEY_REPLAY;
}

void keys_finish(struct keys *k, const char *key, const char *answer) {
    struct entry *e = find(k, key);
    if (!e)
        return;
    e->answer = mem_strdup(answer);
    if (!e->answer)
        drop(k, e);
}

void keys_forget(struct keys *k, const char *key) {
    struct entry *e = find(k, key);
    if (e)
        drop(k, e);
}
