#include "server/keyring.h"

#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "crypto/public_key.h"

/* In the order in which they are offered: small and fast first. */
static size_t rank(const sally_key *key)
{
    static const char *const types[] = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
                                        "ecdsa-sha2-nistp521", "ssh-rsa"};
    size_t i = 0;
    while (i < COUNT_OF(types) && strcmp(types[i], sally_key_type(key)) != 0)
        i++;
    return i;
}

struct keyring *keyring_with(const struct keyring *old, sally_key *key)
{
    size_t old_count = old ? old->count : 0;
    struct keyring *ring = mem_zalloc(sizeof *ring + (old_count + 1) * sizeof(sally_key *));
    if (!ring)
        return NULL;
    atomic_init(&ring->refs, 1);
    bool placed = false;
    for (size_t i = 0; i < old_count; i++) {
        bool same = strcmp(sally_key_type(old->keys[i]), sally_key_type(key)) == 0;
        if (!placed && rank(key) <= rank(old->keys[i])) {
            ring->keys[ring->count++] = sally_key_ref(key);
            placed = true;
        }
        if (!same)
            ring->keys[ring->count++] = sally_key_ref(old->keys[i]);
    }
    if (!placed)
        ring->keys[ring->count++] = sally_key_ref(key);
    return ring;
}

bool keyring_has_type(const struct keyring *ring, const char *type)
{
    for (size_t i = 0; ring && i < ring->count; i++)
        if (strcmp(sally_key_type(ring->keys[i]), type) == 0)
            return true;
    return false;
}

bool keyring_can_sign(const struct keyring *ring, const char *algorithms)
{
    struct slice list = slice_of(algorithms), name;
    while (names_next(&list, &name)) {
        const struct signature_algorithm *algorithm = signature_algorithm_find(name);
        if (algorithm && keyring_has_type(ring, algorithm->key_type))
            return true;
    }
    return false;
}

struct keyring *keyring_ref(struct keyring *ring)
{
    if (ring)
        atomic_fetch_add_explicit(&ring->refs, 1, memory_order_relaxed);
    return ring;
}

void keyring_unref(struct keyring *ring)
{
    if (!ring || atomic_fetch_sub_explicit(&ring->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < ring->count; i++)
        sally_key_unref(ring->keys[i]);
    mem_free(ring);
}
