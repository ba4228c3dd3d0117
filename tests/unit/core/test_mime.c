/* Mails byte by byte: what each text of a row becomes, and what cannot become a mail. That a reader
 * gets everything back is tests/e2e/35_raw.sh. */
#include "base/mem.h"
#include "base/str.h"
#include "core/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define T(s) ((char *)(s)) /* a literal as a message's text: it is read only */

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define X70 X60 X10

static const struct mime_context context = {.from = "Shop <shop@x.test>",
                                            .date_us = INT64_C(1763782445678901)};

static struct message plain(void) {
    return (struct message){
        .id = T("1"), .to = T("ann@b.test"), .subject = T("s"), .text = T("hello")};
}

/* Free with mem_free. */
static char *built(const struct message *m, const struct mime_context *c) {
    struct err err = {0};
    struct buf out;
    buf_init(&out, (size_t)1 << 20);
    if (!mime_build(m, c, &out, &err))
        fail_msg("not built: %s", err.text);
    assert_int_equal(strlen(buf_text(&out)), out.len);
    return buf_take(&out);
}

static void refuses(const struct message *m, const struct mime_context *c, const char *words) {
    struct err err = {0};
    struct buf out;
    buf_init(&out, (size_t)1 << 20);
    assert_false(mime_build(m, c, &out, &err));
    assert_int_equal(err.code, ERR_INVALID);
    if (!strstr(err.text, words))
        fail_msg("expected %s in: %s", words, err.text);
    assert_string_equal(buf_text(&out), "");
    buf_free(&out);
}

/* Has the mail this line (or these), whole? */
static void has(const char *mail, const char *lines) {
    char wanted[4096];
    assert_true(str_format(wanted, sizeof wanted, "\r\n%s\r\n", lines));
    if (!strstr(mail, wanted))
        fail_msg("expected\n%s\nin\n%s", lines, mail);
}

static void expect(const struct message *m, const char *lines) {
    char *mail = built(m, &context);
    has(mail, lines);
    mem_free(mail);
}

/* --- whole mails ----------------------------------------------------------------------------- */

static void a_text(void **state) {
    (void)state;
    struct message m = plain();
    m.bcc = T("[\"secret@c.test\"]");
    char *mail = built(&m, &context);
    assert_string_equal(mail, "Date: Sat, 22 Nov 2025 03:34:05 +0000\r\n"
                              "From: Shop <shop@x.test>\r\n"
                              "To: ann@b.test\r\n"
                              "Subject: s\r\n"
                              "Message-ID: <postroom.1@x.test>\r\n"
                              "MIME-Version: 1.0\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: 7bit\r\n"
                              "\r\n"
                              "hello\r\n");
    mem_free(mail);
}

/* sha256("1") begins with 6b86b273ff34fce19d6b804e. */
#define MARK "=_6b86b273ff34fce19d6b804e"

