/* The client of a connection: the socket's peer, or the one reported by a proxy. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "server/conn.h"
#include "server/incoming_socket.h"

static void read_address(int fd, int (*get)(int, struct sockaddr *, socklen_t *),
                         struct address *address, struct ip_address *ip)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    memset(&name, 0, sizeof name);
    if (get(fd, (struct sockaddr *)&name, &size) != 0)
        return;
    address_of(address, (struct sockaddr *)&name, size);
    *ip = address_ip((struct sockaddr *)&name, size);
}

static void set_addresses(struct conn *c, const struct incoming_socket *incoming)
{
    const struct proxy_header *header = &incoming->header;
    c->ip = header->client.ip;
    address_from_ip(&c->address, &header->client.ip, header->client.port);
    address_from_ip(&c->local_address, &header->server.ip, header->server.port);
    if (incoming->ip.size)
        ip_print(&incoming->ip, c->proxy_address);
    else
        snprintf(c->proxy_address, sizeof c->proxy_address, "unix");
}

void conn_set_peer(struct conn *c, const struct incoming_socket *incoming)
{
    struct ip_address unused;
    if (incoming->header.has_addresses) {
        set_addresses(c, incoming);
    } else {
        read_address(c->socket.fd, getpeername, &c->address, &c->ip);
        read_address(c->socket.fd, getsockname, &c->local_address, &unused);
    }
    c->offences.is_of_proxy = incoming->is_proxy && !incoming->header.has_addresses;
    c->peer.address = c->address.text;
    c->peer.port = c->address.port;
    c->peer.local_address = c->local_address.text;
    c->peer.local_port = c->local_address.port;
    c->peer.protocol = incoming->protocol->name;
    c->peer.client_software = "";
    c->peer.listener = incoming->url;
    c->peer.proxy_address = c->proxy_address;
}
