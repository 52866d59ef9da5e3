#include "cmocka_all.h"

#include "sftp/peer.h"

#include <stdlib.h>

#include "base/mem.h"

#define RW (SSH_FXF_READ | SSH_FXF_WRITE)

static uint32_t send_open(struct peer *p, const char *path, uint32_t flags)
{
    uint32_t id = peer_begin(p, SSH_FXP_OPEN);
    put_text(&p->out, path);
    put_u32(&p->out, flags);
    put_u32(&p->out, 0);
    peer_end(p);
    return id;
}

static void a_file_is_written_and_read(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    struct handle h = peer_open(p, "/new", RW | SSH_FXF_CREAT | SSH_FXF_TRUNC);
    uint32_t a = peer_write_request(p, h, 0, "one two", 7);
    uint32_t b = peer_write_request(p, h, 4, "2wo", 3);
    uint32_t c = peer_read_request(p, h, 0, 100);
    uint32_t d = peer_read_request(p, h, 7, 100);
    peer_go(p);
    peer_expect_status(p, a, SALLY_OK);
    peer_expect_status(p, b, SALLY_OK);
    assert_true(slice_is(get_string(&peer_expect(p, SSH_FXP_DATA, c)->body), "one 2wo"));
    assert_true(cursor_done(&p->reply.body));
    peer_expect_status(p, d, SALLY_EOF);
    peer_close_handle(p, h);
    assert_int_equal(p->store.last_reason, SALLY_CLOSED_BY_CLIENT);
    assert_int_equal(p->credit, p->sent);
    peer_free(p);
}

static void flags_of_open_are_translated(void **state)
{
    (void)state;
    static const struct {
        uint32_t wire, inside;
    } cases[] = {
        {SSH_FXF_READ, SALLY_OPEN_READ},
        {0, SALLY_OPEN_READ}, /* as OpenSSH */
        {SSH_FXF_WRITE | SSH_FXF_CREAT | SSH_FXF_TRUNC,
         SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE},
        {SSH_FXF_WRITE | SSH_FXF_APPEND, SALLY_OPEN_WRITE | SALLY_OPEN_APPEND},
        {SSH_FXF_APPEND, SALLY_OPEN_WRITE | SALLY_OPEN_APPEND},
        {SSH_FXF_READ | SSH_FXF_TRUNC, SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_TRUNCATE},
        {RW | SSH_FXF_TEXT | 0x8000,
         SALLY_OPEN_READ | SALLY_OPEN_WRITE}, /* no text mode in version 3 */
    };
    struct peer *p = peer_new(NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct handle h = peer_open(p, "hello", cases[i].wire | SSH_FXF_CREAT);
        assert_int_equal(p->store.last.u.open.flags, cases[i].inside | SALLY_OPEN_CREATE);
        assert_string_equal(p->store.last_path, "/home/joe/hello");
        assert_true(p->store.last.u.open.desired_access != 0);
        peer_close_handle(p, h);
    }
    uint32_t id = send_open(p, "/hello", SSH_FXF_WRITE | SSH_FXF_CREAT | SSH_FXF_EXCL);
    peer_go(p);
    peer_expect_status(p, id, SALLY_FAILURE); /* FILE_ALREADY_EXISTS is not in version 3 */
    id = send_open(p, "/none", SSH_FXF_READ);
    peer_go(p);
    peer_expect_status(p, id, SALLY_NO_SUCH_FILE);
    peer_free(p);
}