static void everything(void **state) {
    (void)state;
    struct message m = {.id = T("1"),
                        .from = T("Me <me@y.test>"),
                        .to = T("ann@b.test"),
                        .cc = T("[\"C <c@b.test>\",\"d@b.test\"]"),
                        .reply_to = T("[\"r@y.test\"]"),
                        .subject = T("all"),
                        .html = T("<img src=\"cid:i\">"),
                        .text = T("t"),
                        .headers = T("{\"X-A\":\"1\"}"),
                        .attachments = T("[{\"filename\":\"f\",\"content\":\"Zg==\"},"
                                         "{\"filename\":\"i.png\",\"content\":\"aQ==\","
                                         "\"content_type\":\"image/png\",\"content_id\":\"i\"}]")};
    char *mail = built(&m, &context), *again = built(&m, &context);
    assert_string_equal(mail, again);
    assert_string_equal(mail, "Date: Sat, 22 Nov 2025 03:34:05 +0000\r\n"
                              "From: Me <me@y.test>\r\n"
                              "To: ann@b.test\r\n"
                              "Cc: C <c@b.test>, d@b.test\r\n"
                              "Reply-To: r@y.test\r\n"
                              "Subject: all\r\n"
                              "Message-ID: <postroom.1@y.test>\r\n"
                              "X-A: 1\r\n"
                              "MIME-Version: 1.0\r\n"
                              "Content-Type: multipart/mixed;\r\n"
                              " boundary=\"" MARK "_0\"\r\n"
                              "\r\n"
                              "--" MARK "_0\r\n"
                              "Content-Type: multipart/alternative;\r\n"
                              " boundary=\"" MARK "_1\"\r\n"
                              "\r\n"
                              "--" MARK "_1\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: 7bit\r\n"
                              "\r\n"
                              "t\r\n"
                              "\r\n"
                              "--" MARK "_1\r\n"
                              "Content-Type: multipart/related; type=\"text/html\";\r\n"
                              " boundary=\"" MARK "_2\"\r\n"
                              "\r\n"
                              "--" MARK "_2\r\n"
                              "Content-Type: text/html; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: 7bit\r\n"
                              "\r\n"
                              "<img src=\"cid:i\">\r\n"
                              "\r\n"
                              "--" MARK "_2\r\n"
                              "Content-Type: image/png\r\n"
                              "Content-ID: <i>\r\n"
                              "Content-Disposition: inline; filename=\"i.png\"\r\n"
                              "Content-Transfer-Encoding: base64\r\n"
                              "\r\n"
                              "aQ==\r\n"
                              "\r\n"
                              "--" MARK "_2--\r\n"
                              "\r\n"
                              "--" MARK "_1--\r\n"
                              "\r\n"
                              "--" MARK "_0\r\n"
                              "Content-Type: application/octet-stream\r\n"
                              "Content-Disposition: attachment; filename=\"f\"\r\n"
                              "Content-Transfer-Encoding: base64\r\n"
                              "\r\n"
                              "Zg==\r\n"
                              "\r\n"
                              "--" MARK "_0--\r\n");
    mem_free(mail);
    mem_free(again);
}

