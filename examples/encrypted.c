/* A wrapper that changes contents: the storage inside keeps files encrypted, clients see the text.
 *
 *     PASSPHRASE=... ./encrypted DIRECTORY [sftp://127.0.0.1:2222]
 *
 * An example of wrapping, not of cryptography: AES-CTR without authentication. Who can write to the
 * disk changes any bit of a text unnoticed; two versions of a text that was overwritten in place
 * betray both, as they use the same key stream; names and sizes are not hidden at all.
 *
 * Stored is a header (MAGIC and a nonce), then the text: offsets grow on the way down, and sizes
 * shrink on the way up. A handle that only writes is opened for reading too, since the nonce is in
 * the file. Gaps are filled, as a hole in what is stored would not read as zeros. (Two handles that
 * change the size of one file at the same time do not know of each other.) */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sallyport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC     "sallyCTR"
#define HEADER    16u /* MAGIC, and 8 bytes of nonce */
#define SLICE     65536u
#define MOST_ZERO (UINT64_C(1) << 30) /* bytes that are filled at once */
#define APPENDS   ((uint32_t)(SALLY_OPEN_APPEND | SALLY_OPEN_APPEND_ATOMIC))

static sally_fs *vault, *disk; /* this storage, and the one inside */
static unsigned char key[32];

struct state { /* of each open file. Operations of a session come one by one: no lock */
    unsigned char header[HEADER]; /* zeros: nothing is stored, and this handle only reads */
    uint64_t size;                /* of the text */
    bool appends;
};

struct job { /* of one operation: what it needs on its way up, or for operations of our own */
    struct state *state;
    sally_op *op;
    sally_file *file;
    const sally_attrs *attrs; /* as they came, as are these two: */
    uint64_t offset;
    uint32_t flags;
    sally_status status;
    sally_op_io io; /* of our own READ and WRITE */
};

/* Encrypts or decrypts what is at byte `at` of the text. */
static bool apply(const struct state *s, uint64_t at, void *data, uint32_t length)
{
    unsigned char counter[16], skipped[16] = {0};
    int size;
    memcpy(counter, s->header + 8, 8);
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
    bool is_file = a->type != SALLY_TYPE_DIRECTORY && a->type != SALLY_TYPE_SYMLINK;
    if ((a->valid & SALLY_ATTR_SIZE) && is_file)
        a->size -= a->size < HEADER ? a->size : HEADER;
}

static bool see_entry(void *context, sally_op *op, sally_entry *entry)
{
    (void)context, (void)op;
    correct(entry->attrs);
    return true;
}

/* Operations of our own. `done` is called on the network thread, where nothing may wait: it ends
 * the client's operation, or submits the next of ours. */
static void end(struct job *j, sally_status status)
{
    bool opens = j->op->kind == SALLY_OP_OPEN;
    if (opens && status == SALLY_OK && sally_file_set_data(j->op->file, vault, j->state, NULL))
        status = SALLY_FAILURE;
    if (opens && status != SALLY_OK)
        free(j->state); /* the library closes what `disk` has opened */
    sally_op_finish(j->op, status);
}

static void ended(void *job, sally_op *own, sally_status status)
{
    (void)own;
    end(job, status);
}

static void fill_in(void *job, sally_op *own)
{
    const struct job *j = job;
    own->file = j->file;
    if (own->kind == SALLY_OP_READ || own->kind == SALLY_OP_WRITE)
        own->u.io = j->io;
    else if (own->kind == SALLY_OP_FSETSTAT)
        own->u.setstat.attrs = j->attrs;
    else if (own->kind == SALLY_OP_OPEN)
        own->u.open.flags = SALLY_OPEN_WRITE;
}

static sally_status ask(struct job *j, sally_fs *fs, uint32_t kind, sally_submit_done_fn *done)
{
    const char *path = kind == SALLY_OP_OPEN ? j->op->path : NULL;
    if (sally_fs_submit(fs, j->op->session, kind, path, fill_in, done, j))
        end(j, SALLY_FAILURE);
    return SALLY_PENDING; /* perhaps it has ended already */
}

