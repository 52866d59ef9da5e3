/* The connection protocol (RFC 4254): the channels of a connection. */
#ifndef SALLY_SSH_CONNECTION_H
#define SALLY_SSH_CONNECTION_H

#include "base/list.h"
#include "ssh/engine.h"
#include "ssh/window.h"

struct connection {
    struct ssh_channel **channels; /* by number; NULL where free */
    uint32_t slots, count;
    uint32_t numbers; /* that channels have had so far: 0 up to this */
    struct list busy; /* channels in turn */
    bool no_more_sessions;
    uint32_t keepalives_awaited;
    bool has_logged_refusal; /* of a channel */
    uint64_t stall_check_ns; /* when channels are checked next; 0: no data waits */
    uint32_t proofs;         /* requests to prove host keys that were served */
};

bool connection_new(struct ssh *ssh);
void connection_free(struct ssh *ssh); /* closed event for every channel */
/* Seals channel data, window adjusts and the like as far as windows and ssh_may_seal_data() allow.
 * Called when there is new room, and at the end of every ssh_run(). */
void connection_pump(struct ssh *ssh);
/* After a period without data: windows shrink as far as possible. */
void connection_trim(struct ssh *ssh);
struct window_budget connection_budget(struct ssh *ssh);

/* Minimum size of a window when memory is short. */
#define WINDOW_LEAST (64u << 10)

/* A new channel at the lowest free number; NULL: `*refusal` is the setting that does not allow it,
 * or NULL if the system has no memory. */
struct ssh_channel *channel_new(struct ssh *ssh, const char **refusal);
/* Deadline for the peer to read some of the data that waits on its channels; UINT64_MAX: none
 * waits. */
uint64_t connection_stall_deadline(const struct ssh *ssh);
/* Whether it has missed the deadline. */
bool connection_is_stalled(struct ssh *ssh);
/* Notifies its owner; releases chunks, window and number. */
void channel_free(struct ssh_channel *ch);
/* The channel of a message. NULL: no channel has this number, and the connection was ended. */
struct ssh_channel *channel_of(struct ssh *ssh, uint32_t number);
/* The same for messages that are harmless when late: for a channel that both sides have closed,
 * NULL without ending the connection. */
struct ssh_channel *channel_or_gone(struct ssh *ssh, uint32_t number);

ssh_handler on_channel_open;

#endif
