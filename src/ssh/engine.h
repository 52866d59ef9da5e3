/* The engine's internals, shared by its files only: the object and its states. It has three parts:
 * the transport (transport.h) below the two services, user authentication (userauth.h) and then the
 * connection protocol (connection.h). */
#ifndef SALLY_SSH_ENGINE_H
#define SALLY_SSH_ENGINE_H

#include "base/buf.h"
#include "ssh/protocol.h"
#include "ssh/ssh.h"

/* What is awaited from the peer. A key exchange after the first one does not change the state: see
 * kex.h. */
enum ssh_state {
    AWAIT_VERSION,
    AWAIT_KEXINIT, /* the first one */
    AWAIT_KEX,     /* the method's messages, or its completion */
    AWAIT_NEWKEYS,
    AWAIT_SERVICE, /* server: SERVICE_REQUEST ssh-userauth; client: its SERVICE_ACCEPT */
    AWAIT_AUTH,    /* USERAUTH messages */
    READY,         /* logged in: the connection protocol */
    OVER,
    SSH_STATE_COUNT
};

struct transport;
struct userauth;
struct connection;

struct ssh {
    struct ssh_options options;
    struct ssh_events events;
    void *user_data;
    enum ssh_state state;
    uint64_t now_ns;
    struct transport *transport;
    struct userauth *userauth;
    struct connection *connection;
};

/* Handlers of the message table (messages.c): the payload stands after the number. False: the
 * message was malformed, and the connection is ended by the table with PROTOCOL_ERROR. */
typedef bool ssh_handler(struct ssh *ssh, struct cursor *payload);

#endif
