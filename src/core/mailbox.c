/* A bounded queue of commands with the eventfd its owner waits on.
 * Any thread may put, the owner takes. */
#include "core/mailbox.h"

#include "base/mem.h"

#include <pthread.h>

struct mailbox {
    pthread_mutex_t lock;
    struct wake wake;
    size_t capacity, first, count;
    struct command commands[];
};

struct mailbox *mailbox_new(size_t capacity, struct err *err) {
    struct mailbox *m = mem_alloc(sizeof *m + capacity * sizeof m->commands[0]);
    if (m == NULL) {
        err_nomem(err);
        return NULL;
    }
    if (!wake_open(&m->wake, err)) {
        mem_free(m);
        return NULL;
    }
    pthread_mutex_init(&m->lock, NULL);
    m->capacity = capacity;
    return m;
}

void mailbox_free(struct mailbox *m) {
    if (m == NULL)
        return;
    wake_close(&m->wake);
    pthread_mutex_destroy(&m->lock);
    mem_free(m);
}

bool mailbox_put(struct mailbox *m, const struct command *c) {
    pthread_mutex_lock(&m->lock);
    bool room = m->count < m->capacity;
    if (room)
        m->commands[(m->first + m->count++) % m->capacity] = *c;
    pthread_mutex_unlock(&m->lock);
    if (room)
        wake_up(&m->wake);
    return room;
}

bool mailbox_take(struct mailbox *m, struct command *out) {
    pthread_mutex_lock(&m->lock);
    bool any = m->count > 0;
    if (any) {
        *out = m->commands[m->first];
        m->first = (m->first + 1) % m->capacity;
        m->count--;
    }
    pthread_mutex_unlock(&m->lock);
    return any;
}

void mailbox_nudge(struct mailbox *m) {
    wake_up(&m->wake);
}

int mailbox_fd(const struct mailbox *m) {
    return m->wake.fd;
}

void mailbox_clear_wake(struct mailbox *m) {
    wake_clear(&m->wake);
}
