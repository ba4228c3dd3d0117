/* Three bytes are four characters. Pure; any thread. */
#include "base/base64.h"

void base64_add(struct buf *out, const void *data, size_t n) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
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
