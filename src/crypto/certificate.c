/* Certificates for TLS. Like keys, they outlive and cross servers, and there may be thousands: they
 * are bytes and texts, without an object of the library. */
#include "sallyport/certificate.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/ip.h"
#include "base/mem.h"
#include "crypto/private_key.h"

#define TEXT_MAX  ((size_t)1024 * 1024)
#define CHAIN_MAX 16

struct sally_certificate {
    atomic_uint refs;
    sally_key *key; /* held */
    char *subject, *issuer, *serial, *fingerprint;
    char **names;
    size_t name_count;
    int64_t not_before, not_after;
    size_t count;
    struct buf chain[CHAIN_MAX]; /* DER */
};

/* ---- What it says ---- */

/* What was written to `out`, which is freed. */
static char *text_of(BIO *out)
{
    char *data;
    long size = BIO_get_mem_data(out, &data);
    char *text = size >= 0 ? mem_strndup(data, (size_t)size) : NULL;
    BIO_free(out);
    return text;
}

static char *distinguished_name(const X509_NAME *name)
{
    BIO *out = BIO_new(BIO_s_mem());
    if (out)
        X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    return out ? text_of(out) : NULL;
}

static char *hexadecimal(const ASN1_INTEGER *number)
{
    BIGNUM *n = ASN1_INTEGER_to_BN(number, NULL);
    char *digits = n ? BN_bn2hex(n) : NULL;
    char *text = digits ? mem_strdup(digits) : NULL;
    for (char *c = text; c && *c; c++) {
        if (*c >= 'A' && *c <= 'F')
            *c = (char)(*c - 'A' + 'a');
    }
    OPENSSL_free(digits);
    BN_free(n);
    return text;
}

static char *fingerprint_of(struct crypto *c, struct slice der)
{
    uint8_t digest[HASH_MAX_SIZE];
    struct buf text;
    if (!hash_once(c, HASH_SHA256, der.data, der.size, digest))
        return NULL;
    buf_init(&text, 3 * HASH_MAX_SIZE);
    for (size_t i = 0; i < hash_size(HASH_SHA256); i++)
        put_format(&text, i ? ":%02X" : "%02X", digest[i]);
    char *copy = text.failed ? NULL : mem_strndup((const char *)buf_head(&text), text.size);
    buf_clear(&text);
    return copy;
}

static bool seconds_of(const ASN1_TIME *time, int64_t *out)
{
    struct tm parts;
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    *out = (int64_t)timegm(&parts);
    return true;
}

/* NULL: no memory. */
static char *address_of(struct slice bytes)
{
    char text[IP_TEXT_SIZE];
    struct ip_address address = ip_from_bytes(bytes.data, (uint8_t)bytes.size);
    ip_print(&address, text);
    return mem_strdup(text);
}

/* Names of other kinds, and with a NUL inside, are left out: no client looks for them. False: no
 * memory. */
static bool add_name(sally_certificate *to, const GENERAL_NAME *name)
{
    int type;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    if (type != GEN_DNS && type != GEN_IPADD)
        return true;
    struct slice bytes = {ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)};
    bool is_host = type == GEN_DNS;
    if (is_host ? slice_has_nul(bytes) : bytes.size != 4 && bytes.size != 16)
        return true;
    char *text = is_host ? slice_strdup(bytes) : address_of(bytes);
    if (text)
        to->names[to->name_count++] = text;
    return text != NULL;
}

static bool set_names(sally_certificate *to, X509 *x)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    int count = all ? sk_GENERAL_NAME_num(all) : 0;
    if (count > 0)
        to->names = mem_array((size_t)count, sizeof(char *));
    bool ok = count <= 0 || to->names;
    for (int i = 0; i < count && ok; i++)
        ok = add_name(to, sk_GENERAL_NAME_value(all, i));
    GENERAL_NAMES_free(all);
    return ok;
}

static sally_error describe(sally_certificate *to, struct crypto *c, X509 *x)
{
    if (!seconds_of(X509_get0_notBefore(x), &to->not_before) ||
        !seconds_of(X509_get0_notAfter(x), &to->not_after))
        return SALLY_E_PARSE;
    to->subject = distinguished_name(X509_get_subject_name(x));
    to->issuer = distinguished_name(X509_get_issuer_name(x));
    to->serial = hexadecimal(X509_get0_serialNumber(x));
    to->fingerprint = fingerprint_of(c, buf_slice(&to->chain[0]));
    bool ok = to->subject && to->issuer && to->serial && to->fingerprint && set_names(to, x);
    return ok ? SALLY_E_OK : SALLY_E_NO_MEMORY;
}

/* ---- Reading ---- */

/* Without one, the library would ask at the terminal. */
static int no_passphrase(char *passphrase, int room, int writing, void *user_data)
{
    (void)passphrase;
    (void)room;
    (void)writing;
    (void)user_data;
    return -1;
}

/* NULL: there is none, or it is malformed, which is told apart by the library's error. */
static X509 *next_certificate(struct crypto *c, BIO *in)
{
    X509 *x = X509_new_ex(c->lib, NULL);
    if (x && PEM_read_bio_X509(in, &x, no_passphrase, NULL))
        return x;
    X509_free(x);
    return NULL;
}

