/* A wrapper that changes contents: the storage inside keeps files encrypted, clients see the text.
 *
 *     PASSPHRASE=... ./encrypted DIRECTORY [sftp://127.0.0.1:2222]
 *
 * Stored is a header (MAGIC and a nonce), then the text: offsets and sizes grow on the way down and
 * shrink on the way up. What else must be known, sally_fs_ask() asks of the storage inside in the
 * course of the operation. An example of wrapping, not of cryptography: AES-CTR, unauthenticated;
 * two versions of a text that was overwritten in place betray both. Holes are refused. */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sallyport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC   "sallyCTR"
#define HEADER  16u /* MAGIC, and 8 bytes of nonce */
#define APPENDS ((uint32_t)(SALLY_OPEN_APPEND | SALLY_OPEN_APPEND_ATOMIC))

static sally_fs *vault, *disk; /* this storage, and the one inside */
static unsigned char key[32];

struct job { /* an operation on its way */
    sally_op_args came;    /* its arguments, as those above us gave them */
    unsigned char *header; /* kept in the open file; zeros while it is not known */
    sally_attrs attrs;     /* with the size as it is stored */
};

/* Encrypts or decrypts what is stored at byte `at`. */
static bool apply(const unsigned char *header, uint64_t at, void *data, uint32_t length)
{
    unsigned char counter[16], skipped[16] = {0};
    int size;
    memcpy(counter, header + 8, 8);
    for (unsigned i = 0; i < 8; i++)
        counter[15 - i] = (unsigned char)(at / 16 >> 8 * i);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = c && EVP_EncryptInit_ex(c, EVP_aes_256_ctr(), NULL, key, counter) &&
              EVP_EncryptUpdate(c, skipped, &size, skipped, (int)(at % 16)) &&
              EVP_EncryptUpdate(c, data, &size, data, (int)length);
    EVP_CIPHER_CTX_free(c);
    return ok;
}

static void correct(sally_attrs *a)
{
    if (a->type != SALLY_TYPE_DIRECTORY && a->type != SALLY_TYPE_SYMLINK)
        a->size -= a->size < HEADER ? a->size : HEADER;
}

static bool see_entry(void *context, sally_op *op, sally_entry *entry)
{
    (void)context, (void)op;
    correct(entry->attrs);
    return true;
}

/* OPEN: the header was read, or written into an empty file. */
static sally_status have_header(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                                sally_status status, void *context)
{
    struct job *j = context;
    sally_inner_op write = *asked;
    write.kind = SALLY_OP_WRITE;
    if (asked->kind == SALLY_OP_READ && status == SALLY_EOF) {
        if (!(op->u.open.flags & SALLY_OPEN_WRITE))
            return SALLY_OK;
        if (RAND_bytes((unsigned char *)memcpy(j->header, MAGIC, 8) + 8, 8) != 1)
            return SALLY_FAILURE;
        return sally_fs_ask(fs, disk, op, &write, have_header, j);
    }
    if (status || (asked->u.io.done == HEADER && memcmp(j->header, MAGIC, 8) == 0))
        return status;
    sally_op_set_message(op, "This file was not encrypted here");
    return SALLY_FILE_CORRUPT;
}

/* The way up: what was changed on the way down is put back. */
static sally_status up(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct job *j = context;
    sally_op_io *io = &op->u.io; /* of READ and WRITE */
    uint64_t at = io->offset;
    sally_inner_op read = {.struct_size = sizeof read, .kind = SALLY_OP_READ, .file = op->file};
    switch (op->kind) {
    case SALLY_OP_READ:
        io->offset = j->came.io.offset;
        return status || apply(j->header, at, io->data, io->done) ? status : SALLY_FAILURE;
    case SALLY_OP_REALPATH:
        correct(&op->u.text.attrs);
        return status;
    case SALLY_OP_STAT:
    case SALLY_OP_FSTAT:
        correct(&op->u.stat.attrs);
        return status;
    }
    op->u = j->came; /* what remains has only arguments */
    if (op->kind == SALLY_OP_WRITE)
        return apply(j->header, at, io->data, io->length) ? status : SALLY_FAILURE;
    if (op->kind != SALLY_OP_OPEN || status)
        return status;
    read.u.io = (sally_op_io){.data = j->header, .length = HEADER};
    return sally_fs_ask(fs, disk, op, &read, have_header, j);
}

