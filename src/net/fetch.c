/* A handle of its own for each fetch: they are rare. */
#include "net/fetch.h"

#include "net/internal.h"

#define LIMIT_MS 8000L
#define CONNECT_MS 4000L

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)arg;
    (void)purpose;
    if (!url_allows_address(&address->addr, false))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_body(char *data, size_t size, size_t count, void *arg) {
    struct buf *out = arg;
    buf_add(out, data, size * count);
    return out->failed ? 0 : size * count;
}

static bool set_options(CURL *easy, const struct settings *s, const char *url, struct buf *out,
                        char *words) {
    static const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_QUICK_EXIT, 1},
        {CURLOPT_HTTPGET, 1},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_NETRC, CURL_NETRC_IGNORED},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS},
        {CURLOPT_TIMEOUT_MS, LIMIT_MS},
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        ok = ok && curl_easy_setopt(easy, numbers[i].option, numbers[i].value) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_USERAGENT, "postroom/" POSTROOM_VERSION) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK;
    if (s->ca_file[0])
        ok = ok && curl_easy_setopt(easy, CURLOPT_CAINFO, s->ca_file) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK;
    return ok && curl_easy_setopt(easy, CURLOPT_WRITEDATA, out) == CURLE_OK;
}

bool net_fetch(const struct settings *s, const char *url, struct buf *out, struct err *err) {
    char words[CURL_ERROR_SIZE] = "";
    long status = 0;
    CURL *easy = curl_easy_init();
    if (!easy || !set_options(easy, s, url, out, words)) {
        curl_easy_cleanup(easy);
        return err_nomem(err);
    }
    CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(easy);
    if (code != CURLE_OK)
        return err_set(err, ERR_IO, "%s", words[0] ? words : curl_easy_strerror(code));
    return status == 200 || err_set(err, ERR_IO, "it answered %ld", status);
}
