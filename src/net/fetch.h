/* One small document fetched by whoever asks, on his own thread: what lies behind a URL that a
 * webhook named. Not for mail: that has net.h. */
#ifndef POSTROOM_NET_FETCH_H
#define POSTROOM_NET_FETCH_H

#include "base/buf.h"
#include "core/settings.h"

/* The body of a 200 to a GET of this https URL, appended to out, whose max caps it. Certificates
 * are verified (settings: ca_file), redirects not followed, no address of this machine or its link
 * is connected to. Waits 8 s at most. Any thread, after net_global_init. */
bool net_fetch(const struct settings *s, const char *url, struct buf *out,
               struct err *err) MUST_CHECK;

#endif
