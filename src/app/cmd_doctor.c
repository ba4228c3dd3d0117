/* doctor: what the examination found, for people with the configuration before it, for programs as
 * one JSON object. */
#include "app/cmd.h"
#include "app/tool.h"
#include "base/json.h"
#include "base/str.h"
#include "doctor/doctor.h"

#include <stdio.h>
#include <string.h>

#define VALUE_MAX ((size_t)4096)
#define DOCUMENT_MAX ((size_t)1024 * 1024)
#define LINE_MAX_COLUMNS 100

static const struct option options[] = {
    {"json", NULL, "one JSON object", false},
    {NULL, NULL, NULL, false},
};

/* --- for people ------------------------------------------------------------------------------- */

/* Cut at blanks to the terminal's width; what follows the first line stands under its text. */
static void print_wrapped(const char *head, const char *text) {
    struct buf clean;
    int columns = tool_columns(), at = printf("%s", head);
    int indent = at, most = columns > LINE_MAX_COLUMNS ? LINE_MAX_COLUMNS : columns;
    buf_init(&clean, 4096);
    str_sanitize(&clean, text, 2048);
    for (const char *word = buf_text(&clean); *word;) {
        int n = (int)strcspn(word, " ");
        if (most > 0 && at > indent && at + 1 + n > most) {
            printf("\n%*s", indent, "");
            at = indent;
        }
        at += printf("%s%.*s", at > indent ? " " : "", n, word);
        word += n;
        word += strspn(word, " ");
    }
    printf("\n");
    buf_free(&clean);
}

static size_t area_length(const char *check) {
    return strcspn(check, ".");
}

static bool same_area(const struct finding *a, const struct finding *b) {
    size_t n = area_length(a->check);
    return n == area_length(b->check) && strncmp(a->check, b->check, n) == 0;
}

static void print_finding(const struct finding *f) {
    char head[32];
    bool mend = f->level == FINDING_MEND;
    str_format(head, sizeof head, "  %-8s ", mend ? "MEND" : finding_level_name(f->level));
    print_wrapped(head, f->text);
    if (f->remedy[0])
        print_wrapped("        -> ", f->remedy);
}

static void print_findings(const struct findings *found) {
    for (int i = 0; i < found->n; i++) {
        const struct finding *f = &found->all[i];
        if (i == 0 || !same_area(f, f - 1))
            printf("\n%.*s\n", (int)area_length(f->check), f->check);
        print_finding(f);
    }
}

static bool print_values(const struct config *config, struct err *err) {
    struct tool_table t;
    tool_table_start(&t, 3);
    tool_table_add(&t, "KEY");
    tool_table_add(&t, "VALUE");
    tool_table_add(&t, "FROM");
    for (int i = 0; i < config_row_count(config); i++) {
        struct buf value, source;
        buf_init(&value, VALUE_MAX);
        buf_init(&source, VALUE_MAX);
        tool_table_add(&t, config_row(config, i, &value, &source));
        tool_table_add(&t, buf_text(&value));
        tool_table_add(&t, buf_text(&source));
        buf_free(&value);
        buf_free(&source);
    }
    return tool_table_print(&t, err);
}

static void print_sum(const struct findings *found) {
    int mend = findings_count(found, FINDING_MEND),
        unknown = findings_count(found, FINDING_UNKNOWN);
    if (mend == 0)
        printf("\nNothing has to be mended");
    else
        printf("\n%d thing%s must be mended", mend, mend == 1 ? "" : "s");
    if (unknown > 0)
        printf("; %d could not be known", unknown);
    printf(".\n");
}

static bool print_people(const struct config *config, const struct findings *found,
                         struct err *err) {
    if (!print_values(config, err))
        return false;
    print_findings(found);
    print_sum(found);
    return true;
}

/* --- for programs ----------------------------------------------------------------------------- */

static void write_value(struct json_writer *w, const struct config *config, int i) {
    struct buf value, source;
    buf_init(&value, VALUE_MAX);
    buf_init(&source, VALUE_MAX);
    jw_object(w);
    jw_kv_text(w, "key", config_row(config, i, &value, &source));
    jw_kv_text(w, "value", buf_text(&value));
    jw_kv_text(w, "source", buf_text(&source));
    jw_object_end(w);
    buf_free(&value);
    buf_free(&source);
}

static void write_finding(struct json_writer *w, const struct finding *f) {
    jw_object(w);
    jw_kv_text(w, "check", f->check);
    jw_kv_text(w, "level", finding_level_name(f->level));
    jw_kv_text(w, "text", f->text);
    jw_kv_text(w, "remedy", f->remedy[0] ? f->remedy : NULL);
    jw_object_end(w);
}

static bool print_json(const struct config *config, const struct findings *found, struct err *err) {
    struct buf doc;
    struct json_writer w;
    int mend = findings_count(found, FINDING_MEND);
    buf_init(&doc, DOCUMENT_MAX);
    jw_init(&w, &doc);
    jw_object(&w);
    jw_kv_text(&w, "version", POSTROOM_VERSION);
    jw_key(&w, "ok");
    jw_bool(&w, mend == 0);
    jw_kv_int(&w, "mend", mend);
    jw_kv_int(&w, "unknown", findings_count(found, FINDING_UNKNOWN));
    jw_key(&w, "config");
    jw_array(&w);
    for (int i = 0; i < config_row_count(config); i++)
        write_value(&w, config, i);
    jw_array_end(&w);
    jw_key(&w, "findings");
    jw_array(&w);
    for (int i = 0; i < found->n; i++)
        write_finding(&w, &found->all[i]);
    jw_array_end(&w);
    jw_object_end(&w);
    bool whole = !doc.failed;
    if (whole) {
        tool_print_json(buf_text(&doc), doc.len);
        printf("\n");
    }
    buf_free(&doc);
    return whole || err_nomem(err);
}

static int run(const struct args *args, const struct settings *s) {
    struct err err;
    struct findings found;
    (void)s;
    findings_init(&found);
    doctor_examine(args->config, &found);
    bool done = !found.failed || err_nomem(&err);
    if (done)
        done = args_has(args, "json") ? print_json(args->config, &found, &err)
                                      : print_people(args->config, &found, &err);
    bool mend = findings_count(&found, FINDING_MEND) > 0;
    findings_free(&found);
    return !done ? cmd_fail(&err) : mend ? EXIT_FAILED : EXIT_DONE;
}

const struct cmd cmd_doctor = {
    .name = "doctor",
    .arguments = "",
    .summary = "check configuration, database and provider without sending; say what to do",
    .details =
        "Each line begins with ok, note (works; worth doing), unknown (cannot be known from\n"
        "here) or MEND; behind -> stands what to do. Exit 1 where something must be mended.",
    .options = options,
    .run = run,
};
