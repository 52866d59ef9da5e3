/* One channel of the connection protocol (RFC 4254 section 5). */
#ifndef SALLY_SSH_CHANNEL_H
#define SALLY_SSH_CHANNEL_H

#include "base/list.h"
#include "base/progress.h"
#include "ssh/channel_env.h"
#include "ssh/channel_state.h"
#include "ssh/engine.h"
#include "ssh/window.h"

/* How what ran has ended (RFC 4254 section 6.10). */
struct channel_exit {
    bool has_status;
    uint32_t status;
    char *signal; /* owned, and its text behind its NUL; NULL: none */
    bool core_dumped;
};

struct ssh_channel {
    struct ssh *ssh;
    uint32_t number, peer_number;
    void *data; /* the owner's */
    /* Out. */
    struct list busy;   /* in connection.busy, while there may be something to send */
    struct list chunks; /* struct chunk */
    size_t queued;
    struct progress progress; /* of the peer, while something is queued */
    uint32_t peer_window, peer_packet;
    /* In. */
    struct window window;
    uint32_t packet_max;
    uint64_t opened_ns; /* when the adjust or request was sent; 0: answered */
    enum channel_input input;
    enum channel_output output;
    enum channel_owner owner;
    uint32_t tries;  /* server: requests to start something */
    bool owes_reply; /* server: to the request that awaits the owner's late answer */
    struct channel_env env;
    struct channel_exit exit; /* server: goes before CLOSE */
    uint32_t replies_awaited; /* of our requests on this channel */
};

/* Confirmed, and closed by neither side. */
static inline bool channel_is_open(const struct ssh_channel *ch)
{
    return ch->input != INPUT_UNCONFIRMED && ch->input != INPUT_CLOSED &&
           ch->output != OUTPUT_CLOSED;
}
/* We are done with it: further input is dropped. */
static inline bool channel_is_closing(const struct ssh_channel *ch)
{
    return ch->output >= OUTPUT_EOF_CLOSE_DUE;
}

ssh_handler on_channel_window_adjust, on_channel_data, on_channel_extended_data;
ssh_handler on_channel_eof, on_channel_close;

#endif
