/* Private keys: the object behind sally_key and the file formats that make one. */
#ifndef SALLY_CRYPTO_PRIVATE_KEY_H
#define SALLY_CRYPTO_PRIVATE_KEY_H

#include "crypto/key_type.h"

struct signer; /* signer.c */

struct sally_key {
    atomic_uint refs;
    /* A key may outlive servers and be shared by them, and there may be thousands, so it is stored
     * as bytes. Only keys bound to a server's library context have an object there; others have
     * NULL. */
    struct crypto *crypto;
    EVP_PKEY *pkey; /* with a signer, of the public half */
    const struct key_type *type;
    struct buf blob;       /* public */
    struct buf secret;     /* key_put_private(); empty with a signer */
    struct signer *signer; /* held; NULL: signs itself */
    char *line;
    char fingerprint[PUBLIC_KEY_FINGERPRINT_SIZE];
};

/* As sally_key_generate(), but can be stopped: SALLY_E_CLOSED soon after *stop has become true. */
sally_error key_generate_until(sally_key **out, const char *type_name, uint32_t bits,
                               const atomic_bool *stop);

/* A key without anything but its type; NULL: no memory. */
sally_key *key_alloc(struct crypto *c, const struct key_type *type);
/* The line and the fingerprint of a key that has its blob; false: no memory. */
bool key_describe(sally_key *key);

/* What a key of sally_key_from_signer() has in the place of a secret. */
struct signer *signer_new(const sally_signer *methods); /* NULL: no memory */
struct signer *signer_ref(struct signer *signer);       /* NULL in, NULL out */
void signer_unref(struct signer *signer);               /* NULL is allowed */
/* As key_sign(). `public` is an object of the public half. */
sally_error signer_sign(const struct signer *signer, struct crypto *c, EVP_PKEY *public,
                        const struct key_type *type, const char *algorithm, struct slice data,
                        struct buf *signature);

/* Appends a whole file. `is_secret`: SALLY_E_INSECURE as sally_key_load(). SALLY_E_PARSE: larger
 * than `out` may be. */
sally_error key_file_read(const char *path, bool is_secret, struct buf *out);

/* Formats read into a library's key object; `passphrase` may be NULL. */
sally_error openssh_key_parse(struct crypto *c, struct slice binary, const char *passphrase,
                              EVP_PKEY **out);
sally_error openssh_key_build(const sally_key *key, const char *comment, struct buf *text);

enum pem_label {
    PEM_OPENSSH,   /* -----BEGIN OPENSSH PRIVATE KEY----- */
    PEM_PKCS8,     /* RFC 5208 */
    PEM_ENCRYPTED, /* PKCS#8, encrypted */
    PEM_RSA,       /* the traditional forms, which may be encrypted by headers (RFC 1421) */
    PEM_EC
};

struct pem {
    enum pem_label label;
    struct slice dek_info; /* from the header: the cipher and its IV; empty: not encrypted in this
                            * way */
    struct buf binary;     /* the decoded base64 */
};

/* The first private key in a text. To be cleared, whatever the result. */
sally_error pem_parse(struct slice text, struct pem *out);
void pem_clear(struct pem *pem);
/* PKCS#8 and the traditional forms. */
sally_error pem_decode(struct crypto *c, struct pem *pem, const char *passphrase, EVP_PKEY **out);

#endif
