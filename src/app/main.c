/* postroom: one table of commands, looked up by name. Here the process is made safe (no core with
 * secrets in it, no death by a closed pipe), the command line and the configuration are read, and
 * the command's answer becomes the exit code. */
#include "app/cmd.h"
#include "app/help.h"
#include "base/mem.h"
#include "base/str.h"
#include "db/db.h"
#include "provider/provider.h"

#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

const struct cmd *const commands[] = {
    &cmd_run,        &cmd_watch,        &cmd_migrate, &cmd_send,   &cmd_status,    &cmd_list,
    &cmd_show,       &cmd_why,          &cmd_retry,   &cmd_cancel, &cmd_mark_sent, &cmd_suppress,
    &cmd_unsuppress, &cmd_suppressions, &cmd_prune,   &cmd_pause,  &cmd_resume,    &cmd_trigger,
    &cmd_doctor,     &cmd_sandbox,      &cmd_demo,    NULL,
};

static void complain(const char *text) {
    struct buf line;
    buf_init(&line, 4096);
    str_sanitize(&line, text, 2048);
    fprintf(stderr, "postroom: %s\n", buf_text(&line));
    buf_free(&line);
}

int cmd_fail(const struct err *err) {
    complain(err->text);
    return err->code == ERR_USAGE || err->code == ERR_SCHEMA ? EXIT_USAGE : EXIT_FAILED;
}

int cmd_usage(const struct cmd *cmd, const char *fmt, ...) {
    char text[512], line[640];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    str_format(line, sizeof line, "%s: %s; see `postroom %s --help`", cmd->name, text, cmd->name);
    complain(line);
    return EXIT_USAGE;
}

/* Values given as flags stood in argv, where `ps` shows them: secrets among them are wiped once
 * they were copied. */
static void hide_secrets(const struct args *args) {
    for (int i = 0; i < args->flag_count; i++)
        for (int k = 0; k < config_key_count(); k++)
            if (config_key_at(k).secret && strcmp(config_key_at(k).key, args->flags[i].key) == 0) {
                char *value = (char *)args->flags[i].value;
                memset(value, '*', strlen(value));
            }
}

static bool check_provider(const struct config *config, struct err *err) {
    const char *name = config_settings(config)->provider;
    struct buf value, source;
    if (provider_find(name))
        return true;
    buf_init(&value, 256);
    buf_init(&source, 256);
    for (int i = 0; i < config_key_count(); i++)
        if (strcmp(config_key_at(i).key, "provider") == 0)
            config_describe(config, i, &value, &source);
    err_set(err, ERR_USAGE, "provider (\"%.40s\", from %s): allowed are: %s", name,
            buf_text(&source), provider_names());
    buf_free(&value);
    buf_free(&source);
    return false;
}

static int run_with_settings(struct args *args) {
    struct err err = {0};
    struct config *config = config_load(args->config_file, args->flags, args->flag_count, &err);
    if (!config)
        return cmd_fail(&err);
    hide_secrets(args);
    args->config = config;
    const struct settings *s = config_settings(config);
    int code = check_provider(config, &err) ? args->cmd->run(args, s) : cmd_fail(&err);
    args->config = NULL;
    config_free(config);
    return code;
}

static int dispatch(struct args *args) {
    if (args->version) {
        printf("postroom %s\n", POSTROOM_VERSION);
        return EXIT_DONE;
    }
    if (args->help) {
        if (args->cmd_named)
            help_print(args->cmd);
        else
            help_print_all();
        return EXIT_DONE;
    }
    return args->cmd->no_settings ? args->cmd->run(args, NULL) : run_with_settings(args);
}

int main(int argc, char **argv) {
    struct args args;
    struct err err = {0};
    signal(SIGPIPE, SIG_IGN);
    mem_keep_some();
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setlocale(LC_CTYPE, ""); /* numbers stay as in the C locale */
    int code = args_parse(&args, argc, argv, &err) ? dispatch(&args) : cmd_fail(&err);
    args_free(&args);
    /* a full disk or a closed pipe behind stdout is a failure, not a silence */
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == EXIT_DONE)
        code = EXIT_FAILED;
    if (db_is_connecting()) /* a thread left behind uses libraries that exit() takes apart */
        _exit(code);
    return code;
}
