/* Tags where a provider takes ASCII letters, digits, '_' and '-' only, at most 256 of them, in
 * names and values (Resend, SES). Every mail carries the tag postroom_id, so that events find their
 * message: an id of these characters goes as it is, any other (and one that begins with "hex-") as
 * "hex-" and its bytes in lower-case hexadecimal, which can be undone. Pure; any thread. */
#ifndef POSTROOM_PROVIDER_TAGS_H
#define POSTROOM_PROVIDER_TAGS_H

#include "base/json.h"
#include "core/message.h"

#define TAG_MAX 256
#define TAG_ID "postroom_id"

/* The message's id as such a value; false: it would be too long. */
bool tag_id(char dst[TAG_MAX + 1], const char *id);

/* Do the message's id and its column `tags` fit, at most `most` of them with ours? provider: its
 * name, for the error. code: 64 bytes. */
bool tags_fit(const struct message *m, int most, const char *provider, char code[64],
              struct err *err);

/* The array under `key`: objects with the members `name` and `value`, the id's first. */
bool tags_write(struct json_writer *w, const char *key, const char *name, const char *value,
                const struct message *m, struct err *err);

#endif
