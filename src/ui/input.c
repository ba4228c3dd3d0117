/* Bytes from the terminal -> keys: a small state machine. */
#include "ui/input.h"

#include "base/clock.h"
#include "base/str.h"

#include <string.h>

#define ESC 0x1b
#define ESC_WAIT_US (100 * USEC_PER_MS) /* ESC alone, or the start of a sequence? */
#define TORN_US USEC_PER_SEC            /* the rest of a torn sequence may come this late */
#define PASTE_IDLE_US USEC_PER_SEC

enum {
    GROUND,
    UTF8,
    ESCAPE,
    CSI,
    SS3,
    CONSOLE,
    SWALLOW_CSI,
    SWALLOW_SS3,
    PASTE
};

static const char paste_end[] = "\033[201~";

static void emit(struct input_keys *out, int32_t key) {
    if (out->count < INPUT_MAX_KEYS)
        out->keys[out->count++] = key;
}

static void enter(struct input *in, int state, int64_t now_us) {
    in->state = state;
    in->since_us = now_us;
    in->len = 0;
    in->matched = 0;
}

static int32_t by_letter(unsigned char final) {
    switch (final) {
    case 'A':
        return K_UP;
    case 'B':
        return K_DOWN;
    case 'C':
        return K_RIGHT;
    case 'D':
        return K_LEFT;
    case 'F':
        return K_END;
    case 'H':
        return K_HOME;
    case 'P':
        return K_F1;
    case 'Z':
        return K_BACKTAB;
    default:
        return K_OTHER;
    }
}

static int32_t by_number(int number) {
    switch (number) {
    case 1:
    case 7:
        return K_HOME;
    case 4:
    case 8:
        return K_END;
    case 5:
        return K_PAGE_UP;
    case 6:
        return K_PAGE_DOWN;
    case 11:
        return K_F1;
    default:
        return K_OTHER;
    }
}

/* seq holds the parameters, final ends them. */
static void end_csi(struct input *in, unsigned char final, int64_t now_us, struct input_keys *out) {
    int number = 0;
    for (size_t i = 0; i < in->len && in->seq[i] >= '0' && in->seq[i] <= '9'; i++)
        number = number < 10000 ? number * 10 + in->seq[i] - '0' : number;
    if (final == '~' && number == 200) {
        enter(in, PASTE, now_us);
        return;
    }
    enter(in, GROUND, now_us);
    if (final == '~' && number != 201)
        emit(out, by_number(number));
    else if (final != '~')
        emit(out, by_letter(final));
}

static void on_csi(struct input *in, unsigned char b, int64_t now_us, struct input_keys *out) {
    if (in->len == 0 && b == '[') { /* the Linux console's F1 is ESC [ [ A */
        in->state = CONSOLE;
    } else if (b >= 0x40 && b <= 0x7e) {
        end_csi(in, b, now_us, out);
    } else if (b == ESC) {
        enter(in, ESCAPE, now_us);
    } else {
        size_t last = sizeof in->seq - 1;
        in->seq[in->len < last ? in->len++ : last] = b;
    }
}

static void on_ground(struct input *in, unsigned char b, int64_t now_us, struct input_keys *out) {
    bool torn = now_us < in->torn_until_us && (b == '[' || b == 'O');
    in->torn_until_us = 0;
    if (torn) {
        enter(in, b == '[' ? SWALLOW_CSI : SWALLOW_SS3, now_us);
    } else if (b == ESC) {
        enter(in, ESCAPE, now_us);
    } else if (b == '\r' || b == '\n') {
        emit(out, K_ENTER);
    } else if (b == '\t') {
        emit(out, K_TAB);
    } else if (b == 0x7f || b == 0x08) {
        emit(out, K_BACKSPACE);
    } else if (b < 0x80) {
        emit(out, b);
    } else {
        enter(in, UTF8, now_us);
        in->seq[in->len++] = b;
    }
}

