#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "os/socket.h"

size_t os_segment(int fd)
{
    int bytes = 0;
    socklen_t size = sizeof bytes;
    return getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &bytes, &size) == 0 && bytes > 0 ? (size_t)bytes
                                                                                    : 0;
}

void os_acknowledge(int fd)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}
