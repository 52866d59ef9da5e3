/* Names of numeric users and groups. Asking the system may take long (a directory service), so a
 * limited number of answers is cached for a while. Any thread. Clients without an account on this
 * machine must not find out who has one: they only see the names of this process. */
#ifndef SALLY_FS_ID_NAMES_H
#define SALLY_FS_ID_NAMES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "sallyport/op.h"

#define ID_NAME_SIZE    128 /* with the NUL; a longer name counts as unknown */
#define ID_NAMES_PLACES 512 /* of users, and as many of groups */
#define ID_NAMES_KEEP_S 300

enum id_kind { ID_USER, ID_GROUP };

enum id_scope {
    ID_ALL, /* every name that the system knows */
    ID_OWN  /* those of this process's effective user and group; all others are numbers */
};

struct id_name {
    bool used, known;
    uint32_t id;
    int64_t asked_s; /* monotonic */
    char name[ID_NAME_SIZE];
};

struct id_names {
    enum id_scope scope;
    pthread_mutex_t lock;
    struct id_name *places[2]; /* by kind, then by id modulo ID_NAMES_PLACES; made when needed */
};

bool id_names_init(struct id_names *names, enum id_scope scope);
void id_names_clear(struct id_names *names);

/* The name; false, and the number as text, if there is none. */
bool id_names_get(struct id_names *names, enum id_kind kind, uint32_t id, char out[ID_NAME_SIZE]);

/* Those of a user and a group, but only from the cache, without waiting. False: they must be looked
 * up. */
bool id_names_kept(struct id_names *names, uint32_t uid, uint32_t gid, char user[ID_NAME_SIZE],
                   char group[ID_NAME_SIZE]);

/* The number for a name, or for a number as text. With ID_ALL it asks the system each time. */
bool id_of_name(struct id_names *names, enum id_kind kind, const char *name, uint32_t *id);

/* The number for the owner (or group) that a client requests: OWNER_INVALID or GROUP_INVALID for an
 * impossible number; UNKNOWN_PRINCIPAL for an unknown name, which the client gets. `names` may be
 * NULL: there are no names. */
sally_status id_of_principal(sally_op *op, struct id_names *names, enum id_kind kind,
                             const char *name, uint32_t *id);

/* Decimal digits only; 2^32-1 is not valid: to chown(2) it means "unchanged". */
bool id_of_number(const char *text, uint32_t *id);

#endif
