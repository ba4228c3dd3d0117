/* The registry: providers by name. Constant; any thread. */
#include "provider/internal.h"

#include "base/str.h"

static const struct provider *const all[] = {&provider_resend, &provider_sendgrid, &provider_ses,
                                             &provider_smtp, &provider_null};

const struct provider *provider_find(const char *name) {
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (str_eq(all[i]->name, name)) {
            return all[i];
        }
    }
    return NULL;
}

const char *provider_names(void) {
    return "resend, sendgrid, ses, smtp, null";
}
