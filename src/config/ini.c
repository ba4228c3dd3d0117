/* One line after the other: blank, comment (# or ; at its start), [section] or key = value. A value
 * is taken as it stands, without the white space around it and one pair of double quotes; there
 * are no comments behind values, because URLs and passwords may hold a '#'. Any thread. */
#include "config/ini.h"

#include "base/str.h"

#include <string.h>

struct ini {
    const char *file;
    const char *section;
    int line;
    ini_entry *entry;
    void *context;
};

static bool take_section(struct ini *ini, char *text, struct err *err) {
    size_t n = strlen(text);
    if (text[n - 1] != ']')
        return err_set(err, ERR_USAGE, "%.200s:%d: a section is written [name]", ini->file,
                       ini->line);
    text[n - 1] = '\0';
    ini->section = str_trim(text + 1);
    return true;
}

static char *unquote(char *value) {
    size_t n = strlen(value);
    if (n < 2 || value[0] != '"' || value[n - 1] != '"')
        return value;
    value[n - 1] = '\0';
    return value + 1;
}

static bool take_line(struct ini *ini, char *text, struct err *err) {
    text = str_trim(text);
    if (*text == '\0' || *text == '#' || *text == ';')
        return true;
    if (*text == '[')
        return take_section(ini, text, err);
    char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return err_set(err, ERR_USAGE, "%.200s:%d: a line is written key = value", ini->file,
                       ini->line);
    *equals = '\0';
    char *value = unquote(str_trim(equals + 1));
    return ini->entry(ini->context, ini->section, str_trim(text), value, ini->line, err);
}

bool ini_parse(char *text, const char *file, ini_entry *entry, void *context, struct err *err) {
    struct ini ini = {file, "", 0, entry, context};
    if (str_starts(text, "\xef\xbb\xbf")) /* a byte order mark, as some editors leave it */
        text += 3;
    for (char *line = text; line;) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        ini.line++;
        if (!take_line(&ini, line, err))
            return false;
        line = next;
    }
    return true;
}