/* OPEN: the header was read, and then the size; into an empty file a header is written. */
static void opened(void *job, sally_op *own, sally_status status)
{
    struct job *j = job;
    unsigned char *header = j->state->header;
    bool is_empty = own->kind == SALLY_OP_READ && status == SALLY_EOF;
    if (is_empty && (j->flags & SALLY_OPEN_WRITE) && RAND_bytes(header + 8, 8) == 1) {
        memcpy(header, MAGIC, 8);
        ask(j, disk, SALLY_OP_WRITE, ended);
    } else if (is_empty || status != SALLY_OK) {
        end(j, is_empty && !(j->flags & SALLY_OPEN_WRITE) ? SALLY_OK : status);
    } else if (own->kind == SALLY_OP_FSTAT) {
        correct(&own->u.stat.attrs);
        j->state->size = own->u.stat.attrs.size;
        end(j, SALLY_OK);
    } else if (own->u.io.done == HEADER && memcmp(header, MAGIC, 8) == 0) {
        ask(j, disk, SALLY_OP_FSTAT, opened);
    } else {
        sally_op_set_message(j->op, "This file was not encrypted here");
        end(j, SALLY_FILE_CORRUPT);
    }
}

/* A WRITE or FSETSTAT beyond the end: encrypted zeros come first, then the operation again. */
static void filled(void *job, sally_op *own, sally_status status)
{
    struct job *j = job;
    uint64_t to = j->op->kind == SALLY_OP_WRITE ? j->offset : j->attrs->size;
    if (own->kind == SALLY_OP_FSTAT)
        correct(&own->u.stat.attrs);
    if (status == SALLY_OK)
        j->state->size = own->kind == SALLY_OP_FSTAT ? own->u.stat.attrs.size
                                                     : j->state->size + own->u.io.length;
    uint64_t at = j->state->size < to ? j->state->size : to;
    if (!j->io.data)
        j->io.data = sally_op_alloc(j->op, SLICE);
    j->io.offset = HEADER + at;
    j->io.length = to - at < SLICE ? (uint32_t)(to - at) : SLICE;
    if (status != SALLY_OK || sally_op_cancelled(j->op) || !j->io.data || to - at > MOST_ZERO) {
        end(j, status ? status : SALLY_FAILURE);
    } else if (at == to) {
        j->io = j->op->u.io; /* if it is a WRITE */
        ask(j, vault, j->op->kind, ended);
    } else if (apply(j->state, at, memset(j->io.data, 0, j->io.length), j->io.length)) {
        ask(j, disk, SALLY_OP_WRITE, filled);
    } else {
        end(j, SALLY_FAILURE);
    }
}

/* SETSTAT of a size: OPEN, FSETSTAT and CLOSE by this storage. */
static void path_set(void *job, sally_op *own, sally_status status)
{
    struct job *j = job;
    if (own->kind == SALLY_OP_CLOSE || !own->file) {
        end(j, j->status ? j->status : status);
        return;
    }
    j->file = own->file;
    j->status = status;
    ask(j, vault, own->kind == SALLY_OP_OPEN ? SALLY_OP_FSETSTAT : SALLY_OP_CLOSE, path_set);
}

/* The way up: what was changed on the way down is put back. */
static sally_status up(sally_fs *fs, sally_op *op, sally_status status, void *job)
{
    struct job *j = job;
    bool ok = status == SALLY_OK;
    uint64_t at = op->u.io.offset - HEADER; /* of READ and WRITE */
    (void)fs;
    switch (op->kind) {
    case SALLY_OP_OPEN:
        op->u.open.flags = j->flags;
        if (!ok || !(j->state = calloc(1, sizeof *j->state)))
            return ok ? SALLY_FAILURE : status;
        j->state->appends = j->flags & APPENDS;
        j->io = (sally_op_io){.data = j->state->header, .length = HEADER};
        return ask(j, disk, SALLY_OP_READ, opened);
    case SALLY_OP_READ:
        op->u.io.offset = j->offset;
        return !ok || apply(j->state, at, op->u.io.data, op->u.io.done) ? status : SALLY_FAILURE;
    case SALLY_OP_WRITE:
        op->u.io.offset = j->offset;
        if (ok && at + op->u.io.length > j->state->size)
            j->state->size = at + op->u.io.length;
        return apply(j->state, at, op->u.io.data, op->u.io.length) ? status : SALLY_FAILURE;
    case SALLY_OP_FSETSTAT:
        op->u.setstat.attrs = j->attrs;
        if (ok && (j->attrs->valid & SALLY_ATTR_SIZE))
            j->state->size = j->attrs->size;
        return status;
    case SALLY_OP_REALPATH:
        correct(&op->u.text.attrs);
        return status;
    case SALLY_OP_STAT:
    case SALLY_OP_FSTAT:
        correct(&op->u.stat.attrs);
    }
    return status;
}

