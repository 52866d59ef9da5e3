#include "crypto/key_fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *const key_type_names[5] = {"ed25519", "ecdsa-nistp256", "ecdsa-nistp384",
                                       "ecdsa-nistp521", "rsa"};

sally_key *generated_key(const char *type)
{
    sally_key *key;
    return sally_key_generate(&key, type, strcmp(type, "rsa") == 0 ? 2048 : 0) ? NULL : key;
}

sally_key *bound_key(struct crypto *c, const char *type)
{
    sally_key *key = generated_key(type), *bound = NULL;
    if (key && key_bind(&bound, key, c))
        bound = NULL;
    sally_key_unref(key);
    return bound;
}

const char *algorithm_of(const sally_key *key)
{
    const struct signature_algorithm *a;
    for (size_t i = 0; (a = signature_algorithm_at(i)); i++)
        if (strcmp(a->key_type, sally_key_type(key)) == 0)
            return a->name;
    return NULL;
}

static FILE *open_in(const char *directory, const char *name, const char *mode)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return fopen(path, mode);
}

void read_whole(const char *directory, const char *name, struct buf *out)
{
    FILE *file = open_in(directory, name, "rb");
    char block[4096];
    size_t got;
    while (file && (got = fread(block, 1, sizeof block, file)) > 0)
        put_bytes(out, block, got);
    if (file)
        fclose(file);
}

void write_whole(const char *directory, const char *name, const void *data, size_t size)
{
    FILE *file = open_in(directory, name, "wb");
    if (file && fchmod(fileno(file), 0600) == 0 && fwrite(data, 1, size, file) == size)
        fclose(file);
}
