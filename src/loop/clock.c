#include "loop/clock.h"

#include <time.h>

uint64_t clock_wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec < 0 ? 0 : (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_log_ns(void *nothing)
{
    (void)nothing;
    return clock_wall_ns();
}

int64_t clock_sftp_seconds(void *nothing)
{
    (void)nothing;
    return (int64_t)(clock_wall_ns() / 1000000000u);
}
