/* show: one message, all that is known of it, with its attempts. */
#include "app/cmd.h"
#include "app/tool.h"
#include "base/json.h"
#include "base/str.h"
#include "db/list.h"

#include <stdio.h>
#include <string.h>

#define SHOW_MAX ((size_t)256 * 1024 * 1024)

static const struct option options[] = {
    {"json", NULL, "one JSON object, with the bodies", false},
    {NULL, NULL, NULL, false},
};

/* Any JSON value on one line: texts as they are, the rest as JSON. */
static void add_value(struct tool_table *t, const struct json *v) {
    struct buf text;
    buf_init(&text, SHOW_MAX);
    if (json_type(v) == JSON_STRING)
        buf_puts(&text, json_text(v));
    else if (json_type(v) != JSON_NULL)
        json_print(&text, v);
    tool_table_add(t, buf_text(&text));
    t->text.failed |= text.failed;
    buf_free(&text);
}

/* Every column that is not null, except the lists below it. */
static bool print_columns(const struct json *message, struct err *err) {
    struct tool_table t;
    tool_table_start(&t, 2);
    for (const struct json *v = json_first(message); v; v = json_next(v)) {
        const char *key = json_key(v);
        if (json_type(v) == JSON_NULL || str_eq(key, "attempts") || str_eq(key, "journal"))
            continue;
        tool_table_add(&t, key);
        add_value(&t, v);
    }
    return tool_table_print(&t, err);
}

/* A list of objects as a table: keys[] are members and, in capitals, headings. */
static bool print_rows(const struct json *list, const char *title, const char *const *keys,
                       int columns, struct err *err) {
    struct tool_table t;
    if (json_size(list) == 0)
        return true;
    printf("\n%s\n", title);
    tool_table_start(&t, columns);
    for (int i = 0; i < columns; i++)
        tool_table_add(&t, keys[i]);
    for (const struct json *row = json_first(list); row; row = json_next(row))
        for (int i = 0; i < columns; i++)
            add_value(&t, json_get(row, keys[i]));
    return tool_table_print(&t, err);
}

static bool print_message(const struct buf *doc, struct err *err) {
    static const char *const attempts[] = {"at",     "attempt",    "outcome",  "ms",
                                           "worker", "request_id", "position", "error"};
    static const char *const journal[] = {"at", "who", "what"};
    struct json *message = json_parse(buf_text(doc), doc->len, SHOW_MAX, err);
    if (!message)
        return false;
    bool done =
        print_columns(message, err) &&
        print_rows(json_get(message, "attempts"), "attempts, newest first", attempts, 8, err) &&
        print_rows(json_get(message, "journal"), "what operators did", journal, 3, err);
    json_free(message);
    return done;
}

static int run(const struct args *args, const struct settings *s) {
    struct err err;
    struct buf doc;
    bool json = args_has(args, "json");
    if (args->word_count == 0)
        return cmd_usage(args->cmd, "which message? Give its ID");
    struct db *db = tool_open(s, DB_READONLY, &err);
    if (!db)
        return cmd_fail(&err);
    buf_init(&doc, SHOW_MAX);
    bool done = list_show(db, args->words[0], json, &doc, &err);
    if (done && json)
        printf("%s\n", buf_text(&doc));
    else if (done)
        done = print_message(&doc, &err);
    buf_free(&doc);
    db_free(db);
    return done ? EXIT_DONE : cmd_fail(&err);
}

const struct cmd cmd_show = {
    .name = "show",
    .arguments = "ID",
    .summary = "show one message with its attempts",
    .options = options,
    .max_words = 1,
    .run = run,
};
