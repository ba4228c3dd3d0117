/* A mail's HTML: whatever it is, it becomes text, valid where it was valid, in bounded space. */
#include "core/html.h"

#include "fuzz/fuzz.h"

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct buf out;
    buf_init(&out, (size_t)1 << 20);
    html_text(&out, (const char *)data, n);
    if (!out.failed && out.len > 0)
        CHECK(buf_text(&out)[out.len - 1] == '\n');
    if (!out.failed && str_is_utf8((const char *)data, n))
        CHECK(str_is_utf8(buf_text(&out), out.len));
    buf_free(&out);
    return 0;
}
