/* A server behind a proxy, in pump mode: what the proxy sends, and when it is examined, is the
 * test's to say. */
#ifndef TEST_SERVER_PROXY_FIXTURE_H
#define TEST_SERVER_PROXY_FIXTURE_H

#include "server/fixture.h"

#define PROXY_LINE      "PROXY TCP4 198.51.100.7 203.0.113.9 40000 2222\r\n"
#define PROXY_SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
/* From 2001:db8::7 port 40000 to 2001:db8::9 port 2222, with a value behind the addresses. */
#define PROXY_BINARY                                                                               \
    PROXY_SIGNATURE "\x21\x21\0\x28 \x01\r\xb8\0\0\0\0\0\0\0\0\0\0\0\a"                            \
                    " \x01\r\xb8\0\0\0\0\0\0\0\0\0\0\0\t\x9c@\b\xae\x04\0\x01x"
#define PROXY_LOCAL   PROXY_SIGNATURE "\x20\0\0\0"
#define PROXY_UNKNOWN "PROXY UNKNOWN\r\n"

struct proxied {
    sally_server *server;
    char address[64], local_address[64]; /* of the last connection that was made */
    uint16_t port, local_port;
    uint32_t connections;
    char refused[256]; /* reason of the last one that was refused; "": none was */
    uint32_t penalized, warnings;
    char proxy[64], logged_proxy[64]; /* of the last one */
};

/* On the loopback, which is trusted: server.proxy_protocol and pairs of other settings, up to
 * NULL. */
void proxied_begin(struct proxied *p, const char *mode, const char *const settings[][2]);
void proxied_end(struct proxied *p);
/* A connection from this address of the loopback; it is not examined before a pump. */
int proxied_dial(struct proxied *p, const char *from);
void proxied_send(int fd, const void *data, size_t size);
#define PROXIED_SEND(fd, text) proxied_send(fd, text, sizeof(text) - 1)
/* Does all there is to do now. */
void proxied_pump(struct proxied *p);
/* Whether the server greets this one, as it greets every client; otherwise it hangs up. */
bool proxied_is_greeted(struct proxied *p, int fd);
/* The server is left with nothing of this: no connections, and nothing awaited. */
void proxied_assert_empty(struct proxied *p);

#endif
