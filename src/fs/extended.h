/* EXTENDED requests that only a storage can answer: extended attributes, as in ProFTPD's mod_sftp,
 * and the ranges that contain data, as in AsyncSSH. The library has removed the leading path or
 * handle from the data: it is op->path or op->file. */
#ifndef SALLY_FS_EXTENDED_H
#define SALLY_FS_EXTENDED_H

#include <stdbool.h>

#include "os/file.h"
#include "sallyport/fs.h"

/* The source of the answers. Functions as in os/file.h. */
struct extended_source {
    void *context;
    /* Only attributes of the namespace "user." exist. The others affect the system, such as the
     * capabilities of programs. */
    bool only_users;
    ssize_t (*get)(void *context, const char *name, void *value, size_t room);
    ssize_t (*list)(void *context, char *names, size_t room);
    bool (*set)(void *context, const char *name, const void *value, size_t size,
                enum os_xattr_how how);
    bool (*remove)(void *context, const char *name);
    /* One stretch of data at or after `*at`, which becomes its end; false: no more before `end`. */
    bool (*next_data)(void *context, uint64_t *at, uint64_t end, uint64_t *data);
};

/* The subject of the request. */
enum extended_on {
    EXTENDED_NOTHING, /* unknown */
    EXTENDED_PATH,    /* of a symbolic link itself, as in ProFTPD */
    EXTENDED_HANDLE,
    EXTENDED_REGULAR_FILE /* an open one */
};
enum extended_on extended_on(const sally_op *op);
bool extended_changes(const sally_op *op);

sally_status extended_answer(sally_op *op, const struct extended_source *source);

/* A slot that announces all of them. */
sally_fs_slot extended_session_start;

#endif
