/* Configuration files: whatever stands in one, it is refused in one clean sentence or gives
 * settings within their bounds, and no secret is in the sentence.
 *
 * To each line that sets a secret, the canary is appended; it must not come back. */
#include "config/config.h"

#include "fuzz/fuzz.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CANARY "Canary7f3aSecret"

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    CHECK(clearenv() == 0);
    return 0;
}

static bool sets_secret(char *line) {
    char *equals = strchr(line, '=');
    if (!equals)
        return false;
    *equals = '\0';
    char key[64];
    str_copy(key, sizeof key, line);
    *equals = '=';
    char *name = str_trim(key);
    for (int i = 0; i < config_key_count(); i++)
        if (config_key_at(i).secret && str_eq(name, config_key_at(i).key))
            return true;
    return false;
}

/* A file the input names would be read: whatever is on this machine is no part of the test. */
static bool names_file(const char *line) {
    const char *file = strstr(line, "_file");
    return file && strchr(file, '=') && strpbrk(strchr(file, '='), "/-");
}

/* A file of its own, with the canaries in; -1: not an input to try. */
static int file_of(struct seed *in) {
    struct buf text;
    bool fine = true;
    buf_init(&text, (size_t)1 << 20);
    while (in->left > 0 && fine) {
        bool nul = memchr(in->data, '\0', in->left) != NULL;
        char *line = seed_text(in, '\n');
        fine = !names_file(line) && !strstr(line, CANARY);
        buf_puts(&text, line);
        if (sets_secret(line))
            buf_puts(&text, CANARY);
        if (nul && in->left == 0)
            buf_addc(&text, '\0');
        buf_addc(&text, '\n');
        mem_free(line);
    }
    int fd = fine && !text.failed ? memfd_create("postroom.conf", MFD_CLOEXEC) : -1;
    if (fd >= 0)
        CHECK(fchmod(fd, 0600) == 0 && write(fd, buf_text(&text), text.len) == (ssize_t)text.len);
    buf_free(&text);
    return fd;
}

static void check_settings(const struct settings *s) {
    CHECK(s->database_url && s->provider && s->from && s->table && s->worker_name);
    CHECK(s->batch_size >= 1 && s->batch_size <= 100 && s->concurrency >= 1);
    CHECK(s->rate >= 0 && s->rate <= 1e4 && s->quota_reserve >= 0 && s->quota_reserve <= 1);
    CHECK(s->lease_ms >= 2 * s->request_timeout_ms && s->request_timeout_ms > 0);
    CHECK(s->backoff_min_ms > 0 && s->backoff_min_ms <= s->backoff_max_ms);
    CHECK(s->daily_quota >= 0 && s->monthly_quota >= 0 && s->max_attempts >= 1);
    CHECK(str_is_clean(s->from) && str_is_clean(s->resend_api_key));
    for (int i = 0; i < COLUMN_COUNT; i++)
        CHECK(str_is_clean(s->columns[i]) && s->columns[i][0]);
}

static void check_described(const struct config *c) {
    struct buf value, source;
    buf_init(&value, 4096);
    buf_init(&source, 4096);
    for (int i = 0; i < config_key_count(); i++) {
        buf_clear(&value);
        buf_clear(&source);
        config_describe(c, i, &value, &source);
        CHECK(!str_eq(config_key_at(i).key, "resend_api_key") || !strstr(buf_text(&value), CANARY));
        CHECK(source.len > 0);
    }
    buf_free(&value);
    buf_free(&source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct seed in = seed_of(data, n);
    struct err err = {0};
    char path[40];
    int fd = file_of(&in);
    if (fd < 0)
        return 0;
    str_format(path, sizeof path, "/proc/self/fd/%d", fd);
    long before = mem_live();
    struct config *c = config_load(path, NULL, 0, &err);
    if (c) {
        check_settings(config_settings(c));
        check_described(c);
    } else {
        CHECK(err.code == ERR_USAGE && err.text[0] && str_is_clean(err.text));
        CHECK(!strstr(err.text, CANARY));
    }
    config_free(c);
    CHECK(mem_live() == before);
    close(fd);
    return 0;
}
