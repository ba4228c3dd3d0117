/* The published document: it is refused in one sentence, or every text of the picture is there and
 * a state can be told from it. */
#include "core/snapshot.h"
#include "core/verdict.h"

#include "fuzz/fuzz.h"

#define NOW INT64_C(1789960326000000)

static void check_text(const char *s) {
    CHECK(s && str_is_utf8(s, strlen(s)));
}

static void check_texts(const struct snapshot *s) {
    check_text(s->database);
    check_text(s->operator_name);
    check_text(s->paused_by);
    check_text(s->paused_reason);
    for (int i = 0; i < s->lane_count; i++) {
        check_text(s->lanes[i].name);
        check_text(s->lanes[i].reason);
        check_text(s->lanes[i].text);
    }
    for (int i = 0; i < s->error_count; i++) {
        check_text(s->errors[i].code);
        check_text(s->errors[i].text);
    }
    for (int i = 0; i < s->worker_count; i++) {
        check_text(s->workers[i].name);
        check_text(s->workers[i].state);
    }
    for (int i = 0; i < s->operator_count; i++) {
        check_text(s->operators[i].name);
        check_text(s->operators[i].did);
    }
    for (int i = 0; i < s->journal_count; i++) {
        check_text(s->journal[i].who);
        check_text(s->journal[i].what);
    }
    for (int i = 0; i < s->event_count; i++) {
        check_text(s->events[i].id);
        check_text(s->events[i].to);
        check_text(s->events[i].error);
    }
    for (int i = 0; i < s->mark_count; i++)
        check_text(s->marks[i].text);
}

static void check_verdict(const struct snapshot *s, int64_t now_us) {
    struct state_row row;
    memset(&row, 0xaa, sizeof row);
    verdict_of(s, now_us, &row);
    CHECK(row.state < STATE_COUNT && state_name(row.state));
    CHECK_TEXT(row.figure);
    CHECK_TEXT(row.sentence);
    CHECK_TEXT(row.sentence_more);
    CHECK_TEXT(row.brief);
    CHECK_TEXT(row.why);
    CHECK_TEXT(row.why_more);
    CHECK_TEXT(row.why_brief);
    CHECK_TEXT(row.todo);
    CHECK(row.sentence[0]);
    struct verdict_held held = {0};
    verdict_note(s, &held);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct err err = {0};
    struct snapshot *s = snapshot_parse((const char *)data, n, &err);
    if (!s) {
        CHECK(err.code == ERR_INVALID && err.text[0] && str_is_clean(err.text));
        return 0;
    }
    check_texts(s);
    check_verdict(s, NOW);
    if (s->published_at_us >= 0)
        check_verdict(s, s->published_at_us);
    struct snapshot *away = snapshot_away(s, &err);
    CHECK(away);
    snapshot_release(s);
    check_texts(away);
    check_verdict(away, NOW);
    snapshot_release(away);
    return 0;
}
