/* The one table: no key twice in a view, none that a torn sequence could press, none unnamed. */
#include "unit/ui/scene.h"

static void no_key_means_two_things(void **state) {
    (void)state;
    for (int i = 0; i < key_count; i++)
        for (int a = 0; a < 4 && key_table[i].keys[a] != 0; a++)
            for (int view = VIEW_MAIN; view < VIEWS; view++)
                if (key_table[i].views & 1U << view)
                    assert_ptr_equal(key_find(key_table[i].keys[a], (enum view)view),
                                     &key_table[i]);
}

static void torn_keys_do_no_harm(void **state) {
    (void)state;
    for (int view = VIEW_MAIN; view < VIEWS; view++) {
        assert_null(key_find('[', (enum view)view));
        assert_null(key_find('O', (enum view)view));
        for (int32_t key = 'A'; key <= 'Z'; key++) {
            const struct key_row *row = key_find(key, (enum view)view);
            assert_true(row == NULL || row->section != SECTION_CHANGE);
        }
    }
}

static void what_changes_is_in_the_help(void **state) {
    (void)state;
    struct stage st;
    struct buf out;
    stage_open_fixture(&st);
    st.scene.places.view = VIEW_HELP;
    stage_draw(&st, 80, 30, &out);
    for (int i = 0; i < key_count; i++) {
        if (key_table[i].section == SECTION_NONE)
            continue;
        assert_non_null(strstr(buf_text(&out), key_table[i].help));
        assert_true(text_width(key_table[i].help_sign) <= 14);
    }
    buf_free(&out);
    stage_close(&st);
}

/* A key as a page names it. */
static const char *key_name(int32_t key) {
    static char name[8];
    static const struct {
        int32_t key;
        const char *name;
    } named[] = {{' ', "Space"},        {K_UP, "Up"},   {K_DOWN, "Down"},
                 {K_HOME, "Home"},      {K_END, "End"}, {K_PAGE_UP, "PgUp"},
                 {K_PAGE_DOWN, "PgDn"}, {K_TAB, "Tab"}, {K_BACKTAB, "Shift-Tab"},
                 {K_ENTER, "Enter"},    {K_ESC, "Esc"}, {K_F1, "F1"}};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (named[i].key == key)
            return named[i].name;
    if (key < ' ')
        str_format(name, sizeof name, "Ctrl-%c", key == K_CTRL('\\') ? '\\' : key + 'a' - 1 - 32);
    else
        str_format(name, sizeof name, "%c", (int)key);
    return name;
}

