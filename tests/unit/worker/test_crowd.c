/* A crowd of workers on one lane, by a clock of its own: the real limiter (worker/pacer.h) and the
 * real packing (worker/plan.h) with up to 1,000 workers, slow databases, late threads and stalls.
 * Whatever happens, no second holds more requests than the limit; the limit is used; nobody goes
 * short; every message goes out once. Only the lane's row is a model: three lines that say what
 * DRAW in db/lane.c does. The same seed gives the same run. */
#include "base/clock.h"
#include "base/rand.h"
#include "db/lane.h"
#include "worker/pacer.h"
#include "worker/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CONCURRENCY 16
#define LEAD_US (8 * USEC_PER_MS)
#define CLAIM 40 /* rows; some go alone */

static const struct crowd {
    int workers;
    double rate;
    int seconds;
    double stalls; /* share of turns in which a worker stands still for up to half a second */
    double used;   /* of the limit, at least; one worker alone waits for its database each time */
} crowds[] = {
    {1, 2, 600, 0, 0.93},     {1, 1000, 20, 0, 0.4},         {8, 2, 600, 0.01, 0.7},
    {8, 100, 60, 0.01, 0.7},  {100, 10, 600, 0, 0.93},       {100, 1000, 20, 0.001, 0.7},
    {1000, 2, 3000, 0, 0.93}, {1000, 100, 2000, 0.001, 0.7}, {1000, 1000, 100, 0, 0.93},
};

struct member {
    int64_t next_us; /* its next turn */
    bool drawing;    /* ... is when the database answers */
    struct pacer pacer;
    int waiting; /* requests stored, of an earlier claim */
    int sent;
};

struct lane_row {
    int64_t next_slot_us, spacing_us;
};

struct run {
    const struct crowd *c;
    struct rand rand;
    struct lane_row row;
    int64_t *starts;
    int count, room;
    int64_t messages, packed;
};

static bool shares(const struct message *m) {
    return m->attachments == NULL;
}

/* The row: whoever moves next_slot on owns what it passed. */
static void draw(struct run *r, struct member *m, int64_t now) {
    int want = pacer_want(r->c->rate, CONCURRENCY);
    int64_t first = r->row.next_slot_us > now ? r->row.next_slot_us : now;
    r->row.next_slot_us = first + want * r->row.spacing_us;
    pacer_grant(&m->pacer, want, first, r->row.spacing_us);
}

/* Claims rows and packs them; every message is in exactly one request, none in an empty one. */
static int claim(struct run *r) {
    static char attachment[] = "[]";
    struct provider provider = {.batch_max = 100, .batchable = shares};
    struct message messages[CLAIM] = {0};
    int group[CLAIM], members[CLAIM] = {0};
    int n = 1 + (int)rand_between(&r->rand, 0, CLAIM - 1);
    for (int i = 0; i < n; i++) {
        messages[i].attachments = rand_between(&r->rand, 0, 1) < 0.05 ? attachment : NULL;
        messages[i].bytes = 2048;
    }
    int requests = plan_requests(&provider, 10, messages, n, group);
    for (int i = 0; i < n; i++) {
        assert_in_range(group[i], 0, requests - 1);
        members[group[i]]++;
    }
    for (int k = 0; k < requests; k++) {
        assert_in_range(members[k], 1, 10);
        r->packed += members[k];
    }
    r->messages += n;
    return requests;
}

static void start_one(struct run *r, struct member *m, int64_t now) {
    if (m->waiting == 0)
        m->waiting = claim(r);
    int64_t slot = pacer_take(&m->pacer);
    int64_t at = (slot > now ? slot : now) + (int64_t)rand_between(&r->rand, 0, 4000);
    assert_true(r->count < r->room);
    r->starts[r->count++] = at;
    m->waiting--;
    m->sent++;
}

static void turn(struct run *r, struct member *m) {
    int64_t now = m->next_us;
    if (m->drawing) {
        m->drawing = false;
        draw(r, m, now);
    }
    pacer_drop_missed(&m->pacer, now);
    while (pacer_count(&m->pacer, now + LEAD_US, CONCURRENCY) > 0)
        start_one(r, m, now);
    if (m->pacer.slots == 0) { /* the database takes its time */
        m->drawing = true;
        m->next_us = now + (int64_t)rand_between(&r->rand, 300, 15000);
    } else {
        m->next_us = m->pacer.next_us - LEAD_US;
        m->next_us = m->next_us > now ? m->next_us : now + 1;
    }
    if (rand_between(&r->rand, 0, 1) < r->c->stalls)
        m->next_us += (int64_t)rand_between(&r->rand, 0, 500000);
}

static int earlier(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void no_second_holds_more(const struct run *r) {
    int from = 0;
    for (int i = 0; i < r->count; i++) {
        while (r->starts[i] - r->starts[from] >= USEC_PER_SEC)
            from++;
        assert_true(i - from + 1 <= (int)r->c->rate);
    }
}

static void nobody_goes_short(const struct run *r, const struct member *members) {
    double mean = (double)r->count / r->c->workers;
    int grant = pacer_want(r->c->rate, CONCURRENCY);
    for (int i = 0; i < r->c->workers; i++) {
        assert_true(members[i].sent >= (int)(mean * 0.6) - grant);
        assert_true(members[i].sent <= (int)(mean * 1.4) + grant);
    }
}

static void go(const struct crowd *c) {
    struct run r = {.c = c, .room = (int)(c->rate * (c->seconds + 2)) + 64};
    struct member *members = calloc((size_t)c->workers, sizeof *members);
    r.starts = calloc((size_t)r.room, sizeof *r.starts);
    assert_true(members && r.starts);
    rand_seed(&r.rand, 20261126);
    r.row.spacing_us = (int64_t)(1e6 / (c->rate * LANE_SPARE));
    for (int i = 0; i < c->workers; i++)
        members[i].next_us = (int64_t)rand_between(&r.rand, 0, 1e6);
    for (;;) {
        struct member *next = &members[0];
        for (int i = 1; i < c->workers; i++)
            if (members[i].next_us < next->next_us)
                next = &members[i];
        if (next->next_us >= c->seconds * USEC_PER_SEC)
            break;
        turn(&r, next);
    }
    print_message("%d workers, %g/s: %.1f %% of the slots used\n", c->workers, c->rate,
                  100 * r.count / (c->rate * LANE_SPARE * c->seconds));
    qsort(r.starts, (size_t)r.count, sizeof *r.starts, earlier);
    no_second_holds_more(&r);
    nobody_goes_short(&r, members);
    assert_true(r.count >= c->rate * LANE_SPARE * c->seconds * c->used);
    assert_true(r.messages == r.packed);
    free(r.starts);
    free(members);
}

static void a_crowd_keeps_the_limit_and_shares_it(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof crowds / sizeof crowds[0]; i++)
        go(&crowds[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_crowd_keeps_the_limit_and_shares_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
