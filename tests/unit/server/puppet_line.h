/* A protocol whose engine does what a test says and notes what it is told, on a connection over a
 * pair of sockets, with a server in pump mode. */
#ifndef TEST_SERVER_PUPPET_LINE_H
#define TEST_SERVER_PUPPET_LINE_H

#include "server/conn.h"

struct puppet {
    struct line line;
    struct conn *conn;
    uint8_t room[64];
    size_t room_size; /* what input_room() offers */
    char input[256];
    size_t input_size;
    uint8_t output[4096];
    size_t output_size;
    uint64_t deadline_ns;
    unsigned runs, runs_wanted, ticks, trims, ends_of_input;
    bool is_over;
    size_t farewell; /* bytes that disconnect() leaves to send */
    bool is_freed;
};

/* One server with one connection; `theirs` is the client's end. Server, connection and puppet are
 * valid until puppet_close(). */
struct puppet_show {
    sally_server *server;
    int theirs;
    struct puppet *puppet;
};

/* Settings: pairs of names and values, NULL at the end. */
void puppet_open(struct puppet_show *show, const char *const settings[]);
/* Rounds of the server. */
void puppet_pump(struct puppet_show *show, int rounds);
/* True as soon as *what is at least `wanted`. */
bool puppet_pump_until(struct puppet_show *show, const unsigned *what, unsigned wanted);
/* The server ends with everything. The puppet can still be looked at. */
void puppet_close(struct puppet_show *show);

#endif
