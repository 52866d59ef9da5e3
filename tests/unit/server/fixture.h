/* What tests of running servers share. */
#ifndef TEST_SERVER_FIXTURE_H
#define TEST_SERVER_FIXTURE_H

#include <stdint.h>

#include "sallyport/storages.h"
#include "server/client.h"
#include "server/protocols.h"

enum { WRITE_CREATE = 0x2 | 0x8, READ = 0x1 }; /* SSH_FXF_ bits */

void nap(int ms);
uint64_t now_ms(void);

/* A server with a host key and nothing else: one without would make an RSA key, which takes long.
 */
sally_server *keyed_server(void);
/* A server on the loopback with the user joe, password "secret", over `fs` (NULL: memory). Not
 * started. */
sally_server *new_server(sally_fs *fs);
/* A connection of this protocol over a pair of sockets, on a server that runs: the client's end. */
int connect_pair(sally_server *s, const struct protocol *protocol);
sally_counters counters_of(sally_server *s);
/* Until there are so many open connections. */
void await_connections(sally_server *s, uint64_t count);
void finish(sally_server *s);

/* A storage in memory whose STATs of `path` have this fault. */
sally_fs *slow_storage(uint32_t action, uint64_t ms, const char *path);
/* Sends a STAT, and does not wait for the reply. */
void send_stat(struct client *c, const char *path);

#endif
