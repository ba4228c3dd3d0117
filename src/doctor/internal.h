/* What the files of src/doctor call of each other. */
#ifndef POSTROOM_DOCTOR_INTERNAL_H
#define POSTROOM_DOCTOR_INTERNAL_H

#include "doctor/doctor.h"

/* config.c; false: the provider's part is not complete, so it is not asked. */
bool doctor_config(const struct config *config, struct findings *out);

/* database.c */
void doctor_database(const struct settings *s, struct findings *out);

/* provider.c */
void doctor_provider(const struct settings *s, struct findings *out);

/* place.c: the state folder, the terminal, the locale */
void doctor_place(struct findings *out);

/* clock.c: ours is ahead of (negative: behind) another one, microseconds; it was read to within
 * `about_us`. check: "clock.database" ... */
void doctor_clock(const char *check, const char *whose, int64_t ahead_us, int64_t about_us,
                  struct findings *out);

#endif
