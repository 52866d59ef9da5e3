/* The bytes below a line: a connection's socket, plain (TLS will be another kind). */
#ifndef SALLY_SERVER_STREAM_H
#define SALLY_SERVER_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a call has come to, if no bytes moved. */
enum stream_state {
    STREAM_OK,
    STREAM_AGAIN,  /* nothing now: the poll says when */
    STREAM_EOF,    /* receive: the peer sends no more */
    STREAM_BROKEN, /* the socket reported an error */
};

struct stream;

struct stream_methods {
    /* Neither waits. STREAM_OK: *moved bytes, at least 1. */
    enum stream_state (*receive)(struct stream *s, uint8_t *room, size_t size, size_t *moved);
    enum stream_state (*send)(struct stream *s, const uint8_t *data, size_t size, size_t *moved);
    /* Tells the peer that no more will come. False: it cannot be told. */
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
