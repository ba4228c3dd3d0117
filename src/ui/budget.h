/* How many bytes the terminal may be sent, whatever the events say: a slow link is not seen from
 * here, so every link is spared.
 *
 * Clock, ages and numbers are drawn as they change. The list of events moves on only while the
 * account is not overdrawn: busy traffic then comes in fewer, larger steps. Every second earns
 * something and every event its share, so that 5 events a second stay below 400 bytes a second on
 * 80 columns and below 450 where ids are whole, 50 below 700 and 1,100. Pure; one thread. */
#ifndef POSTROOM_UI_BUDGET_H
#define POSTROOM_UI_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct budget {
    double left;   /* bytes; negative: overdrawn */
    int64_t at_us; /* boot time of the last earning; 0: none yet */
    uint64_t events;
};

/* events: how many there ever were; cols: the screen's width. */
void budget_earn(struct budget *b, int64_t boot_us, uint64_t events, int cols);
void budget_spend(struct budget *b, size_t bytes);
bool budget_allows(const struct budget *b); /* may the events move on? */

#endif
