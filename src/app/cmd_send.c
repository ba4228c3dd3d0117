/* send: one message into the table, checked before; its id is all that stands on stdout. */
#include "app/cmd.h"
#include "app/parts.h"
#include "app/tool.h"
#include "base/str.h"
#include "core/message.h"
#include "db/list.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define FOLLOW_MS 200

/* The worker's configuration may name a sender where ours does not. */
#define SOME_SENDER "sender@example.com"

static const struct option options[] = {
    {"to", "ADDRESS", "the recipient: a@b or \"Name <a@b>\"", false},
    {"subject", "TEXT", "the subject", false},
    {"html", "FILE", "the HTML body; - is standard input", false},
    {"text", "FILE", "the plain body; - is standard input", false},
    {"from", "ADDRESS", "the sender; without it the worker's configured one", false},
    {"attach", "FILE", "attach this file", true},
    {"header", "NAME:VALUE", "a header of its own", true},
    {"at", "TIME", "not before: a time (UTC), or +10m, +2h", false},
    {"priority", "N", "0 most urgent ... 9", false},
    {"dedupe", "KEY", "the same key twice is one message", false},
    {"wait", NULL, "follow it to its end; 1 if it failed", false},
    {NULL, NULL, NULL, false},
};

#define ID_SIZE 512

static bool fill(struct admin_mail *m, const struct args *args, const struct parts *p,
                 struct when *at, struct err *err) {
    int64_t priority = -1;
    *m = (struct admin_mail){.to = args_value(args, "to"),
                             .from = args_value(args, "from"),
                             .subject = args_value(args, "subject"),
                             .html = parts_text(&p->html),
                             .text = parts_text(&p->text),
                             .headers_json = parts_text(&p->headers),
                             .attachments_json = parts_text(&p->attachments),
                             .dedupe_key = args_value(args, "dedupe")};
    if (!m->to || !m->subject)
        return err_set(err, ERR_USAGE, "send: --%s is missing; see `postroom send --help`",
                       m->to ? "subject" : "to");
    if (!args_int(args, "priority", 0, 9, &priority, err) || !args_time(args, "at", false, at, err))
        return false;
    m->priority = (int)priority;
    return true;
}

/* What the worker would refuse is refused here, before it is a row. */
static bool check(const struct admin_mail *m, const struct settings *s, struct err *err) {
    char code[64];
    struct message message = {.to = (char *)m->to,
                              .from = (char *)m->from,
                              .subject = (char *)m->subject,
                              .html = (char *)m->html,
                              .text = (char *)m->text,
                              .headers = (char *)m->headers_json,
                              .attachments = (char *)m->attachments_json};
    if (message_check(&message, *s->from ? s->from : SOME_SENDER, code, err))
        return true;
    if (err->code == ERR_INVALID)
        err->code = ERR_USAGE;
    return err_wrap(err, "send: nothing was queued");
}

/* Until it is sent, cancelled or failed for good; says on a terminal what happens meanwhile. */
static int follow(struct db *db, const char *id) {
    struct err err;
    struct list_state now = {0};
    char shown[sizeof now.status] = "";
    while (list_follow(db, id, &now, &err)) {
        if (now.ended && str_eq(now.status, "sent"))
            return EXIT_DONE;
        if (now.ended) {
            err_set(&err, ERR_DB, "%s: %s%s%.300s", id, now.status, *now.error ? ": " : "",
                    now.error);
            return cmd_fail(&err);
        }
        if (isatty(STDERR_FILENO) && !str_eq(shown, now.status)) {
            fprintf(stderr, "%s%s%s\n", now.status, *now.next_attempt ? ", next attempt " : "",
                    now.next_attempt);
            str_copy(shown, sizeof shown, now.status);
        }
        poll(NULL, 0, FOLLOW_MS);
    }
    return cmd_fail(&err);
}

static int enqueue(const struct args *args, const struct settings *s, struct admin_mail *m,
                   const struct when *at) {
    struct err err;
    char id[ID_SIZE];
    bool existed = false;
    struct db *db = tool_open(s, DB_TOOL, &err);
    if (!db)
        return cmd_fail(&err);
    m->scheduled_at_us = when_at(at, db_clock_skew_us(db));
    int code = EXIT_DONE;
    if (admin_enqueue(db, m, id, sizeof id, &existed, &err)) {
        printf("%s\n", id);
        fflush(stdout);
        if (existed)
            fprintf(stderr, "postroom: this dedupe key is known: nothing was queued, the id is "
                            "the earlier message's\n");
        if (args_has(args, "wait"))
            code = follow(db, id);
    } else {
        code = cmd_fail(&err);
    }
    db_free(db);
    return code;
}

static int run(const struct args *args, const struct settings *s) {
    struct err err;
    struct parts parts;
    struct admin_mail mail;
    struct when at = {0};
    bool good = parts_read(&parts, args, &err) && fill(&mail, args, &parts, &at, &err) &&
                check(&mail, s, &err);
    int code = good ? enqueue(args, s, &mail, &at) : cmd_fail(&err);
    parts_free(&parts);
    return code;
}

const struct cmd cmd_send = {
    .name = "send",
    .arguments = "",
    .summary = "queue one message; prints its id",
    .options = options,
    .run = run,
};
