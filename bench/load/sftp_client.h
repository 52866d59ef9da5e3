/* The client's side of SFTP, versions 3 to 6, as much of it as load needs. Any number of requests
 * may be under way, one in each slot; nothing is allocated per request, and file data is neither
 * copied on its way out nor on its way in. */
#ifndef SALLY_LOAD_SFTP_CLIENT_H
#define SALLY_LOAD_SFTP_CLIENT_H

#include "base/buf.h"
#include "sftp/protocol.h"
#include "ssh/ssh.h"

#define SFTP_HANDLE_MAX 256u /* draft-02 section 6.2 */
#define SFTP_REPLY_MAX  (256u * 1024 + 1024)

struct sftp_handle {
    uint8_t bytes[SFTP_HANDLE_MAX];
    size_t size;
};

/* A request under way. The lower half of its id is the slot's index, the upper one counts its uses:
 * a reply that comes twice is noticed. */
struct sftp_slot {
    uint32_t id;
    bool is_busy;
    uint64_t sent_ns;
    struct buf message;
    struct chunk head, body;
    /* The workload's own: */
    uint64_t offset; /* place in the file, or number of the file */
    size_t length;
    unsigned step;
    struct sftp_handle handle;
};

struct sftp_reply {
    uint8_t type;
    uint32_t status;   /* STATUS: its code */
    struct slice body; /* of any but DATA: behind the id */
    size_t size;       /* DATA: how many bytes there were */
};

struct sftp_events {
    void (*ready)(void *user_data); /* VERSION has come */
    /* A piece of a DATA reply, `at` bytes into it; all pieces come before its reply event. */
    void (*data)(void *user_data, struct sftp_slot *slot, size_t at, struct slice piece);
    /* The slot is free from here on: a new request may use it. */
    void (*reply)(void *user_data, struct sftp_slot *slot, const struct sftp_reply *reply);
};

struct sftp_client {
    struct ssh_channel *channel;
    const struct sftp_events *events;
    void *user_data;
    uint32_t version; /* 3 to 6 */
    struct sftp_slot *slots;
    size_t slot_count;
    struct buf hello;
    struct chunk hello_chunk;
    /* The reply that is being read. */
    struct buf partial; /* what has come of it, when it is not DATA */
    uint8_t head[13];   /* length, type, id; of DATA: length of the data too */
    size_t head_size;   /* bytes of it that are there */
    size_t data_at;     /* DATA: bytes that have come */
    bool is_ready;      /* VERSION has come */
};

void sftp_client_init(struct sftp_client *c, uint32_t version, struct ssh_channel *channel,
                      const struct sftp_events *events, void *user_data);
void sftp_client_clear(struct sftp_client *c); /* after the channel's end */
bool sftp_client_slots(struct sftp_client *c, size_t count);
void sftp_client_hello(struct sftp_client *c);
/* False: this is no SFTP. */
bool sftp_client_receive(struct sftp_client *c, struct slice data);

/* `flags`: those of version 3. */
void sftp_open(struct sftp_client *c, struct sftp_slot *slot, const char *path, uint32_t flags);
void sftp_close(struct sftp_client *c, struct sftp_slot *slot, const struct sftp_handle *handle);
void sftp_read(struct sftp_client *c, struct sftp_slot *slot, const struct sftp_handle *handle,
               uint64_t offset, size_t size);
/* `data` is lent until the reply. */
void sftp_write(struct sftp_client *c, struct sftp_slot *slot, const struct sftp_handle *handle,
                uint64_t offset, struct slice data);
void sftp_stat(struct sftp_client *c, struct sftp_slot *slot, const char *path);
void sftp_opendir(struct sftp_client *c, struct sftp_slot *slot, const char *path);
void sftp_readdir(struct sftp_client *c, struct sftp_slot *slot, const struct sftp_handle *handle);

/* What replies say; false: it is malformed, or another reply. */
bool sftp_reply_handle(const struct sftp_reply *reply, struct sftp_handle *out);
bool sftp_reply_names(const struct sftp_client *c, const struct sftp_reply *reply, uint32_t *count);

#endif
