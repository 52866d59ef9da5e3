/* Logs what the session does to syslog or standard error, in the format of OpenSSH's sftp-server,
 * so that the same tools can read it; but names are escaped as by sally_log_escape(). */
#ifndef SFTP_SERVER_JOURNAL_H
#define SFTP_SERVER_JOURNAL_H

#include <stdbool.h>

#include "sallyport/hooks.h"
#include "sallyport/log.h"

enum log_level {
    LEVEL_QUIET,
    LEVEL_FATAL,
    LEVEL_ERROR,
    LEVEL_INFO,
    LEVEL_VERBOSE,
    LEVEL_DEBUG1,
    LEVEL_DEBUG2,
    LEVEL_DEBUG3
};

struct journal;

struct journal *journal_open(int level, int facility, bool to_stderr); /* NULL: no memory */
/* From now on a thread writes the lines, so callers never block. */
void journal_start(struct journal *journal);
/* Waits up to a second for queued lines to be written. */
void journal_close(struct journal *journal);
void journal_write(const struct journal *journal, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* For sally_sftp_options: lines of the library itself; user_data is the journal. */
void journal_log(void *user_data, const sally_log_line *line);
uint32_t journal_log_level(const struct journal *journal); /* 0: none */

/* Hooks that write a line for each request. `hooks` is filled. */
void journal_hooks(sally_hooks *hooks, struct journal *journal);

#endif