/* The way down of WRITE and of a new size: the size now is known. */
static sally_status have_size(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                              sally_status status, void *context)
{
    struct job *j = context;
    bool writes = op->kind == SALLY_OP_WRITE;
    uint64_t size = asked->u.stat.attrs.size < HEADER ? HEADER : asked->u.stat.attrs.size;
    uint64_t at = HEADER + (writes ? op->u.io.offset : op->u.setstat.attrs->size);
    sally_file_facts facts = {0};
    if (writes)
        sally_file_get_facts(op->file, &facts);
    if (facts.open_flags & APPENDS)
        at = size;
    if (status || at < HEADER || at > size) /* a hole would not read as zeros */
        return status ? status : SALLY_UNSUPPORTED;
    if (writes && !apply(j->header, at, op->u.io.data, op->u.io.length))
        return SALLY_FAILURE;
    if (writes) {
        op->u.io.offset = at;
    } else {
        j->attrs = *op->u.setstat.attrs;
        j->attrs.size = asked->u.stat.attrs.size ? at : 0;
        op->u.setstat.attrs = &j->attrs;
    }
    return sally_fs_call(fs, disk, op, up, j);
}

/* The way down: every slot. */
static sally_status down(sally_fs *fs, sally_op *op)
{
    bool sets = op->kind == SALLY_OP_SETSTAT || op->kind == SALLY_OP_FSETSTAT;
    sally_inner_op stat = {.struct_size = sizeof stat, .kind = SALLY_OP_FSTAT, .file = op->file};
    stat.u.stat = (sally_op_stat){.flags = SALLY_FOLLOW, .wanted = SALLY_ATTR_SIZE};
    struct job *j = sally_op_alloc(op, sizeof *j);
    if (!j || (op->kind == SALLY_OP_READDIR && sally_op_filter_entries(op, see_entry, NULL)))
        return SALLY_FAILURE;
    *j = (struct job){.came = op->u, .header = sally_file_data(op->file, fs)};
    if (op->kind == SALLY_OP_SETSTAT)
        stat.kind = SALLY_OP_STAT;
    if (op->kind == SALLY_OP_WRITE || (sets && (op->u.setstat.attrs->valid & SALLY_ATTR_SIZE)))
        return sally_fs_ask(fs, disk, op, &stat, have_size, j);
    switch (op->kind) {
    case SALLY_OP_OPEN:
        j->header = calloc(1, HEADER); /* freed with the file, also where OPEN fails */
        if (!j->header || sally_file_set_data(op->file, fs, j->header, free)) {
            free(j->header);
            return SALLY_FAILURE;
        }
        op->u.open.flags = (op->u.open.flags | SALLY_OPEN_READ) & ~APPENDS;
        return sally_fs_call(fs, disk, op, up, j);
    case SALLY_OP_READ:
        if (!j->header[0])
            return SALLY_EOF;
        op->u.io.offset += HEADER;
        return sally_fs_call(fs, disk, op, up, j);
    case SALLY_OP_STAT:
    case SALLY_OP_FSTAT:
    case SALLY_OP_REALPATH:
        return sally_fs_call(fs, disk, op, up, j);
    }
    return sally_fs_call(fs, disk, op, NULL, NULL);
}

int main(int argc, char **argv)
{
    const char *words = getenv("PASSPHRASE");
    sally_server *server;
    if (argc < 2 || !words || sally_fs_local(&disk, argv[1], 0, 022) || sally_server_new(&server) ||
        PKCS5_PBKDF2_HMAC(words, -1, (const unsigned char *)MAGIC, 8, 100000, EVP_sha256(),
                          sizeof key, key) != 1) {
        fprintf(stderr, "usage: PASSPHRASE=... %s DIRECTORY [URL]\n", argv[0]);
        return 2;
    }
    sally_fs_methods methods = {.struct_size = sizeof methods};
    sally_fs_methods_wrap(&methods, disk, down);
    /* These would show what is stored, or lock other bytes. COPY becomes READ and WRITE. */
    methods.copy = methods.hash = methods.extended = methods.lock = methods.unlock = NULL;
    if (sally_fs_new(&vault, &methods, NULL))
        return 1;
    if (sally_server_add_user(server, "demo", "demo", vault) ||
        sally_server_add_listener(server, argc > 2 ? argv[2] : "sftp://127.0.0.1:2222") ||
        sally_server_run(server))
        fprintf(stderr, "%s\n", sally_server_error(server));
    sally_fs_unref(vault);
    sally_error error = sally_server_free(server);
    sally_fs_unref(disk); /* `vault`, which uses it, is gone */
    return error;
}
