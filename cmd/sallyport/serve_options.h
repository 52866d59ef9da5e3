/* The command line of `sallyport serve`. */
#ifndef SALLYPORT_SERVE_OPTIONS_H
#define SALLYPORT_SERVE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct texts {
    const char **at; /* pointers into the command line */
    size_t count;
};

struct serve_user {
    char *name;
    char *password;   /* NULL: only keys */
    const char *file; /* of --password-file; NULL: the command line */
    size_t line;
};

struct serve_keys {
    char *user; /* NULL: every user */
    const char *file;
};

struct serve_options {
    const char *directory; /* "." when none is given */
    struct texts listen;
    struct texts host_keys;
    struct texts password_files;
    struct texts settings; /* NAME=VALUE each */
    struct serve_user *users;
    size_t user_count, user_room;
    struct serve_keys *keys;
    size_t keys_count;
    bool read_only;
    const char *as; /* USER or USER:GROUP; NULL: do not switch users */
    bool no_sandbox;
    uint32_t ignored, refused; /* SALLY_ATTR_ bits that clients cannot set */
    bool json;
    bool quiet;
    unsigned verbose;
};

/* EXIT_OK, or the exit status after reporting an error. Passwords in argv are overwritten, since
 * other users of the machine can see it. Call serve_options_clear() in either case. */
int serve_options_parse(struct serve_options *options, int argc, char **argv);
void serve_options_clear(struct serve_options *options);

/* Adds a user. False: out of memory. */
bool serve_options_add_user(struct serve_options *options, const char *name, const char *password);

#endif
