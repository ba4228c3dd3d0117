/* Bytes from the terminal -> keys. Pure: bytes and time go in, keys come out.
 *
 * Our own and not curses', because a torn arrow key must never turn into letters: after ESC a
 * following `[` or `O` within a second is swallowed up to its final byte; a paste is told apart
 * from typing (it ends at ESC[201~ or a second after its last byte). One thread. */
#ifndef POSTROOM_UI_INPUT_H
#define POSTROOM_UI_INPUT_H

#include <stddef.h>
#include <stdint.h>

/* A key is a character, one of these, or a pasted character (with KEY_PASTED set). */
enum {
    K_OTHER = 0x200000, /* a key that means nothing here */
    K_UP,
    K_DOWN,
    K_LEFT,
    K_RIGHT,
    K_HOME,
    K_END,
    K_PAGE_UP,
    K_PAGE_DOWN,
    K_BACKTAB,
    K_F1,
    K_ENTER,
    K_TAB,
    K_BACKSPACE,
    K_ESC,
};

#define K_PASTED 0x40000000
#define K_CTRL(letter) ((letter)&0x1f)

#define INPUT_MAX_KEYS 512

struct input {
    int state; /* private from here on */
    unsigned char seq[16];
    size_t len;
    size_t matched;   /* bytes of the paste's end seen so far */
    int64_t since_us; /* of the state */
    int64_t torn_until_us;
};

struct input_keys {
    int count;
    int32_t keys[INPUT_MAX_KEYS];
};

/* n <= INPUT_MAX_KEYS / 2. Appends to out. */
void input_feed(struct input *in, const unsigned char *bytes, size_t n, int64_t now_us,
                struct input_keys *out);

/* What time alone decides (a lone ESC). Appends to out. */
void input_tick(struct input *in, int64_t now_us, struct input_keys *out);

/* Microseconds until input_tick is due; -1: it is not. */
int64_t input_wait_us(const struct input *in, int64_t now_us);

#endif
