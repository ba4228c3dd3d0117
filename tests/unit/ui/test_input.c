/* Bytes -> keys: what arrives torn never becomes letters, what is pasted never becomes keys. */
#include "unit/ui/scene.h"

static struct input in;
static struct input_keys keys;
static int64_t now_us;

static void start(void) {
    in = (struct input){0};
    keys.count = 0;
    now_us = 1000000;
}

static void feed(const char *bytes) {
    input_feed(&in, (const unsigned char *)bytes, strlen(bytes), now_us, &keys);
}

static void wait_ms(int ms) {
    now_us += ms * USEC_PER_MS;
    input_tick(&in, now_us, &keys);
}

static void expect(size_t line, const int32_t *wanted, int n) {
    if (keys.count != n || memcmp(keys.keys, wanted, (size_t)n * sizeof *wanted) != 0)
        fail_msg("line %zu: %d keys, the first %x", line, keys.count, (unsigned)keys.keys[0]);
}

#define EXPECT(...)                                                                                \
    expect(__LINE__, (const int32_t[]){__VA_ARGS__},                                               \
           (int)(sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t)))

static void plain_keys(void **state) {
    (void)state;
    start();
    feed("jG\r\n\t\x7f\b\x03é你");
    EXPECT('j', 'G', K_ENTER, K_ENTER, K_TAB, K_BACKSPACE, K_BACKSPACE, 3, 0xe9, 0x4f60);
}

static void sequences(void **state) {
    (void)state;
    start();
    feed("\033[A\033OB\033[5~\033[6~\033[H\033OF\033[1~\033[4~\033[Z\033OP\033[11~\033[[A");
    EXPECT(K_UP, K_DOWN, K_PAGE_UP, K_PAGE_DOWN, K_HOME, K_END, K_HOME, K_END, K_BACKTAB, K_F1,
           K_F1, K_F1);
    start();
    feed("\033[1;5A\033[99~\033[?1;2c\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14A");
    EXPECT(K_UP, K_OTHER, K_OTHER, K_UP);
}

static void escape_alone(void **state) {
    (void)state;
    start();
    feed("\033");
    assert_int_equal(keys.count, 0);
    assert_int_equal(input_wait_us(&in, now_us), 100 * USEC_PER_MS);
    wait_ms(99);
    assert_int_equal(keys.count, 0);
    wait_ms(1);
    EXPECT(K_ESC);
    assert_int_equal(input_wait_us(&in, now_us), -1);
    start();
    feed("\033\033");
    EXPECT(K_ESC);
    start();
    feed("\033y"); /* Alt-y is not y */
    EXPECT(K_OTHER);
}

static void torn_sequences_are_swallowed(void **state) {
    (void)state;
    static const char *const rests[] = {"[A", "OR", "[1;5C", "[6~", "OA"};
    for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
        start();
        feed("\033");
        wait_ms(400);
        feed(rests[i]);
        feed("q");
        EXPECT(K_ESC, 'q');
    }
    start(); /* torn twice */
    feed("\033");
    wait_ms(400);
    feed("[");
    wait_ms(300);
    feed("B");
    EXPECT(K_ESC);
    start(); /* torn in the middle */
    feed("\033[");
    wait_ms(500);
    feed("A");
    EXPECT(K_UP);
    start(); /* a letter a second later is a letter */
    feed("\033");
    wait_ms(1200);
    feed("O");
    EXPECT(K_ESC, 'O');
    start(); /* another key ends the waiting */
    feed("\033");
    wait_ms(200);
    feed("j[");
    EXPECT(K_ESC, 'j', '[');
}

static void pastes(void **state) {
    (void)state;
    start();
    feed("\033[200~yq\né\033[201~z");
    EXPECT('y' | K_PASTED, 'q' | K_PASTED, '\n' | K_PASTED, 0xe9 | K_PASTED, 'z');
    start(); /* its end never comes: a second of silence ends it */
    feed("\033[200~ab");
    wait_ms(999);
    feed("c");
    wait_ms(1000);
    feed("d");
    EXPECT('a' | K_PASTED, 'b' | K_PASTED, 'c' | K_PASTED, 'd');
    start(); /* something like its end is inside */
    feed("\033[200~a\033[20\033[201~b");
    EXPECT('a' | K_PASTED, 'b');
    start(); /* an end without a start */
    feed("\033[201~b");
    EXPECT('b');
}

static void broken_bytes(void **state) {
    (void)state;
    start();
    feed("\xc3q");
    EXPECT(K_OTHER, 'q');
    start();
    feed("\x80\xff\xff\xff");
    EXPECT(K_OTHER);
    start();
    feed("\xe4\xbd");
    wait_ms(1000);
    feed("q");
    EXPECT('q');
}

/* Any bytes in any pieces: no crash, no endless waiting, back to the ground after silence. */
static void any_bytes(void **state) {
    (void)state;
    struct rand r;
    rand_seed(&r, 7);
    static const char interesting[] = "\033[O~;0129ABq\xc3\xa9\xe4y";
    for (int round = 0; round < 20000; round++) {
        unsigned char bytes[16];
        size_t n = (size_t)rand_between(&r, 1, 16);
        for (size_t i = 0; i < n; i++)
            bytes[i] = rand_between(&r, 0, 1) < 0.7
                           ? (unsigned char)
                                 interesting[(size_t)rand_between(&r, 0, sizeof interesting - 1)]
                           : (unsigned char)rand_between(&r, 0, 256);
        keys.count = 0;
        input_feed(&in, bytes, n, now_us, &keys);
        now_us += (int64_t)rand_between(&r, 0, 1500) * USEC_PER_MS;
        input_tick(&in, now_us, &keys);
        assert_true(keys.count <= 2 * 16 + 1);
    }
    wait_ms(2000);
    wait_ms(2000);
    keys.count = 0;
    feed("q");
    EXPECT('q');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_keys),   cmocka_unit_test(sequences),
        cmocka_unit_test(escape_alone), cmocka_unit_test(torn_sequences_are_swallowed),
        cmocka_unit_test(pastes),       cmocka_unit_test(broken_bytes),
        cmocka_unit_test(any_bytes),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
