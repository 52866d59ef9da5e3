#include "base/mem.h"
#include "crypto/cipher_family.h"

#define AES_BLOCK 16
/* RFC 4344 section 3.2: 2^(L/4) blocks of L bits. */
#define AES_REKEY_BLOCKS (UINT64_C(1) << 32)

/* clang-format off */
static const struct cipher_row rows[] = {
    /* name                           key iv  block      aead   strict default rekey_blocks */
    {{"chacha20-poly1305@openssh.com", 64, 0, 8,         true,  true,  true,   0},
     &cipher_chachapoly_family, CIPHER_CHACHA20},
    {{"aes128-gcm@openssh.com",        16, 12, AES_BLOCK, true,  false, true,   AES_REKEY_BLOCKS},
     &cipher_gcm_family, CIPHER_AES128_GCM},
    {{"aes256-gcm@openssh.com",        32, 12, AES_BLOCK, true,  false, true,   AES_REKEY_BLOCKS},
     &cipher_gcm_family, CIPHER_AES256_GCM},
    {{"aes128-ctr",                    16, 16, AES_BLOCK, false, false, true,   AES_REKEY_BLOCKS},
     &cipher_ctr_family, CIPHER_AES128_CTR},
    {{"aes192-ctr",                    24, 16, AES_BLOCK, false, false, true,   AES_REKEY_BLOCKS},
     &cipher_ctr_family, CIPHER_AES192_CTR},
    {{"aes256-ctr",                    32, 16, AES_BLOCK, false, false, true,   AES_REKEY_BLOCKS},
     &cipher_ctr_family, CIPHER_AES256_CTR},
};
/* clang-format on */

const struct cipher_info *cipher_at(size_t index)
{
    return index < COUNT_OF(rows) ? &rows[index].info : NULL;
}

const struct cipher_info *cipher_find(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (slice_is(name, rows[i].info.name))
            return &rows[i].info;
    return NULL;
}
