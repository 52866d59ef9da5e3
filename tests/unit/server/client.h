/* A client for tests: the SSH engine in its client role on a real socket, with just enough SFTP.
 * Single-threaded; where the server is pumped by this thread too, set `pumped`. */
#ifndef TEST_CLIENT_H
#define TEST_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "sallyport/server.h"
#include "ssh/ssh.h"

struct client {
    int fd;
    struct crypto *crypto;
    struct ssh *ssh;
    struct ssh_channel *channel;
    sally_server *pumped; /* polled while we wait; NULL: it has threads */
    struct buf in;        /* bytes of the channel */
    const char *answer;   /* to every prompt */
    uint32_t prompted;
    uint32_t next_id, replies;
    uint32_t keys_exchanged;
    const char *subsystem, *command;  /* what client_request() asks for; both NULL: "sftp" */
    const char *env_name, *env_value; /* sent before it; NULL: none */
    bool env_ok, keeps_window;        /* its answer; gives no window back */
    struct buf errors;                /* bytes of the channel's standard error */
    bool exited, channel_eof;
    uint32_t exit_status;
    char exit_signal[32];
    bool env_awaited;
    bool logged_in, login_failed, requested, request_ok, over, eof, channel_gone;
    char end_detail[256];
};

/* A connection to this port of the loopback; -1: it is refused. And whether it is not. */
int client_dial(uint16_t port);
bool client_reaches(uint16_t port);
/* All give up after ten seconds. */
void client_start(struct client *c, int fd, sally_server *pumped);
bool client_connect(struct client *c, sally_server *server, sally_server *pumped);
bool client_login(struct client *c, const char *user, const char *password);
bool client_login_interactive(struct client *c, const char *user, const char *answer);
bool client_login_key(struct client *c, const char *user, const sally_key *key);
/* A channel with what c->subsystem or c->command says. Whether it was granted. */
bool client_request(struct client *c);
/* Bytes on the channel. */
void client_send_bytes(struct client *c, const void *data, size_t size);
bool client_sftp(struct client *c); /* subsystem and INIT */
/* connect, login and sftp at once; fails the test when it cannot be. */
void client_open(struct client *c, sally_server *server, const char *user, const char *password);
void client_end(struct client *c);
/* Moves bytes until `done` (NULL: never), the end, or the time. Returns whether done. */
bool client_run(struct client *c, bool (*done)(struct client *c), int timeout_ms);
bool client_is_over(struct client *c);

/* SFTP version 3. Sends a request with this body behind the id; returns the id. */
uint32_t client_send(struct client *c, uint8_t type, struct buf *body);
/* The next reply: its type (0: none came), with its body behind the id in `reply`. */
uint8_t client_reply(struct client *c, uint32_t *id, struct buf *reply, int timeout_ms);
/* A request and its reply: the status code, or -1 for another kind of reply, -2 for none. */
int client_ask(struct client *c, uint8_t type, struct buf *body, struct buf *reply);
bool client_open_file(struct client *c, const char *path, uint32_t flags, struct buf *handle);
int client_write(struct client *c, const struct buf *handle, uint64_t offset, const void *data,
                 size_t size);
int client_close_file(struct client *c, const struct buf *handle);
int client_stat(struct client *c, const char *path);

/* The port of the server's first listener. */
uint16_t server_port(sally_server *server);

#endif
