#include "sftp_client.h"

#include "base/mem.h"
#include "base/wire.h"
#include "sallyport/attrs.h"

#define INDEX_BITS  16u
#define HEAD_PLAIN  9u  /* length, type, id */
#define HEAD_DATA   13u /* and the data's length */
#define MESSAGE_MAX 8192u

/* ---- Requests ---- */

static void keep(struct chunk *c)
{
    (void)c; /* a slot's memory stays */
}

void sftp_client_init(struct sftp_client *c, uint32_t version, struct ssh_channel *channel,
                      const struct sftp_events *events, void *user_data)
{
    memset(c, 0, sizeof *c);
    c->version = version;
    c->channel = channel;
    c->events = events;
    c->user_data = user_data;
    buf_init(&c->partial, SFTP_REPLY_MAX);
    buf_init(&c->hello, 64);
}

void sftp_client_clear(struct sftp_client *c)
{
    for (size_t i = 0; i < c->slot_count; i++)
        buf_clear(&c->slots[i].message);
    mem_free(c->slots);
    buf_clear(&c->partial);
    buf_clear(&c->hello);
    memset(c, 0, sizeof *c);
}

bool sftp_client_slots(struct sftp_client *c, size_t count)
{
    c->slots = count < 1u << INDEX_BITS ? mem_array(count, sizeof *c->slots) : NULL;
    if (!c->slots)
        return false;
    memset(c->slots, 0, count * sizeof *c->slots);
    c->slot_count = count;
    for (size_t i = 0; i < count; i++) {
        c->slots[i].id = (uint32_t)i;
        buf_init(&c->slots[i].message, MESSAGE_MAX);
    }
    return true;
}

static void send_bytes(struct sftp_client *c, struct chunk *chunk, struct slice bytes)
{
    chunk->data = bytes.data;
    chunk->size = bytes.size;
    chunk->release = keep;
    ssh_channel_send(c->channel, chunk);
}

void sftp_client_hello(struct sftp_client *c)
{
    put_u32(&c->hello, 5);
    put_u8(&c->hello, SSH_FXP_INIT);
    put_u32(&c->hello, c->version);
    send_bytes(c, &c->hello_chunk, buf_slice(&c->hello));
}

static struct buf *begin(struct sftp_slot *slot, uint8_t type)
{
    struct buf *b = &slot->message;
    slot->id += 1u << INDEX_BITS;
    buf_reset(b);
    put_u32(b, 0);
    put_u8(b, type);
    put_u32(b, slot->id);
    return b;
}

/* `body`: file data behind the message, from where it lies. */
static void finish(struct sftp_client *c, struct sftp_slot *slot, struct slice body)
{
    struct buf *b = &slot->message;
    wire_put_u32(buf_head(b), (uint32_t)(b->size - 4 + body.size));
    slot->is_busy = true;
    send_bytes(c, &slot->head, buf_slice(b));
    if (body.size)
        send_bytes(c, &slot->body, body);
}

static const struct slice no_body = {NULL, 0};

static void put_handle(struct buf *b, const struct sftp_handle *handle)
{
    put_string(b, handle->bytes, handle->size);
}

static uint32_t disposition(uint32_t flags)
{
    if (flags & SSH_FXF_TRUNC)
        return flags & SSH_FXF_CREAT ? SSH_FXF_CREATE_TRUNCATE : SSH_FXF_TRUNCATE_EXISTING;
    return flags & SSH_FXF_CREAT ? SSH_FXF_OPEN_OR_CREATE : SSH_FXF_OPEN_EXISTING;
}

void sftp_open(struct sftp_client *c, struct sftp_slot *slot, const char *path, uint32_t flags)
{
    struct buf *b = begin(slot, SSH_FXP_OPEN);
    put_text(b, path);
    if (c->version < 5) {
        put_u32(b, flags);
    } else {
        put_u32(b, (flags & SSH_FXF_READ ? ACE4_READ_DATA | ACE4_READ_ATTRIBUTES : 0) |
                       (flags & SSH_FXF_WRITE ? ACE4_WRITE_DATA | ACE4_WRITE_ATTRIBUTES : 0));
        put_u32(b, disposition(flags));
    }
    put_u32(b, 0); /* no attributes */
    if (c->version > 3)
        put_u8(b, SALLY_TYPE_REGULAR);
    finish(c, slot, no_body);
}

void sftp_close(struct sftp_client *c, struct sftp_slot *slot, const struct sftp_handle *handle)
{
    put_handle(begin(slot, SSH_FXP_CLOSE), handle);
    finish(c, slot, no_body);
}

void sftp_read(struct sftp_client *c, struct sftp_slot *slot, const struct sftp_handle *handle,
               uint64_t offset, size_t size)
{
    struct buf *b = begin(slot, SSH_FXP_READ);
    put_handle(b, handle);
    put_u64(b, offset);
    put_u32(b, (uint32_t)size);
    finish(c, slot, no_body);
}

