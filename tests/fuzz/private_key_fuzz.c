/* Files of private keys. The first byte chooses the passphrase and how far to go; the rest is the
 * file. Key derivation is slow on purpose, so passphrases are only tried where it is fast. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/key_cost.h"
#include "crypto/private_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_SIZE   6144 /* a signature with RSA of 16,384 bits would take a second */
#define MAX_ROUNDS 1

static struct crypto *crypto;

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool is_cheap_openssh(struct slice binary)
{
    struct cursor in = cursor_of_slice(binary);
    get_bytes(&in, sizeof "openssh-key-v1");
    get_string(&in);
    get_string(&in);
    struct cursor options = cursor_of_slice(get_string(&in));
    get_string(&options);
    return get_u32(&options) <= MAX_ROUNDS;
}

static bool is_cheap_pkcs8(struct slice binary)
{
    static const struct key_cost_bounds bounds = {4096, 4096};
    const unsigned char *at = binary.data;
    const X509_ALGOR *encryption = NULL;
    library_begin();
    X509_SIG *box = d2i_X509_SIG(NULL, &at, (long)binary.size);
    if (box)
        X509_SIG_get0(box, &encryption, NULL);
    bool cheap = box && key_cost_check(encryption, &bounds) == SALLY_E_OK;
    X509_SIG_free(box);
    library_end(crypto);
    return cheap;
}

static bool is_cheap(const struct pem *pem)
{
    if (pem->label == PEM_OPENSSH)
        return is_cheap_openssh(buf_slice(&pem->binary));
    return pem->label != PEM_ENCRYPTED || is_cheap_pkcs8(buf_slice(&pem->binary));
}

/* Parses only, in one context: thousands per second. True: it contains a key. */
static bool decode(struct slice text, const char **passphrase)
{
    struct pem pem;
    EVP_PKEY *pkey = NULL;
    sally_error error = pem_parse(text, &pem);
    if (!error && !is_cheap(&pem))
        *passphrase = NULL;
    library_begin();
    if (!error && pem.label == PEM_OPENSSH)
        error = openssh_key_parse(crypto, buf_slice(&pem.binary), *passphrase, &pkey);
    else if (!error)
        error = pem_decode(crypto, &pem, *passphrase, &pkey);
    require((error == SALLY_E_OK) == (pkey != NULL));
    EVP_PKEY_free(pkey);
    library_end(crypto);
    pem_clear(&pem);
    return error == SALLY_E_OK;
}

/* An accepted key is the same after it is written and read again. */
static void write_and_read(const sally_key *key)
{
    struct buf text;
    sally_key *again = NULL;
    buf_init(&text, 1 << 20);
    require(openssh_key_build(key, "comment", &text) == SALLY_E_OK);
    require(sally_key_parse(&again, buf_head(&text), text.size, NULL) == SALLY_E_OK);
    require(strcmp(sally_key_public_line(key), sally_key_public_line(again)) == 0);
    sally_key_unref(again);
    buf_clear(&text);
}

/* A file yields the same key as memory, but is refused if others could read it. */
static void load(struct slice text, const char *passphrase, const sally_key *expected)
{
    char path[64];
    sally_key *key;
    int fd = memfd_create("key", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, text.data, text.size) == (ssize_t)text.size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    require(fchmod(fd, 0644) == 0);
    require(sally_key_load(&key, path, passphrase) == SALLY_E_INSECURE && !key);
    require(fchmod(fd, 0600) == 0);
    require((sally_key_load(&key, path, passphrase) == SALLY_E_OK) == (expected != NULL));
    require(!key || strcmp(sally_key_public_line(key), sally_key_public_line(expected)) == 0);
    sally_key_unref(key);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const passphrases[] = {NULL, "secret", "", "wrong"};
    if (!crypto && crypto_new(&crypto) != SALLY_E_OK)
        abort();
    if (size < 1 || size > MAX_SIZE)
        return 0;
    const char *passphrase = passphrases[data[0] % 4];
    const struct slice text = {data + 1, size - 1};
    bool is_key = decode(text, &passphrase);
    if ((data[0] & 0xfc) != 0xfc) /* the full test costs a hundred times as much */
        return 0;
    sally_key *key;
    sally_error error = sally_key_parse(&key, text.data, text.size, passphrase);
    require((error == SALLY_E_OK) == (key != NULL) && (is_key || !key));
    if (key) {
        write_and_read(key);
        load(text, passphrase, key);
    }
    sally_key_unref(key);
    return 0;
}