static bool has_word(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *p = words; (p = strstr(p, word)) != NULL; p += n)
        if ((p == words || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

/* The manual's section on keys: which each entry is about, and what it says, without roff. */
struct entry {
    char keys[80], says[600];
};

static void put_plain(char *dst, size_t size, const char *line) {
    size_t n = strlen(dst);
    if (n > 0 && n + 1 < size)
        dst[n++] = ' ';
    for (; *line != '\0' && n + 1 < size; line++)
        if (line[0] != '\\')
            dst[n++] = *line;
        else if (line[1] == 'e') { /* the way to write a backslash */
            dst[n++] = '\\';
            line++;
        }
    dst[n] = '\0';
}

static int read_manual(struct entry *entries, int most) {
    size_t size;
    int n = 0;
    bool inside = false, header = false;
    char *rest = file_text("man/postroom.1", &size);
    for (char *line; n < most && (line = strsep(&rest, "\n")) != NULL;) {
        if (str_starts(line, ".SH"))
            inside = str_eq(line, ".SH KEYS");
        if (!inside || str_starts(line, ".S"))
            continue;
        bool begins = str_eq(line, ".TP");
        if (begins)
            entries[n++] = (struct entry){.keys = ""};
        else if (n > 0)
            put_plain(header ? entries[n - 1].keys : entries[n - 1].says,
                      header ? sizeof entries->keys : sizeof entries->says,
                      str_starts(line, ".B ") ? line + 3 : line);
        header = begins;
    }
    return n;
}

static const struct entry *about(const struct entry *entries, int n, const char *key) {
    for (int i = 0; i < n; i++)
        if (has_word(entries[i].keys, key))
            return &entries[i];
    return NULL;
}

/* The help's words up to where its second column or a remark begins. */
static void first_words(char *dst, size_t size, const char *help) {
    str_copy(dst, size, help);
    for (char *p = dst; *p != '\0'; p++)
        if (str_starts(p, "   "))
            *p-- = '\0';
}

/* Every key is in the manual, with the help's words, and the manual names no other. */
static void the_manual_says_the_same(void **state) {
    (void)state;
    static struct entry entries[60];
    char words[80];
    int n = read_manual(entries, 60), known = 0;
    for (int i = 0; i < key_count; i++) {
        const struct key_row *row = &key_table[i];
        for (int k = 0; k < 4 && row->keys[k] != 0; k++)
            if (about(entries, n, key_name(row->keys[k])) == NULL)
                fail_msg("man/postroom.1 does not name the key %s", key_name(row->keys[k]));
        if (row->section == SECTION_NONE || row->help_sign[0] == ' ')
            continue;
        char first[16];
        str_format(first, sizeof first, "%.*s", (int)strcspn(row->help_sign, " "), row->help_sign);
        const struct entry *e = about(entries, n, first);
        first_words(words, sizeof words, row->help);
        if (e == NULL || strstr(e->says, words) == NULL)
            fail_msg("man/postroom.1 does not say of %s: %s", first, words);
    }
    for (int i = 0; i < n; i++) {
        char *rest = entries[i].keys;
        for (char *key; (key = strsep(&rest, " ")) != NULL; known++) {
            bool found = false;
            for (int r = 0; r < key_count; r++)
                for (int k = 0; k < 4 && key_table[r].keys[k] != 0; k++)
                    found = found || str_eq(key_name(key_table[r].keys[k]), key);
            if (!found)
                fail_msg("man/postroom.1 invents the key %s", key);
        }
    }
    assert_true(known > 40);
}

/* What no footer names stands in the help. */
static void every_key_can_be_found(void **state) {
    (void)state;
    struct stage st;
    struct buf out;
    stage_open_fixture(&st);
    st.scene.places.view = VIEW_HELP;
    stage_draw(&st, 80, 40, &out);
    for (int i = 0; i < key_count; i++) {
        int32_t key = key_table[i].keys[0];
        bool footer = false;
        for (int r = 0; r < key_count; r++)
            footer =
                footer || (key_table[r].sign != NULL && has_word(key_table[r].sign, key_name(key)));
        char sign[10];
        str_format(sign, sizeof sign, "%s", key != 0 ? key_name(key) : "?");
        for (char *p = out.data; *p != '\0'; p++)
            *p = *p == '\n' ? ' ' : *p;
        if (!footer && !has_word(buf_text(&out), sign) && key != K_BACKTAB && key >= ' ')
            fail_msg("neither help nor a footer names %s", sign);
    }
    buf_free(&out);
    stage_close(&st);
}

static void the_footer_always_names_the_way_out(void **state) {
    (void)state;
    struct stage st;
    struct buf out;
    stage_open_fixture(&st);
    for (int cols = 40; cols <= 160; cols++) {
        st.scene.places.view = VIEW_MAIN;
        stage_draw(&st, cols, 24, &out);
        assert_non_null(strstr(buf_text(&out), " q quit\n"));
        buf_free(&out);
        st.scene.places.view = VIEW_WORKERS;
        stage_draw(&st, cols, 24, &out);
        assert_non_null(strstr(buf_text(&out), " q back\n"));
        buf_free(&out);
    }
    stage_close(&st);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_key_means_two_things),
        cmocka_unit_test(torn_keys_do_no_harm),
        cmocka_unit_test(what_changes_is_in_the_help),
        cmocka_unit_test(the_manual_says_the_same),
        cmocka_unit_test(every_key_can_be_found),
        cmocka_unit_test(the_footer_always_names_the_way_out),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
