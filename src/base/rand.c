/* Jitter from splitmix64: small, seedable, good enough to spread retries. Identifiers come from
 * the kernel. A struct rand belongs to one thread; rand_uuid may be called by any. */
#include "base/rand.h"

#include "base/clock.h"
#include "base/str.h"

#include <errno.h>
#include <sys/random.h>

void rand_seed(struct rand *r, uint64_t seed) {
    r->state = seed;
}

static uint64_t next(struct rand *r) {
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 64 bits from the kernel; where a sandbox forbids that, from the clock and an address. */
static uint64_t from_kernel(void) {
    uint64_t bits = 0;
    ssize_t n;
    do {
        n = getrandom(&bits, sizeof bits, 0);
    } while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof bits) {
        struct rand r = {(uint64_t)clock_boot_us() ^ (uint64_t)clock_wall_us() << 20 ^
                         (uint64_t)(uintptr_t)&bits};
        bits = next(&r);
    }
    return bits;
}

void rand_seed_random(struct rand *r) {
    rand_seed(r, from_kernel());
}

double rand_between(struct rand *r, double low, double high) {
    double unit = (double)(next(r) >> 11) * 0x1.0p-53; /* 0 <= unit < 1 */
    double x = low + unit * (high - low);
    return x < high ? x : low; /* rounding may reach high */
}

/* Two words of the kernel's, asked for by the dozen: a request's id should not cost two system
 * calls. Each thread has its own store. */
static void words(uint64_t *a, uint64_t *b) {
    enum {
        STORE = 32
    };
    static _Thread_local uint64_t store[STORE];
    static _Thread_local int left;
    if (left == 0 && getrandom(store, sizeof store, 0) == (ssize_t)sizeof store)
        left = STORE;
    *a = left > 0 ? store[--left] : from_kernel();
    *b = left > 0 ? store[--left] : from_kernel();
}

void rand_uuid(char dst[UUID_TEXT]) {
    uint64_t a, b;
    words(&a, &b);
    a = (a & ~UINT64_C(0xf000)) | 0x4000;               /* version 4 */
    b = (b & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62; /* variant 1 */
    str_format(dst, UUID_TEXT, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(a >> 32),
               (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xffff), (unsigned)(b >> 48),
               (unsigned long long)(b & UINT64_C(0xffffffffffff)));
}
