/* Names of columns, commands and faults: complete, unique, and back again. */
#include "base/str.h"
#include "core/command.h"
#include "core/outcome.h"
#include "core/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void columns(void **state) {
    (void)state;
    for (int c = 0; c < COLUMN_COUNT; c++) {
        assert_non_null(column_name((enum column)c));
        for (int d = 0; d < c; d++) {
            assert_string_not_equal(column_name((enum column)c), column_name((enum column)d));
        }
    }
    assert_string_equal(column_name(COL_TO_EMAIL), "to_email");
    assert_null(column_name(COLUMN_COUNT));
}

static void faults(void **state) {
    (void)state;
    for (int f = LANE_OK; f <= LANE_DOWN; f++) {
        assert_int_equal(lane_fault_from(lane_fault_name((enum lane_fault)f)), f);
    }
    assert_string_equal(lane_fault_name(LANE_RATE), "rate");
    assert_string_equal(lane_fault_name((enum lane_fault)99), "");
    assert_int_equal(lane_fault_from("nonsense"), LANE_OK);
    assert_int_equal(lane_fault_from(NULL), LANE_OK);
}

static void commands(void **state) {
    (void)state;
    assert_string_equal(command_name(COMMAND_PAUSE), "pause");
    assert_string_equal(command_name(COMMAND_CANCEL), "cancel");
    assert_string_equal(command_name((enum command_kind)99), "none");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns),
        cmocka_unit_test(faults),
        cmocka_unit_test(commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
