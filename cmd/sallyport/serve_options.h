/* What the command line of `sallyport serve` says. */
#ifndef SALLYPORT_SERVE_OPTIONS_H
#define SALLYPORT_SERVE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct texts {
    const char **at; /* into the command line */
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
    const char *as; /* USER or USER:GROUP; NULL: whoever started it */
    bool no_sandbox;
    uint32_t ignored, refused; /* SALLY_ATTR_ bits that clients want to set in vain */
    bool json;
    bool quiet;
    unsigned verbose;
};

/* EXIT_OK, or what to exit with: the mistake has been told. Passwords are blotted out in argv,
 * where other users of the machine can see them. Clear in either case. */
int serve_options_parse(struct serve_options *options, int argc, char **argv);
void serve_options_clear(struct serve_options *options);

/* Another user. False: no memory. */
bool serve_options_add_user(struct serve_options *options, const char *name, const char *password);

#endif
