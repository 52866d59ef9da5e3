/* Open files and directories, as the client knows them. */
#ifndef SALLY_CLIENT_CLIENT_FILE_H
#define SALLY_CLIENT_CLIENT_FILE_H

#include "client/exchange.h"

#define MAX_HANDLE 256 /* draft-13 section 8.1: the longest handle */

struct sally_client_file {
    struct list link;
    sally_client *client;
    uint8_t handle[MAX_HANDLE];
    size_t handle_size;
    /* Of directories: */
    struct buf names; /* the last NAME, from the next entry on */
    uint32_t left;    /* entries in it */
    bool at_end;      /* no more NAME follows */
    struct arena texts;
    sally_client_entry entry;
};

/* As connection_enter(), for calls about a file. */
sally_status client_file_enter(sally_client *c, const sally_client_file *file, bool sound);
void client_file_put(struct buf *b, const sally_client_file *file);
/* The reply to the request is a HANDLE: creates the file. */
sally_status client_file_from(const struct exchange *x, sally_client_file **out);

/* The steps of calls that were entered. */
sally_status client_file_open(sally_client *c, const char *path, uint32_t flags,
                              const sally_attrs *attrs, sally_client_file **out);
sally_status client_file_close(sally_client *c, sally_client_file *file);

void client_file_free(sally_client_file *file);

#endif
