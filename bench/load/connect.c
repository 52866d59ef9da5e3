/* connect: come, log in, start the subsystem, go. idle: stay. */
#include "load.h"

static void quit(struct session *s)
{
    s->saw_end = true; /* the server's subsystem ends, and closes the channel */
    ssh_channel_send_eof(s->channel);
}

const struct workload workload_connect = {.name = "connect", .begin = quit, .is_connect = true};
const struct workload workload_idle = {.name = "idle", .is_idle = true};
