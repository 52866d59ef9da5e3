/* The files that clients have open, for sally_server_each_file(). */
#ifndef SALLY_SERVER_OPEN_FILES_H
#define SALLY_SERVER_OPEN_FILES_H

#include <stdint.h>

#include "base/list.h"
#include "core/hook_stack.h"
#include "sallyport/file.h"

struct conn;

/* Added when its OPEN was answered, and removed when its CLOSE was, before the file is freed. */
struct open_file {
    struct list link; /* the connection's */
    const sally_file *file;
    uint64_t session_id, order; /* larger than that of any opened before on this connection */
    sally_file_facts facts;     /* those that do not change while it is open */
    uint64_t size;              /* 0: not known */
    char text[];                /* "get /path", "put /path" */
};

/* An observer of OPEN and CLOSE among the server's hooks. */
sally_error open_files_watch(struct hook_stack *hooks);
/* On the connection's loop: what the last one has transferred. */
void open_files_update(struct conn *c);
/* Under the facts' lock: the one opened last; NULL: none. */
const struct open_file *open_files_last(const struct list *files);
void open_files_clear(struct list *files);

#endif
