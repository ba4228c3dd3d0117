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

/* Open sockets of SMTP connections. */
struct sockets {
    int *fds;
    int n;
    int room;
};

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
    struct sockets *sockets;    /* the net's */
    struct curl_slist *headers; /* by SMTP: the recipients */
    char words[CURL_ERROR_SIZE];
    size_t header_bytes;
    bool head_whole; /* the empty line after the final answer's headers came */
    int64_t limit_ms;
    bool loopback; /* the URL names a loopback host: then it may go there, and in plain http */
    bool denied;   /* the host's address is one we do not connect to */

    /* by SMTP */
    int reply;      /* code of the last reply to the stage's command; 0: none came */
    size_t given;   /* bytes of the mail handed over */
    bool whole;     /* all of them: its end may have followed */
    bool left;      /* QUIT was said: what comes now is no answer */
    bool secured;   /* STARTTLS was said */
    bool utf8_told; /* the server speaks SMTPUTF8 */
    bool garbled;   /* a line came that is no reply */
    bool again;     /* on a fresh connection, because the one before was stale */
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
    struct wake wake; /* the done list has something ... */
    bool told;        /* ... and says so */
    bool cancel;
    bool stop;

    bool held; /* the owner's: submissions wait for net_release */

    /* the thread's own */
    struct transfer *waiting; /* by start_us */
    struct transfer *running;
    struct sockets sockets;
    CURL **idle; /* handles to use again */
    int idle_count;
    int idle_max;
};

void transfer_list_init(struct transfer_list *l);
void transfer_list_add(struct transfer_list *l, struct transfer *t);

/* loop.c: the thread's function; arg is the struct net. */
void *net_loop(void *arg);

/* easy.c */
bool transfer_is_smtp(const struct transfer *t);
/* Sets every option for this transfer. false: response says why it cannot start. */
bool easy_prepare(CURL *easy, struct transfer *t, const char *ca_file, int64_t limit_ms);
/* Nothing of it is left to be sent: what is still to come is its answer. */
bool easy_is_sent(const struct transfer *t);
/* Fills the response's end, status, problem and time. `code` is how curl ended it. */
void easy_read_end(struct transfer *t, CURLcode code);
/* Ends a transfer that never started. */
void easy_refuse(struct transfer *t, const char *problem);

/* smtp.c: the same for a mail. */
bool smtp_prepare(CURL *easy, struct transfer *t, int64_t limit_ms);
enum wire_end smtp_judge(struct transfer *t, CURLcode code);
/* Should it be begun anew? Then nothing was said about this mail. */
bool smtp_wants_another(const struct transfer *t, CURLcode code);
/* What was waited for when the server fell silent; NULL where that is not what happened. */
const char *smtp_silence(const struct transfer *t, CURLcode code);

/* sockets.c */
bool sockets_add(struct sockets *s, int fd);        /* false: out of memory */
int sockets_close(void *sockets, curl_socket_t fd); /* curl's way to close one */
/* From now on the peers seem to have ended, so that nobody waits for them. */
void sockets_hear_nothing(const struct sockets *s);

/* url.c */
bool url_names_loopback(const char *url);
bool url_allows_address(const struct sockaddr *address, bool loopback);

#endif