static void flags_of_open_in_version_5_and_6(void **state)
{
    (void)state;
    static const struct {
        uint32_t access, wire, inside, version, status;
    } cases[] = {
        {ACE4_READ_DATA | ACE4_READ_ATTRIBUTES, SSH_FXF_OPEN_EXISTING, SALLY_OPEN_READ, 5, 0},
        {ACE4_WRITE_DATA, SSH_FXF_CREATE_TRUNCATE,
         SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE, 5, 0},
        {ACE4_READ_DATA | ACE4_WRITE_DATA, SSH_FXF_OPEN_OR_CREATE | SSH_FXF_APPEND_DATA,
         SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_APPEND, 5, 0},
        {ACE4_READ_DATA, SSH_FXF_TRUNCATE_EXISTING,
         SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_TRUNCATE, 6, 0},
        {ACE4_READ_DATA,
         SSH_FXF_OPEN_EXISTING | SSH_FXF_NOFOLLOW | SSH_FXF_BLOCK_WRITE | SSH_FXF_BLOCK_ADVISORY,
         SALLY_OPEN_READ | SALLY_OPEN_NOFOLLOW | SALLY_OPEN_BLOCK_WRITE | SALLY_OPEN_BLOCK_ADVISORY,
         6, 0},
        {ACE4_READ_DATA, SSH_FXF_OPEN_EXISTING | SSH_FXF_NOFOLLOW, 0, 5, SALLY_UNSUPPORTED},
        {ACE4_READ_DATA, 5, 0, 6, SALLY_INVALID_PARAMETER},
        {ACE4_READ_DATA, SSH_FXF_OPEN_EXISTING | 0x4000, 0, 6, SALLY_UNSUPPORTED},
        {ACE4_READ_DATA, SSH_FXF_OPEN_EXISTING | 0x8000, 0, 5, SALLY_UNSUPPORTED},
        {ACE4_READ_DATA, SSH_FXF_OPEN_EXISTING | 0x10000, 0, 5, SALLY_INVALID_PARAMETER},
        {ACE4_READ_DATA, SSH_FXF_OPEN_EXISTING | 0x10000, 0, 6, SALLY_INVALID_PARAMETER},
        {ACE4_READ_DATA, SSH_FXF_OPEN_EXISTING | 0x80000000, 0, 6, SALLY_INVALID_PARAMETER},
        {ACE4_READ_DATA, 6, 0, 5, SALLY_INVALID_PARAMETER},
        {ACE4_READ_DATA, 7, 0, 6, SALLY_INVALID_PARAMETER},
        {ACE4_READ_DATA | 0x200, SSH_FXF_OPEN_EXISTING, 0, 5, SALLY_INVALID_PARAMETER},
        {ACE4_READ_DATA | 0x200, SSH_FXF_OPEN_EXISTING, 0, 6, SALLY_INVALID_PARAMETER},
        {0x200000, SSH_FXF_OPEN_EXISTING, 0, 6, SALLY_INVALID_PARAMETER},
        {UINT32_MAX, SSH_FXF_OPEN_EXISTING, 0, 6, SALLY_INVALID_PARAMETER},
        {ACE4_EVERY, SSH_FXF_OPEN_EXISTING, SALLY_OPEN_READ | SALLY_OPEN_WRITE, 6, 0},
        {ACE4_READ_DATA, SSH_FXF_CREATE_NEW, 0, 6, SALLY_FILE_ALREADY_EXISTS},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer *p = peer_new(&(struct peer_options){.version = cases[i].version});
        uint32_t id = peer_begin(p, SSH_FXP_OPEN);
        put_text(&p->out, "/hello");
        put_u32(&p->out, cases[i].access);
        put_u32(&p->out, cases[i].wire);
        put_u32(&p->out, 0);
        put_u8(&p->out, SALLY_TYPE_REGULAR);
        peer_end(p);
        peer_go(p);
        if (cases[i].status) {
            uint32_t status = cases[i].status;
            peer_expect_status(p, id,
                               status > 17 && cases[i].version == 5 ? SALLY_BAD_MESSAGE : status);
        } else {
            peer_expect(p, SSH_FXP_HANDLE, id);
            assert_int_equal(p->store.last.u.open.flags, cases[i].inside);
            assert_int_equal(p->store.last.u.open.desired_access, cases[i].access);
        }
        peer_free(p);
    }
}

