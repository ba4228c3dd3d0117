/* Inside the network layer: one transfer from submission to reaping, and the parts that carry it.
 * A transfer belongs to one side at a time: to the owner's thread until it is in the inbox, to the
 * transfer thread until it is on the done list, to the owner again from there. */
#ifndef POSTROOM_NET_INTERNAL_H
#define POSTROOM_NET_INTERNAL_H

#include "base/wake.h"
#include "net/net.h"

#include <curl/curl.h>
#include <pthread.h>
#include <sys/socket.h>

struct transfer {
    struct transfer *next;
    uint64_t id;
    struct wire_request request;
    struct wire_response response;
    int64_t start_us;
    int64_t deadline_us;
    bool cancelled; /* while it waited in the inbox */

    /* while it runs */
    CURL *easy;
    struct curl_slist *headers;
    char words[CURL_ERROR_SIZE];
    size_t header_bytes;
    bool head_whole; /* the empty line after the final answer's headers came */
    int64_t limit_ms;
    bool loopback; /* the URL names a loopback host: then it may go there, and in plain http */
    bool denied;   /* the host's address is one we do not connect to */
};

struct transfer_list {
    struct transfer *first;
    struct transfer **end; /* where the next one is hooked in */
};

struct net {
    const char *ca_file;
    int64_t request_timeout_ms;
    CURLM *multi;
    int timer;
    pthread_t thread;

    pthread_mutex_t lock;
    struct transfer_list inbox;
    struct transfer_list done;
    struct wake wake; /* the done list has something */
    bool cancel;
    bool stop;

    /* the thread's own */
    struct transfer *waiting; /* by start_us */
    struct transfer *running;
    CURL **idle; /* handles to use again */
    int idle_count;
    int idle_max;
};

void transfer_list_init(struct transfer_list *l);
void transfer_list_add(struct transfer_list *l, struct transfer *t);

/* loop.c: the thread's function; arg is the struct net. */
void *net_loop(void *arg);

/* easy.c: sets every option for this transfer. false: response says why it cannot start. */
bool easy_prepare(CURL *easy, struct transfer *t, const char *ca_file, int64_t limit_ms);
/* Fills the response's end, status, problem and time. `code` is how curl ended it. */
void easy_read_end(struct transfer *t, CURLcode code);
/* Ends a transfer that never started. */
void easy_refuse(struct transfer *t, const char *problem);

/* url.c */
bool url_names_loopback(const char *url);
bool url_allows_address(const struct sockaddr *address, bool loopback);

#endif
