/* sallyport: serves a folder over SFTP. Built on the library's public headers alone. */
#include <locale.h>
#include <signal.h>
#include <string.h>

#include "command.h"
#include "did_you_mean.h"
#include "report.h"
#include "sallyport/version.h"

static const char settings_help[] = "Shows all settings that \"sallyport serve --set NAME=VALUE\" "
                                    "accepts: name, default, allowed values,\n"
                                    "where it may be changed, and what it does. "
                                    "With NAMEs, only those whose names begin with one of them.\n"
                                    "\n"
                                    "  --mdoc           print a section of a manual page\n";

static const char hash_password_help[] =
    "Reads a password from standard input (asks for it twice on a terminal) and prints its hash. "
    "The\n"
    "hash can be used in place of a password:\n"
    "\n"
    "  sallyport serve --user \"joe:$(sallyport hash-password)\"\n";

/* clang-format off */
static const struct command commands[] = {
    {"serve",         "[DIR] [options]", "serve a folder over SFTP",             serve_help,         serve_run},
    {"settings",      "[NAME]...",       "show all settings",                    settings_help,      settings_run},
    {"hash-password", "",                "hash a password",                      hash_password_help, hash_password_run},
    {"help",          "[COMMAND]",       "show this help, or help for a command", "",                  help_run},
};
/* clang-format on */

const struct command *command_at(size_t index)
{
    return index < sizeof commands / sizeof *commands ? &commands[index] : NULL;
}

const struct command *command_find(const char *name)
{
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

static const char *name_at(size_t index)
{
    const struct command *command = command_at(index);
    return command ? command->name : NULL;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN); /* writing to a closed pipe fails with EPIPE instead */
    if (argc < 2) {
        help_show(NULL);
        return report_written(EXIT_USAGE);
    }
    const char *word = argv[1];
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        printf("sallyport %s\n", sally_version());
        return report_written(EXIT_OK);
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return report_written(help_show(NULL));
    const struct command *command = command_find(word);
    if (command) {
        for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
            if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
                return report_written(help_show(command));
        }
        return report_written(command->run(argc - 1, argv + 1));
    }
    if (word[0] == '-')
        return report_usage(
            NULL, "unknown option \"%s\"; give a command first, such as \"sallyport serve\"", word);
    const char *near = nearest_name(word, name_at);
    if (near)
        return report_usage(NULL, "unknown command \"%s\"; did you mean \"%s\"?", word, near);
    return report_usage(NULL, "unknown command \"%s\"; use serve, settings, hash-password or help",
                        word);
}
