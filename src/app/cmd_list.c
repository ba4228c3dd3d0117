/* list: messages by status, error, recipient and time, newest first. */
#include "app/cmd.h"
#include "app/tool.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "core/figures.h"
#include "db/list.h"

#include <stdio.h>
#include <string.h>

#define ROW_MAX ((size_t)4 * 1024 * 1024)

static const struct option options[] = {
    {"status", "STATUS", "pending scheduled processing retrying failed uncertain sent or cancelled",
     false},
    {"error", "CODE", "only failed ones with this error code", false},
    {"to", "TEXT", "only with this in the recipient", false},
    {"since", "TIME", "only created since: a date, a time (UTC), or 2h, 3d ago", false},
    {"limit", "N", "at most so many [50]", false},
    {"json", NULL, "one JSON array", false},
    {NULL, NULL, NULL, false},
};

/* What a row is added to. */
struct listing {
    bool json;
    int rows;
    struct tool_table table;
    struct err err;
};

static bool print_json(void *ctx, const char *json) {
    struct listing *l = ctx;
    fputs(l->rows++ > 0 ? ",\n " : "", stdout);
    tool_print_json(json, strlen(json));
    return true;
}

/* "2026-11-21T23:28:01.123456Z" -> "2026-11-21 23:28:01" */
static void add_time(struct tool_table *t, const char *iso) {
    char text[32];
    str_copy(text, sizeof text, iso);
    text[strcspn(text, ".Z+")] = '\0';
    if (text[0])
        text[strcspn(text, "T")] = ' ';
    tool_table_add(t, text);
}

static bool add_row(void *ctx, const char *json) {
    struct listing *l = ctx;
    struct json *row = json_parse(json, strlen(json), ROW_MAX, &l->err);
    if (!row)
        return false;
    const char *error = json_get_text(row, "error_message");
    tool_table_add(&l->table, json_get_text(row, "id"));
    tool_table_add(&l->table, json_get_text(row, "status"));
    add_time(&l->table, json_get_text(row, "at"));
    tool_table_add(&l->table, json_get_text(row, "to"));
    tool_table_add(&l->table, error ? error : json_get_text(row, "subject"));
    json_free(row);
    l->rows++;
    return true;
}

static bool print_list(struct db *db, const struct list_query *q, struct listing *l,
                       struct err *err) {
    if (l->json) {
        printf("[");
        bool done = list_messages(db, q, print_json, l, err);
        printf("]\n");
        return done;
    }
    static const char *const heads[] = {"ID", "STATUS", "AT (UTC)", "TO", "SUBJECT OR ERROR"};
    tool_table_start(&l->table, 5);
    for (int i = 0; i < 5; i++)
        tool_table_add(&l->table, heads[i]);
    bool done = list_messages(db, q, add_row, l, err);
    if (done && l->err.code) {
        *err = l->err;
        done = false;
    }
    if (l->rows == 0)
        l->table.cells = 0; /* no heading over nothing */
    if (!tool_table_print(&l->table, done ? err : NULL) || !done)
        return false;
    if (l->rows == 0)
        fprintf(stderr, "no message\n");
    else if (l->rows == q->limit)
        fprintf(stderr, "the first %s; --limit shows more\n", figure_count(l->rows).text);
    return true;
}

static int run(const struct args *args, const struct settings *s) {
    struct err err;
    struct when since = {0};
    int64_t limit = 50;
    struct list_query q = {.status = args_value(args, "status"),
                           .error_code = args_value(args, "error"),
                           .to = args_value(args, "to")};
    struct listing l = {.json = args_has(args, "json")};
    if (!args_int(args, "limit", 1, 1000000, &limit, &err) ||
        !args_time(args, "since", true, &since, &err))
        return cmd_fail(&err);
    struct db *db = tool_open(s, DB_READONLY, &err);
    if (!db)
        return cmd_fail(&err);
    q.limit = (int)limit;
    q.since_us = when_at(&since, db_clock_skew_us(db));
    bool done = print_list(db, &q, &l, &err);
    db_free(db);
    return done ? EXIT_DONE : cmd_fail(&err);
}

const struct cmd cmd_list = {
    .name = "list",
    .arguments = "",
    .summary = "show messages, newest first",
    .details = "Pending, scheduled and retrying ones stand in the order they are sent in.",
    .options = options,
    .run = run,
};
