/* Freeing a manifest: the owner's thread only. */
#include "core/manifest.h"

#include "base/mem.h"

void manifest_done(struct manifest *m) {
    for (int i = 0; i < m->n; i++) {
        message_done(&m->messages[i]);
    }
    mem_free(m->messages);
    *m = (struct manifest){0};
}
