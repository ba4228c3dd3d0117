/* The state folder: see state.h. */
#include "base/state.h"

#include "base/str.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *given(const char *name) {
    const char *value = getenv(name);
    return value && value[0] == '/' ? value : NULL;
}

bool state_folder(char *dst, size_t size) {
    const char *service = given("STATE_DIRECTORY"), *xdg = given("XDG_STATE_HOME");
    const char *home = given("HOME");
    if (service) /* may be several, separated by colons */
        return str_format(dst, size, "%.*s", (int)strcspn(service, ":"), service);
    if (xdg)
        return str_format(dst, size, "%s/postroom", xdg);
    if (home)
        return str_format(dst, size, "%s/.local/state/postroom", home);
    return str_copy(dst, size, "/var/lib/postroom");
}

static bool make_one(const char *path, struct err *err) {
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return true;
    return err_set(err, ERR_IO, "cannot make the folder %.200s: %s", path, strerror(errno));
}

bool state_make(const char *folder, struct err *err) {
    char path[PATH_MAX];
    if (!str_copy(path, sizeof path, folder))
        return err_set(err, ERR_IO, "the state folder's name is too long");
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!make_one(path, err))
            return false;
        *slash = '/';
    }
    return make_one(path, err);
}
