/* What became of a message that left a list, in words: whose deed it was, and where it is now. */
#include "ui/fate.h"

#include "base/str.h"
#include "ui/text.h"

#define WHOLE_ID_COLS 120

/* The journal's verb as it reads behind a message; NULL: the deed is no such. */
static const char *done_to_it(const char *what) {
    return str_starts(what, "retrie")   ? "retried"
           : str_starts(what, "cancel") ? "cancelled"
           : str_starts(what, "mark")   ? "marked as sent"
                                        : NULL;
}

/* It is still what the list holds: others stand before it now, or its time has come. */
static const char *moved(const struct page *p) {
    return str_eq(p->want.filter.status, "scheduled") ? "is due now" : "stands further down now";
}

static bool is_as_listed(const struct page *p) {
    const char *list = p->want.filter.status, *status = p->message.row.status;
    if (str_eq(status, "pending"))
        return str_eq(list, "pending") || str_eq(list, "scheduled");
    if (str_eq(status, "failed"))
        return (str_eq(list, "") || str_eq(list, "uncertain")) &&
               str_eq(p->message.row.error_code, p->want.filter.error_code);
    return str_eq(status, list);
}

static void say_where(const struct page *p, char *dst, size_t size) {
    const struct page_row *row = &p->message.row;
    if (p->trouble[0] != '\0')
        str_copy(dst, size, "is no longer here");
    else if (row->id[0] == '\0')
        str_copy(dst, size, "was deleted");
    else if (is_as_listed(p))
        str_copy(dst, size, moved(p));
    else if (str_eq(row->status, "pending"))
        str_copy(dst, size, "waits to be sent");
    else if (str_eq(row->status, "processing"))
        str_copy(dst, size, "is being sent");
    else if (str_eq(row->status, "sent") || str_eq(row->status, "cancelled"))
        str_format(dst, size, "was %s", row->status);
    else if (str_eq(row->status, "failed"))
        str_format(dst, size, "failed: %s", row->error[0] != '\0' ? row->error : row->error_code);
    else
        str_format(dst, size, "is %s now", row->status);
}

void fate_say(const struct page *p, int cols, const char *ellipsis, char *dst, size_t size) {
    char id[80], where[160];
    const char *deed = p->journal_count > 0 ? done_to_it(p->journal[0].what) : NULL;
    if (cols >= WHOLE_ID_COLS)
        str_copy(id, sizeof id, p->want.id);
    else
        text_short_id(id, sizeof id, p->want.id, ellipsis);
    say_where(p, where, sizeof where);
    bool all =
        deed != NULL && (!str_eq(deed, "retried") || str_eq(p->message.row.status, "pending"));
    if (deed == NULL)
        str_format(dst, size, "%s %s", id, where);
    else
        str_format(dst, size, "%s was %s by %s%s%s", id, deed, p->journal[0].who,
                   all ? "" : ", and ", all ? "" : where);
}
