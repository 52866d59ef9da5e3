/* What a login gets: the part of an accepting answer that outlives it. */
#ifndef SALLY_AUTH_ANSWER_H
#define SALLY_AUTH_ANSWER_H

#include "sallyport/auth.h"

struct auth_setting {
    struct auth_setting *next;
    char *name, *value;
};

struct auth_answer {
    sally_fs *fs;      /* held; NULL: none was named */
    char *root, *home; /* NULL: "/" */
    uint32_t permissions;
    struct auth_setting *settings;
    char *message; /* the welcome message; after a rejection, the reason; NULL: none */
    void *data;    /* the program's */
    void (*free_data)(void *data);
};

/* An empty answer, which permits everything. */
void auth_answer_init(struct auth_answer *answer);
/* Releases everything; then it is empty. */
void auth_answer_clear(struct auth_answer *answer);
/* `from` is empty afterwards. */
void auth_answer_move(struct auth_answer *to, struct auth_answer *from);
/* Releases the program's data, once. */
void auth_answer_free_data(struct auth_answer *answer);

#endif
