/* The inside of the SFTP engine, for the files of this folder.
 *
 * A request's way: input.c cuts packets out of the byte stream; requests.c finds who understands
 * them; the requests_ files and extensions.c parse them and submit operations; answers.c turns what
 * comes back into replies; reply.c packs replies into chunks. */
#ifndef SALLY_SFTP_ENGINE_H
#define SALLY_SFTP_ENGINE_H

#include "base/buf.h"
#include "core/blocks.h"
#include "core/file.h"
#include "sftp/handles.h"
#include "sftp/names.h"
#include "sftp/quirks.h"
#include "sftp/sftp.h"

enum sftp_state {
    AWAIT_INIT,
    AWAIT_START, /* the storage is asked to start the session; VERSION comes next */
    READY,
    BROKEN /* nothing more is read */
};

/* The WRITE whose data is arriving: it goes straight to where the storage will find it. */
struct incoming {
    struct op *op;     /* NULL: none */
    uint32_t received; /* bytes of data */
    size_t trailing;   /* bytes after the data, to be skipped */
};

/* The READDIR that is done before the client asks for it. */
struct ahead {
    struct op *op; /* NULL: none */
    bool is_done;  /* its names wait for the client */
    bool wanted;   /* the client waits for them, with this request: */
    uint32_t id;
    size_t size;
};

struct sftp {
    sally_session *session;
    struct sftp_options options;
    struct sftp_events events;
    void *user_data;
    enum sftp_state state;
    uint32_t version;       /* 3 to 6 */
    uint32_t quirks;        /* the client's */
    uint32_t unasked;       /* SALLY_ATTR_ bits that are sent to those who do not ask for them */
    uint32_t all_attrs;     /* SALLY_ATTR_ bits for those who do not say what they want */
    uint32_t asked, wanted; /* the flags of the last STAT, and the bits they mean */
    struct naming naming;   /* of files */
    uint64_t denied;        /* a bit for each name of sftp_request_name_at() */
    uint64_t requests;      /* that came since VERSION, with the one being looked at */

    struct buf waiting; /* bytes that cannot be used yet: the start of a packet, or requests that
                           must wait */
    struct incoming incoming;
    bool ended; /* the peer will send no more */

    uint32_t active;    /* requests with the session, not answered yet */
    bool alone;         /* one of them lets no later one start: see request_alone() */
    bool reads_at_once; /* the last READ was answered while it was submitted */
    struct handles handles;
    uint32_t listings; /* READDIRs with the session that the client asked for */
    struct ahead ahead;

    struct blocks *blocks;
    struct buf scratch;  /* the reply being built */
    struct block *batch; /* small replies that will travel together */
    size_t batch_size;
    bool second_batch; /* since the last flush: many replies are coming, so make room for them */
    struct list ready; /* chunks for events.send */
    size_t credit;     /* bytes answered since the last flush */

    const char *broken; /* what to tell the owner */
    bool told;          /* broken or finished was told */
    bool closing, gone;
    uint32_t depth; /* calls of the owner that we are in */
    void (*on_gone)(void *user_data);
    void *gone_user_data;
};

/* Replies nobody has read hold back further requests from here on; the data of READs is bounded by
 * the session. */
#define MAX_BACKLOG ((size_t)1024 * 1024)

/* One request as it came. */
struct request_in {
    uint32_t id;
    size_t size;         /* bytes it took on the wire, with the length field */
    struct cursor body;  /* what follows the id */
    const char *message; /* out: a text to go with the status; NULL: the status's own */
};

/* Handles one kind of request: submits an operation or replies, and returns SALLY_OK; any other
 * status becomes the reply. */
typedef sally_status handle_fn(struct sftp *s, struct request_in *in);

/* Replies when the operation is done. True: the operation is kept, and freed by others later. */
typedef bool answer_fn(struct sftp *s, struct op *op);

struct listing; /* requests_dir.c */

/* What the engine remembers of a request while its operation is on the way: op->owner. */
struct request {
    struct sftp *s;
    answer_fn *answer;
    size_t size;      /* credit to give */
    sally_file *file; /* the operation is about it; NULL: none */
    struct block *block;
    struct listing *listing;
    void *plan;         /* of a request that takes several operations: from mem_alloc, or NULL */
    bool alone;         /* s->alone is on its account */
    bool slash;         /* one of its paths has a slash at its end */
    struct op *waiting; /* for this look at what its path leads to; NULL: none. See slash.c */
};

