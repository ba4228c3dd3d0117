/* The transfer thread: takes requests in, starts each at its slot, lets curl work, hands them over.
 *
 * It waits in one place, curl_multi_poll: for sockets, for curl_multi_wakeup (a submission, a
 * cancel, the stop) and for a timer descriptor, because a poll counts whole milliseconds and a
 * paced request is to leave at its slot. The timer follows the boot clock, as deadlines do: after
 * a suspended machine wakes, what is overdue ends at once.
 * The transfer thread only. */
#include "net/internal.h"

#include "base/clock.h"

#include <poll.h>
#include <sys/timerfd.h>

#define LONGEST_POLL_MS 60000
#define CANCELLED "cancelled before it started"

/* --- one transfer ---------------------------------------------------------------------------- */

static void hand_over(struct net *n, struct transfer *t) {
    wire_request_done(&t->request);
    pthread_mutex_lock(&n->lock);
    transfer_list_add(&n->done, t);
    pthread_mutex_unlock(&n->lock);
}

/* Once for all that ended in a turn; the owner stays awake until it has reaped them all. */
static void tell_owner(struct net *n) {
    pthread_mutex_lock(&n->lock);
    if (n->done.first && !n->told) {
        wake_up(&n->wake);
        n->told = true;
    }
    pthread_mutex_unlock(&n->lock);
}

static void give_back(struct net *n, CURL *easy) {
    if (n->idle_count < n->idle_max) {
        curl_easy_reset(easy); /* its connection stays with the multi handle */
        n->idle[n->idle_count++] = easy;
    } else {
        curl_easy_cleanup(easy);
    }
}

static void unhook(struct net *n, const struct transfer *t) {
    struct transfer **at = &n->running;
    while (*at && *at != t) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = t->next;
    }
}

/* The end of a transfer that ran; it is no longer in any list. */
static void end_running(struct net *n, struct transfer *t, CURLcode code) {
    easy_read_end(t, code);
    curl_multi_remove_handle(n->multi, t->easy);
    give_back(n, t->easy);
    t->easy = NULL;
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    hand_over(n, t);
}

static bool start_easy(struct net *n, struct transfer *t, int64_t now) {
    int64_t rest_ms = (t->deadline_us - now) / USEC_PER_MS;
    if (rest_ms <= 0) {
        easy_refuse(t, "its time was over before it could start");
        return false;
    }
    t->easy = n->idle_count > 0 ? n->idle[--n->idle_count] : curl_easy_init();
    if (!t->easy) {
        easy_refuse(t, "out of memory");
        return false;
    }
    int64_t limit_ms = rest_ms < n->request_timeout_ms ? rest_ms : n->request_timeout_ms;
    if (!easy_prepare(t->easy, t, n->ca_file, limit_ms)) {
        return false;
    }
    if (curl_multi_add_handle(n->multi, t->easy) != CURLM_OK) {
        easy_refuse(t, "out of memory");
        return false;
    }
    return true;
}

static void start(struct net *n, struct transfer *t, int64_t now) {
    if (start_easy(n, t, now)) {
        t->next = n->running;
        n->running = t;
        return;
    }
    if (t->easy) {
        give_back(n, t->easy);
        t->easy = NULL;
    }
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    hand_over(n, t);
}

/* --- a turn ---------------------------------------------------------------------------------- */

static void wait_for_slot(struct net *n, struct transfer *t) {
    struct transfer **at = &n->waiting;
    while (*at && (*at)->start_us <= t->start_us) {
        at = &(*at)->next;
    }
    t->next = *at;
    *at = t;
}

static void cancel_own(struct net *n) {
    while (n->waiting) {
        struct transfer *t = n->waiting;
        n->waiting = t->next;
        easy_refuse(t, CANCELLED);
        hand_over(n, t);
    }
    while (n->running) {
        struct transfer *t = n->running;
        n->running = t->next;
        end_running(n, t, CURLE_ABORTED_BY_CALLBACK);
    }
}

