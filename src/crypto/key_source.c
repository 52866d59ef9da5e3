/* Keys whose passphrase is asked for only if there is one. */
#include <errno.h>

#include "base/mem.h"
#include "base/sized.h"
#include "crypto/private_key.h"

#define PASSPHRASE_ROOM 1024
#define ATTEMPTS        3

/* The size of the first release's structure. */
#define LEAST_SOURCE SIZED_TO(sally_key_source, user_data)

static sally_error ask(sally_key **out, const sally_key_source *source, struct slice text)
{
    char passphrase[PASSPHRASE_ROOM];
    sally_error error = SALLY_E_PASSPHRASE;
    for (uint32_t attempt = 0; attempt < ATTEMPTS && error == SALLY_E_PASSPHRASE; attempt++) {
        passphrase[0] = '\0';
        if (!source->ask_passphrase(source->user_data, passphrase, sizeof passphrase, attempt))
            break;
        passphrase[sizeof passphrase - 1] = '\0';
        error = sally_key_parse(out, text.data, text.size, passphrase);
    }
    mem_wipe(passphrase, sizeof passphrase);
    return error;
}

static sally_error read_key(sally_key **out, const sally_key_source *source, struct slice text)
{
    sally_error error = sally_key_parse(out, text.data, text.size, source->passphrase);
    if (error == SALLY_E_PASSPHRASE && source->ask_passphrase)
        error = ask(out, source, text);
    return error;
}

sally_error sally_key_load_from(sally_key **out, const sally_key_source *source)
{
    if (!out)
        return SALLY_E_INVALID;
    *out = NULL;
    sally_key_source copy;
    if (!source || !sized_copy(&copy, sizeof copy, source, source->struct_size, LEAST_SOURCE) ||
        (copy.path != NULL) == (copy.data != NULL))
        return SALLY_E_INVALID;
    if (copy.data)
        return read_key(out, &copy, (struct slice){copy.data, copy.size});
    struct buf text;
    buf_init_secret(&text, KEY_PRIVATE_MAX);
    sally_error error = key_file_read(copy.path, true, &text);
    int saved = errno; /* belongs to SALLY_E_SYSTEM */
    if (!error)
        error = read_key(out, &copy, buf_slice(&text));
    buf_clear(&text);
    errno = saved;
    return error;
}
