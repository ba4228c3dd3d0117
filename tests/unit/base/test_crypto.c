/* SHA-256 against published vectors; secrets compared. */
#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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
        cmocka_unit_test(secrets_are_the_same_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
