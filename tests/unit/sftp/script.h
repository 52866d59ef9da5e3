/* A stream with every kind of request, for tests that cut, shorten and break it. */
#ifndef TEST_SFTP_SCRIPT_H
#define TEST_SFTP_SCRIPT_H

#include "base/buf.h"

#define SCRIPT_MAX_REQUESTS 80

struct script {
    struct buf bytes; /* without INIT */
    struct {
        size_t at, size; /* a packet with its length field */
    } requests[SCRIPT_MAX_REQUESTS];
    size_t count;
};

/* Requests of a version, over the store that peer_new() sets up. They use the handles that an
 * engine gives out first. */
void script_make(struct script *s, uint32_t version);
void script_clear(struct script *s);

#endif
