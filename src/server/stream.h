/* The bytes below a line: a connection's socket, plain (TLS will be another kind). */
#ifndef SALLY_SERVER_STREAM_H
#define SALLY_SERVER_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The result of a call. */
enum stream_state {
    STREAM_OK,
    STREAM_AGAIN,  /* nothing now; wait for the poll */
    STREAM_EOF,    /* receive: the peer will send no more */
    STREAM_BROKEN, /* the socket reported an error */
};

struct stream;

struct stream_methods {
    /* Neither blocks. STREAM_OK: *moved bytes, at least 1. */
    enum stream_state (*receive)(struct stream *s, uint8_t *room, size_t size, size_t *moved);
    enum stream_state (*send)(struct stream *s, const uint8_t *data, size_t size, size_t *moved);
    /* Signals the end to the peer. False: not possible. */
    bool (*end_output)(struct stream *s);
    bool (*has_pending)(const struct stream *s); /* received bytes that the poll does not see */
};

/* The socket belongs to the connection. */
struct stream {
    const struct stream_methods *methods;
    int fd;
};

struct stream stream_plain(int fd);

#endif
