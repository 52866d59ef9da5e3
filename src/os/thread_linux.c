#include "os/thread.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t os_thread_id(void)
{
    return (uint64_t)syscall(SYS_gettid);
}

bool os_thread_exists(uint64_t id)
{
    /* Signal 0 only checks. */
    return syscall(SYS_tgkill, getpid(), (pid_t)id, 0) == 0 || errno != ESRCH;
}
