/* A storage in memory for tests: it answers at once, or late in an order that the test chooses. */
#ifndef TEST_SFTP_STORE_H
#define TEST_SFTP_STORE_H

#include <stdbool.h>

#include "sallyport/file.h"
#include "sallyport/fs.h"
#include "sallyport/session.h"

#define STORE_MAX_NODES 64
#define STORE_MAX_BYTES (1u << 20) /* of one file */
#define STORE_MAX_LATE  256

struct store_node {
    char *path; /* NULL: unused */
    uint32_t type;
    uint32_t permissions;
    int64_t mtime;
    uint8_t *data; /* a file's bytes, or a link's text */
    size_t size, capacity;
};

struct store {
    struct store_node nodes[STORE_MAX_NODES];
    uint32_t many;         /* entries of the directory /many */
    uint32_t grown;        /* what all of them have grown by since they were listed, as STAT says */
    uint32_t empty_rounds; /* READDIRs of /many that bring nothing at first */
    bool plain_names;      /* /many lists names without attributes */
    bool one_by_one;       /* each READDIR of /many brings one name */
    bool resolves;         /* REALPATH follows links and brings attributes; set before store_fs() */
    bool odd_names;        /* /many begins with names that cannot be sent */
    size_t name_size;      /* at least so long */
    uint64_t late_kinds;   /* SALLY_OP_BIT of the kinds that are answered late */
    sally_op *late[STORE_MAX_LATE];
    uint32_t late_count;
    sally_status fail;        /* the answer to the next operation, when not OK */
    uint64_t fail_kinds;      /* only for these; 0: any */
    const char *fail_message; /* to go with it; NULL: none */
    uint64_t calls[SALLY_OP_KINDS];
    sally_op last; /* of the last operation: in-values; pointers may be dead */
    char last_path[512], last_to[512];
    sally_attrs last_attrs; /* of OPEN, SETSTAT, MKDIR */
    char trace[4096];       /* kinds in the order of their calls, while there is room */
    uint32_t open_files, cancels;
    uint32_t last_reason;             /* of the last CLOSE */
    uint32_t settable, settable_bits; /* for VERSION; 0: as they are */
    sally_pair announce;              /* extension for VERSION, when it has a name */
};

void store_init(struct store *s);
void store_clear(struct store *s);
/* Slots in `without` (SALLY_OP_BIT) are NULL. */
sally_fs *store_fs(struct store *s, uint32_t traits, uint64_t without);
/* Makes a file or directory. */
struct store_node *store_add(struct store *s, const char *path, uint32_t type, const void *data,
                             size_t size);
struct store_node *store_find(struct store *s, const char *path);
/* Does the late operation at `index` and finishes it. */
void store_finish(struct store *s, uint32_t index);

#endif