/* Each right that is defined, with a session that is not allowed what it is about. */
static void access_that_cannot_be_granted_is_denied(void **state)
{
    (void)state;
    static const struct {
        uint32_t access, without;
    } cases[] = {
        {ACE4_READ_DATA, SALLY_MAY_READ},
        {ACE4_WRITE_DATA, SALLY_MAY_WRITE},
        {ACE4_APPEND_DATA, SALLY_MAY_WRITE},
        {ACE4_READ_NAMED_ATTRS, SALLY_MAY_STAT},
        {ACE4_WRITE_NAMED_ATTRS, SALLY_MAY_SETSTAT},
        {ACE4_READ_ATTRIBUTES, SALLY_MAY_STAT},
        {ACE4_WRITE_ATTRIBUTES, SALLY_MAY_SETSTAT},
        {ACE4_DELETE, SALLY_MAY_REMOVE},
        {ACE4_READ_ACL, SALLY_MAY_STAT},
        {ACE4_WRITE_ACL, SALLY_MAY_SETSTAT},
        {ACE4_WRITE_OWNER, SALLY_MAY_SETSTAT},
        {ACE4_EVERY, SALLY_MAY_SETSTAT},
    };
    for (uint32_t version = 5; version <= 6; version++) {
        for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
            bool denied = i < COUNT_OF(cases);
            uint32_t access = cases[i % COUNT_OF(cases)].access;
            uint32_t without = denied ? cases[i].without : SALLY_MAY_LINK;
            struct peer *p = peer_new(&(struct peer_options){
                .version = version, .permissions = SALLY_MAY_ALL & ~without});
            uint32_t id = peer_begin(p, SSH_FXP_OPEN);
            put_text(&p->out, "/hello");
            put_u32(&p->out, access);
            put_u32(&p->out, SSH_FXF_OPEN_EXISTING);
            put_u32(&p->out, 0);
            put_u8(&p->out, SALLY_TYPE_REGULAR);
            peer_end(p);
            peer_go(p);
            if (denied)
                peer_expect_status(p, id, SALLY_PERMISSION_DENIED);
            else
                peer_expect(p, SSH_FXP_HANDLE, id);
            peer_free(p);
        }
    }
}

static void attributes_of_open_arrive(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    uint32_t id = peer_begin(p, SSH_FXP_OPEN);
    put_text(&p->out, "/new");
    put_u32(&p->out, SSH_FXF_WRITE | SSH_FXF_CREAT);
    put_u32(&p->out, SSH_FILEXFER_ATTR_PERMISSIONS);
    put_u32(&p->out, 0100600);
    peer_end(p);
    peer_go(p);
    peer_expect(p, SSH_FXP_HANDLE, id);
    assert_int_equal(p->store.last_attrs.valid, SALLY_ATTR_PERMISSIONS);
    assert_int_equal(p->store.last_attrs.permissions, 0600);
    peer_free(p);
}

static void reads_are_cut_to_what_is_allowed(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.max_read = 1000});
    static const uint8_t zeros[5000];
    store_add(&p->store, "/big", SALLY_TYPE_REGULAR, zeros, sizeof zeros);
    struct handle h = peer_open(p, "/big", SSH_FXF_READ);
    uint32_t id = peer_read_request(p, h, 0, UINT32_MAX);
    uint32_t last = peer_read_request(p, h, 4500, 1000);
    uint32_t none = peer_read_request(p, h, 0, 0);
    uint32_t beyond = peer_read_request(p, h, UINT64_MAX, 10);
    peer_go(p);
    assert_int_equal(get_string(&peer_expect(p, SSH_FXP_DATA, id)->body).size, 1000);
    assert_int_equal(get_string(&peer_expect(p, SSH_FXP_DATA, last)->body).size, 500);
    assert_int_equal(get_string(&peer_expect(p, SSH_FXP_DATA, none)->body).size,
                     0); /* as OpenSSH */
    peer_expect_status(p, beyond, SALLY_EOF);
    peer_free(p);
}

static void big_reads_travel_in_their_own_chunks(void **state)
{
    (void)state;
    enum { SIZE = 255 * 1024 };
    struct peer *p = peer_new(&(struct peer_options){.hold = true});
    uint8_t *data = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    store_add(&p->store, "/big", SALLY_TYPE_REGULAR, data, SIZE);
    struct handle h = peer_open(p, "/big", SSH_FXF_READ);
    static const uint32_t sizes[] = {1, 2048, 2049, 32768, 65536, SIZE};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        uint32_t id = peer_read_request(p, h, SIZE - sizes[i], sizes[i]);
        peer_go(p);
        struct slice got = get_string(&peer_expect(p, SSH_FXP_DATA, id)->body);
        assert_int_equal(got.size, sizes[i]);
        assert_memory_equal(got.data, data + SIZE - sizes[i], sizes[i]);
    }
    free(data);
    peer_free(p);
}

