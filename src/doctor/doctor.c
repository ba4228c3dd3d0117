/* The order of the examination. See doctor.h. */
#include "doctor/internal.h"

void doctor_examine(const struct config *config, struct findings *out) {
    const struct settings *s = config_settings(config);
    bool complete = doctor_config(config, out);
    doctor_database(s, out);
    if (complete)
        doctor_provider(s, out);
    doctor_place(out);
}
