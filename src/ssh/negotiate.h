/* Two offers, one agreement (RFC 4253 section 7.1). */
#ifndef SALLY_SSH_NEGOTIATE_H
#define SALLY_SSH_NEGOTIATE_H

#include "base/cursor.h"
#include "ssh/ssh.h"

struct agreed_direction {
    const struct cipher_info *cipher;
    const struct mac_info *mac; /* NULL for an AEAD cipher */
    const struct compression_method *compression;
};
struct agreement {
    const struct kex_method *kex;
    const struct signature_algorithm *host_key;
    struct agreed_direction in, out;
};

struct kex_offer { /* the lists of a KEXINIT in the order of section 7.1 */
    struct slice kex, host_key;
    struct slice cipher[2], mac[2], compression[2]; /* 0: client to server */
    struct slice language[2];
    bool guess_follows;
};

bool kex_offer_parse(struct kex_offer *offer, struct cursor *payload); /* after the number */
/* NULL: agreed on everything. Otherwise names what could not be agreed on, and *client_list and
 * *server_list are the lists that were compared. */
const char *kex_agree(enum ssh_role role, const struct kex_offer *client,
                      const struct kex_offer *server, struct agreement *out,
                      struct slice *client_list, struct slice *server_list);

#endif
