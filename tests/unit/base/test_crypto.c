/* SHA-256 against published vectors; secrets compared. */
#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void known_digests(void **state) {
    (void)state;
    char hex[SHA256_HEX];
    assert_true(crypto_sha256_hex(hex, NULL, 0));
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_true(crypto_sha256_hex(hex, "abc", 3));
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(crypto_sha256_hex(hex, "a\0b", 3));
    assert_string_equal(hex, "59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138");
}

/* RFC 4231, cases 2 and 6. */
static void known_macs(void **state) {
    (void)state;
    unsigned char mac[HMAC_BYTES], key[131];
    char hex[2 * HMAC_BYTES + 1];
    assert_true(crypto_hmac(mac, "Jefe", 4, "what do ya want for nothing?", 28));
    crypto_hex(hex, mac, sizeof mac);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    assert_true(crypto_hmac(mac, key, sizeof key,
                            "Test Using Larger Than Block-Size Key - Hash Key First", 54));
    crypto_hex(hex, mac, sizeof mac);
    assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_true(crypto_hmac(mac, NULL, 0, NULL, 0));
    crypto_hex(hex, mac, sizeof mac);
    assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void secrets_are_the_same_or_not(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {{"0123456789abcdef", "0123456789abcdef", true},  {"", "", true},
                 {"0123456789abcdef", "0123456789abcdeF", false}, {"0123456789abcdef", "", false},
                 {"0123456789abcdef", "0123456789abcde", false},  {"", "x", false},
                 {"0123456789abcdef", "0123456789abcdef0", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(crypto_same_secret(cases[i].a, cases[i].b), cases[i].same);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests),
        cmocka_unit_test(known_macs),
        cmocka_unit_test(secrets_are_the_same_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
