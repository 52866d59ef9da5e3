#include <stdio.h>

#include "command.h"
#include "did_you_mean.h"
#include "report.h"

int help_show(const struct command *command)
{
    if (command) {
        printf("Usage: sallyport %s%s%s\n\n%s", command->name, *command->arguments ? " " : "",
               command->arguments, command->help);
        return EXIT_OK;
    }
    printf("Usage: sallyport COMMAND ...\n\nCommands:\n");
    for (size_t i = 0; (command = command_at(i)) != NULL; i++)
        printf("  %-15s %s\n", command->name, command->summary);
    printf("\nOptions:\n"
           "  --help          show this help\n"
           "  --version       show the version\n"
           "\n"
           "To share the current folder now: sallyport serve\n");
    return EXIT_OK;
}

static const char *name_at(size_t index)
{
    const struct command *command = command_at(index);
    return command ? command->name : NULL;
}

int help_run(int argc, char **argv)
{
    if (argc > 2)
        return report_usage("help", "only one command is accepted; unexpected \"%s\"", argv[2]);
    if (argc < 2)
        return help_show(NULL);
    const struct command *command = command_find(argv[1]);
    if (command)
        return help_show(command);
    const char *near = nearest_name(argv[1], name_at);
    return report_usage(NULL, "unknown command \"%s\"%s%s%s", argv[1],
                        near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}
