/* One channel of the connection protocol (RFC 4254 section 5). */
#ifndef SALLY_SSH_CHANNEL_H
#define SALLY_SSH_CHANNEL_H

#include "base/list.h"
#include "ssh/engine.h"
#include "ssh/window.h"

struct ssh_channel {
    struct ssh *ssh;
    uint32_t number, peer_number;
    void *data; /* the owner's */
    /* Out. */
    struct list busy;   /* in connection.busy, while there may be something to send */
    struct list chunks; /* struct chunk */
    size_t queued;
    uint32_t peer_window, peer_packet;
    /* In. */
    struct window window;
    uint32_t packet_max;
    uint64_t opened_ns; /* when the peer was told, or asked; 0: it has answered */
    /* How far it is. */
    bool open;      /* confirmed by whoever was asked */
    bool known;     /* the owner has heard of it, and hears of its end */
    bool running;   /* server: a subsystem or command was started; client: always */
    uint32_t tries; /* server: to start one */
    bool peer_eof;  /* received */
    bool eof_wanted, eof_sent;
    bool close_wanted; /* the owner is done: what still comes is dropped */
    bool close_sent;
    bool has_status;
    uint32_t status;          /* client: received; server: to be sent */
    uint32_t replies_awaited; /* of our requests on this channel */
};

ssh_handler on_channel_window_adjust, on_channel_data, on_channel_extended_data;
ssh_handler on_channel_eof, on_channel_close;

#endif
