/* A growing list of findings. See findings.h. */
#include "core/findings.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>

#define ROOM_STEP 32

const char *finding_level_name(enum finding_level level) {
    static const char *const names[] = {
        [FINDING_OK] = "ok",
        [FINDING_NOTE] = "note",
        [FINDING_UNKNOWN] = "unknown",
        [FINDING_MEND] = "mend",
    };
    return names[level];
}

void findings_init(struct findings *f) {
    *f = (struct findings){0};
}

void findings_free(struct findings *f) {
    mem_free(f->all);
    findings_init(f);
}

static bool make_room(struct findings *f) {
    if (f->n < f->room)
        return true;
    struct finding *more = mem_resize(f->all, (size_t)(f->room + ROOM_STEP) * sizeof *more);
    if (!more) {
        f->failed = true;
        return false;
    }
    f->all = more;
    f->room += ROOM_STEP;
    return true;
}

PRINTF_LIKE(3, 0)
static void write_line(char *dst, size_t size, const char *fmt, va_list args) {
    char text[1024];
    vsnprintf(text, sizeof text, fmt, args);
    str_copy_line(dst, size, text);
}

void findings_add(struct findings *f, enum finding_level level, const char *check, const char *fmt,
                  ...) {
    if (!make_room(f))
        return;
    struct finding *new = &f->all[f->n++];
    *new = (struct finding){.level = level, .check = check};
    va_list args;
    va_start(args, fmt);
    write_line(new->text, sizeof new->text, fmt, args);
    va_end(args);
}

void findings_remedy(struct findings *f, const char *fmt, ...) {
    if (f->n == 0 || f->failed)
        return;
    va_list args;
    va_start(args, fmt);
    write_line(f->all[f->n - 1].remedy, sizeof f->all[0].remedy, fmt, args);
    va_end(args);
}

int findings_count(const struct findings *f, enum finding_level level) {
    int count = 0;
    for (int i = 0; i < f->n; i++)
        count += f->all[i].level == level;
    return count;
}
