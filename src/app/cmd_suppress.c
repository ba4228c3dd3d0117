/* suppress, unsuppress, suppressions: the addresses that are not mailed any more. */
#include "app/cmd.h"
#include "app/tool.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/figures.h"
#include "core/message.h"
#include "db/suppress.h"

#include <stdio.h>
#include <string.h>

#define LIST_DEFAULT 100
#define LIST_MOST 1000000
#define ROW_MAX ((size_t)64 * 1024)
#define COLUMNS 5

static const struct option suppress_options[] = {
    {"scope", "all|marketing",
     "no mail at all (what is meant without it), or none of kind marketing", false},
    {"reason", "TEXT", "why; everybody who looks sees it", false},
    {NULL, NULL, NULL, false},
};

static const struct option unsuppress_options[] = {
    {"scope", "all|marketing", "only that entry; without it, every entry of the address", false},
    {NULL, NULL, NULL, false},
};

static const struct option list_options[] = {
    {"to", "TEXT", "only with this in the address", false},
    {"limit", "N", "how many at most; 100 where nothing is said", false},
    {"json", NULL, "one JSON object per line", false},
    {NULL, NULL, NULL, false},
};

/* --- suppress and unsuppress ------------------------------------------------------------------ */

static void free_addresses(char **list, int n) {
    for (int i = 0; list && i < n; i++)
        mem_free(list[i]);
    mem_free(list);
}

/* The words as bare addresses: all of them, or nothing is changed. */
static char **read_addresses(const struct args *args, struct err *err) {
    char **list = mem_array((size_t)args->word_count + 1, sizeof *list);
    bool ok = list || err_nomem(err);
    for (int i = 0; ok && i < args->word_count; i++) {
        char address[321];
        ok = mailbox_check(args->words[i], address, err) ||
             err_wrap(err, "%s: \"%.100s\"", args->cmd->name, args->words[i]);
        ok = ok && ((list[i] = mem_strdup(address)) || err_nomem(err));
    }
    if (ok)
        return list;
    if (err->code == ERR_INVALID)
        err->code = ERR_USAGE;
    free_addresses(list, list ? args->word_count : 0);
    return NULL;
}

static const char *addresses(int64_t n) {
    return n == 1 ? "address" : "addresses";
}

static int change(const struct args *args, const struct settings *s, bool add) {
    struct err err;
    struct suppress_totals t = {0};
    const char *scope = args_value(args, "scope"), *reason = args_value(args, "reason");
    if (args->word_count == 0)
        return cmd_usage(args->cmd, "which address? Give one or several");
    if (scope && !str_eq(scope, "all") && !str_eq(scope, "marketing"))
        return cmd_usage(args->cmd, "--scope: allowed is all or marketing");
    char **list = read_addresses(args, &err);
    struct db *db = list ? tool_open(s, DB_TOOL, &err) : NULL;
    const char *const *emails = (const char *const *)list;
    bool done = db && (add ? suppress_add(db, tool_operator(), emails, args->word_count, scope,
                                          reason ? reason : "by hand", &t, &err)
                           : suppress_remove(db, tool_operator(), emails, args->word_count, scope,
                                             &t, &err));
    db_free(db);
    free_addresses(list, args->word_count);
    if (!done)
        return cmd_fail(&err);
    printf("%s %s %s", add ? "suppressed" : "unsuppressed", figure_count(t.changed).text,
           add              ? addresses(t.changed)
           : t.changed == 1 ? "entry"
                            : "entries");
    if (t.unchanged > 0)
        printf("; %s %s", figure_count(t.unchanged).text,
               add ? "suppressed already" : "not on the list");
    printf("\n");
    return EXIT_DONE;
}

static int run_suppress(const struct args *args, const struct settings *s) {
    return change(args, s, true);
}

static int run_unsuppress(const struct args *args, const struct settings *s) {
    return change(args, s, false);
}

/* --- suppressions ----------------------------------------------------------------------------- */

struct listing {
    bool json;
    struct tool_table table;
    struct err err;
    bool broken;
};

static bool add_row(void *ctx, const char *json) {
    static const char *const keys[COLUMNS] = {"email", "scope", "reason", "source", "created_at"};
    struct listing *l = ctx;
    size_t n = strlen(json);
    if (l->json) {
        tool_print_json(json, n);
        putchar('\n');
        return true;
    }
    struct json *row = json_parse(json, n, ROW_MAX, &l->err);
    l->broken = row == NULL;
    for (int i = 0; row && i < COLUMNS; i++)
        tool_table_add(&l->table, json_get_text(row, keys[i]));
    json_free(row);
    return !l->broken;
}

/* Nothing was added behind the headings. */
static bool is_empty(const struct listing *l) {
    return !l->json && l->table.cells == COLUMNS;
}

static bool end_list(struct listing *l, bool filtered) {
    if (!is_empty(l))
        return tool_table_print(&l->table, &l->err);
    buf_free(&l->table.text);
    printf("no address is suppressed%s\n", filtered ? " with that in it" : "");
    return true;
}

static int run_list(const struct args *args, const struct settings *s) {
    static const char *const headings[COLUMNS] = {"address", "scope", "reason", "source", "since"};
    struct listing l = {.json = args_has(args, "json")};
    int64_t limit = LIST_DEFAULT;
    if (!args_int(args, "limit", 1, LIST_MOST, &limit, &l.err))
        return cmd_fail(&l.err);
    struct db *db = tool_open(s, DB_READONLY, &l.err);
    if (!db)
        return cmd_fail(&l.err);
    tool_table_start(&l.table, COLUMNS);
    for (int i = 0; i < COLUMNS && !l.json; i++)
        tool_table_add(&l.table, headings[i]);
    bool done = suppress_list(db, args_value(args, "to"), (int)limit, add_row, &l, &l.err);
    db_free(db);
    if (done)
        done = end_list(&l, args_has(args, "to"));
    else
        buf_free(&l.table.text);
    return done && !l.broken ? EXIT_DONE : cmd_fail(&l.err);
}

const struct cmd cmd_suppress = {
    .name = "suppress",
    .arguments = "ADDRESS...",
    .summary = "mail these addresses no more",
    .details = "A message to such an address, in cc and bcc too, fails with the code suppressed\n"
               "before it is sent. Bounces for good, complaints and unsubscriptions that webhooks\n"
               "tell of are put on the list by themselves.",
    .options = suppress_options,
    .max_words = -1,
    .run = run_suppress,
};

const struct cmd cmd_unsuppress = {
    .name = "unsuppress",
    .arguments = "ADDRESS...",
    .summary = "mail these addresses again",
    .details = "What failed meanwhile stays so: `postroom retry --failed --error suppressed`. The\n"
               "provider may have a list of its own.",
    .options = unsuppress_options,
    .max_words = -1,
    .run = run_unsuppress,
};

const struct cmd cmd_suppressions = {
    .name = "suppressions",
    .arguments = "",
    .summary = "list the addresses that are not mailed",
    .options = list_options,
    .run = run_list,
};
