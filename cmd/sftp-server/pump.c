#include "pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES (512 * 1024)
#define PIPE_BYTES   (1024 * 1024)

struct pump {
    int wake[2];  /* a pipe, written when another thread has finished something */
    int flags[2]; /* original flags of standard input and output; -1: not changed */
    bool input_ended, eof_reported;
    size_t start, size; /* range of the data in the buffer */
    unsigned char buffer[BUFFER_BYTES];
};

/* Pipes and sockets are ours alone and are made non-blocking; a terminal is shared with the parent
 * process. */
static void prepare(struct pump *p, int fd)
{
    struct stat st;
    p->flags[fd] = -1;
    if (fstat(fd, &st) < 0 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
        return;
#ifdef F_SETPIPE_SZ
    if (S_ISFIFO(st.st_mode))
        (void)fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES); /* only an optimisation */
#endif
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || flags & O_NONBLOCK || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return;
    p->flags[fd] = flags;
}

struct pump *pump_new(void)
{
    struct pump *p = malloc(sizeof *p);
    if (!p)
        return NULL;
    p->input_ended = p->eof_reported = false;
    p->start = p->size = 0;
    if (pipe2(p->wake, O_NONBLOCK | O_CLOEXEC) < 0) {
        free(p);
        return NULL;
    }
    prepare(p, STDIN_FILENO);
    prepare(p, STDOUT_FILENO);
    return p;
}

void pump_free(struct pump *p)
{
    if (!p)
        return;
    for (int fd = 0; fd < 2; fd++) {
        if (p->flags[fd] >= 0)
            (void)fcntl(fd, F_SETFL, p->flags[fd]);
    }
    close(p->wake[0]);
    close(p->wake[1]);
    free(p);
}

void pump_wake(void *user_data)
{
    const struct pump *p = user_data;
    int error = errno;
    (void)!write(p->wake[1], "", 1); /* if the pipe is full, it wakes anyway */
    errno = error;
}

static bool later(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* Feeds the engine as much as it accepts. False: it closed the connection. */
static bool feed(struct pump *p, sally_sftp *sftp, bool *moved)
{
    size_t taken = 0;
    sally_error e = sally_sftp_input(sftp, p->buffer + p->start, p->size, &taken);
    p->start += taken;
    p->size -= taken;
    if (p->size == 0)
        p->start = 0;
    *moved = *moved || taken;
    if (e)
        return false;
    if (p->input_ended && p->size == 0 && !p->eof_reported) {
        p->eof_reported = true;
        sally_sftp_eof(sftp);
        *moved = true;
    }
    return true;
}

enum written { WROTE_ALL, WROTE_SOME, WROTE_NOT };

static enum written flush(sally_sftp *sftp, bool *moved)
{
    const void *data;
    size_t size;
    while ((size = sally_sftp_output(sftp, &data)) != 0) {
        ssize_t n = write(STDOUT_FILENO, data, size);
        if (n < 0)
            return later(errno) ? WROTE_SOME : WROTE_NOT;
        sally_sftp_sent(sftp, (size_t)n);
        *moved = true;
    }
    return WROTE_ALL;
}

/* Reads once, if there is room. False: it failed. */
static bool receive(struct pump *p)
{
    if (p->start) {
        memmove(p->buffer, p->buffer + p->start, p->size);
        p->start = 0;
    }
    ssize_t n = read(STDIN_FILENO, p->buffer + p->size, BUFFER_BYTES - p->size);
    if (n > 0)
        p->size += (size_t)n;
    else if (n == 0 || errno == ECONNRESET)
        p->input_ended = true;
    else
        return later(errno);
    return true;
}

static void drain_wakes(const struct pump *p)
{
    char bytes[64];
    while (read(p->wake[0], bytes, sizeof bytes) > 0)
        ;
}

/* Waits until something can continue, and reads. False: see errno. */
static bool wait_and_receive(struct pump *p, bool want_write)
{
    bool want_read = !p->input_ended && p->size < BUFFER_BYTES;
    struct pollfd fds[3] = {
        {want_read ? STDIN_FILENO : -1, POLLIN, 0},
        {want_write ? STDOUT_FILENO : -1, POLLOUT, 0},
        {p->wake[0], POLLIN, 0},
    };
    if (poll(fds, 3, -1) < 0)
        return errno == EINTR;
    if (fds[2].revents)
        drain_wakes(p);
    return !fds[0].revents || receive(p);
}

enum pump_end pump_run(struct pump *p, sally_sftp *sftp)
{
    for (;;) {
        bool moved = true, healthy = true;
        enum written written = WROTE_ALL;
        while (moved && healthy) { /* sending may unblock waiting requests */
            moved = false;
            healthy = feed(p, sftp, &moved);
            written = flush(sftp, &moved);
            if (written == WROTE_NOT)
                return PUMP_GONE;
        }
        if (!healthy)
            return PUMP_PROTOCOL;
        if (sally_sftp_done(sftp))
            return PUMP_DONE;
        if (!wait_and_receive(p, written == WROTE_SOME))
            return PUMP_FAILED;
    }
}
