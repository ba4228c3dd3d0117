/* Slots: see pacer.h. */
#include "worker/pacer.h"

void pacer_grant(struct pacer *p, int slots, int64_t first_us, int64_t spacing_us) {
    p->slots = slots;
    p->next_us = first_us;
    p->spacing_us = spacing_us;
}

void pacer_clear(struct pacer *p) {
    p->slots = 0;
}

void pacer_drop_missed(struct pacer *p, int64_t now_us) {
    while (p->slots > 0 && p->spacing_us > 0 && p->next_us < now_us - PACER_LATE_US)
        (void)pacer_take(p);
}

int pacer_count(const struct pacer *p, int64_t until_us, int max) {
    int n = p->slots < max ? p->slots : max;
    if (p->spacing_us <= 0)
        return n;
    if (p->next_us > until_us)
        return 0;
    int64_t reach = (until_us - p->next_us) / p->spacing_us + 1;
    return reach < n ? (int)reach : n;
}

int64_t pacer_take(struct pacer *p) {
    int64_t at = p->next_us;
    p->slots--;
    p->next_us += p->spacing_us;
    return at;
}

int pacer_want(double rate, int max) {
    if (rate <= 0 || rate / 4 >= max)
        return max;
    int n = (int)(rate / 4);
    return n < 1 ? 1 : n;
}
