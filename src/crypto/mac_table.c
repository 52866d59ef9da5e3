#include "base/mem.h"
#include "crypto/cipher_family.h"

/* clang-format off */
static const struct mac_row rows[] = {
    /* name                           key tag etm    strict default */
    {{"hmac-sha2-256-etm@openssh.com", 32, 32, true,  true,  true},  HASH_SHA256},
    {{"hmac-sha2-512-etm@openssh.com", 64, 64, true,  true,  true},  HASH_SHA512},
    {{"hmac-sha2-256",                 32, 32, false, false, true},  HASH_SHA256},
    {{"hmac-sha2-512",                 64, 64, false, false, true},  HASH_SHA512},
    {{"hmac-sha1-etm@openssh.com",     20, 20, true,  true,  false}, HASH_SHA1},
    {{"hmac-sha1",                     20, 20, false, false, false}, HASH_SHA1},
};
/* clang-format on */

const struct mac_info *mac_at(size_t index)
{
    return index < COUNT_OF(rows) ? &rows[index].info : NULL;
}

const struct mac_info *mac_find(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (slice_is(name, rows[i].info.name))
            return &rows[i].info;
    return NULL;
}
