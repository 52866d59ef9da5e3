/* Listeners, and their sockets, the acceptors. Sockets are created at once, and polled by the first
 * loop once the server runs. */
#ifndef SALLY_SERVER_LISTENER_H
#define SALLY_SERVER_LISTENER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

#include "base/list.h"
#include "loop/member.h"
#include "loop/task.h"
#include "sallyport/server.h"
#include "server/listener_url.h"
#include "server/service.h"

/* "localhost" and the like have few addresses. */
#define LISTENER_SOCKETS 32

struct loop;

/* A listener, which the program opens and closes as a unit. */
struct sally_listener {
    _Atomic uint32_t refs; /* its acceptors, its connections, and the program until it closes it */
    sally_server *server;
    const struct protocol *protocol;
    struct service_source service;
    struct list link; /* the server's lent: the program has it */
    uint16_t port;
    const char *urls[LISTENER_SOCKETS]; /* the server's */
    size_t url_count;
};

/* A socket of a listener. */
struct acceptor {
    struct loop_member member; /* while its handles are open */
    struct task start, stop;   /* their way to the loop */
    struct list link;          /* the server's acceptors, or closed_acceptors */
    sally_server *server;
    sally_listener *listener; /* held */
    const char *url;          /* the server's */
    int fd;                   /* -1: closed. Changed on the loop, under the server's lock */
    bool is_inherited;        /* others may have the socket, too */
    _Atomic bool is_closed;   /* for the program: it accepts no more. Set under the server's lock */
    uv_poll_t poll;
    uv_timer_t pause; /* while nothing can be accepted */
    uint32_t handles; /* open ones */
    bool is_polled;
    bool is_stopped; /* the loop knows that it is closed, and frees it */
    uint64_t complained_ns;
};

/* ---- listener.c ---- */

sally_listener *listener_ref(sally_listener *l);
/* NULL is allowed. Not under the server's lock: the last one may call the program. */
void listener_unref(sally_listener *l);

/* ---- listener_socket.c: not under the server's lock, since names may have to be looked up ---- */

/* Makes the sockets of `l`, which listen when this returns, or none. `text` is the URL as
 * given. An inherited socket stays the caller's if this fails. */
sally_error listener_open(sally_listener *l, const struct listener_url *url, const char *text);

/* ---- listener_accept.c ---- */

/* Takes the socket; NULL: out of memory, and it stays the caller's. */
struct acceptor *acceptor_new(sally_listener *l, int fd, bool is_inherited);
void acceptor_free(struct acceptor *a); /* it is not polled */
/* Under the server's lock: has the loop begin to accept. */
void acceptor_start(struct acceptor *a, struct loop *loop);
/* Under the server's lock: accepts no more, and the socket is given up, here if there are no loops,
 * or else soon. Those of `l` only, or all (NULL). What is put into `dead` is to be freed by the
 * caller once it has left the lock. */
void acceptors_close(sally_server *server, const sally_listener *l, struct list *dead);
void acceptors_free(struct list *acceptors);

#endif