/* max_write is what clients are told, and no bound to refuse by. */
static void a_write_may_fill_its_packet(void **state)
{
    (void)state;
    static const enum peer_cut cuts[] = {CUT_NOTHING, CUT_RANDOM};
    static const uint8_t zeros[40000];
    for (size_t i = 0; i < COUNT_OF(cuts); i++) {
        struct peer *p = peer_new(
            &(struct peer_options){.max_packet = 40000, .max_write = 2000, .cut = cuts[i]});
        struct handle h = peer_open(p, "/hello", SSH_FXF_WRITE);
        size_t most = 40000 - (1 + 4 + 4 + h.size + 8 + 4);
        uint32_t a = peer_write_request(p, h, 0, zeros, 2001);
        uint32_t b = peer_write_request(p, h, 0, zeros, most);
        peer_go(p);
        peer_expect_status(p, a, SALLY_OK);
        peer_expect_status(p, b, SALLY_OK);
        assert_int_equal(store_find(&p->store, "/hello")->size, most);
        assert_int_equal(p->credit, p->sent);
        peer_write_request(p, h, 0, zeros, most + 1);
        peer_go(p);
        assert_string_equal(p->broken, "packet too long");
        peer_free(p);
    }
}

static void appending_ignores_offsets(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    struct handle h = peer_open(p, "/hello", RW | SSH_FXF_APPEND);
    uint32_t a = peer_write_request(p, h, 0, "!", 1);
    uint32_t b = peer_write_request(p, h, 500, "!", 1);
    uint32_t c = peer_read_request(p, h, 0, 100);
    peer_go(p);
    peer_expect_status(p, a, SALLY_OK);
    peer_expect_status(p, b, SALLY_OK);
    assert_true(slice_is(get_string(&peer_expect(p, SSH_FXP_DATA, c)->body), "Hello, world!!"));
    peer_free(p);
}

static void access_is_what_was_opened_for(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    struct handle r = peer_open(p, "/hello", SSH_FXF_READ),
                  w = peer_open(p, "/hello", SSH_FXF_WRITE);
    uint32_t a = peer_write_request(p, r, 0, "x", 1);
    uint32_t b = peer_read_request(p, w, 0, 1);
    peer_go(p);
    peer_expect_status(p, a, SALLY_PERMISSION_DENIED);
    peer_expect_status(p, b, SALLY_PERMISSION_DENIED);
    assert_int_equal(p->store.calls[SALLY_OP_READ] + p->store.calls[SALLY_OP_WRITE], 0);
    peer_free(p);
}

static void a_directorys_handle_is_no_files(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    struct handle d = peer_opendir(p, "/"), f = peer_open(p, "/hello", RW);
    uint32_t a = peer_read_request(p, d, 0, 1);
    uint32_t b = peer_write_request(p, d, 0, "x", 1);
    uint32_t c = peer_handle_request(p, SSH_FXP_READDIR, f);
    peer_go(p);
    peer_expect_status(p, a, SALLY_FAILURE);
    peer_expect_status(p, b, SALLY_FAILURE);
    peer_expect_status(p, c, SALLY_FAILURE);
    peer_free(p);
    p = peer_new(&(struct peer_options){.version = 6});
    d = peer_opendir(p, "/");
    a = peer_read_request(p, d, 0, 1);
    peer_go(p);
    peer_expect_status(p, a, SALLY_INVALID_HANDLE);
    peer_free(p);
}

static void attributes_by_handle(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    struct handle f = peer_open(p, "/hello", RW), d = peer_opendir(p, "/many");
    uint32_t a = peer_handle_request(p, SSH_FXP_FSTAT, f);
    uint32_t b = peer_handle_request(p, SSH_FXP_FSTAT, d);
    uint32_t c = peer_begin(p, SSH_FXP_FSETSTAT);
    put_string(&p->out, f.bytes, f.size);
    put_u32(&p->out, SSH_FILEXFER_ATTR_SIZE);
    put_u64(&p->out, 5);
    peer_end(p);
    uint32_t e = peer_begin(p, SSH_FXP_FSETSTAT);
    put_string(&p->out, d.bytes, d.size);
    put_u32(&p->out, SSH_FILEXFER_ATTR_ACMODTIME);
    put_u32(&p->out, 7);
    put_u32(&p->out, 4000000000u);
    peer_end(p);
    peer_go(p);
    struct reply *r = peer_expect(p, SSH_FXP_ATTRS, a);
    assert_int_equal(get_u32(&r->body), SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_UIDGID |
                                            SSH_FILEXFER_ATTR_PERMISSIONS |
                                            SSH_FILEXFER_ATTR_ACMODTIME);
    assert_int_equal(get_u64(&r->body), 12);
    assert_int_equal(get_u32(&r->body), 1001);
    assert_int_equal(get_u32(&r->body), 1002);
    assert_int_equal(get_u32(&r->body), 0100640);
    peer_expect(p, SSH_FXP_ATTRS, b);
    peer_expect_status(p, c, SALLY_OK);
    peer_expect_status(p, e, SALLY_OK);
    assert_int_equal(store_find(&p->store, "/hello")->size, 5);
    assert_int_equal(store_find(&p->store, "/many")->mtime, 4000000000);
    assert_int_equal(p->store.calls[SALLY_OP_FSTAT], 1); /* the directory went by its path */
    assert_int_equal(p->store.calls[SALLY_OP_STAT], 1);
    peer_free(p);
}