static bool is_at_end(void)
{
    unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static bool is_issued_by(X509 *x, X509 *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    return X509_check_issued(issuer, x) == X509_V_OK && key && X509_verify(x, key) == 1;
}

static bool keep_bytes(sally_certificate *to, X509 *x)
{
    unsigned char *der = NULL;
    int size = i2d_X509(x, &der);
    struct buf *bytes = &to->chain[to->count];
    buf_init(bytes, TEXT_MAX);
    if (size > 0)
        put_bytes(bytes, der, (size_t)size);
    OPENSSL_free(der);
    to->count++;
    return size > 0 && !bytes->failed;
}

/* All of them, the own one into *own. */
static sally_error read_chain(sally_certificate *to, struct crypto *c, BIO *in, X509 **own)
{
    X509 *last = NULL, *x;
    sally_error error = SALLY_E_OK;
    while (!error && (x = next_certificate(c, in)) != NULL) {
        if (to->count == CHAIN_MAX)
            error = SALLY_E_LIMIT;
        else if (last && !is_issued_by(last, x))
            error = SALLY_E_INVALID;
        else if (!keep_bytes(to, x))
            error = SALLY_E_NO_MEMORY;
        if (!*own)
            *own = x;
        if (last != *own)
            X509_free(last);
        last = x;
    }
    if (last != *own)
        X509_free(last);
    return error ? error : to->count && is_at_end() ? SALLY_E_OK : SALLY_E_PARSE;
}

static sally_error check_key(X509 *x, const sally_key *key)
{
    EVP_PKEY *pkey = X509_get0_pubkey(x);
    const struct key_type *type = pkey ? key_type_of(pkey) : NULL;
    if (!type || key->signer)
        return SALLY_E_UNSUPPORTED;
    struct buf blob;
    buf_init(&blob, KEY_BLOB_MAX);
    bool ok = key_put_public(pkey, type, &blob) && slice_equal(buf_slice(&blob), key_blob(key));
    buf_clear(&blob);
    return ok ? SALLY_E_OK : SALLY_E_KEY;
}

static sally_error read_text(sally_certificate *to, struct crypto *c, struct slice text)
{
    X509 *own = NULL;
    library_begin();
    BIO *in = BIO_new_mem_buf(text.data, (int)text.size);
    sally_error error = in ? read_chain(to, c, in, &own) : SALLY_E_NO_MEMORY;
    if (!error)
        error = check_key(own, to->key);
    if (!error)
        error = describe(to, c, own);
    X509_free(own);
    BIO_free(in);
    library_end(c);
    return error;
}

/* The key first: whether it is in the text is not known before. */
static sally_error fill(sally_certificate *to, struct slice text, sally_key *key)
{
    struct crypto *c;
    sally_error error = SALLY_E_OK;
    if (key)
        to->key = sally_key_ref(key);
    else
        error = sally_key_parse(&to->key, text.data, text.size, NULL);
    if (error)
        return error;
    error = crypto_new(&c);
    if (error)
        return error;
    error = read_text(to, c, text);
    crypto_unref(c);
    return error;
}

sally_error sally_certificate_parse(sally_certificate **out, const void *data, size_t size,
                                    sally_key *key)
{
    *out = NULL;
    if (size == 0 || size > TEXT_MAX)
        return size ? SALLY_E_LIMIT : SALLY_E_PARSE;
    sally_certificate *made = mem_zalloc(sizeof *made);
    if (!made)
        return SALLY_E_NO_MEMORY;
    atomic_init(&made->refs, 1);
    sally_error error = fill(made, (struct slice){data, size}, key);
    if (error)
        sally_certificate_unref(made);
    else
        *out = made;
    return error;
}

sally_error sally_certificate_load(sally_certificate **out, const char *path, sally_key *key)
{
    *out = NULL;
    struct buf text;
    buf_init_secret(&text, TEXT_MAX);
    sally_error error = key_file_read(path, !key, &text);
    int saved = errno; /* belongs to SALLY_E_SYSTEM */
    if (error == SALLY_E_PARSE)
        error = SALLY_E_LIMIT;
    if (!error)
        error = sally_certificate_parse(out, buf_head(&text), text.size, key);
    buf_clear(&text);
    errno = saved;
    return error;
}

/* ---- Access ---- */

const char *sally_certificate_subject(const sally_certificate *certificate)
{
    return certificate->subject;
}

const char *sally_certificate_issuer(const sally_certificate *certificate)
{
    return certificate->issuer;
}

const char *sally_certificate_serial(const sally_certificate *certificate)
{
    return certificate->serial;
}

const char *sally_certificate_fingerprint(const sally_certificate *certificate)
{
    return certificate->fingerprint;
}

const char *sally_certificate_name(const sally_certificate *certificate, size_t index)
{
    return index < certificate->name_count ? certificate->names[index] : NULL;
}

int64_t sally_certificate_not_before(const sally_certificate *certificate)
{
    return certificate->not_before;
}

int64_t sally_certificate_not_after(const sally_certificate *certificate)
{
    return certificate->not_after;
}

const void *sally_certificate_der(const sally_certificate *certificate, size_t index, size_t *size)
{
    if (index >= certificate->count)
        return NULL;
    *size = certificate->chain[index].size;
    return buf_head(&certificate->chain[index]);
}

sally_key *sally_certificate_key(const sally_certificate *certificate)
{
    return certificate->key;
}

sally_certificate *sally_certificate_ref(sally_certificate *certificate)
{
    atomic_fetch_add_explicit(&certificate->refs, 1, memory_order_relaxed);
    return certificate;
}

void sally_certificate_unref(sally_certificate *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < c->count; i++)
        buf_clear(&c->chain[i]);
    for (size_t i = 0; i < c->name_count; i++)
        mem_free(c->names[i]);
    mem_free(c->names);
    mem_free(c->subject);
    mem_free(c->issuer);
    mem_free(c->serial);
    mem_free(c->fingerprint);
    sally_key_unref(c->key);
    mem_free(c);
}
