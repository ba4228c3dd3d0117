/* What is said about a message that left the list under the cursor. */
#include "ui/fate.h"
#include "unit/ui/scene.h"

#define ID "b81d0c52-6a3e-4f7b-9c05-2e94d7a8f613"

static void said(const char *list, int cols, const char *json, const char *expected) {
    struct err err;
    char text[200];
    struct page_want want = {.kind = PAGE_FATE, .id = ID, .filter.error_code = "bad"};
    str_copy(want.filter.status, sizeof want.filter.status, list);
    struct page *p = json != NULL ? page_parse(&want, json, strlen(json), &err)
                                  : page_trouble(&want, "no answer", &err);
    assert_non_null(p);
    fate_say(p, cols, "~", text, sizeof text);
    assert_string_equal(text, expected);
    page_free(p);
}

#define NOW(status) "{\"message\":{\"id\":\"" ID "\",\"status\":\"" status "\"}"
#define FAILED(code, error)                                                                        \
    "{\"message\":{\"id\":\"" ID "\",\"status\":\"failed\",\"error_code\":\"" code                 \
    "\",\"error_message\":\"" error "\"}"
#define BY(what) ",\"journal\":[{\"who\":\"bob\",\"what\":\"" what "\"}]}"

static void whose_deed_and_where_it_is(void **state) {
    (void)state;
    said("", 80, NOW("pending") BY("retried 3 of 3, error bad"), "b81d~f613 was retried by bob");
    said("", 140, NOW("pending") BY("retries " ID), ID " was retried by bob");
    said("", 80, NOW("sent") BY("retried " ID), "b81d~f613 was retried by bob, and was sent");
    said("", 80, FAILED("worse", "503 no") BY("retried " ID),
         "b81d~f613 was retried by bob, and failed: 503 no");
    said("pending", 80, NOW("cancelled") BY("cancelled 9 of 9"), "b81d~f613 was cancelled by bob");
    said("uncertain", 80, NOW("sent") BY("marked as sent " ID),
         "b81d~f613 was marked as sent by bob");
}

static void nobodys_deed(void **state) {
    (void)state;
    said("pending", 80, NOW("sent") "}", "b81d~f613 was sent");
    said("pending", 80, NOW("processing") "}", "b81d~f613 is being sent");
    said("pending", 80, FAILED("bad", "503 no") "}", "b81d~f613 failed: 503 no");
    said("", 80, FAILED("worse", "503 no") "}", "b81d~f613 failed: 503 no");
    said("", 80, FAILED("bad", "503 no") "}", "b81d~f613 stands further down now");
    said("scheduled", 80, NOW("pending") "}", "b81d~f613 is due now");
    said("pending", 80, NOW("pending") "}", "b81d~f613 stands further down now");
    said("cancelled", 80, NOW("pending") "}", "b81d~f613 waits to be sent");
    said("", 80, NOW("odd") "}", "b81d~f613 is odd now");
    said("", 80, "{\"message\":null}", "b81d~f613 was deleted");
    said("", 80, NULL, "b81d~f613 is no longer here");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whose_deed_and_where_it_is),
        cmocka_unit_test(nobodys_deed),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
