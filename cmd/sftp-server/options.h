/* The command line: the options of OpenSSH's sftp-server(8), with the same meaning. */
#ifndef SFTP_SERVER_OPTIONS_H
#define SFTP_SERVER_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

enum exit_status { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct os_account { /* the user of the session */
    char *name;
    char *home;
};

struct options {
    char *start_directory; /* -d, with its tokens expanded; NULL: the current directory */
    bool to_stderr;        /* -e */
    int facility;          /* -f: of syslog(3) */
    int level;             /* -l: of enum log_level */
    const char *denied;    /* -P; NULL: none */
    const char *allowed;   /* -p; NULL: all */
    bool read_only;        /* -R */
    bool has_umask;        /* -u */
    mode_t umask;
    bool done; /* -h, -Q: nothing else to do */
};

/* EXIT_OK, or the exit status after reporting an error. */
int options_parse(struct options *options, int argc, char **argv, const struct os_account *account);
void options_clear(struct options *options);

#endif
