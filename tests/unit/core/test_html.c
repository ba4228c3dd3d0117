/* A mail's HTML as text: blocks, links, entities, and what is no text at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "core/html.h"

static void reads(const char *html, const char *text) {
    struct buf out;
    buf_init(&out, 1 << 20);
    html_text(&out, html, strlen(html));
    assert_string_equal(buf_text(&out), text);
    buf_free(&out);
}

static void blocks_become_lines(void **state) {
    (void)state;
    reads("", "");
    reads("  \n ", "");
    reads("one", "one\n");
    reads("<p>one</p><p>two\n  three</p>", "one\n\ntwo three\n");
    reads("<div>one</div><div><div>two</div></div>", "one\ntwo\n");
    reads("one<br>two<br/>three<br><br><br><br>four", "one\ntwo\nthree\n\nfour\n");
    reads("<h1>Head</h1>text<ul><li>a<li> b</ul>end", "Head\n\ntext\n\n- a\n- b\n\nend\n");
    reads("<table><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></table>", "a b\nc\n");
    reads("a<hr>b", "a\n----\nb\n");
    reads("<pre>a  b\n\n\n c</pre>", "a  b\n\n\n c\n");
    reads("so <b>bo</b>ld, <i> it</i>alic", "so bold, italic\n");
}

static void links_are_numbered(void **state) {
    (void)state;
    reads(
        "<p>pay <a href=\"https://a.example/?x=1&amp;y=2\">here</a>, or "
        "<A class=b HREF='https://b.example/'>there</A>.</p>",
        "pay here [1], or there [2].\n\n[1] https://a.example/?x=1&y=2\n[2] https://b.example/\n");
    reads("<a href=x>a</a> <a href=x>b</a>", "a [1] b [1]\n\n[1] x\n");
    reads("<a href=\"#top\">up</a><a name=q>q</a>", "upq\n");
    reads("<a href=\"a>b\">x</a>", "x [1]\n\n[1] a>b\n");
    reads("<a href=y>never closed", "never closed [1]\n\n[1] y\n");
}

static void entities_are_decoded(void **state) {
    (void)state;
    reads("&lt;b&gt; &amp;amp; &quot;x&quot; 48.20&nbsp;&euro; &#65;&#x42; &eacute;",
          "<b> &amp; \"x\" 48.20 \xe2\x82\xac AB \xc3\xa9\n");
    reads("AT&T &unknown; & &; &#; &#xzz;", "AT&T &unknown; & &; &#; &#xzz;\n");
    reads("&#0;&#xd800;&#99999999999;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n");
    reads("a\xc2\xa0\xc2\xa0z", "a z\n");
    reads("soft&shy;en", "soften\n");
}

static void what_is_no_text_is_left_out(void **state) {
    (void)state;
    reads("<!DOCTYPE html><html><head><title>no</title><style>p{}</style></head>"
          "<body><!-- <p>no</p> --><p>yes</p><script>if (a</b) no()</script>"
          "<img src=x alt=no></body></html>",
          "yes\n");
    reads("a<style>never ends", "a\n");
    reads("a<!-- never ends", "a\n");
    reads("1 < 2 and 3 <", "1 < 2 and 3 <\n");
    reads("x<STYLE>no</sTyLe>y", "xy\n");
    reads("<p", "");
    reads("</", "");
}

/* Nesting, quotes and starts that never end cost no more than their length. */
static void hostile_input_takes_no_longer(void **state) {
    (void)state;
    static const char *const pieces[] = {"<a href=", "<style><", "</", "<!--",
                                         "&#",       "<table>",  "\"<"};
    for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
        struct buf in, out;
        buf_init(&in, 4 << 20);
        buf_init(&out, 1 << 20);
        while (in.len < 1 << 20)
            buf_puts(&in, pieces[k]);
        int64_t start = clock_boot_us();
        html_text(&out, buf_text(&in), in.len);
        assert_true(clock_boot_us() - start < 10 * USEC_PER_SEC);
        buf_free(&in);
        buf_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_become_lines),
        cmocka_unit_test(links_are_numbered),
        cmocka_unit_test(entities_are_decoded),
        cmocka_unit_test(what_is_no_text_is_left_out),
        cmocka_unit_test(hostile_input_takes_no_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