/* Which levels there are: a level of one part is none. */
static void only_the_levels_it_takes(void **state) {
    (void)state;
    static const char file[] = "[{\"filename\":\"f\",\"content\":\"\",\"content_id\":null}]";
    static const char image[] = "[{\"filename\":\"f\",\"content\":\"\",\"content_id\":\"i\"}]";
    static const struct {
        const char *html, *text, *attachments, *levels; /* m a r, in order */
    } cases[] = {
        {NULL, "t", NULL, ""},     {"h", NULL, NULL, ""},   {"h", "t", NULL, "a"},
        {"h", " \n", NULL, ""},    {"\t", "t", "[]", ""},   {"h", "t", "null", "a"},
        {NULL, "t", file, "m"},    {"h", NULL, file, "m"},  {"h", "t", file, "ma"},
        {NULL, "t", image, "m"},   {"h", NULL, image, "r"}, {"h", "t", image, "ar"},
        {"\r\n", "t", image, "m"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = plain();
        char levels[9] = "";
        m.html = T(cases[i].html);
        m.text = T(cases[i].text);
        m.attachments = T(cases[i].attachments);
        char *mail = built(&m, &context);
        for (const char *at = mail; (at = strstr(at, ": multipart/")); at++)
            strncat(levels, at + strlen(": multipart/"), 1);
        assert_string_equal(levels, cases[i].levels);
        mem_free(mail);
    }
}

/* --- headers --------------------------------------------------------------------------------- */

static void subjects(void **state) {
    (void)state;
    static const struct {
        const char *subject, *lines;
    } cases[] = {
        {"", "Subject:"},
        {"Your order", "Subject: Your order"},
        {"a  b", "Subject: a  b"},
        {" a", "Subject: =?UTF-8?Q?_a?="},
        {"a ", "Subject: =?UTF-8?Q?a_?="},
        {" ", "Subject: =?UTF-8?Q?_?="},
        {"Sch\xc3\xb6ne lange freie Tage, an_alle=?",
         "Subject: =?UTF-8?Q?Sch=C3=B6ne_lange_freie_Tage=2C_an=5Falle=3D=3F?="},
        {"\xf0\x9f\x8e\x89", "Subject: =?UTF-8?B?8J+OiQ==?="},
        {"\xe2\x80\xa8", "Subject: =?UTF-8?B?4oCo?="},
        {"=?UTF-8?Q?x?=", "Subject: =?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?="},
        {"=?x?b?", "Subject: =?UTF-8?B?PT94P2I/?="},
        {"a=?b ?= =?c?d?e?=", "Subject: a=?b ?= =?c?d?e?="},
        /* 67 columns fit behind "Subject: ", and the blank belongs to the next line */
        {X60 "xxxxxxx yyy", "Subject: " X60 "xxxxxxx\r\n yyy"},
        {X60 "xx yyyy", "Subject: " X60 "xx yyyy"},
        {X60 "xx yyyyy", "Subject: " X60 "xx\r\n yyyyy"},
        {X60 "   " X70 "xxxx zz", "Subject: " X60 "\r\n   " X70 "xxxx\r\n zz"},
        /* never behind the name */
        {X70 X70 " y", "Subject: " X70 X70 "\r\n y"},
        /* encoded-words end where the line does, between characters */
        {"\xc3\xbc" X60, "Subject: =?UTF-8?Q?=C3=BC" X10 X10 X10 X10 "xxxxxxxxx?=\r\n"
                         " =?UTF-8?Q?" X10 "x?="},
        {"\xc3\xbc" X10 X10 X10 X10 "xxxxxxx\xc3\xbc",
         "Subject: =?UTF-8?Q?=C3=BC" X10 X10 X10 X10 "xxxxxxx?=\r\n =?UTF-8?Q?=C3=BC?="},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = plain();
        m.subject = T(cases[i].subject);
        expect(&m, cases[i].lines);
    }
}

static void a_word_too_long_for_a_line(void **state) {
    (void)state;
    char word[902];
    memset(word, 'x', sizeof word);
    struct message m = plain();
    m.subject = word;
    word[900] = '\0';
    char *mail = built(&m, &context);
    assert_null(strstr(mail, "=?UTF-8"));
    mem_free(mail);
    word[900] = 'x';
    word[901] = '\0';
    expect(&m, "Subject: =?UTF-8?Q?" X10 X10 X10 X10 X10 "xxxxx?=\r\n =?UTF-8?Q?" X60 "xxx?=\r\n"
               " =?UTF-8?Q?" X60 "xxx?=");
}

static void mailboxes(void **state) {
    (void)state;
    static const struct {
        const char *mailbox, *lines;
    } cases[] = {
        {"a@b.test", "To: a@b.test"},
        {" a@b.test ", "To: a@b.test"},
        {"<a@b.test>", "To: a@b.test"},
        {"\"\" <a@b.test>", "To: a@b.test"},
        {"Ann Lee <a@b.test>", "To: Ann Lee <a@b.test>"},
        {"Ann<a@b.test> ", "To: Ann <a@b.test>"},
        {"\"Lee, Ann\" <a@b.test>", "To: \"Lee, Ann\" <a@b.test>"},
        {"Ann \"The \\\"Boss\" Lee <a@b.test>", "To: \"Ann The \\\"Boss Lee\" <a@b.test>"},
        {"\"back\\\\slash\" <a@b.test>", "To: \"back\\\\slash\" <a@b.test>"},
        {"back\\slash <a@b.test>", "To: \"back\\\\slash\" <a@b.test>"},
        {"J. (Jo) Lee: [x] <a@b.test>", "To: \"J. (Jo) Lee: [x]\" <a@b.test>"},
        {"two  blanks <a@b.test>", "To: \"two  blanks\" <a@b.test>"},
        {"\" at ends \" <a@b.test>", "To: \" at ends \" <a@b.test>"},
        {"\"a@b.test, Bcc: c@d.test\" <a@b.test>", "To: \"a@b.test, Bcc: c@d.test\" <a@b.test>"},
        {"=?UTF-8?Q?x?= <a@b.test>", "To: =?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?= <a@b.test>"},
        {"M\xc3\xbcller <a@b.test>", "To: =?UTF-8?Q?M=C3=BCller?= <a@b.test>"},
        {"\"\xc3\x9c, \\\"x\\\"\" <a@b.test>", "To: =?UTF-8?B?w5wsICJ4Ig==?= <a@b.test>"},
        {X60 ". <a@b.test>", "To: \"" X60 ".\"\r\n <a@b.test>"},
        {X70 ". <a@b.test>", "To: =?UTF-8?Q?" X60 "?=\r\n =?UTF-8?Q?" X10 "=2E?= <a@b.test>"},
        {X70 " yy <a@b.test>", "To: " X70 "\r\n yy <a@b.test>"},
        {"\"a b\"@[127.0.0.1]", "To: \"a b\"@[127.0.0.1]"},
        {"A <\"a@b\"@c.test>", "To: A <\"a@b\"@c.test>"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = plain();
        m.to = T(cases[i].mailbox);
        expect(&m, cases[i].lines);
    }
}

static void lists_of_mailboxes(void **state) {
    (void)state;
    struct message m = plain();
    m.cc = T("[\"Ann Lee <ann.lee@b.test>\",\"\\\"L, A\\\" <a@b.test>\",\"" X10 "@b.test\","
             "\"C <c@b.test>\",\"d@b.test\",\"" X60 "@b.test\",\"e@b.test\"]");
    expect(&m, "Cc: Ann Lee <ann.lee@b.test>, \"L, A\" <a@b.test>, " X10 "@b.test, C\r\n"
               " <c@b.test>, d@b.test,\r\n"
               " " X60 "@b.test,\r\n"
               " e@b.test");
    /* a short name alone on a line, whose address does not fit behind it */
    m.cc = T("[\"" X60 "@b.test\",\"A <" X60 "@b." X10 "test>\"]");
    expect(&m, "Cc: " X60 "@b.test, A\r\n <" X60 "@b." X10 "test>");
    m.cc = T("[\"" X60 "@b." X10 "test\",\"A <" X60 "@b." X10 "test>\"]");
    expect(&m, "Cc: " X60 "@b." X10 "test,\r\n A\r\n <" X60 "@b." X10 "test>");
    m.cc = T("[]");
    m.reply_to = T("null");
    char *mail = built(&m, &context);
    assert_null(strstr(mail, "Cc:"));
    assert_null(strstr(mail, "Reply-To:"));
    mem_free(mail);
}

static void headers_of_the_row(void **state) {
    (void)state;
    static const struct {
        const char *json, *lines;
    } cases[] = {
        {"{\"X-Empty\":\"\"}", "X-Empty:"},
        {"{\"List-Unsubscribe\":\"<https://x.test/?a=?b&c>, <mailto:u@x.test>\"}",
         "List-Unsubscribe: <https://x.test/?a=?b&c>, <mailto:u@x.test>"},
        {"{\"References\":\"<1@" X60 ".test> <2@" X60 ".test>\"}",
         "References: <1@" X60 ".test>\r\n <2@" X60 ".test>"},
        {"{\"X-A\":\"\xc3\xbc\"}", "X-A: =?UTF-8?B?w7w=?="},
        {"{\"X-" X70 "\":\"one two\"}", "X-" X70 ": one\r\n two"},
        /* on a line of its own some readers would give the value a blank in front */
        {"{\"X-" X70 "\":\"" X10 X10 "\xc3\xbc" X10 "\"}",
         "X-" X70 ": =?UTF-8?Q?" X10 X10 "?=\r\n =?UTF-8?Q?=C3=BC" X10 "?="},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = plain();
        m.headers = T(cases[i].json);
        expect(&m, cases[i].lines);
    }
}

static void message_ids(void **state) {
    (void)state;
    static const struct {
        const char *id, *from, *origin, *line;
    } cases[] = {
        {"0b7f-A_9", NULL, NULL, "Message-ID: <postroom.0b7f-A_9@x.test>"},
        {"a/b=c.d\xc3\xbc>", NULL, NULL, "Message-ID: <postroom.a=2Fb=3Dc=2Ed=C3=BC=3E@x.test>"},
        {"1", "Me <me@[127.0.0.1]>", NULL, "Message-ID: <postroom.1@[127.0.0.1]>"},
        {"1", "\"a@b\"@c.test", NULL, "Message-ID: <postroom.1@c.test>"},
        {"1", "me@y.test", "ab-\r\n>c", "Message-ID: <postroom.1.abc@y.test>"},
        {"1", NULL, "", "Message-ID: <postroom.1@x.test>"},
        {"1", NULL, "0f8b6c1e-3d52-4a6b-9c7e-1f2a3b4c5d6e",
         "Message-ID: <postroom.1.0f8b6c1e3d52@x.test>"},
        {"", NULL, NULL, "Message-ID: <postroom.@x.test>"},
        {X70 X10 X10 X10, NULL, NULL, "Message-ID: <postroom." X70 X10 X10 X10 "@x.test>"},
        {X70 X10 X10 X10 "x", NULL, NULL,
         "Message-ID: <postroom.sha256."
         "c675a2e604b0cd1229c036e3ce0c87422980a245e295bbc605a507a2299752db@x.test>"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = plain();
        struct mime_context c = context;
        m.id = T(cases[i].id);
        m.from = T(cases[i].from);
        c.origin = cases[i].origin;
        char *mail = built(&m, &c);
        has(mail, cases[i].line);
        char id[MIME_MESSAGE_ID];
        struct err err = {0};
        assert_true(mime_message_id(&m, &c, id, &err));
        assert_memory_equal(strchr(cases[i].line, '<') + 1, id, strlen(id));
        assert_string_equal(strchr(cases[i].line, '<') + 1 + strlen(id), ">");
        mem_free(mail);
    }
}

static void dates(void **state) {
    (void)state;
    static const struct {
        int64_t seconds;
        const char *line; /* NULL: refused */
    } cases[] = {
        {0, "Date: Thu, 01 Jan 1970 00:00:00 +0000"},
        {-1, "Date: Wed, 31 Dec 1969 23:59:59 +0000"},
        {951782400, "Date: Tue, 29 Feb 2000 00:00:00 +0000"},
        {-2208988800, "Date: Mon, 01 Jan 1900 00:00:00 +0000"},
        {-2208988801, NULL},
        {253402300799, "Date: Fri, 31 Dec 9999 23:59:59 +0000"},
        {253402300800, NULL},
        {INT64_MIN / 1000000, NULL},
        {INT64_MAX / 1000000, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = plain();
        struct mime_context c = context;
        c.date_us = cases[i].seconds * 1000000;
        if (!cases[i].line) {
            refuses(&m, &c, "years 1900 to 9999");
            continue;
        }
        char *mail = built(&m, &c);
        assert_true(str_starts(mail, cases[i].line));
        mem_free(mail);
    }
}

/* --- bodies ---------------------------------------------------------------------------------- */

static void bodies(void **state) {
    (void)state;
    static const struct {
        const char *text, *encoding, *body;
    } cases[] = {
        {"one\ntwo", "7bit", "one\r\ntwo\r\n"},
        {"one\r\ntwo\r\n", "7bit", "one\r\ntwo\r\n"},
        {"cr\rcrlf\r\ncrcrlf\r\r\nlfcr\n\rx", "7bit",
         "cr\r\ncrlf\r\ncrcrlf\r\n\r\nlfcr\r\n\r\nx\r\n"},
        {"\n\n tab\there", "7bit", "\r\n\r\n tab\there\r\n"},
        {"a = b", "7bit", "a = b\r\n"},
        {"> From\n-- \nx", "quoted-printable", "> From\r\n--=20\r\nx\r\n"},
        {"blank \ntab\t\n \n\t", "quoted-printable", "blank=20\r\ntab=09\r\n=20\r\n=09\r\n"},
        {"From here", "quoted-printable", "=46rom here\r\n"},
        {"From: here\nFro", "7bit", "From: here\r\nFro\r\n"},
        {".\n..\n.x\na.", "quoted-printable", "=2E\r\n=2E.\r\n=2Ex\r\na.\r\n"},
        {"--=_x", "quoted-printable", "--=3D_x\r\n"},
        {"--x\n ---=_", "7bit", "--x\r\n ---=_\r\n"},
        {"\x1b[2J\x7f", "quoted-printable", "=1B[2J=7F\r\n"},
        {"Gr\xc3\xbc\xc3\x9f"
         "e aus K\xc3\xb6ln, ja = nein",
         "quoted-printable", "Gr=C3=BC=C3=9Fe aus K=C3=B6ln, ja =3D nein\r\n"},
        {"\xe2\x80\xa8", "base64", "4oCoDQo=\r\n"},
        {"a\xe2\x80\xa8 and a lot of plain text", "quoted-printable",
         "a=E2=80=A8 and a lot of plain text\r\n"},
        {"\xd0\xb4\xd0\xb0\n\xd0\xb4\xd0\xb0", "base64", "0LTQsA0K0LTQsA0K\r\n"},
        {"broken \xff utf-8 stays what it is", "quoted-printable",
         "broken =FF utf-8 stays what it is\r\n"},
        /* a line of quoted-printable ends with "=", at most 76 in all, and no "." begins one */
        {"\x01" X70 "." X70, "quoted-printable", "=01" X70 "=\r\n=2E" X70 "\r\n"},
        {"\x01" X70 "From " X70, "quoted-printable",
         "=01" X70 "=\r\n=46rom " X60 "xxxxxx=\r\nxxxx\r\n"},
        {"\x01" X60 "xxxxxxxxx \xc3\xbcx", "quoted-printable",
         "=01" X60 "xxxxxxxxx =\r\n=C3=BCx\r\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = plain();
        char lines[1024];
        m.text = T(cases[i].text);
        char *mail = built(&m, &context);
        str_format(lines, sizeof lines, "Content-Transfer-Encoding: %s", cases[i].encoding);
        has(mail, lines);
        assert_string_equal(strstr(mail, "\r\n\r\n") + 4, cases[i].body);
        mem_free(mail);
    }
}

static void long_lines(void **state) {
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof text);
    struct message m = plain();
    m.text = text;
    text[998] = '\0';
    expect(&m, "Content-Transfer-Encoding: 7bit");
    text[998] = 'x';
    text[999] = '\0';
    expect(&m, "Content-Transfer-Encoding: quoted-printable");
}

/* --- attachments ----------------------------------------------------------------------------- */

static void with_file(const char *members, const char *content, char json[1024]) {
    assert_true(str_format(json, 1024, "[{%s%s\"content\":\"%s\"}]", members, members[0] ? "," : "",
                           content));
}

static void attachments(void **state) {
    (void)state;
    static const struct {
        const char *members, *lines; /* of the one attachment */
    } cases[] = {
        {"\"filename\":\"a b.txt\"", "Content-Disposition: attachment; filename=\"a b.txt\""},
        {"\"filename\":\"a;b=c,(d).txt\"",
         "Content-Disposition: attachment; filename=\"a;b=c,(d).txt\""},
        {"\"filename\":\"a\\\"b\\\\c\"",
         "Content-Disposition: attachment; filename*=UTF-8''a%22b%5Cc"},
        {"\"filename\":\" a\"", "Content-Disposition: attachment; filename*=UTF-8''%20a"},
        {"\"filename\":\"a%41'\"", "Content-Disposition: attachment; filename*=UTF-8''a%2541%27"},
        {"\"filename\":\"=?UTF-8?Q?x?=\"",
         "Content-Disposition: attachment; filename*=UTF-8''%3D%3FUTF-8%3FQ%3Fx%3F%3D"},
        {"\"filename\":\"r\xc3\xa9sum\xc3\xa9.pdf\"",
         "Content-Disposition: attachment; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf"},
        {"\"filename\":\"" X60 "xxxx\"",
         "Content-Disposition: attachment;\r\n filename=\"" X60 "xxxx\""},
        {"\"filename\":\"" X60 "xxxxx\"",
         "Content-Disposition: attachment;\r\n filename*0*=UTF-8''" X10 X10 X10 X10 X10 "xxxxx;\r\n"
         " filename*1*=" X10},
        /* sections never split a character: two bytes would fit the first one */
        {"\"filename\":\"" X10 X10 X10 X10 X10 "\xf0\x9f\x8e\x89\"",
         "Content-Disposition: attachment;\r\n filename*0*=UTF-8''" X10 X10 X10 X10 X10 ";\r\n"
         " filename*1*=%F0%9F%8E%89"},
        {"\"filename\":\"f\",\"content_type\":null", "Content-Type: application/octet-stream"},
        {"\"filename\":\"f\",\"content_type\":\"text/csv; charset=utf-8;x=\\\"a; b\\\"\"",
         "Content-Type: text/csv; charset=utf-8;x=\"a; b\""},
        {"\"filename\":\"f\",\"content_type\":\"Message/rfc822\"",
         "Content-Type: application/octet-stream"},
        {"\"filename\":\"f\",\"content_type\":\"multipart/mixed; boundary=x\"",
         "Content-Type: application/octet-stream"},
        {"\"filename\":\"f\",\"content_id\":\"<a@b>\"", "Content-ID: <a@b>"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = plain();
        char json[1024];
        with_file(cases[i].members, "", json);
        m.attachments = json;
        expect(&m, cases[i].lines);
    }
}

static void attachments_refused(void **state) {
    (void)state;
    static const struct {
        const char *members, *content, *words;
    } cases[] = {
        {"", "", "filename or content"},
        {"\"filename\":\" \"", "", "filename or content"},
        {"\"filename\":\"a\\nb\"", "", "filename or content"},
        {"\"filename\":\"f\",\"content\":null", "", "filename or content"},
        {"\"filename\":\"f\"", "a", "base64"},
        {"\"filename\":\"f\"", "aaa", "base64"},
        {"\"filename\":\"f\"", "aa=a", "base64"},
        {"\"filename\":\"f\"", "a===", "base64"},
        {"\"filename\":\"f\"", "====", "base64"},
        {"\"filename\":\"f\"", "aaa ", "base64"},
        {"\"filename\":\"f\"", "aa-_", "base64"},
        {"\"filename\":\"f\",\"content_type\":\"image\"", "", "content_type"},
        {"\"filename\":\"f\",\"content_type\":\"/png\"", "", "content_type"},
        {"\"filename\":\"f\",\"content_type\":\"image/\"", "", "content_type"},
        {"\"filename\":\"f\",\"content_type\":\"image/png;\"", "", "content_type"},
        {"\"filename\":\"f\",\"content_type\":\"image/png; a\"", "", "content_type"},
        {"\"filename\":\"f\",\"content_type\":\"image/png; a=\"", "", "content_type"},
        {"\"filename\":\"f\",\"content_type\":\"image/png; =b\"", "", "content_type"},
        {"\"filename\":\"f\",\"content_type\":\"image/png; a=\\\"b\"", "", "content_type"},
        {"\"filename\":\"f\",\"content_type\":\"image/png; a=\\\"b\\\\\\\"\"", "", "content_type"},
        {"\"filename\":\"f\",\"content_type\":\"image/png a=b\"", "", "content_type"},
        {"\"filename\":\"f\",\"content_type\":\"image/p\xc3\xb1g\"", "", "content_type"},
        {"\"filename\":\"f\",\"content_type\":\"a/b\\r\\nX: y\"", "", "content_type"},
        {"\"filename\":\"f\",\"content_id\":\"\"", "", "content_id"},
        {"\"filename\":\"f\",\"content_id\":\"<>\"", "", "content_id"},
        {"\"filename\":\"f\",\"content_id\":\"a b\"", "", "content_id"},
        {"\"filename\":\"f\",\"content_id\":\"a>\\r\\nX: y\"", "", "content_id"},
        {"\"filename\":\"f\",\"content_id\":\"\xc3\xbc\"", "", "content_id"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = plain();
        char json[1024];
        with_file(cases[i].members, cases[i].content, json);
        m.attachments = json;
        refuses(&m, &context, "attachments[0]: ");
        refuses(&m, &context, cases[i].words);
    }
}

static void base64_is_wrapped_anew(void **state) {
    (void)state;
    static const struct {
        const char *content, *body;
    } cases[] = {
        {"", "\r\n\r\n--"},
        {"YQ==", "\r\n\r\nYQ==\r\n\r\n--"},
        {"Y\\nQ=\\r\\n=\\n", "\r\n\r\nYQ==\r\n\r\n--"},
        {X70 "xxxxxx", "\r\n\r\n" X70 "xxxxxx\r\n\r\n--"},
        {X70 "xxxxxx"
             "abcd",
         "\r\n\r\n" X70 "xxxxxx\r\nabcd\r\n\r\n--"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = plain();
        char json[1024];
        with_file("\"filename\":\"f\"", cases[i].content, json);
        m.attachments = json;
        char *mail = built(&m, &context);
        assert_non_null(strstr(strstr(mail, "base64"), cases[i].body));
        mem_free(mail);
    }
}

/* --- what is no mail ------------------------------------------------------------------------- */

/* message_check refuses these before; here they must at least not break out of their line. */
static void broken_texts(void **state) {
    (void)state;
    struct message m = plain();
    m.subject = T("a\r\nBcc: b@c.test");
    refuses(&m, &context, "Subject");
    m.subject = T("\xff");
    refuses(&m, &context, "Subject");
    m.subject = NULL;
    refuses(&m, &context, "Subject");
    static const char *const headers[] = {
        "{\"X-A\":\"a\\nb\"}",  "{\"X-A\":1}",     "{\"\":\"a\"}",
        "{\"X A\":\"a\"}",      "{\"X:A\":\"a\"}", "{\"X\\n\":\"\"}",
        "{\"X\\u00fc\":\"a\"}", "[\"a\"]",         "{\"X-" X70 "xxxxx\":\"a\"}",
    };
    for (size_t i = 0; i < COUNT(headers); i++) {
        m = plain();
        m.headers = T(headers[i]);
        refuses(&m, &context, "headers: ");
    }
    m = plain();
    m.to = T("a@b.test\r\nBcc: c@d.test");
    refuses(&m, &context, "to_email: ");
    m = plain();
    m.cc = T("[\"a@b.test\",\"nobody\"]");
    refuses(&m, &context, "cc[2]: ");
    m.cc = T("no json");
    refuses(&m, &context, "cc: not JSON");
    m = plain();
    m.text = NULL;
    m.html = T(" ");
    refuses(&m, &context, "html and text");
}

static void senders(void **state) {
    (void)state;
    struct message m = plain();
    struct mime_context c = context;
    c.from = NULL;
    refuses(&m, &c, "no sender");
    c.from = "";
    refuses(&m, &c, "no sender");
    c.from = "nobody";
    refuses(&m, &c, "from: ");
    m.from = T("me");
    refuses(&m, &c, "from_email: ");
    char address[321];
    struct err err = {0};
    assert_false(mime_sender(&m, &c, address, &err));
    m.from = T("\"M, e\" <me@x.test>");
    assert_true(mime_sender(&m, &c, address, &err));
    assert_string_equal(address, "me@x.test");
}

static void addresses_beyond_ascii(void **state) {
    (void)state;
    struct message m = plain();
    struct mime_context c = context;
    m.to = T("A <\xc3\xbc@b.test>");
    refuses(&m, &c, "to_email: the part before the @");
    m.to = T("a@m\xc3\xbcnchen.test");
    refuses(&m, &c, "xn--");
    m.from = T("\xc3\xbc <\xc3\xbc@m\xc3\xbcnchen.test>");
    c.utf8_addresses = true;
    char *mail = built(&m, &c);
    has(mail, "From: =?UTF-8?B?w7w=?= <\xc3\xbc@m\xc3\xbcnchen.test>");
    has(mail, "To: a@m\xc3\xbcnchen.test");
    has(mail, "Message-ID: <postroom.1@m\xc3\xbcnchen.test>");
    mem_free(mail);
}

static void recipients(void **state) {
    (void)state;
    struct message m = plain();
    struct err err = {0};
    struct buf out;
    buf_init(&out, 1000);
    m.to = T("\"x, y\" <a@b.test>");
    m.cc = T("[\"C <c@b.test>\",\"\\\"d e\\\"@b.test\"]");
    m.bcc = T("[\"secret@b.test\"]");
    assert_true(mime_recipients(&m, false, &out, &err));
    assert_string_equal(buf_text(&out), "a@b.test\nc@b.test\n\"d e\"@b.test\nsecret@b.test\n");
    buf_clear(&out);
    m.bcc = T("[\"secret@b.test\",\"\xc3\xbc@b.test\"]");
    assert_false(mime_recipients(&m, false, &out, &err));
    assert_true(str_starts(err.text, "bcc[2]: "));
    buf_clear(&out);
    assert_true(mime_recipients(&m, true, &out, &err));
    buf_free(&out);
    buf_init(&out, 10);
    assert_false(mime_recipients(&m, true, &out, &err));
    assert_int_equal(err.code, ERR_INVALID);
    buf_free(&out);
}

static void the_maximum(void **state) {
    (void)state;
    struct message m = plain();
    char *mail = built(&m, &context);
    size_t n = strlen(mail);
    for (size_t max = 0; max < n; max++) {
        struct err err = {0};
        struct buf out;
        buf_init(&out, max);
        assert_false(mime_build(&m, &context, &out, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_non_null(strstr(err.text, "too large"));
        assert_int_equal(out.len, 0);
        out.max = n; /* cleared, it can be used again */
        assert_true(mime_build(&m, &context, &out, &err));
        assert_string_equal(buf_text(&out), mail);
        buf_free(&out);
    }
    mem_free(mail);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text),
        cmocka_unit_test(everything),
        cmocka_unit_test(only_the_levels_it_takes),
        cmocka_unit_test(subjects),
        cmocka_unit_test(a_word_too_long_for_a_line),
        cmocka_unit_test(mailboxes),
        cmocka_unit_test(lists_of_mailboxes),
        cmocka_unit_test(headers_of_the_row),
        cmocka_unit_test(message_ids),
        cmocka_unit_test(dates),
        cmocka_unit_test(bodies),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(attachments),
        cmocka_unit_test(attachments_refused),
        cmocka_unit_test(base64_is_wrapped_anew),
        cmocka_unit_test(broken_texts),
        cmocka_unit_test(senders),
        cmocka_unit_test(addresses_beyond_ascii),
        cmocka_unit_test(recipients),
        cmocka_unit_test(the_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