static sally_status io_down(struct job *j, bool writes)
{
    sally_op_io *io = &j->op->u.io;
    struct state *s = j->state;
    j->offset = io->offset;
    if (io->offset > INT64_MAX - SLICE || (!writes && !s->header[0]))
        return writes ? SALLY_FAILURE : SALLY_EOF;
    if (s->appends && writes)
        io->offset = s->size;
    if (writes && io->offset > s->size)
        return ask(j, disk, SALLY_OP_FSTAT, filled);
    if (writes && !apply(s, io->offset, io->data, io->length))
        return SALLY_FAILURE;
    io->offset += HEADER;
    return sally_fs_call(vault, disk, j->op, up, j);
}

static sally_status set_down(struct job *j)
{
    j->attrs = j->op->u.setstat.attrs;
    if (j->attrs->valid & SALLY_ATTR_SIZE) {
        sally_attrs *stored = sally_op_alloc(j->op, sizeof *stored);
        if (!stored || j->attrs->size > INT64_MAX - SLICE)
            return SALLY_FAILURE;
        if (j->op->kind == SALLY_OP_SETSTAT)
            return ask(j, vault, SALLY_OP_OPEN, path_set);
        if (j->attrs->size > j->state->size)
            return ask(j, disk, SALLY_OP_FSTAT, filled);
        *stored = *j->attrs;
        stored->size += HEADER;
        j->op->u.setstat.attrs = stored;
    }
    return sally_fs_call(vault, disk, j->op, up, j);
}

/* The way down: every slot. */
static sally_status down(sally_fs *fs, sally_op *op)
{
    struct job *j = sally_op_alloc(op, sizeof *j);
    struct state *state = sally_file_data(op->file, fs);
    if (op->kind == SALLY_OP_CLOSE) {
        free(state);
        return sally_fs_call(fs, disk, op, NULL, NULL);
    }
    if (!j || (op->kind == SALLY_OP_READDIR && sally_op_filter_entries(op, see_entry, NULL)))
        return SALLY_FAILURE;
    *j = (struct job){.state = state, .op = op, .file = op->file};
    if (op->kind == SALLY_OP_READ || op->kind == SALLY_OP_WRITE)
        return io_down(j, op->kind == SALLY_OP_WRITE);
    if (op->kind == SALLY_OP_SETSTAT || op->kind == SALLY_OP_FSETSTAT)
        return set_down(j);
    if (op->kind == SALLY_OP_OPEN) {
        j->flags = op->u.open.flags;
        op->u.open.flags = (j->flags | SALLY_OPEN_READ) & ~APPENDS; /* we know where the end is */
    }
    return sally_fs_call(fs, disk, op, up, j);
}

int main(int argc, char **argv)
{
    const char *words = getenv("PASSPHRASE");
    const unsigned char *salt = (const unsigned char *)MAGIC;
    sally_server *server;
    if (argc < 2 || !words || sally_fs_local(&disk, argv[1], 0, 022) || sally_server_new(&server) ||
        PKCS5_PBKDF2_HMAC(words, -1, salt, 8, 100000, EVP_sha256(), sizeof key, key) != 1) {
        fprintf(stderr, "usage: PASSPHRASE=... %s DIRECTORY [URL]\n", argv[0]);
        return 2;
    }
    sally_fs_methods methods = {.struct_size = sizeof methods};
    sally_fs_methods_wrap(&methods, disk, down);
    methods.close = down; /* also if the storage inside has none */
    /* These would show what is stored, or lock other bytes. COPY becomes READ and WRITE. */
    methods.copy = methods.hash = methods.extended = NULL;
    methods.lock = methods.unlock = NULL;
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