/* A character is whole, or broken for good (then K_OTHER), or needs more bytes. */
static void on_utf8(struct input *in, unsigned char b, int64_t now_us, struct input_keys *out,
                    int32_t flag) {
    uint32_t ch;
    if (b >= 0x80 && in->len < 4)
        in->seq[in->len++] = b;
    if (str_utf8_next((const char *)in->seq, in->len, &ch) == in->len) {
        emit(out, (int32_t)ch | flag);
        in->len = 0;
    } else if (b < 0x80 || in->len == 4) {
        in->len = 0;
        emit(out, K_OTHER);
    }
    if (in->len == 0 && in->state == UTF8)
        enter(in, GROUND, now_us);
}

static void on_escape(struct input *in, unsigned char b, int64_t now_us, struct input_keys *out) {
    if (b == '[' || b == 'O') {
        enter(in, b == '[' ? CSI : SS3, now_us);
    } else if (b == ESC) {
        emit(out, K_ESC);
        enter(in, ESCAPE, now_us);
    } else { /* Alt and a letter must not act as the letter */
        enter(in, GROUND, now_us);
        emit(out, K_OTHER);
    }
}

static void paste_byte(struct input *in, unsigned char b, int64_t now_us, struct input_keys *out) {
    if (in->len > 0 || b >= 0x80) {
        on_utf8(in, b, now_us, out, K_PASTED);
        if (b >= 0x80)
            return;
    }
    emit(out, b | K_PASTED);
}

static void on_paste(struct input *in, unsigned char b, int64_t now_us, struct input_keys *out) {
    in->since_us = now_us;
    if (b == (unsigned char)paste_end[in->matched]) {
        if (++in->matched == sizeof paste_end - 1)
            enter(in, GROUND, now_us);
        return;
    }
    in->matched = b == ESC ? 1 : 0; /* what looked like the end was control text: dropped */
    if (in->matched == 0)
        paste_byte(in, b, now_us, out);
}

static void on_byte(struct input *in, unsigned char b, int64_t now_us, struct input_keys *out) {
    switch (in->state) {
    case UTF8:
        if (b < 0x80) { /* broken off: this byte stands for itself */
            enter(in, GROUND, now_us);
            emit(out, K_OTHER);
            on_ground(in, b, now_us, out);
        } else {
            on_utf8(in, b, now_us, out, 0);
        }
        break;
    case ESCAPE:
        on_escape(in, b, now_us, out);
        break;
    case CSI:
        on_csi(in, b, now_us, out);
        break;
    case SS3:
        enter(in, GROUND, now_us);
        emit(out, by_letter(b));
        break;
    case CONSOLE:
        enter(in, GROUND, now_us);
        emit(out, b == 'A' ? K_F1 : K_OTHER);
        break;
    case SWALLOW_CSI:
        if (b >= 0x40 && b <= 0x7e)
            enter(in, GROUND, now_us);
        break;
    case SWALLOW_SS3:
        enter(in, GROUND, now_us);
        break;
    case PASTE:
        on_paste(in, b, now_us, out);
        break;
    default:
        on_ground(in, b, now_us, out);
        break;
    }
}

void input_feed(struct input *in, const unsigned char *bytes, size_t n, int64_t now_us,
                struct input_keys *out) {
    input_tick(in, now_us, out);
    for (size_t i = 0; i < n; i++)
        on_byte(in, bytes[i], now_us, out);
}

static int64_t limit_us(const struct input *in) {
    switch (in->state) {
    case GROUND:
        return -1;
    case ESCAPE:
        return ESC_WAIT_US;
    case PASTE:
        return PASTE_IDLE_US;
    default:
        return TORN_US;
    }
}

void input_tick(struct input *in, int64_t now_us, struct input_keys *out) {
    int64_t limit = limit_us(in);
    if (limit < 0 || now_us - in->since_us < limit)
        return;
    if (in->state == ESCAPE) {
        emit(out, K_ESC);
        in->torn_until_us = in->since_us + TORN_US;
    }
    enter(in, GROUND, now_us);
}

int64_t input_wait_us(const struct input *in, int64_t now_us) {
    int64_t limit = limit_us(in);
    if (limit < 0)
        return -1;
    int64_t left = in->since_us + limit - now_us;
    return left > 0 ? left : 0;
}