void sftp_write(struct sftp_client *c, struct sftp_slot *slot, const struct sftp_handle *handle,
                uint64_t offset, struct slice data)
{
    struct buf *b = begin(slot, SSH_FXP_WRITE);
    put_handle(b, handle);
    put_u64(b, offset);
    put_u32(b, (uint32_t)data.size);
    finish(c, slot, data);
}

void sftp_stat(struct sftp_client *c, struct sftp_slot *slot, const char *path)
{
    struct buf *b = begin(slot, SSH_FXP_STAT);
    put_text(b, path);
    if (c->version > 3) /* what version 3 always has */
        put_u32(b, SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_PERMISSIONS |
                       SSH_FILEXFER_ATTR_ACCESSTIME | SSH_FILEXFER_ATTR_MODIFYTIME |
                       SSH_FILEXFER_ATTR_OWNERGROUP);
    finish(c, slot, no_body);
}

void sftp_opendir(struct sftp_client *c, struct sftp_slot *slot, const char *path)
{
    put_text(begin(slot, SSH_FXP_OPENDIR), path);
    finish(c, slot, no_body);
}

void sftp_readdir(struct sftp_client *c, struct sftp_slot *slot, const struct sftp_handle *handle)
{
    put_handle(begin(slot, SSH_FXP_READDIR), handle);
    finish(c, slot, no_body);
}

/* ---- Replies ---- */

/* The slot that waits for this id; NULL: nobody does. */
static struct sftp_slot *slot_of(const struct sftp_client *c, uint32_t id)
{
    size_t index = id & ((1u << INDEX_BITS) - 1);
    if (index >= c->slot_count)
        return NULL;
    struct sftp_slot *slot = &c->slots[index];
    return slot->is_busy && slot->id == id ? slot : NULL;
}

static bool on_message(struct sftp_client *c, struct slice message)
{
    struct cursor in = cursor_of_slice(message);
    struct sftp_reply reply = {.type = get_u8(&in)};
    if (reply.type == SSH_FXP_VERSION) {
        bool is_first = !c->is_ready;
        c->is_ready = true;
        if (is_first && get_u32(&in) == c->version && !in.bad)
            c->events->ready(c->user_data);
        return is_first;
    }
    struct sftp_slot *slot = slot_of(c, get_u32(&in));
    reply.body = cursor_rest(&in);
    if (reply.type == SSH_FXP_STATUS)
        reply.status = get_u32(&in);
    if (in.bad || !slot)
        return false;
    slot->is_busy = false;
    c->events->reply(c->user_data, slot, &reply);
    return true;
}

/* As much of DATA's bytes as is here. */
static bool on_data(struct sftp_client *c, struct cursor *in)
{
    size_t size = wire_get_u32(c->head + HEAD_PLAIN), left = size - c->data_at;
    struct sftp_slot *slot = slot_of(c, wire_get_u32(c->head + 5));
    if (!slot || wire_get_u32(c->head) != size + HEAD_DATA - 4 || size > slot->length)
        return false;
    struct slice piece = get_bytes(in, left < cursor_left(in) ? left : cursor_left(in));
    if (piece.size)
        c->events->data(c->user_data, slot, c->data_at, piece);
    c->data_at += piece.size;
    if (c->data_at < size)
        return true;
    struct sftp_reply reply = {.type = SSH_FXP_DATA, .size = size};
    c->head_size = 0;
    slot->is_busy = false;
    c->events->reply(c->user_data, slot, &reply);
    return true;
}

static void take_head(struct sftp_client *c, struct cursor *in, size_t wanted)
{
    size_t more = wanted - c->head_size;
    struct slice bytes = get_bytes(in, more < cursor_left(in) ? more : cursor_left(in));
    if (bytes.size)
        memcpy(c->head + c->head_size, bytes.data, bytes.size);
    c->head_size += bytes.size;
}

/* A message that is here whole, read where it lies. False: it is not. */
static bool take_whole(struct sftp_client *c, struct cursor *in, bool *good)
{
    size_t here = cursor_left(in);
    if (c->head_size || here < 5 || in->at[4] == SSH_FXP_DATA)
        return false;
    size_t size = wire_get_u32(in->at);
    if (size == 0 || size > here - 4)
        return false;
    get_u32(in);
    *good = on_message(c, get_bytes(in, size));
    return true;
}

/* One that comes in pieces. */
static bool gather(struct sftp_client *c, struct cursor *in)
{
    size_t size = wire_get_u32(c->head);
    if (size == 0 || size > SFTP_REPLY_MAX)
        return false;
    if (c->partial.size == 0)
        put_bytes(&c->partial, c->head + 4, 1); /* the type */
    size_t left = size - c->partial.size;
    struct slice bytes = get_bytes(in, left < cursor_left(in) ? left : cursor_left(in));
    put_bytes(&c->partial, bytes.data, bytes.size);
    if (c->partial.failed || c->partial.size < size)
        return !c->partial.failed;
    c->head_size = 0;
    bool good = on_message(c, buf_slice(&c->partial));
    buf_reset(&c->partial);
    return good;
}

