/* Mailboxes: what is accepted names one address, which stands for itself, and nothing that a
 * header or a second recipient could be made of. */
#include "core/message.h"

#include "fuzz/fuzz.h"

/* Outside double quotes (a quoted local part may hold nearly anything). */
static bool has_any_unquoted(const char *s, const char *set) {
    bool quoted = false;
    for (; *s; s++) {
        if (*s == '\\' && quoted && s[1])
            s++;
        else if (*s == '"')
            quoted = !quoted;
        else if (!quoted && strchr(set, *s))
            return true;
    }
    return false;
}

static void accepted(const char *mailbox, const char *address) {
    char again[321], bare[321];
    CHECK(str_is_clean(mailbox) && str_is_clean(address));
    CHECK(strchr(address, '@') && !has_any_unquoted(address, " ,;<>()\\"));
    CHECK(mailbox_check(address, again, NULL));
    CHECK(str_eq(address, again));
    message_bare_address(bare, sizeof bare, mailbox);
    CHECK(str_eq(address, bare));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct err err = {0};
    char address[321], small[7], bare[321];
    struct seed in = seed_of(data, n);
    char *mailbox = seed_rest(&in);
    memset(address, 0xaa, sizeof address);
    if (mailbox_check(mailbox, address, &err)) {
        CHECK_TEXT(address);
        accepted(mailbox, address);
    } else {
        CHECK(err.code == ERR_INVALID && err.text[0]);
        CHECK(str_is_clean(err.text));
    }
    message_bare_address(bare, sizeof bare, mailbox);
    message_bare_address(small, sizeof small, mailbox);
    CHECK(strlen(bare) < sizeof bare && strlen(small) < sizeof small);
    mem_free(mailbox);
    return 0;
}