static inline struct request *request_of(const struct op *op)
{
    return op->owner;
}

/* requests.c: the table of packet types, the names, and the start of an operation. */
void requests_dispatch(struct sftp *s, struct slice packet);
bool requests_denied(const struct sftp *s, const char *name);
/* Works out s->denied from the lists of names in the options. */
void requests_read_lists(struct sftp *s);
/* The list of an extension that only the storage knows: by its full name. */
bool requests_unknown_denied(const struct sftp *s, struct slice name);

/* NULL when memory is short. */
struct op *request_begin(struct sftp *s, const struct request_in *in, uint32_t kind,
                         answer_fn *answer);
/* Gives the operation to the session, with request_of(op)->file; SALLY_OK. */
sally_status request_submit(struct sftp *s, struct op *op);
/* The same, for an operation that is answered without the session. */
void request_fail(struct op *op, sally_status status);
/* Until this operation is done, and those that go on with it, no later request starts: for requests
 * whose steps nobody may come between. */
void request_alone(struct op *op);
/* In an answer_fn: the next operation of the same request, which takes over its id, credit and
 * plan. The answer_fn then returns false, having submitted or dropped it. NULL when memory is
 * short. */
struct op *request_go_on(struct op *before, uint32_t kind, answer_fn *answer);
/* Undoes it, when `next` was not submitted. */
void request_go_back(struct op *next, struct op *before);
/* Frees an operation that is done, with what hangs on it. */
void request_end(struct op *op);
/* Ends an operation that was not submitted; returns `status`. */
sally_status request_drop(struct op *op, sally_status status);
/* Attributes of a request, in the operation's memory. */
sally_status request_attrs(struct sftp *s, struct op *op, struct request_in *in,
                           const sally_attrs **out);
/* Whether what is made gets the permissions as they were given (draft-13 section 7.6). `status`: of
 * request_attrs(). */
bool request_is_exact(const struct sftp *s, sally_status status, const sally_attrs *attrs);
/* The attributes that a STAT asks for. */
uint32_t request_wanted(struct sftp *s, struct request_in *in);
/* A path of the client, as the storage writes it, becomes the operation's; the same for its second
 * path; and a text that is no path of an operation. */
sally_status request_path(struct sftp *s, struct op *op, struct slice raw);
sally_status request_to(struct sftp *s, struct op *op, struct slice raw);
sally_status request_text(struct sftp *s, struct op *op, struct slice raw, const char **out);

/* Of an unknown handle, by requests where OpenSSH's version 3 calls that a file that is missing (of
 * the others it says FAILURE). */
sally_status request_lost_handle(const struct sftp *s, struct request_in *in);

/* The kinds of open handles a request may be about. */
#define HANDLE_FILE      1u
#define HANDLE_DIRECTORY 2u
/* NULL for an unusable one. */
sally_file *request_file(const struct sftp *s, struct slice handle, uint32_t kinds);

/* requests_file.c */
handle_fn handle_open, handle_open_v5, handle_close, handle_read, handle_write, handle_fstat,
    handle_fsetstat, handle_block, handle_unblock;
/* The part of WRITE before its data. */
struct write_head {
    sally_file *file;
    uint64_t offset;
    uint32_t length;
};
/* Makes a WRITE with room for its data, which the caller fills before request_submit(). */
sally_status write_begin(struct sftp *s, struct request_in *in, const struct write_head *head,
                         struct op **out);

/* requests_path.c */
handle_fn handle_stat, handle_lstat, handle_setstat, handle_remove, handle_mkdir, handle_rmdir,
    handle_rename, handle_realpath, handle_readlink;
sally_status submit_pair(struct sftp *s, struct request_in *in, uint32_t kind, struct slice path,
                         struct slice to, uint32_t flags);
sally_status submit_two_paths(struct sftp *s, struct request_in *in, uint32_t kind, uint32_t flags);
sally_status submit_setstat(struct sftp *s, struct request_in *in, uint32_t flags);
sally_status submit_realpath(struct sftp *s, struct request_in *in, struct slice path,
                             uint32_t flags);

/* slash.c */
bool slash_ends(struct slice path);
/* True: the operation has such a path; it goes on when that was looked at, or has failed. */
bool slash_looks_first(struct sftp *s, struct op *op);

/* symlink.c */
handle_fn handle_symlink, handle_link;

