/* The rules of SPEC's "life of a message" for what came back, as one pure function.
 *
 *   outcome      | row                                                        | counts | request
 *   sent         | sent                                                       | no     | closed
 *   rejected     | failed for good                                            | yes    | closed
 *   retry        | failed, next attempt while any is left                     | yes    | kept
 * unless definite release      | pending                                                    | no |
 * closed soon         | pending, in a second (without a key: as uncertain)         | no     | kept
 *   uncertain    | with a key and attempts left: failed, next attempt         | yes    | kept
 *                | else, on_uncertain = retry and attempts left: the same     | yes    | closed
 *                | else: failed for good as "uncertain"                       | no     | closed
 *   held         | failed for good as "uncertain", whatever the policy        | no     | closed
 */
#include "core/retry.h"

#include "base/str.h"

#define SOON_MS 1000
#define LONGEST_WISH_MS                                                                            \
    (INT64_C(24) * 3600 * 1000) /* a provider's Retry-After beyond it is cut                       \
                                 */

int64_t retry_backoff_ms(int retry_count, const struct retry_policy *policy, double jitter) {
    int64_t max = policy->backoff_max_ms > 0 ? policy->backoff_max_ms : 0;
    int64_t wait = policy->backoff_min_ms > 0 ? policy->backoff_min_ms : 0;
    for (int i = 0; i < retry_count && wait > 0 && wait < max; i++) {
        wait = wait > max / 2 ? max : wait * 2;
    }
    wait = wait < max ? wait : max;
    double spread = (double)wait * jitter;
    if (!(spread >= 0)) {
        return 0;
    }
    return spread < (double)max ? (int64_t)spread : max;
}

static void become(struct verdict *v, const char *status, bool counts, const char *code) {
    v->status = status;
    v->counts = counts;
    str_copy_line(v->error_code, sizeof v->error_code, code);
    if (code[0] == '\0') {
        v->error_message[0] = '\0';
    }
}

static void back_to_pending(struct verdict *v) {
    become(v, "pending", false, "");
}

/* Failed, and tried again by itself where an attempt is left. */
static void fail_once(struct verdict *v, const char *code, int64_t next_ms, bool keep) {
    become(v, "failed", true, code);
    v->next_attempt_ms = next_ms;
    v->keep_request = keep && next_ms >= 0;
}

/* Nobody knows whether it was sent: an operator or the application decides. */
static void hold(struct verdict *v) {
    become(v, "failed", false, "uncertain");
    if (v->error_message[0] == '\0') {
        str_copy(v->error_message, sizeof v->error_message,
                 "no answer came back: the mail may have been sent");
    }
}

static void uncertain(struct verdict *v, const char *code, int64_t next_ms,
                      const struct retry_policy *policy) {
    bool again = policy->has_key || policy->on_uncertain == UNCERTAIN_RETRY;
    if (next_ms >= 0 && again) {
        fail_once(v, code[0] ? code : "lost", next_ms, policy->has_key);
    } else {
        hold(v);
    }
}

static int64_t wish(int64_t retry_after_ms) {
    return retry_after_ms < LONGEST_WISH_MS ? retry_after_ms : LONGEST_WISH_MS;
}

/* When the next attempt is, counted from now; -1: none is left. */
static int64_t next_attempt_ms(int retry_count, int64_t retry_after_ms,
                               const struct retry_policy *policy, double jitter) {
    if (retry_count >= policy->max_attempts - 1) {
        return -1;
    }
    return retry_after_ms >= 0 ? wish(retry_after_ms)
                               : retry_backoff_ms(retry_count, policy, jitter);
}

void retry_decide(const struct outcome *o, bool definite, int retry_count, int64_t retry_after_ms,
                  const struct retry_policy *policy, double jitter, struct verdict *out) {
    int64_t next_ms = next_attempt_ms(retry_count, retry_after_ms, policy, jitter);
    *out = (struct verdict){.next_attempt_ms = -1};
    str_copy_line(out->error_message, sizeof out->error_message, o->reason);

    switch (o->kind) {
    case OUTCOME_SENT:
        become(out, "sent", false, "");
        return;
    case OUTCOME_REJECTED:
        become(out, "failed", true, o->code[0] ? o->code : "rejected");
        return;
    case OUTCOME_RETRY:
        fail_once(out, o->code[0] ? o->code : "temporary", next_ms, !definite && policy->has_key);
        return;
    case OUTCOME_RELEASE:
        back_to_pending(out);
        return;
    case OUTCOME_SOON:
        if (policy->has_key) {
            back_to_pending(out);
            out->next_attempt_ms = retry_after_ms >= 0 ? wish(retry_after_ms) : SOON_MS;
            out->keep_request = true;
            return;
        }
        uncertain(out, o->code, next_ms, policy);
        return;
    case OUTCOME_UNCERTAIN:
        uncertain(out, o->code, next_ms, policy);
        return;
    case OUTCOME_HELD:
        hold(out);
        return;
    }
    hold(out); /* a kind from the future proves nothing */
}
