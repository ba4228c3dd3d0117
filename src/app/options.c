/* One pass over argv by tables: the command's own options first, then the common ones, then the
 * configuration keys. `--name value` and `--name=value` are the same; `--` ends the options; a lone
 * `-` is a word. Main thread. */
#include "app/options.h"

#include "app/cmd.h"
#include "app/help.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/nearest.h"

#include <string.h>

#define NAME_MAX_BYTES 64

/* What a --name is. */
struct meaning {
    const struct option *option; /* the command's own or a common one */
    bool common;
    char key[NAME_MAX_BYTES]; /* a configuration key, as in the file; else "" */
};

static const struct option *find_option(const struct option *o, const char *name) {
    for (; o && o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

static bool find_meaning(const struct cmd *cmd, const char *name, struct meaning *m) {
    *m = (struct meaning){0};
    m->option = find_option(cmd->options, name);
    if (m->option)
        return true;
    m->option = find_option(common_options, name);
    m->common = m->option != NULL;
    if (m->common || cmd->no_settings || strchr(name, '_'))
        return m->common;
    str_copy(m->key, sizeof m->key, name);
    for (char *c = m->key; *c; c++)
        if (*c == '-')
            *c = '_';
    return config_is_key(m->key);
}

/* "--name=value" -> name; false where it is no option. */
static bool option_name(const char *arg, char name[NAME_MAX_BYTES]) {
    if (strcmp(arg, "-h") == 0)
        return str_copy(name, NAME_MAX_BYTES, "help");
    if (!str_starts(arg, "--") || arg[2] == '\0')
        return false;
    str_copy(name, NAME_MAX_BYTES, arg + 2);
    name[strcspn(name, "=")] = '\0';
    return true;
}

static bool takes_value(const struct meaning *m) {
    return m->key[0] || (m->option && m->option->argument);
}

static bool unknown_option(const struct cmd *cmd, const char *arg, const char *name,
                           struct err *err) {
    struct nearest n;
    nearest_start(&n, name);
    for (const struct option *o = cmd->options; o && o->name; o++)
        nearest_try(&n, o->name);
    for (const struct option *o = common_options; o->name; o++)
        nearest_try(&n, o->name);
    for (int i = 0; i < config_key_count() && !cmd->no_settings; i++)
        nearest_try(&n, config_key_at(i).key);
    if (!n.best)
        return err_set(err, ERR_USAGE, "%s: unknown option %.60s; see `postroom %s --help`",
                       cmd->name, arg, cmd->name);
    char best[NAME_MAX_BYTES];
    str_copy(best, sizeof best, n.best);
    for (char *c = best; *c; c++)
        if (*c == '_')
            *c = '-';
    return err_set(err, ERR_USAGE, "%s: unknown option %.60s; did you mean --%s?", cmd->name, arg,
                   best);
}

/* --- taking it apart -------------------------------------------------------------------------- */

struct parser {
    struct args *a;
    int argc, at;
    char **argv;
    int command_at; /* argv's index of the command; 0: not given */
};

static bool add_option(struct parser *p, const struct meaning *m, const char *value,
                       struct err *err) {
    struct args *a = p->a;
    if (m->key[0]) {
        char *key = mem_strdup(m->key);
        a->flags[a->flag_count] = (struct config_flag){key, value};
        a->flag_count += key != NULL;
        return key || err_nomem(err);
    }
    if (m->common) {
        a->help |= strcmp(m->option->name, "help") == 0;
        a->version |= strcmp(m->option->name, "version") == 0;
        if (strcmp(m->option->name, "config") == 0)
            a->config_file = value;
        return true;
    }
    if (m->option->argument && !m->option->many && args_has(a, m->option->name))
        return err_set(err, ERR_USAGE, "%s: --%s is given twice", a->cmd->name, m->option->name);
    a->given[a->given_count++] = (struct given){m->option, value};
    return true;
}

static bool take_option(struct parser *p, const char *name, struct err *err) {
    const char *arg = p->argv[p->at], *value = strchr(arg, '=');
    struct meaning m;
    if (!find_meaning(p->a->cmd, name, &m))
        return unknown_option(p->a->cmd, arg, name, err);
    if (!takes_value(&m))
        return value ? err_set(err, ERR_USAGE, "%s: --%s takes no value", p->a->cmd->name, name)
                     : add_option(p, &m, NULL, err);
    if (value)
        return add_option(p, &m, value + 1, err);
    if (p->at + 1 >= p->argc)
        return err_set(err, ERR_USAGE, "%s: --%s needs a value: --%s %s", p->a->cmd->name, name,
                       name, m.option ? m.option->argument : "VALUE");
    return add_option(p, &m, p->argv[++p->at], err);
}

static bool take_word(struct parser *p, struct err *err) {
    struct args *a = p->a;
    const char *word = p->argv[p->at];
    if (p->at == p->command_at)
        return true;
    if (a->cmd->max_words >= 0 && a->word_count >= a->cmd->max_words)
        return err_set(err, ERR_USAGE, "%s: what is \"%.60s\"? %s%s", a->cmd->name, word,
                       a->cmd->max_words == 0 ? "no word may follow" : "it takes only ",
                       a->cmd->max_words == 0 ? "" : a->cmd->arguments);
    a->words[a->word_count++] = word;
    return true;
}

static bool parse_all(struct parser *p, struct err *err) {
    bool options = true;
    for (p->at = 1; p->at < p->argc; p->at++) {
        char name[NAME_MAX_BYTES];
        const char *arg = p->argv[p->at];
        bool done;
        if (options && strcmp(arg, "--") == 0) {
            options = false;
            continue;
        }
        if (options && option_name(arg, name))
            done = take_option(p, name, err);
        else if (options && arg[0] == '-' && arg[1] != '\0')
            done = unknown_option(p->a->cmd, arg, arg + 1, err);
        else
            done = take_word(p, err);
        if (!done)
            return false;
    }
    return true;
}

/* The command is the first word. Before it may stand options that every command, or `run`, knows:
 * their values are no words. */
static int find_command_at(const struct cmd *fallback, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        char name[NAME_MAX_BYTES];
        struct meaning m;
        if (strcmp(argv[i], "--") == 0)
            return 0;
        if (option_name(argv[i], name)) {
            if (!strchr(argv[i], '=') && find_meaning(fallback, name, &m) && takes_value(&m))
                i++;
        } else if (argv[i][0] != '-') {
            return i;
        }
    }
    return 0;
}

static const struct cmd *find_command(const char *name, struct err *err) {
    struct nearest n;
    nearest_start(&n, name);
    for (const struct cmd *const *c = commands; *c; c++) {
        if (strcmp((*c)->name, name) == 0)
            return *c;
        nearest_try(&n, (*c)->name);
    }
    err_set(err, ERR_USAGE, "unknown command \"%.60s\"%s%s%s", name,
            n.best ? "; did you mean " : "", n.best ? n.best : "",
            n.best ? "?" : "; `postroom --help` lists them");
    return NULL;
}

bool args_parse(struct args *a, int argc, char **argv, struct err *err) {
    *a = (struct args){.cmd = commands[0]};
    size_t most = (size_t)(argc > 0 ? argc : 1);
    struct parser p = {a, argc, 1, argv, find_command_at(commands[0], argc, argv)};
    a->given = mem_array(most, sizeof *a->given);
    a->words = mem_array(most, sizeof *a->words);
    a->flags = mem_array(most, sizeof *a->flags);
    if (!a->given || !a->words || !a->flags)
        return err_nomem(err);
    if (p.command_at > 0) {
        const struct cmd *cmd = find_command(argv[p.command_at], err);
        if (!cmd)
            return false;
        a->cmd = cmd;
        a->cmd_named = true;
    }
    return parse_all(&p, err);
}

void args_free(struct args *a) {
    for (int i = 0; i < a->flag_count; i++)
        mem_free((void *)a->flags[i].key);
    mem_free(a->given);
    mem_free(a->words);
    mem_free(a->flags);
    *a = (struct args){.cmd = a->cmd};
}

/* --- asking ----------------------------------------------------------------------------------- */

const char *args_value_at(const struct args *a, const char *name, int i) {
    for (int g = 0; g < a->given_count; g++)
        if (strcmp(a->given[g].option->name, name) == 0 && i-- == 0)
            return a->given[g].value ? a->given[g].value : "";
    return NULL;
}

const char *args_value(const struct args *a, const char *name) {
    return args_value_at(a, name, 0);
}

bool args_has(const struct args *a, const char *name) {
    return args_value_at(a, name, 0) != NULL;
}

bool args_int(const struct args *a, const char *name, int64_t low, int64_t high, int64_t *out,
              struct err *err) {
    const char *text = args_value(a, name);
    int64_t n;
    if (!text)
        return true;
    if (!str_to_int64(text, &n) || n < low || n > high)
        return err_set(err, ERR_USAGE,
                       "%s: --%s \"%.60s\": allowed is a whole number from %lld to %lld",
                       a->cmd->name, name, text, (long long)low, (long long)high);
    *out = n;
    return true;
}

bool args_double(const struct args *a, const char *name, double low, double high, double *out,
                 struct err *err) {
    const char *text = args_value(a, name);
    double n;
    if (!text)
        return true;
    if (!str_to_double(text, &n) || !(n >= low && n <= high))
        return err_set(err, ERR_USAGE, "%s: --%s \"%.60s\": allowed is a number from %g to %.15g",
                       a->cmd->name, name, text, low, high);
    *out = n;
    return true;
}

bool args_time(const struct args *a, const char *name, bool ago, struct when *out,
               struct err *err) {
    const char *text = args_value(a, name);
    if (!text || when_parse(text, ago, out, err))
        return true;
    return err_wrap(err, "%s: --%s", a->cmd->name, name);
}
