/* Path requests that have several names. */
#ifndef SALLY_SFTP_REQUESTS_PATH_H
#define SALLY_SFTP_REQUESTS_PATH_H

#include "sftp/request.h"

sally_status submit_pair(struct sftp *s, struct request_in *in, uint32_t kind, struct slice path,
                         struct slice to, uint32_t flags);
sally_status submit_two_paths(struct sftp *s, struct request_in *in, uint32_t kind, uint32_t flags);
sally_status submit_setstat(struct sftp *s, struct request_in *in, uint32_t flags);
/* `raw`: what the client has sent, if that is more than `path`. */
sally_status submit_realpath(struct sftp *s, struct request_in *in, struct slice path,
                             struct slice raw, uint32_t flags);

#endif
