/* How a page's documents say numbers and times, for those who make pages of them. */
#ifndef POSTROOM_CORE_PAGE_READ_H
#define POSTROOM_CORE_PAGE_READ_H

#include "base/json.h"

int64_t page_read_int(const struct json *object, const char *key);  /* -1: unknown */
int64_t page_read_time(const struct json *object, const char *key); /* RFC 3339 or microseconds */
int64_t page_read_at(const struct json *row); /* what a list goes by: failed, due, sent, ... */

#endif
