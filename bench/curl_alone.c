/* Yardstick (b): libcurl's multi interface alone. POSTs the same body again and again over so many
 * connections, and looks at nothing but the status.
 * usage: curl_alone URL BODY-FILE REQUESTS CONNECTIONS */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static char *body;
static size_t body_length;
static long wanted, started, finished, refused;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t ignore(char *data, size_t size, size_t n, void *arg) {
    (void)data;
    (void)arg;
    return size * n;
}

static int read_body(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0)
        return 0;
    body_length = (size_t)ftell(f);
    body = malloc(body_length + 1);
    rewind(f);
    int ok = body && fread(body, 1, body_length, f) == body_length;
    fclose(f);
    return ok;
}

static CURL *make(const char *url, struct curl_slist *headers) {
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_length);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    return easy;
}

/* One ended: the next request on the same handle. */
static void again(CURLM *multi, CURL *easy) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    refused += status != 200;
    finished++;
    curl_multi_remove_handle(multi, easy);
    if (started >= wanted) {
        curl_easy_cleanup(easy);
        return;
    }
    started++;
    curl_multi_add_handle(multi, easy);
}

int main(int argc, char **argv) {
    if (argc != 5 || !read_body(argv[2]))
        return 2;
    wanted = atol(argv[3]);
    long connections = atol(argv[4]);
    struct curl_slist *headers = NULL;
    headers = curl_slist_append(headers, "Expect:");
    headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Authorization: Bearer re_bench_00000000");
    headers = curl_slist_append(headers,
                                "Idempotency-Key: postroom/00000000-0000-0000-0000-000000000000");
    curl_global_init(CURL_GLOBAL_ALL);
    CURLM *multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections);
    double begin = now();
    for (; started < connections && started < wanted; started++)
        curl_multi_add_handle(multi, make(argv[1], headers));
    for (int running; finished < wanted;) {
        CURLMsg *message;
        int left;
        curl_multi_perform(multi, &running);
        while ((message = curl_multi_info_read(multi, &left)))
            again(multi, message->easy_handle);
        if (finished < wanted)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    printf("{\"messages\": %ld, \"seconds\": %.6f}\n", finished, now() - begin);
    if (refused)
        fprintf(stderr, "curl_alone: %ld answers were not 200\n", refused);
    curl_multi_cleanup(multi);
    return refused ? 1 : 0;
}
