/* Where postroom runs: a folder to keep outcomes in, a terminal, a locale. */
#include "doctor/internal.h"

#include "base/state.h"
#include "base/str.h"
#include "ui/term.h"

#include <dirent.h>
#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the state folder ------------------------------------------------------------------------- */

static int kept_files(const char *folder) {
    DIR *dir = opendir(folder);
    int n = 0;
    for (struct dirent *d; dir && (d = readdir(dir));)
        n += str_starts(d->d_name, "outcomes-") && strstr(d->d_name, ".json") != NULL;
    if (dir)
        closedir(dir);
    return n;
}

/* The folder is made when it is needed: then the nearest one above it counts. */
static bool can_write(const char *folder) {
    char path[PATH_MAX];
    if (!str_copy(path, sizeof path, folder))
        return false;
    while (access(path, F_OK) != 0 && errno == ENOENT) {
        char *slash = strrchr(path, '/');
        if (!slash || slash == path)
            return access("/", W_OK) == 0;
        *slash = '\0';
    }
    return access(path, W_OK | X_OK) == 0;
}

static void look_at_state(struct findings *out) {
    char folder[PATH_MAX];
    if (!state_folder(folder, sizeof folder) || !can_write(folder)) {
        findings_add(out, FINDING_NOTE, "state.folder",
                     "%s cannot be written: outcomes that the database does not take when a worker "
                     "leaves could not be kept",
                     folder);
        findings_remedy(out, "as a service: StateDirectory=postroom; else set XDG_STATE_HOME");
        return;
    }
    int n = kept_files(folder);
    findings_add(out, FINDING_OK, "state.folder", "%s can be written", folder);
    if (n > 0) {
        findings_add(out, FINDING_NOTE, "state.kept", "%d file%s of outcomes wait%s in %s", n,
                     n == 1 ? "" : "s", n == 1 ? "s" : "", folder);
        findings_remedy(out, "start a worker here: it writes them before anything else");
    }
}

/* --- terminal and locale ---------------------------------------------------------------------- */

static void look_at_terminal(struct findings *out) {
    struct err err;
    if (term_possible(&err)) {
        findings_add(out, FINDING_OK, "terminal.screen", "the terminal (%s) can show the dashboard",
                     getenv("TERM"));
    } else if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        findings_add(out, FINDING_UNKNOWN, "terminal.screen",
                     "no terminal here, so none was looked at");
    } else {
        findings_add(out, FINDING_NOTE, "terminal.screen", "%s", err.text);
        findings_remedy(out,
                        "export TERM=xterm-256color, or what your terminal is; its description "
                        "may be in the package ncurses-term");
    }
}

static const char *wanted_locale(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && value[0])
            return value;
    }
    return "C";
}

static void look_at_locale(struct findings *out) {
    bool there = setlocale(LC_CTYPE, "") != NULL;
    const char *set = nl_langinfo(CODESET), *wanted = wanted_locale();
    if (there && str_eq(set, "UTF-8")) {
        findings_add(out, FINDING_OK, "terminal.locale", "the locale %s is UTF-8", wanted);
        return;
    }
    findings_add(out, FINDING_NOTE, "terminal.locale",
                 there ? "the locale %s is not UTF-8 (%s): the dashboard draws in ASCII, names in "
                         "other letters show as ?"
                       : "the locale %s is not installed here; %s is used",
                 wanted, set);
    findings_remedy(out, "export LC_ALL=C.UTF-8, or another UTF-8 locale that `locale -a` lists");
}

void doctor_place(struct findings *out) {
    look_at_state(out);
    look_at_terminal(out);
    look_at_locale(out);
}
