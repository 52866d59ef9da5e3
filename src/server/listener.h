/* Listening sockets. They are made at once, and polled by the first loop once the server runs. */
#ifndef SALLY_SERVER_LISTENER_H
#define SALLY_SERVER_LISTENER_H

#include <stdbool.h>
#include <uv.h>

#include "base/list.h"
#include "loop/member.h"
#include "loop/task.h"
#include "sallyport/server.h"
#include "server/listener_url.h"
#include "server/service.h"

struct loop;

struct listener {
    struct loop_member member; /* while its handles are open */
    struct task task;          /* its way to the loop */
    struct list link;          /* the server's */
    sally_server *server;
    const struct protocol *protocol;
    struct service_source service;
    int fd;    /* -1: closed */
    char *url; /* lives as long as the server */
    uv_poll_t poll;
    uv_timer_t pause; /* while nothing can be accepted */
    uint32_t handles; /* open ones */
    bool is_polled;
    uint64_t complained_ns;
};

/* listener_socket.c. Not under the server's lock: names may have to be looked up. */
sally_error listeners_open(sally_server *server, const struct listener_url *url, const char *text);
sally_error listener_adopt(sally_server *server, int fd, const struct protocol *protocol,
                           const char *text);

/* Under the server's lock: has the loop begin to accept, or to stop. */
void listener_start(struct listener *l, struct loop *loop);
/* On the loop, or before there is one. */
void listener_close(struct listener *l);
void listeners_close(sally_server *server);
void listener_free(struct listener *l);

#endif
