/* Two offers, one agreement (RFC 4253 section 7.1). */
#include "ssh/negotiate.h"

#include "base/names.h"
#include "crypto/kex_method.h"
#include "crypto/packet_cipher.h"
#include "crypto/public_key.h"
#include "ssh/compress.h"
#include "ssh/transport.h"

bool kex_offer_parse(struct kex_offer *offer, struct cursor *payload)
{
    cursor_read(payload, 16); /* cookie */
    offer->kex = get_string(payload);
    offer->host_key = get_string(payload);
    for (size_t i = 0; i < 2; i++)
        offer->cipher[i] = get_string(payload);
    for (size_t i = 0; i < 2; i++)
        offer->mac[i] = get_string(payload);
    for (size_t i = 0; i < 2; i++)
        offer->compression[i] = get_string(payload);
    for (size_t i = 0; i < 2; i++)
        offer->language[i] = get_string(payload);
    offer->guess_follows = get_bool(payload);
    get_u32(payload); /* reserved */
    return cursor_done(payload);
}

/* The first of the client's names that the server has as well; empty: none. */
static struct slice first_common(struct slice client, struct slice server)
{
    struct slice name, none = {NULL, 0};
    while (names_next(&client, &name))
        if (name.size && names_have(server, name))
            return name;
    return none;
}

struct lists { /* what is being compared, for error messages */
    struct slice client, server;
};

static struct slice pick(struct lists *lists, struct slice client, struct slice server)
{
    lists->client = client;
    lists->server = server;
    return first_common(client, server);
}

/* `way`: 0 for client to server. NULL: agreed. */
static const char *agree_direction(struct agreed_direction *d, const struct kex_offer *client,
                                   const struct kex_offer *server, size_t way, struct lists *lists)
{
    d->cipher = cipher_find(pick(lists, client->cipher[way], server->cipher[way]));
    if (!d->cipher)
        return "no common cipher";
    d->mac = NULL;
    if (!d->cipher->aead) {
        d->mac = mac_find(pick(lists, client->mac[way], server->mac[way]));
        if (!d->mac)
            return "no common MAC";
    }
    d->compression =
        compression_method_find(pick(lists, client->compression[way], server->compression[way]));
    return d->compression ? NULL : "no common compression method";
}

const char *kex_agree(enum ssh_role role, const struct kex_offer *client,
                      const struct kex_offer *server, struct agreement *out,
                      struct slice *client_list, struct slice *server_list)
{
    struct lists lists;
    const char *failed = NULL;
    struct agreed_direction *to_server = role == SSH_SERVER ? &out->in : &out->out;
    struct agreed_direction *to_client = role == SSH_SERVER ? &out->out : &out->in;
    /* A marker such as "ext-info-c" in both lists is not a method and must not be chosen (RFC 8308
     * section 2.2). */
    out->kex = kex_method_find(pick(&lists, client->kex, server->kex));
    if (!out->kex)
        failed = "no common key exchange method";
    if (!failed) {
        out->host_key = signature_algorithm_find(pick(&lists, client->host_key, server->host_key));
        if (!out->host_key)
            failed = "no common host key algorithm";
    }
    if (!failed)
        failed = agree_direction(to_server, client, server, 0, &lists);
    if (!failed)
        failed = agree_direction(to_client, client, server, 1, &lists);
    *client_list = lists.client;
    *server_list = lists.server;
    return failed;
}
