/* --help: the same tables that drive the parsing, printed. Main thread. */
#include "app/help.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define COLUMN 26

const struct option common_options[] = {
    {"config", "FILE", "read this configuration file", false},
    {"help", NULL, "print this", false},
    {"version", NULL, "print the version", false},
    {NULL, NULL, NULL, false},
};

static void print_row(const char *left, const char *help) {
    if (strlen(left) < COLUMN)
        printf("  %-*s%s\n", COLUMN, left, help);
    else
        printf("  %s\n  %*s%s\n", left, COLUMN, "", help);
}

static void print_options(const struct option *o) {
    for (; o && o->name; o++) {
        char left[80];
        str_format(left, sizeof left, "--%s%s%s%s", o->name, o->argument ? " " : "",
                   o->argument ? o->argument : "", o->many ? " ..." : "");
        print_row(left, o->help);
    }
}

static void print_keys(void) {
    for (int i = 0; i < config_key_count(); i++) {
        struct config_key_info k = config_key_at(i);
        char left[80], help[200];
        str_format(left, sizeof left, "--%s VALUE", k.key);
        for (char *c = left; *c; c++)
            if (*c == '_')
                *c = '-';
        str_format(help, sizeof help, "%s%s%s%s", k.help, *k.fallback ? " [" : "", k.fallback,
                   *k.fallback ? "]" : "");
        print_row(left, help);
    }
}

void help_print_all(void) {
    printf("usage: postroom [COMMAND] [OPTIONS]\n\n"
           "Sends the email messages of a PostgreSQL table through a provider, never loses one,\n"
           "and shows it live in the terminal.\n\ncommands:\n");
    for (const struct cmd *const *c = commands; *c; c++)
        print_row((*c)->name, (*c)->summary);
    printf("\noptions of every command:\n");
    print_options(common_options);
    printf(
        "\nconfiguration, as options, in the environment (POSTROOM_RATE) or in the file (rate):\n");
    print_keys();
    printf(
        "\n`postroom COMMAND --help` says more; the manual is postroom(1) and postroom.conf(5).\n");
}

void help_print(const struct cmd *cmd) {
    printf("usage: postroom %s [OPTIONS]%s%s\n\n%s\n", cmd->name, *cmd->arguments ? " " : "",
           cmd->arguments, cmd->summary);
    if (cmd->details)
        printf("\n%s\n", cmd->details);
    if (cmd->options) {
        printf("\noptions:\n");
        print_options(cmd->options);
    }
    printf("\noptions of every command:\n");
    print_options(common_options);
    if (!cmd->no_settings)
        printf("and every configuration key: `postroom --help` lists them\n");
}
