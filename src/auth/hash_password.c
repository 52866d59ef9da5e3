#include <crypt.h>
#include <string.h>

#include "base/mem.h"
#include "sallyport/auth.h"

sally_error sally_hash_password(const char *password, char *hash, size_t size)
{
    if (!password || !hash)
        return SALLY_E_INVALID;
    if (size < CRYPT_OUTPUT_SIZE)
        return SALLY_E_RANGE;
    hash[0] = '\0';
    if (!*password || strnlen(password, CRYPT_MAX_PASSPHRASE_SIZE) == CRYPT_MAX_PASSPHRASE_SIZE)
        return SALLY_E_INVALID;
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    if (!crypt_gensalt_rn("$y$", 0, NULL, 0, salt, sizeof salt))
        return SALLY_E_CRYPTO;
    struct crypt_data *data = mem_zalloc(sizeof *data);
    if (!data)
        return SALLY_E_NO_MEMORY;
    const char *made = crypt_rn(password, salt, data, sizeof *data);
    bool ok = made && made[0] == '$' && strlen(made) < size;
    if (ok)
        memcpy(hash, made, strlen(made) + 1);
    mem_wipe_free(data, sizeof *data);
    return ok ? SALLY_E_OK : SALLY_E_CRYPTO;
}