/* Takes the inbox. false: the owner wants the thread to stop. */
static bool take_in(struct net *n) {
    pthread_mutex_lock(&n->lock);
    struct transfer *t = n->inbox.first;
    transfer_list_init(&n->inbox);
    bool stop = n->stop;
    bool cancel = n->cancel || stop;
    n->cancel = false;
    pthread_mutex_unlock(&n->lock);

    if (cancel) {
        cancel_own(n);
    }
    while (t) {
        struct transfer *next = t->next;
        if (t->cancelled || stop) {
            easy_refuse(t, CANCELLED);
            hand_over(n, t);
        } else {
            wait_for_slot(n, t);
        }
        t = next;
    }
    return !stop;
}

static void start_due(struct net *n) {
    int64_t now = clock_boot_us();
    while (n->waiting && n->waiting->start_us <= now) {
        struct transfer *t = n->waiting;
        n->waiting = t->next;
        start(n, t, now);
    }
}

/* Begun anew on a fresh connection, within the same time; it is in no list while that is tried. */
static bool begin_again(struct net *n, struct transfer *t, CURLcode code) {
    int64_t rest_ms = (t->deadline_us - clock_boot_us()) / USEC_PER_MS;
    if (!transfer_is_smtp(t) || rest_ms <= 0 || !smtp_wants_another(t, code)) {
        return false;
    }
    t->again = true;
    curl_multi_remove_handle(n->multi, t->easy);
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    curl_easy_reset(t->easy);
    if (!easy_prepare(t->easy, t, n->ca_file, rest_ms) ||
        curl_multi_add_handle(n->multi, t->easy) != CURLM_OK) {
        return false;
    }
    t->next = n->running;
    n->running = t;
    return true;
}

static void end_finished(struct net *n) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(n->multi, &left)) != NULL) {
        CURLcode code = message->data.result;
        struct transfer *t = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
        if (message->msg == CURLMSG_DONE && t) {
            unhook(n, t);
            if (!begin_again(n, t, code)) {
                end_running(n, t, code);
            }
        }
    }
}

/* curl's own timeout does not count the time a machine was suspended; leases do. What is not out
 * yet must not go out then, so it ends before curl works; of the others an answer that is there is
 * read first. */
static void end_overdue(struct net *n, bool even_sent) {
    int64_t now = clock_boot_us();
    struct transfer *next;
    for (struct transfer *t = n->running; t; t = next) {
        next = t->next;
        if (t->deadline_us <= now && (even_sent || !easy_is_sent(t))) {
            unhook(n, t);
            end_running(n, t, CURLE_OPERATION_TIMEDOUT);
        }
    }
}

/* When something is to be done that no socket will tell; -1: nothing. */
static int64_t next_moment(const struct net *n) {
    int64_t at = n->waiting ? n->waiting->start_us : -1;
    for (const struct transfer *t = n->running; t; t = t->next) {
        at = at < 0 || t->deadline_us < at ? t->deadline_us : at;
    }
    return at;
}

static void wait_for_work(struct net *n) {
    struct itimerspec when = {0};
    int64_t at = next_moment(n);
    int64_t in_us = at - clock_boot_us();
    if (at >= 0 && in_us > 0) {
        when.it_value.tv_sec = (time_t)(in_us / USEC_PER_SEC);
        when.it_value.tv_nsec = (long)(in_us % USEC_PER_SEC) * 1000;
    }
    timerfd_settime(n->timer, 0, &when, NULL); /* disarms it, and forgets an old expiry, too */
    struct curl_waitfd timer = {.fd = n->timer, .events = CURL_WAIT_POLLIN};
    int timeout_ms = at >= 0 && in_us <= 0 ? 0 : LONGEST_POLL_MS;
    if (curl_multi_poll(n->multi, &timer, 1, timeout_ms, NULL) != CURLM_OK) {
        poll(NULL, 0, 10); /* out of memory, most likely: do not spin */
    }
}

void *net_loop(void *arg) {
    struct net *n = arg;
    while (take_in(n)) {
        int running;
        start_due(n);
        end_overdue(n, false);
        curl_multi_perform(n->multi, &running);
        end_finished(n);
        end_overdue(n, true);
        tell_owner(n);
        wait_for_work(n);
    }
    tell_owner(n);
    return NULL;
}
