/* PEM (RFC 7468), the encryption of its traditional form (RFC 1421 section 4.6.1), and the decoding
 * of what is inside. The text and the traditional encryption are read here, because the library's
 * own code for them looks algorithms up in the process's default context. */
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/key_cost.h"
#include "crypto/private_key.h"

/* About ten seconds for a passphrase, as with BCRYPT_PBKDF_ROUNDS_MAX. */
static const struct key_cost_bounds cost_bounds = {10000000, UINT64_C(1) << 24};

#define IV_MAX     16
#define SALT_SIZE  8
#define KEY_MAX    32
#define DEK_HEADER "DEK-Info: "

static const struct {
    const char *text;
    enum pem_label label;
} labels[] = {
    {"OPENSSH PRIVATE KEY", PEM_OPENSSH},
    {"PRIVATE KEY", PEM_PKCS8},
    {"ENCRYPTED PRIVATE KEY", PEM_ENCRYPTED},
    {"RSA PRIVATE KEY", PEM_RSA},
    {"EC PRIVATE KEY", PEM_EC},
};

static const struct dek_cipher {
    const char *name;
    size_t key_size, iv_size;
} dek_ciphers[] = {
    {"AES-128-CBC", 16, 16},
    {"AES-192-CBC", 24, 16},
    {"AES-256-CBC", 32, 16},
    {"DES-EDE3-CBC", 24, 8},
};

/* The next line, without its end and trailing blanks. False: there is none. */
static bool next_line(struct cursor *in, struct slice *line)
{
    if (cursor_left(in) == 0)
        return false;
    struct slice rest = cursor_rest(in);
    const uint8_t *end = memchr(rest.data, '\n', rest.size);
    *line = get_bytes(in, end ? (size_t)(end - rest.data) : rest.size);
    if (end)
        get_u8(in);
    while (line->size > 0 &&
           (line->data[line->size - 1] == ' ' || line->data[line->size - 1] == '\t' ||
            line->data[line->size - 1] == '\r'))
        line->size--;
    return true;
}

static bool starts_with(struct slice s, const char *text)
{
    size_t size = strlen(text);
    return s.size >= size && memcmp(s.data, text, size) == 0;
}

static bool is_boundary(struct slice line, const char *kind, const char *label)
{
    struct buf text;
    buf_init(&text, 128);
    put_format(&text, "-----%s %s-----", kind, label);
    bool same = !text.failed && slice_equal(buf_slice(&text), line);
    buf_clear(&text);
    return same;
}

/* Which private key begins on this line; NULL: none. */
static const char *begins(struct slice line, enum pem_label *label)
{
    if (!starts_with(line, "-----BEGIN "))
        return NULL;
    for (size_t i = 0; i < COUNT_OF(labels); i++) {
        if (is_boundary(line, "BEGIN", labels[i].text)) {
            *label = labels[i].label;
            return labels[i].text;
        }
    }
    return NULL;
}

static sally_error parse_body(struct cursor in, const char *name, struct pem *out)
{
    struct cursor body = in;
    struct slice line;
    size_t size;
    do {
        size = cursor_left(&body) - cursor_left(&in);
        if (!next_line(&in, &line))
            return SALLY_E_PARSE;
    } while (!is_boundary(line, "END", name));
    if (!base64_decode(get_bytes(&body, size), &out->binary))
        return out->binary.failed ? SALLY_E_NO_MEMORY : SALLY_E_PARSE;
    return out->binary.size ? SALLY_E_OK : SALLY_E_PARSE;
}

/* RFC 1421 section 4.6: the lines before the first empty line, if one of them has a colon. */
static void parse_headers(struct cursor *in, struct pem *out)
{
    struct cursor at = *in;
    struct slice line;
    while (next_line(&at, &line) && line.size && memchr(line.data, ':', line.size)) {
        struct cursor header = cursor_of_slice(line);
        if (starts_with(line, DEK_HEADER)) {
            get_bytes(&header, strlen(DEK_HEADER));
            out->dek_info = cursor_rest(&header);
        }
        *in = at;
    }
}

sally_error pem_parse(struct slice text, struct pem *out)
{
    struct cursor in = cursor_of_slice(text);
    struct slice line;
    const char *name = NULL;
    bool foreign = false; /* a private key of another type */
    memset(out, 0, sizeof *out);
    buf_init_secret(&out->binary, KEY_PRIVATE_MAX);
    while (!name) {
        if (!next_line(&in, &line))
            return foreign ? SALLY_E_UNSUPPORTED : SALLY_E_PARSE;
        name = begins(line, &out->label);
        foreign = foreign || is_boundary(line, "BEGIN", "DSA PRIVATE KEY") ||
                  starts_with(line, "PuTTY-User-Key-File-");
    }
    parse_headers(&in, out);
    return parse_body(in, name, out);
}

void pem_clear(struct pem *pem)
{
    buf_clear(&pem->binary);
}

static const struct dek_cipher *find_cipher(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(dek_ciphers); i++)
        if (slice_is(name, dek_ciphers[i].name))
            return &dek_ciphers[i];
    return NULL;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "AES-128-CBC,0123...": the name, and the IV in hexadecimal. */
static sally_error parse_dek(struct slice info, const struct dek_cipher **cipher, uint8_t *iv)
{
    const uint8_t *comma = memchr(info.data, ',', info.size);
    struct cursor in = cursor_of_slice(info);
    if (!comma)
        return SALLY_E_PARSE;
    *cipher = find_cipher(get_bytes(&in, (size_t)(comma - info.data)));
    if (!*cipher)
        return SALLY_E_UNSUPPORTED;
    get_u8(&in);
    for (size_t i = 0; i < (*cipher)->iv_size; i++) {
        int high = hex_value(get_u8(&in)), low = hex_value(get_u8(&in));
        if (high < 0 || low < 0)
            return SALLY_E_PARSE;
        iv[i] = (uint8_t)(high << 4 | low);
    }
    return cursor_done(&in) ? SALLY_E_OK : SALLY_E_PARSE;
}

