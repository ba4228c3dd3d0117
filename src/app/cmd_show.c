/* show: one message, all that is known of it, with its attempts and what became of it afterwards;
 * or the mail that it is. */
#include "app/cmd.h"
#include "app/tool.h"
#include "base/json.h"
#include "base/str.h"
#include "core/mime.h"
#include "db/kept.h"
#include "db/list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SHOW_MAX ((size_t)256 * 1024 * 1024)

static const struct option options[] = {
    {"json", NULL, "one JSON object, with the bodies", false},
    {"raw", NULL, "the mail as it would be sent by SMTP, into a file or pipe", false},
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

static bool is_list(const char *key) {
    return str_eq(key, "attempts") || str_eq(key, "events") || str_eq(key, "journal");
}

/* Every column that is not null, except the lists below it. */
static bool print_columns(const struct json *message, struct err *err) {
    struct tool_table t;
    tool_table_start(&t, 2);
    for (const struct json *v = json_first(message); v; v = json_next(v)) {
        const char *key = json_key(v);
        if (json_type(v) == JSON_NULL || is_list(key))
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
    static const char *const events[] = {"at", "event", "bounce_type", "recipient", "detail"};
    static const char *const journal[] = {"at", "who", "what"};
    struct json *message = json_parse(buf_text(doc), doc->len, SHOW_MAX, err);
    if (!message)
        return false;
    bool done =
        print_columns(message, err) &&
        print_rows(json_get(message, "attempts"), "attempts, newest first", attempts, 8, err) &&
        print_rows(json_get(message, "events"), "events, newest first", events, 5, err) &&
        print_rows(json_get(message, "journal"), "what operators did", journal, 3, err);
    json_free(message);
    return done;
}

/* The mail itself, which may hold anything: never to a terminal. */
static bool show_raw(struct db *db, const char *id, const struct settings *s, struct buf *out,
                     struct err *err) {
    struct message m = {0};
    char origin[KEPT_DATABASE], code[64];
    struct mime_context c = {.from = s->from, .origin = origin};
    bool done = kept_database(db, origin, err) && list_message(db, id, &m, &c.date_us, err) &&
                message_check(&m, s->from, code, err) && mime_build(&m, &c, out, err);
    message_done(&m);
    if (done && (fwrite(out->data, 1, out->len, stdout) != out->len || fflush(stdout) != 0))
        return err_set(err, ERR_IO, "show: cannot write the mail: %s", strerror(errno));
    return done;
}

static bool show(struct db *db, const char *id, bool json, struct buf *doc, struct err *err) {
    if (!list_show(db, id, json, doc, err))
        return false;
    if (!json)
        return print_message(doc, err);
    tool_print_json(buf_text(doc), doc->len);
    putchar('\n');
    return true;
}

static int run(const struct args *args, const struct settings *s) {
    struct err err;
    struct buf out;
    bool json = args_has(args, "json"), raw = args_has(args, "raw");
    if (args->word_count == 0)
        return cmd_usage(args->cmd, "which message? Give its ID");
    if (raw && json)
        return cmd_usage(args->cmd, "--raw is the mail, --json the row: choose one");
    if (raw && isatty(STDOUT_FILENO))
        return cmd_usage(args->cmd, "--raw is not for a terminal, which a mail's text could "
                                    "control: redirect it to a file, or pipe it");
    struct db *db = tool_open(s, DB_READONLY, &err);
    if (!db)
        return cmd_fail(&err);
    buf_init(&out, SHOW_MAX);
    bool done = raw ? show_raw(db, args->words[0], s, &out, &err)
                    : show(db, args->words[0], json, &out, &err);
    buf_free(&out);
    db_free(db);
    return done ? EXIT_DONE : cmd_fail(&err);
}

const struct cmd cmd_show = {
    .name = "show",
    .arguments = "ID",
    .summary = "show one message with its attempts and the story of its delivery",
    .options = options,
    .max_words = 1,
    .run = run,
};