static void handles_end_with_close(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    struct handle h = peer_open(p, "/hello", SSH_FXF_READ);
    uint32_t a = peer_send_close(p, h);
    uint32_t b = peer_read_request(p, h, 0, 1);
    uint32_t c = peer_send_close(p, h);
    peer_go(p);
    peer_expect_status(p, a, SALLY_OK);
    peer_expect_status(p, b, SALLY_FAILURE);
    peer_expect_status(p, c, SALLY_NO_SUCH_FILE); /* as OpenSSH says it */
    /* The place is used again, under another name. */
    struct handle again = peer_open(p, "/hello", SSH_FXF_READ);
    assert_memory_not_equal(again.bytes, h.bytes, h.size);
    a = peer_read_request(p, h, 0, 1);
    peer_go(p);
    peer_expect_status(p, a, SALLY_FAILURE);
    peer_free(p);
}

static void a_late_close_ends_the_handle_at_once(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    struct handle h = peer_open(p, "/hello", SSH_FXF_READ);
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_CLOSE);
    uint32_t a = peer_send_close(p, h);
    uint32_t b = peer_read_request(p, h, 0, 1);
    peer_go(p);
    peer_expect_status(p, b, SALLY_FAILURE);
    peer_expect_nothing(p);
    store_finish(&p->store, 0);
    peer_pump(p);
    peer_expect_status(p, a, SALLY_OK);
    peer_free(p);
}

static void handles_of_wrong_size_are_invalid(void **state)
{
    (void)state;
    static const uint8_t types[] = {SSH_FXP_CLOSE, SSH_FXP_READ,     SSH_FXP_WRITE,
                                    SSH_FXP_FSTAT, SSH_FXP_FSETSTAT, SSH_FXP_READDIR};
    static const size_t sizes[] = {0, 1, 7, 9, 257, 20000};
    struct peer *p = peer_new(NULL);
    struct handle good = peer_open(p, "/hello", RW);
    uint8_t handle[20000] = {0};
    memcpy(handle, good.bytes, good.size);
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        for (size_t k = 0; k < COUNT_OF(sizes); k++) {
            uint32_t id = peer_begin(p, types[i]);
            put_string(&p->out, handle, sizes[k]);
            put_u64(&p->out, 0); /* enough for any of them */
            put_u64(&p->out, 0);
            peer_end(p);
            peer_go(p);
            peer_expect_status(p, id,
                               types[i] == SSH_FXP_CLOSE ? SALLY_NO_SUCH_FILE : SALLY_FAILURE);
        }
        static const uint32_t lies[] = {0x7fffffff, 0x80000000, 0xffffffff, 30};
        for (size_t k = 0; k < COUNT_OF(lies); k++) {
            uint32_t id = peer_begin(p, types[i]);
            put_u32(&p->out, lies[k]);
            put_bytes(&p->out, handle, 8);
            peer_end(p);
            peer_go(p);
            peer_expect_status(p, id, SALLY_BAD_MESSAGE);
        }
    }
    for (uint32_t bit = 0; bit < 64; bit++) { /* near misses */
        struct handle h = good;
        h.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        uint32_t id = peer_read_request(p, h, 0, 1);
        peer_go(p);
        peer_expect_status(p, id, SALLY_FAILURE);
    }
    peer_free(p);
}

