/* Lines of authorized_keys. The first line of the input is the client's address, the second one the
 * key that is looked for, in base64. */
#include <stdlib.h>

#include "auth/authorized_keys.h"
#include "auth/forced_command.h"
#include "base/buf.h"
#include "crypto/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice take_line(struct slice *text)
{
    const uint8_t *end = text->size ? memchr(text->data, '\n', text->size) : NULL;
    struct slice line = {text->data, end ? (size_t)(end - text->data) : text->size};
    size_t step = line.size + (end ? 1 : 0);
    text->data = step ? text->data + step : text->data;
    text->size -= step;
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct crypto *crypto;
    if (!crypto && crypto_new(&crypto) != SALLY_E_OK)
        abort();
    struct slice rest = {data, size};
    char *address = slice_strdup(take_line(&rest));
    struct buf blob;
    buf_init(&blob, 16384);
    if (!base64_decode(take_line(&rest), &blob))
        buf_truncate(&blob, 0);
    struct authorized_key_query query = {buf_slice(&blob), address, INT64_C(1767225600)};
    struct authorized_key_match match;
    struct authorized_keys *keys = authorized_keys_parse(crypto, rest);
    enum authorized_key_answer answer = authorized_keys_find(keys, &query, &match);
    struct forced_command command;
    /* An invalid key is never found, a refusal always has a reason, and a command is always
     * supported. */
    if ((answer != AUTHORIZED_KEY_NO && blob.size < 4) ||
        (answer == AUTHORIZED_KEY_REFUSED && !match.reason) ||
        (answer == AUTHORIZED_KEY_YES && match.reason) ||
        (answer != AUTHORIZED_KEY_YES && match.command) ||
        (match.command && !forced_command_parse(slice_of(match.command), &command)))
        abort();
    mem_free(match.command);
    authorized_keys_unref(keys);
    buf_clear(&blob);
    free(address);
    return 0;
}
