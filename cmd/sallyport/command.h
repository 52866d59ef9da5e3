/* The subcommands: a table of names, texts and functions. */
#ifndef SALLYPORT_COMMAND_H
#define SALLYPORT_COMMAND_H

#include <stddef.h>

/* Exit statuses. */
enum exit_status {
    EXIT_OK = 0,
    EXIT_FAILED = 1, /* the command line was valid, but the command failed */
    EXIT_USAGE = 2   /* invalid command line */
};

struct command {
    const char *name;
    const char *arguments;             /* for the first line of its help */
    const char *summary;               /* one line */
    const char *help;                  /* the rest of its help */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

const struct command *command_at(size_t index); /* NULL after the last one */
const struct command *command_find(const char *name);

int serve_run(int argc, char **argv);
int settings_run(int argc, char **argv);
int hash_password_run(int argc, char **argv);
int help_run(int argc, char **argv);

/* The help of one command, or of the whole program (NULL), on standard output. */
int help_show(const struct command *command);

extern const char serve_help[];

#endif
