/* why: in one line what a message waits for, and until when. */
#include "app/cmd.h"
#include "app/tool.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "db/why.h"

#include <stdio.h>

#define LINE_MAX_BYTES ((size_t)8192)

static const struct option options[] = {
    {"json", NULL, "one JSON object", false},
    {NULL, NULL, NULL, false},
};

static void print_line(const struct why_answer *a, struct buf *out) {
    str_sanitize(out, a->text, LINE_MAX_BYTES / 2);
}

static void print_json(const char *id, const struct why *w, const struct why_answer *a,
                       struct buf *out) {
    struct json_writer j;
    char until[25];
    clock_format_utc(until, sizeof until, a->until_us);
    jw_init(&j, out);
    jw_object(&j);
    jw_kv_text(&j, "id", id);
    jw_kv_text(&j, "status", w->status);
    jw_kv_text(&j, "state", a->state);
    jw_kv_text(&j, "until", a->until_us >= 0 ? until : NULL);
    jw_key(&j, "behind");
    if (w->behind >= 0)
        jw_int(&j, w->behind);
    else
        jw_null(&j);
    jw_kv_text(&j, "why", a->text);
    jw_object_end(&j);
}

static int run(const struct args *args, const struct settings *s) {
    struct err err;
    struct why w;
    struct why_answer a;
    struct buf out;
    if (args->word_count == 0)
        return cmd_usage(args->cmd, "which message? Give its ID");
    struct db *db = tool_open(s, DB_READONLY, &err);
    if (!db)
        return cmd_fail(&err);
    bool done = why_read(db, args->words[0], &w, &err);
    db_free(db);
    if (!done)
        return cmd_fail(&err);
    why_of(&w, &a);
    buf_init(&out, LINE_MAX_BYTES);
    if (args_has(args, "json"))
        print_json(args->words[0], &w, &a, &out);
    else
        print_line(&a, &out);
    done = !out.failed || err_nomem(&err);
    if (done) {
        tool_print_json(buf_text(&out), out.len); /* changes nothing in the cleaned line */
        putchar('\n');
    }
    buf_free(&out);
    return done ? EXIT_DONE : cmd_fail(&err);
}

const struct cmd cmd_why = {
    .name = "why",
    .arguments = "ID",
    .summary = "say what a message waits for, and until when",
    .details = "One line; times are UTC by the database's clock.",
    .options = options,
    .max_words = 1,
    .run = run,
};
