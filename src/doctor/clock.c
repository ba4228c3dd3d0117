/* Two clocks compared. What is due is decided by the database's clock alone, so a wrong one here
 * sends nothing early; but signatures of requests and of webhooks hold for minutes only. */
#include "doctor/internal.h"

#include "base/clock.h"
#include "core/figures.h"

#define WORTH_SAYING_US (2 * USEC_PER_SEC)
#define TOO_FAR_US (60 * USEC_PER_SEC) /* signatures hold for 300 s */

void doctor_clock(const char *check, const char *whose, int64_t ahead_us, int64_t about_us,
                  struct findings *out) {
    int64_t off = ahead_us < 0 ? -ahead_us : ahead_us;
    int64_t sure = off > about_us ? off - about_us : 0;
    if (sure < WORTH_SAYING_US) {
        findings_add(out, FINDING_OK, check, "this machine's clock and %s agree", whose);
        return;
    }
    findings_add(out, sure < TOO_FAR_US ? FINDING_NOTE : FINDING_MEND, check,
                 "this machine's clock is %s %s %s", figure_age_exact(off).text,
                 ahead_us > 0 ? "ahead of" : "behind", whose);
    findings_remedy(out, "let both follow a time server (timedatectl set-ntp true)");
}