bool sftp_client_receive(struct sftp_client *c, struct slice data)
{
    struct cursor in = cursor_of_slice(data);
    bool good = true;
    while (good && cursor_left(&in)) {
        if (take_whole(c, &in, &good))
            continue;
        if (c->head_size < 5)
            take_head(c, &in, 5);
        if (c->head_size < 5)
            break;
        if (c->head[4] != SSH_FXP_DATA) {
            good = gather(c, &in);
            continue;
        }
        if (c->head_size < HEAD_DATA) {
            c->data_at = 0;
            take_head(c, &in, HEAD_DATA);
        }
        if (c->head_size == HEAD_DATA)
            good = on_data(c, &in);
    }
    return good;
}

bool sftp_reply_handle(const struct sftp_reply *reply, struct sftp_handle *out)
{
    struct cursor in = cursor_of_slice(reply->body);
    struct slice handle = get_string(&in);
    if (reply->type != SSH_FXP_HANDLE || !cursor_done(&in) || handle.size > sizeof out->bytes)
        return false;
    if (handle.size)
        memcpy(out->bytes, handle.data, handle.size);
    out->size = handle.size;
    return true;
}

static void skip_time(struct cursor *in, uint32_t flags)
{
    get_u64(in);
    if (flags & SSH_FILEXFER_ATTR_SUBSECOND_TIMES)
        get_u32(in);
}

/* From version 4 on: draft-13 section 7. */
static void skip_new_attrs(struct cursor *in, uint32_t version)
{
    static const uint32_t times[] = {SSH_FILEXFER_ATTR_ACCESSTIME, SSH_FILEXFER_ATTR_CREATETIME,
                                     SSH_FILEXFER_ATTR_MODIFYTIME, SSH_FILEXFER_ATTR_CTIME};
    uint32_t flags = get_u32(in);
    get_u8(in);
    if (flags & SSH_FILEXFER_ATTR_SIZE)
        get_u64(in);
    if (flags & SSH_FILEXFER_ATTR_ALLOCATION_SIZE)
        get_u64(in);
    if (flags & SSH_FILEXFER_ATTR_OWNERGROUP) {
        get_string(in);
        get_string(in);
    }
    if (flags & SSH_FILEXFER_ATTR_PERMISSIONS)
        get_u32(in);
    for (size_t i = 0; i < COUNT_OF(times); i++)
        if (flags & times[i])
            skip_time(in, flags);
    if (flags & SSH_FILEXFER_ATTR_ACL)
        get_string(in);
    if (flags & SSH_FILEXFER_ATTR_BITS)
        get_bytes(in, version > 5 ? 8 : 4);
    if (flags & SSH_FILEXFER_ATTR_TEXT_HINT)
        get_u8(in);
    if (flags & SSH_FILEXFER_ATTR_MIME_TYPE)
        get_string(in);
    if (flags & SSH_FILEXFER_ATTR_LINK_COUNT)
        get_u32(in);
    if (flags & SSH_FILEXFER_ATTR_UNTRANSLATED_NAME)
        get_string(in);
    if (flags & SSH_FILEXFER_ATTR_EXTENDED)
        in->bad = true; /* no server sends any */
}

static void skip_attrs(struct cursor *in)
{
    uint32_t flags = get_u32(in);
    if (flags & SSH_FILEXFER_ATTR_SIZE)
        get_u64(in);
    if (flags & SSH_FILEXFER_ATTR_UIDGID)
        get_u64(in);
    if (flags & SSH_FILEXFER_ATTR_PERMISSIONS)
        get_u32(in);
    if (flags & SSH_FILEXFER_ATTR_ACMODTIME)
        get_u64(in);
    if (flags & SSH_FILEXFER_ATTR_EXTENDED)
        in->bad = true; /* no server sends any in version 3 */
}

bool sftp_reply_names(const struct sftp_client *c, const struct sftp_reply *reply, uint32_t *count)
{
    struct cursor in = cursor_of_slice(reply->body);
    *count = get_u32(&in);
    if (reply->type != SSH_FXP_NAME)
        return false;
    for (uint32_t i = 0; i < *count && !in.bad; i++) {
        get_string(&in);
        if (c->version > 3) {
            skip_new_attrs(&in, c->version);
            continue;
        }
        get_string(&in);
        skip_attrs(&in);
    }
    if (c->version > 5 && cursor_left(&in))
        get_bool(&in); /* the end of the list */
    return cursor_done(&in);
}
