/* Three bytes are four characters. Pure; any thread. */
#include "base/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct buf *out, const void *data, size_t n) {
    const unsigned char *in = data;
    for (size_t i = 0; i < n; i += 3) {
        unsigned bits = (unsigned)in[i] << 16;
        bits |= i + 1 < n ? (unsigned)in[i + 1] << 8 : 0;
        bits |= i + 2 < n ? in[i + 2] : 0;
        char quad[4] = {digits[bits >> 18], digits[bits >> 12 & 63],
                        i + 1 < n ? digits[bits >> 6 & 63] : '=',
                        i + 2 < n ? digits[bits & 63] : '='};
        buf_add(out, quad, sizeof quad);
    }
}

/* The bits that are left over at the end must be zero, so that each text has one meaning. */
bool base64_decode(struct buf *out, const char *text, size_t n) {
    unsigned bits = 0;
    int held = 0; /* bits of it that wait */
    for (int padding = 0; n > 0 && text[n - 1] == '=' && padding < 2; padding++)
        n--;
    if (n % 4 == 1)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        if (!digit)
            return false;
        bits = (bits << 6 | (unsigned)(digit - digits)) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            buf_addc(out, (char)(bits >> held & 0xff));
        }
    }
    return (bits & ((1U << held) - 1)) == 0 && !out->failed;
}
