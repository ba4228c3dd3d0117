/* The owner's side: start and stop, submissions into the inbox, finished transfers from the done
 * list. The mutex guards only these lists and flags, and is held for pointer moves.
 * One owner thread at a time. */
#include "net/internal.h"

#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

void transfer_list_init(struct transfer_list *l) {
    l->first = NULL;
    l->end = &l->first;
}

void transfer_list_add(struct transfer_list *l, struct transfer *t) {
    t->next = NULL;
    *l->end = t;
    l->end = &t->next;
}

static void transfer_free(struct transfer *t) {
    wire_request_done(&t->request);
    wire_response_done(&t->response);
    mem_free(t);
}

static void free_all(struct transfer *t) {
    while (t) {
        struct transfer *next = t->next;
        transfer_free(t);
        t = next;
    }
}

bool net_global_init(struct err *err) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return err_set(err, ERR_IO, "libcurl could not be initialised");
    }
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
    if (!(v->features & CURL_VERSION_SSL) || !(v->features & CURL_VERSION_ASYNCHDNS)) {
        return err_set(err, ERR_IO,
                       "libcurl %s lacks TLS or asynchronous name resolution: install Debian's "
                       "libcurl4",
                       v->version);
    }
    return true;
}

void net_global_cleanup(void) {
    curl_global_cleanup();
}

static void net_free(struct net *n) {
    for (int i = 0; i < n->idle_count; i++) {
        curl_easy_cleanup(n->idle[i]);
    }
    mem_free(n->idle);
    sockets_hear_nothing(&n->sockets);
    if (n->multi) {
        curl_multi_cleanup(n->multi);
    }
    mem_free(n->sockets.fds);
    if (n->timer >= 0) {
        close(n->timer);
    }
    wake_close(&n->wake);
    free_all(n->inbox.first);
    free_all(n->done.first);
    pthread_mutex_destroy(&n->lock);
    mem_free(n);
}

static bool open_parts(struct net *n, const struct settings *s, struct err *err) {
    n->idle_max = s->concurrency > 0 ? s->concurrency : 1;
    n->idle = mem_array((size_t)n->idle_max, sizeof *n->idle);
    n->multi = curl_multi_init();
    if (!n->idle || !n->multi ||
        curl_multi_setopt(n->multi, CURLMOPT_MAXCONNECTS, (long)n->idle_max) != CURLM_OK ||
        curl_multi_setopt(n->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) != CURLM_OK) {
        return err_nomem(err);
    }
    if (s->ca_file[0] && access(s->ca_file, R_OK) != 0) {
        return err_set(err, ERR_USAGE, "ca_file %s cannot be read: %s", s->ca_file,
                       strerror(errno));
    }
    n->timer = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (n->timer < 0) {
        return err_set(err, ERR_IO, "no timer: %s", strerror(errno));
    }
    return wake_open(&n->wake, err);
}

/* Signals are main's: this thread, and the resolver threads it makes, take none. */
static bool start_thread(struct net *n, struct err *err) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&n->thread, NULL, net_loop, n);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 || err_set(err, ERR_IO, "no thread: %s", strerror(rc));
}

struct net *net_start(const struct settings *s, struct err *err) {
    struct net *n = mem_alloc(sizeof *n);
    if (!n) {
        err_nomem(err);
        return NULL;
    }
    n->ca_file = s->ca_file;
    n->request_timeout_ms = s->request_timeout_ms;
    n->timer = -1;
    n->wake.fd = -1;
    transfer_list_init(&n->inbox);
    transfer_list_init(&n->done);
    pthread_mutex_init(&n->lock, NULL);
    if (!open_parts(n, s, err) || !start_thread(n, err)) {
        net_free(n);
        return NULL;
    }
    return n;
}

void net_stop(struct net *n) {
    if (!n) {
        return;
    }
    pthread_mutex_lock(&n->lock);
    n->stop = true;
    pthread_mutex_unlock(&n->lock);
    curl_multi_wakeup(n->multi);
    pthread_join(n->thread, NULL);
    net_free(n);
}

bool net_submit(struct net *n, uint64_t id, struct wire_request *request, int64_t start_us,
                int64_t deadline_us, struct err *err) {
    struct transfer *t = mem_alloc(sizeof *t);
    if (!t) {
        wire_request_done(request);
        return err_nomem(err);
    }
    t->id = id;
    t->sockets = &n->sockets;
    t->request = *request;
    wire_request_init(request);
    wire_response_init(&t->response);
    t->start_us = start_us;
    t->deadline_us = deadline_us;

    pthread_mutex_lock(&n->lock);
    bool first = !n->inbox.first; /* else the thread is woken already, and takes all there is */
    transfer_list_add(&n->inbox, t);
    pthread_mutex_unlock(&n->lock);
    if (first && !n->held) {
        curl_multi_wakeup(n->multi);
    }
    return true;
}

void net_hold(struct net *n) {
    n->held = true;
}

void net_release(struct net *n) {
    pthread_mutex_lock(&n->lock);
    bool any = n->inbox.first != NULL;
    pthread_mutex_unlock(&n->lock);
    n->held = false;
    if (any) {
        curl_multi_wakeup(n->multi);
    }
}

bool net_reap(struct net *n, uint64_t *id, struct wire_response *response) {
    pthread_mutex_lock(&n->lock);
    struct transfer *t = n->done.first;
    if (t) {
        n->done.first = t->next;
    }
    if (t && !n->done.first) {
        transfer_list_init(&n->done);
    }
    if (n->told && !n->done.first) {
        wake_clear(&n->wake);
        n->told = false;
    }
    pthread_mutex_unlock(&n->lock);
    if (!t) {
        return false;
    }
    *id = t->id;
    *response = t->response;
    wire_response_init(&t->response);
    transfer_free(t);
    return true;
}

int net_fd(const struct net *n) {
    return n->wake.fd;
}

void net_cancel_all(struct net *n) {
    pthread_mutex_lock(&n->lock);
    for (struct transfer *t = n->inbox.first; t; t = t->next) {
        t->cancelled = true;
    }
    n->cancel = true;
    pthread_mutex_unlock(&n->lock);
    curl_multi_wakeup(n->multi);
}
