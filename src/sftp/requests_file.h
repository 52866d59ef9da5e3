/* The part of WRITE that comes before its data. */
#ifndef SALLY_SFTP_REQUESTS_FILE_H
#define SALLY_SFTP_REQUESTS_FILE_H

#include "sftp/request.h"

struct write_head {
    sally_file *file;
    uint64_t offset;
    uint32_t length;
};

/* Makes a WRITE with room for its data, which the caller fills before request_submit(). */
sally_status write_begin(struct sftp *s, struct request_in *in, const struct write_head *head,
                         struct op **out);

#endif
