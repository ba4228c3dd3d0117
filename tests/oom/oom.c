/* Lets the n-th allocation of an operation fail, once and then for ever, for n = 1, 2, ... until
 * the operation passes untouched. Each time: no crash (the sanitizers watch), nothing left behind,
 * and the error says that memory was short. */
#include "oom/oom.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <locale.h>
#include <string.h>

#define MOST 100000 /* allocations of an operation */

static unsigned long fail_at;
static int for_ever;

void oom_arm(void) {
    mem_fail_at(fail_at, for_ever);
}

/* Was the allocation that had to fail reached? If not, it is still to come. */
static bool reached;

void oom_disarm(void) {
    reached = fail_at > 0;
    for (unsigned long i = 0; i < fail_at && reached && !for_ever; i++) {
        void *p = mem_alloc(1);
        reached = p != NULL;
        mem_free(p);
    }
    mem_fail_at(0, 0);
}

static void run_once(const struct operation *op, unsigned long n, int ever) {
    struct err err = {0};
    long before = mem_live();
    fail_at = n;
    for_ever = ever;
    reached = false;
    bool whole = op->run(&err);
    bool said = err.code == ERR_NOMEM && strstr(err.text, "out of memory");
    bool fine = whole ? op->survives || !reached : reached && said;
    if (!fine || mem_live() != before) {
        fprintf(stderr, "%s: allocation %lu failing%s: %s, error %d \"%s\", %ld blocks left\n",
                op->name, n, ever ? " for ever" : "", whole ? "whole" : "not whole", (int)err.code,
                err.text, mem_live() - before);
        abort();
    }
}

/* How many allocations it has. */
static unsigned long sweep(const struct operation *op) {
    run_once(op, 0, 0); /* what is made once and kept is made here */
    for (unsigned long n = 1; n < MOST; n++) {
        run_once(op, n, 0);
        if (!reached)
            return n - 1;
        run_once(op, n, 1);
    }
    return MOST;
}

int main(void) {
    unsigned long all = 0;
    setlocale(LC_CTYPE, "C.UTF-8");
    log_open(LOG_TEXT, -1);
    for (int i = 0; i < operation_count; i++) {
        unsigned long n = sweep(&operations[i]);
        printf("%-28s %6lu allocations, each failed\n", operations[i].name, n);
        fflush(stdout);
        CHECK(n > 0 && n < MOST);
        all += n;
    }
    printf("%d operations, %lu allocations\n", operation_count, all);
    return 0;
}
