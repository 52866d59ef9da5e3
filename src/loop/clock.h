/* The time of day. (Deadlines use loop_now_ns().) */
#ifndef SALLY_LOOP_CLOCK_H
#define SALLY_LOOP_CLOCK_H

#include <stdint.h>

uint64_t clock_wall_ns(void); /* since 1970 */

/* The same with the signatures that log sinks and SFTP engines expect. */
uint64_t clock_log_ns(void *nothing);
int64_t clock_sftp_seconds(void *nothing);

#endif
