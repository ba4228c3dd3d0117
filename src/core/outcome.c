/* Names of the lane's faults, as the lane's row keeps them. */
#include "core/outcome.h"

#include "base/str.h"

static const char *const names[] = {
    [LANE_OK] = "",
    [LANE_RATE] = "rate",
    [LANE_DAILY] = "daily",
    [LANE_MONTHLY] = "monthly",
    [LANE_KEY] = "key",
    [LANE_SENDER] = "sender",
    [LANE_SUSPENDED] = "suspended",
    [LANE_DOWN] = "down",
};
enum {
    FAULTS = sizeof names / sizeof names[0]
};

const char *lane_fault_name(enum lane_fault f) {
    return (int)f < FAULTS ? names[f] : "";
}

enum lane_fault lane_fault_from(const char *name) {
    for (int f = 0; f < FAULTS; f++) {
        if (str_eq(name, names[f])) {
            return (enum lane_fault)f;
        }
    }
    return LANE_OK;
}