/* requests_dir.c */
handle_fn handle_opendir, handle_readdir;
/* Frees what an answer has not taken over, which may never have come; NULL is allowed. */
void listing_drop(struct listing *l);
/* Nobody will ask for what is read ahead of this directory, or, with NULL, of any. */
void ahead_drop(struct sftp *s, const sally_file *file);

/* extensions.c */
handle_fn handle_extended;
/* Appends the names and versions of what is usable to a VERSION reply, with what the storage said
 * at the session's start. */
void extensions_announce(const struct sftp *s, const sally_op_session *start, struct buf *out);
/* Appends the names that requests may have alone, unless `out` is NULL; how many there are. */
uint32_t extensions_put_names(const struct sftp *s, const sally_op_session *start, struct buf *out);
const char *extensions_name(size_t index); /* short names; NULL past the end */
/* The name on the wire, and what lists call it; NULL past the end. */
const char *extensions_wire_name(size_t index, const char **listed);

/* Draft-13 sections 7.10, 7.12 and 7.13: must not be present when attributes are set. */
#define NEVER_SET (SALLY_ATTR_TEXT_HINT | SALLY_ATTR_LINK_COUNT | SALLY_ATTR_UNTRANSLATED_NAME)

/* announce.c */
void announce(const struct sftp *s, const sally_op_session *start, struct buf *out);
uint32_t announce_settable(const struct sftp *s); /* what a storage is taken for at first */

/* version.c */
void handle_init(struct sftp *s, struct slice packet);
bool may_select(const struct sftp *s); /* whether version-select is offered */
handle_fn ext_version_select, ext_filename_translation_control;
/* Takes over what the version brings with it. */
void use_version(struct sftp *s, uint32_t version);

/* text.c: TEXT mode, and text-seek. */
handle_fn ext_text_seek;
/* READs and WRITEs of a file in text mode take place where the last one ended, whatever their
 * offset: sets it. Of other files nothing is changed. */
void text_aim(struct sftp *s, struct op *op, sally_file *file);

/* hash.c */
handle_fn ext_check_file_handle, ext_check_file_name, ext_md5_hash_handle, ext_md5_hash;

/* copy_file.c */
handle_fn ext_copy_file;

/* places.c */
handle_fn ext_space_available, ext_get_temp_folder, ext_make_temp_folder;

/* input.c */
void input_take(struct sftp *s, const uint8_t *data, size_t size);
/* Goes on with what waits. True: something was done. */
bool input_resume(struct sftp *s);
/* Requests may be waiting that nothing but unread replies holds back. */
bool input_is_held(const struct sftp *s);
void input_drop(struct sftp *s);

/* answers.c */
answer_fn answer_status, answer_handle, answer_data, answer_attrs, answer_text, answer_statvfs,
    answer_ids, answer_extended;

/* reply.c */
/* Starts a reply in s->scratch, which the caller completes and then passes on. */
struct buf *reply_begin(struct sftp *s, uint8_t type, uint32_t id);
struct buf *reply_begin_without_id(struct sftp *s, uint8_t type);
/* False: it did not fit, and a status of failure went out instead. */
bool reply_end(struct sftp *s, uint32_t id);
/* Of a handler that replies at once: also credits the request. Returns SALLY_OK. */
sally_status reply_end_now(struct sftp *s, const struct request_in *in);
void reply_status(struct sftp *s, uint32_t id, sally_status status, const char *message);
/* UNKNOWN_PRINCIPAL with the names of those who are unknown (draft-13 section 9.1), which versions
 * before 5 are not told. */
void reply_unknown(struct sftp *s, uint32_t id, const char *message, const struct op_name *names);
/* A NAME reply with one entry and no attributes, as REALPATH has it; attrs may be NULL. */
bool reply_one_name(struct sftp *s, uint32_t id, const char *name, const sally_attrs *attrs);
/* Whole replies: copied to the others, or as a chunk of their own (the block is the chunk's from
 * then on). */
void reply_copy(struct sftp *s, const uint8_t *data, size_t size);
void reply_chunk(struct sftp *s, struct block *block, size_t size);
/* True: there was something. */
bool reply_hand_over(struct sftp *s);
/* Chunks alone, as soon as they are there: the owner may be able to use them at once. */
bool reply_send(struct sftp *s);
void reply_drop(struct sftp *s);

/* engine.c */
void sftp_break(struct sftp *s, const char *detail);
/* A READ has brought data: it goes to the owner while it is in the cache. */
void sftp_send_data(struct sftp *s);

#endif