static void open_files_are_counted(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.max_files = 3});
    struct handle h[3];
    for (int i = 0; i < 3; i++)
        h[i] = i == 1 ? peer_opendir(p, "/") : peer_open(p, "/hello", SSH_FXF_READ);
    uint32_t a = send_open(p, "/hello", SSH_FXF_READ);
    uint32_t b = peer_path_request(p, SSH_FXP_OPENDIR, "/");
    peer_go(p);
    struct reply *r = peer_expect(p, SSH_FXP_STATUS, a);
    assert_int_equal(get_u32(&r->body), SALLY_FAILURE);
    assert_true(
        slice_is(get_string(&r->body), "Too many open files in this session (limits.open_files)"));
    peer_expect_status(p, b, SALLY_FAILURE);
    peer_close_handle(p, h[1]);
    peer_opendir(p, "/");
    /* Those on their way count, and those that failed do not. */
    peer_free(p);
    p = peer_new(&(struct peer_options){.max_files = 1});
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_OPEN);
    a = send_open(p, "/none", SSH_FXF_READ);
    b = send_open(p, "/hello", SSH_FXF_READ);
    peer_go(p);
    peer_expect_status(p, b, SALLY_FAILURE);
    store_finish(&p->store, 0);
    peer_pump(p);
    peer_expect_status(p, a, SALLY_NO_SUCH_FILE);
    p->store.late_kinds = 0;
    peer_open(p, "/hello", SSH_FXF_READ);
    peer_free(p);
}

static void byte_ranges_are_locked(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.version = 6, .max_version = 6});
    uint32_t id = peer_begin(p, SSH_FXP_OPEN);
    put_text(&p->out, "/hello");
    put_u32(&p->out, ACE4_READ_DATA);
    put_u32(&p->out, SSH_FXF_OPEN_EXISTING);
    put_u32(&p->out, 0);
    put_u8(&p->out, SALLY_TYPE_REGULAR);
    peer_end(p);
    peer_go(p);
    struct slice h = get_string(&peer_expect(p, SSH_FXP_HANDLE, id)->body);
    for (int bad = 0; bad < 2; bad++) {
        id = peer_begin(p, SSH_FXP_BLOCK);
        put_slice(&p->out, h);
        put_u64(&p->out, 5);
        put_u64(&p->out, 10);
        put_u32(&p->out, SSH_FXF_BLOCK_READ | SSH_FXF_BLOCK_ADVISORY | (bad ? 1 : 0));
        peer_end(p);
        uint32_t end = peer_begin(p, SSH_FXP_UNBLOCK);
        put_slice(&p->out, h);
        put_u64(&p->out, 5);
        put_u64(&p->out, 10);
        peer_end(p);
        peer_go(p);
        if (!bad)
            peer_expect_status(p, id, SALLY_OK);
        else
            peer_expect_status(p, id, SALLY_INVALID_PARAMETER);
        peer_expect_status(p, end, SALLY_OK);
        h = (struct slice){(const uint8_t *)"\0\0\0\0\0\0\0\1", 8};
    }
    assert_int_equal(p->store.calls[SALLY_OP_LOCK], 1);
    peer_free(p);
    p = peer_new(NULL); /* not in version 3 */
    id = peer_begin(p, SSH_FXP_BLOCK);
    peer_end(p);
    peer_go(p);
    peer_expect_status(p, id, SALLY_UNSUPPORTED);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_written_and_read),
        cmocka_unit_test(flags_of_open_are_translated),
        cmocka_unit_test(flags_of_open_in_version_5_and_6),
        cmocka_unit_test(access_that_cannot_be_granted_is_denied),
        cmocka_unit_test(attributes_of_open_arrive),
        cmocka_unit_test(reads_are_cut_to_what_is_allowed),
        cmocka_unit_test(big_reads_travel_in_their_own_chunks),
        cmocka_unit_test(a_write_may_fill_its_packet),
        cmocka_unit_test(appending_ignores_offsets),
        cmocka_unit_test(access_is_what_was_opened_for),
        cmocka_unit_test(a_directorys_handle_is_no_files),
        cmocka_unit_test(attributes_by_handle),
        cmocka_unit_test(handles_end_with_close),
        cmocka_unit_test(a_late_close_ends_the_handle_at_once),
        cmocka_unit_test(handles_of_wrong_size_are_invalid),
        cmocka_unit_test(open_files_are_counted),
        cmocka_unit_test(byte_ranges_are_locked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