/* One round of MD5 over what came before, passphrase and salt, until there is enough: weak, but
 * what these files have. */
static bool derive_key(struct crypto *c, const char *passphrase, const uint8_t *salt, uint8_t *key,
                       size_t key_size)
{
    uint8_t digest[HASH_MAX_SIZE];
    size_t digest_size = hash_size(HASH_MD5);
    struct hash *hash = hash_new(c, HASH_MD5);
    bool ok = hash != NULL;
    for (size_t done = 0; ok && done < key_size; done += digest_size) {
        if (done)
            hash_update(hash, digest, digest_size);
        hash_update(hash, passphrase, strlen(passphrase));
        hash_update(hash, salt, SALT_SIZE);
        ok = hash_final(hash, digest);
        memcpy(key + done, digest, key_size - done < digest_size ? key_size - done : digest_size);
    }
    hash_free(hash);
    mem_wipe(digest, sizeof digest);
    return ok;
}

/* In place; invalid padding usually reveals a wrong passphrase. */
static sally_error decrypt(struct crypto *c, const struct dek_cipher *how, const uint8_t *key,
                           const uint8_t *iv, struct buf *binary)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(c->lib, how->name, NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    sally_error error = SALLY_E_UNSUPPORTED;
    uint8_t *data = buf_head(binary);
    int size = 0, tail = 0;
    if (cipher && context && EVP_DecryptInit_ex2(context, cipher, key, iv, NULL) == 1) {
        bool ok = EVP_DecryptUpdate(context, data, &size, data, (int)binary->size) == 1 &&
                  EVP_DecryptFinal_ex(context, data + size, &tail) == 1;
        buf_truncate(binary, ok ? (size_t)size + (size_t)tail : 0);
        error = ok ? SALLY_E_OK : SALLY_E_PASSPHRASE;
    }
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
    return error;
}

static sally_error decrypt_traditional(struct crypto *c, struct pem *pem, const char *passphrase)
{
    const struct dek_cipher *cipher;
    uint8_t iv[IV_MAX], key[KEY_MAX];
    sally_error error = parse_dek(pem->dek_info, &cipher, iv);
    if (error)
        return error;
    if (!passphrase)
        return SALLY_E_PASSPHRASE;
    error = SALLY_E_UNSUPPORTED; /* no MD5 here */
    if (derive_key(c, passphrase, iv, key, cipher->key_size))
        error = decrypt(c, cipher, key, iv, &pem->binary);
    mem_wipe(key, sizeof key);
    return error;
}

/* Takes over `info`. */
static EVP_PKEY *key_of_info(struct crypto *c, PKCS8_PRIV_KEY_INFO *info)
{
    EVP_PKEY *pkey = info ? EVP_PKCS82PKEY_ex(info, c->lib, NULL) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    return pkey;
}

static sally_error decode_pkcs8(struct crypto *c, struct slice der, EVP_PKEY **out)
{
    const unsigned char *at = der.data;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.size);
    if (!info || at != der.data + der.size) {
        PKCS8_PRIV_KEY_INFO_free(info);
        return SALLY_E_PARSE;
    }
    *out = key_of_info(c, info);
    return *out ? SALLY_E_OK : SALLY_E_KEY;
}

static sally_error decode_encrypted(struct crypto *c, struct slice der, const char *passphrase,
                                    EVP_PKEY **out)
{
    const unsigned char *at = der.data;
    X509_SIG *box = d2i_X509_SIG(NULL, &at, (long)der.size);
    const X509_ALGOR *encryption = NULL;
    sally_error error = SALLY_E_PARSE;
    if (box && at == der.data + der.size) {
        X509_SIG_get0(box, &encryption, NULL);
        error = key_cost_check(encryption, &cost_bounds);
    }
    if (!error) {
        if (passphrase)
            *out = key_of_info(
                c, PKCS8_decrypt_ex(box, passphrase, (int)strlen(passphrase), c->lib, NULL));
        error = *out ? SALLY_E_OK : SALLY_E_PASSPHRASE;
    }
    X509_SIG_free(box);
    return error;
}

static sally_error decode_traditional(struct crypto *c, int type, struct slice der, EVP_PKEY **out)
{
    const unsigned char *at = der.data;
    *out = d2i_PrivateKey_ex(type, NULL, &at, (long)der.size, c->lib, NULL);
    if (*out && at == der.data + der.size)
        return SALLY_E_OK;
    EVP_PKEY_free(*out);
    *out = NULL;
    return SALLY_E_PARSE;
}

sally_error pem_decode(struct crypto *c, struct pem *pem, const char *passphrase, EVP_PKEY **out)
{
    *out = NULL;
    if (pem->label == PEM_PKCS8)
        return decode_pkcs8(c, buf_slice(&pem->binary), out);
    if (pem->label == PEM_ENCRYPTED)
        return decode_encrypted(c, buf_slice(&pem->binary), passphrase, out);
    bool encrypted = pem->dek_info.size > 0;
    sally_error error = encrypted ? decrypt_traditional(c, pem, passphrase) : SALLY_E_OK;
    if (error)
        return error;
    int type = pem->label == PEM_RSA ? EVP_PKEY_RSA : EVP_PKEY_EC;
    error = decode_traditional(c, type, buf_slice(&pem->binary), out);
    /* One wrong passphrase in 256 yields garbage with valid padding. */
    return error && encrypted ? SALLY_E_PASSPHRASE : error;
}
