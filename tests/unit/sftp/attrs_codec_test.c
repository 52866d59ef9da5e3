#include "cmocka_all.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sftp/attrs_codec.h"
#include "sftp/protocol.h"

/* Memory that ends with the test. */
struct arena {
    void *pieces[512];
    size_t count;
    size_t left; /* allocations until one fails */
};

static void *arena_alloc(void *user_data, size_t size)
{
    struct arena *a = user_data;
    if (a->left == 0 || a->count == COUNT_OF(a->pieces))
        return NULL;
    a->left--;
    return a->pieces[a->count++] = malloc(size);
}

static void arena_clear(struct arena *a)
{
    while (a->count)
        free(a->pieces[--a->count]);
}

static const uint8_t acl[] = {
    0, 0, 0, 3, 0, 0, 0, 1, 0, 0,   0,   0,   0,   0,   0,
    0, 0, 0, 0, 7, 0, 0, 0, 6, 'O', 'W', 'N', 'E', 'R', '@',
};
static const sally_pair pairs[] = {{"a@test", "1", 1}, {"b@test", "\0\0", 2}};

static sally_attrs everything(void)
{
    return (sally_attrs){
        .valid = 0x3ffff,
        .type = SALLY_TYPE_FIFO,
        .size = UINT64_C(0x123456789abc),
        .allocation_size = 8192,
        .uid = 1000,
        .gid = 1001,
        .owner = "joe@example.org",
        .group = "staff",
        .permissions = 04751,
        .link_count = 3,
        .atime = {-1, 500000000, 0},
        .mtime = {1700000000, 999999999, 0},
        .ctime = {1700000001, 1, 0},
        .createtime = {1600000000, 0, 0},
        .attrib_bits = 0x3,
        .attrib_bits_valid = 0xf,
        .text_hint = 2,
        .mime_type = "text/plain",
        .untranslated_name = "n\xe4me",
        .acl = acl,
        .acl_size = sizeof acl,
        .extended = pairs,
        .extended_count = 2,
    };
}

/* What each version keeps of everything. */
static const uint32_t kept[] = {
    SALLY_ATTR_SIZE | SALLY_ATTR_IDS | SALLY_ATTR_PERMISSIONS | SALLY_ATTR_ATIME |
        SALLY_ATTR_MTIME | SALLY_ATTR_EXTENDED,
    SALLY_ATTR_TYPE | SALLY_ATTR_SIZE | SALLY_ATTR_NAMES | SALLY_ATTR_PERMISSIONS |
        SALLY_ATTR_ATIME | SALLY_ATTR_CREATETIME | SALLY_ATTR_MTIME | SALLY_ATTR_NANOSECONDS |
        SALLY_ATTR_ACL | SALLY_ATTR_EXTENDED,
    SALLY_ATTR_TYPE | SALLY_ATTR_SIZE | SALLY_ATTR_NAMES | SALLY_ATTR_PERMISSIONS |
        SALLY_ATTR_ATIME | SALLY_ATTR_CREATETIME | SALLY_ATTR_MTIME | SALLY_ATTR_NANOSECONDS |
        SALLY_ATTR_ACL | SALLY_ATTR_BITS | SALLY_ATTR_EXTENDED,
    0x3ffff & ~(uint32_t)SALLY_ATTR_IDS,
};

static void same_attrs(const sally_attrs *a, const sally_attrs *b, uint32_t version)
{
    uint32_t v = a->valid;
    if (v & SALLY_ATTR_TYPE && version > 4)
        assert_int_equal(a->type, b->type);
    if (v & SALLY_ATTR_SIZE)
        assert_int_equal(a->size, b->size);
    if (v & SALLY_ATTR_ALLOCATION_SIZE)
        assert_int_equal(a->allocation_size, b->allocation_size);
    if (v & SALLY_ATTR_IDS) {
        assert_int_equal(a->uid, b->uid);
        assert_int_equal(a->gid, b->gid);
    }
    if (v & SALLY_ATTR_NAMES) {
        assert_string_equal(a->owner, b->owner);
        assert_string_equal(a->group, b->group);
    }
    if (v & SALLY_ATTR_PERMISSIONS)
        assert_int_equal(a->permissions, b->permissions);
    if (version > 3) {
        assert_memory_equal(&a->atime, &b->atime, sizeof a->atime);
        assert_memory_equal(&a->mtime, &b->mtime, sizeof a->mtime);
        assert_memory_equal(&a->createtime, &b->createtime, sizeof a->createtime);
    }
    if (v & SALLY_ATTR_CTIME)
        assert_memory_equal(&a->ctime, &b->ctime, sizeof a->ctime);
    if (v & SALLY_ATTR_BITS) {
        assert_int_equal(a->attrib_bits, b->attrib_bits);
        if (version == 6)
            assert_int_equal(a->attrib_bits_valid, b->attrib_bits_valid);
    }
    if (v & SALLY_ATTR_TEXT_HINT)
        assert_int_equal(a->text_hint, b->text_hint);
    if (v & SALLY_ATTR_MIME_TYPE)
        assert_string_equal(a->mime_type, b->mime_type);
    if (v & SALLY_ATTR_LINK_COUNT)
        assert_int_equal(a->link_count, b->link_count);
    if (v & SALLY_ATTR_UNTRANSLATED_NAME)
        assert_string_equal(a->untranslated_name, b->untranslated_name);
    if (v & SALLY_ATTR_ACL) {
        assert_int_equal(a->acl_size, b->acl_size);
        assert_memory_equal(a->acl, b->acl, a->acl_size);
    }
    if (v & SALLY_ATTR_EXTENDED) {
        assert_int_equal(a->extended_count, b->extended_count);
        for (size_t i = 0; i < a->extended_count; i++) {
            assert_string_equal(a->extended[i].name, b->extended[i].name);
            assert_int_equal(a->extended[i].size, b->extended[i].size);
            assert_memory_equal(a->extended[i].data, b->extended[i].data, a->extended[i].size);
        }
    }
}

static void every_version_goes_round(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        struct arena arena = {.left = 100};
        const struct attrs_memory memory = {arena_alloc, &arena};
        sally_attrs in = everything(), out;
        struct buf b;
        buf_init(&b, 4096);
        attrs_put(&b, version, &in);
        assert_false(b.failed);
        struct cursor c = cursor_of_slice(buf_slice(&b));
        assert_int_equal(attrs_get(&c, version, &out, &memory), SALLY_OK);
        assert_true(cursor_done(&c));
        assert_int_equal(out.valid, kept[version - 3]);
        same_attrs(&out, &in, version);
        buf_clear(&b);
        arena_clear(&arena);
    }
}

/* One member at a time: all that a flag announces is there, and nothing else. */
static void every_member_goes_round_alone(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        for (uint32_t bit = 1; bit < 0x40000; bit <<= 1) {
            struct arena arena = {.left = 100};
            const struct attrs_memory memory = {arena_alloc, &arena};
            sally_attrs in = everything(), out;
            struct buf b;
            buf_init(&b, 4096);
            in.valid = bit | SALLY_ATTR_TYPE;
            attrs_put(&b, version, &in);
            struct cursor c = cursor_of_slice(buf_slice(&b));
            assert_int_equal(attrs_get(&c, version, &out, &memory), SALLY_OK);
            assert_true(cursor_done(&c));
            buf_clear(&b);
            arena_clear(&arena);
        }
    }
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        sally_attrs in = everything(), out;
        struct buf b;
        buf_init(&b, 4096);
        attrs_put(&b, version, &in);
        for (size_t size = 0; size < b.size; size++) {
            struct arena arena = {.left = 100};
            const struct attrs_memory memory = {arena_alloc, &arena};
            uint8_t *copy = mem_dup(buf_head(&b), size);
            struct cursor c = cursor_of(copy, size);
            assert_int_equal(attrs_get(&c, version, &out, &memory), SALLY_BAD_MESSAGE);
            mem_free(copy);
            arena_clear(&arena);
        }
        buf_clear(&b);
    }
}

static void short_memory_is_a_failure(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        sally_attrs in = everything(), out;
        struct buf b;
        sally_status status = SALLY_FAILURE;
        buf_init(&b, 4096);
        attrs_put(&b, version, &in);
        for (size_t left = 0; status != SALLY_OK; left++) {
            struct arena arena = {.left = left};
            const struct attrs_memory memory = {arena_alloc, &arena};
            struct cursor c = cursor_of_slice(buf_slice(&b));
            status = attrs_get(&c, version, &out, &memory);
            assert_true(status == SALLY_FAILURE || status == SALLY_OK);
            assert_true(left < 20);
            arena_clear(&arena);
        }
        buf_clear(&b);
    }
}

static sally_status get(uint32_t version, const void *bytes, size_t size, sally_attrs *out)
{
    struct arena arena = {.left = 500};
    const struct attrs_memory memory = {arena_alloc, &arena};
    struct cursor c = cursor_of(bytes, size);
    sally_status status = attrs_get(&c, version, out, &memory);
    out->owner = out->group = NULL; /* gone with the arena */
    arena_clear(&arena);
    return status;
}

#define GET(version, bytes, out) get(version, bytes, sizeof(bytes) - 1, out)

static void version_3_has_types_in_its_modes(void **state)
{
    (void)state;
    struct buf b;
    sally_attrs a;
    sally_attrs_set_directory(&a, 0755);
    buf_init(&b, 100);
    attrs_put(&b, 3, &a);
    struct cursor c = cursor_of_slice(buf_slice(&b));
    assert_true(get_u32(&c) & SSH_FILEXFER_ATTR_PERMISSIONS);
    assert_int_equal(wire_get_u32(buf_head(&b) + b.size - 4), 0040755);
    buf_reset(&b);
    a = (sally_attrs){.valid = SALLY_ATTR_TYPE,
                      .type = SALLY_TYPE_DIRECTORY}; /* no permissions known */
    attrs_put(&b, 3, &a);
    assert_int_equal(b.size, 8);
    assert_int_equal(wire_get_u32(buf_head(&b) + 4), 0040755);
    buf_reset(&b);
    a = (sally_attrs){.valid = 0};
    attrs_put(&b, 3, &a);
    assert_int_equal(b.size, 4);
    buf_clear(&b);
}

static void version_3_sends_both_times(void **state)
{
    (void)state;
    static const int64_t times[][2] = {
        {5, 5}, {-1, 0}, {INT64_C(0x1ffffffff), 0xffffffff}, {INT64_MIN, 0}};
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        struct buf b;
        const sally_attrs a = {.valid = SALLY_ATTR_MTIME, .mtime = {.seconds = times[i][0]}};
        buf_init(&b, 100);
        attrs_put(&b, 3, &a);
        struct cursor c = cursor_of_slice(buf_slice(&b));
        assert_int_equal(get_u32(&c), SSH_FILEXFER_ATTR_ACMODTIME);
        assert_int_equal(get_u32(&c), (uint32_t)times[i][1]);
        assert_int_equal(get_u32(&c), (uint32_t)times[i][1]);
        assert_true(cursor_done(&c));
        buf_clear(&b);
    }
}

static void numbers_stand_for_names_after_version_3(void **state)
{
    (void)state;
    struct buf b;
    sally_attrs a = {.valid = SALLY_ATTR_IDS, .uid = 4294967295u, .gid = 0}, out;
    buf_init(&b, 100);
    attrs_put(&b, 4, &a);
    struct cursor c = cursor_of_slice(buf_slice(&b));
    assert_int_equal(get_u32(&c), SSH_FILEXFER_ATTR_OWNERGROUP);
    assert_int_equal(get_u8(&c), SALLY_TYPE_UNKNOWN);
    assert_true(slice_is(get_string(&c), "4294967295"));
    assert_true(slice_is(get_string(&c), "0"));
    assert_int_equal(get(4, buf_head(&b), b.size, &out), SALLY_OK);
    assert_int_equal(out.valid, SALLY_ATTR_NAMES | SALLY_ATTR_IDS);
    assert_int_equal(out.uid, 4294967295u);
    buf_clear(&b);
    assert_int_equal(GET(5,
                         "\0\0\0\x80\1\0\0\0\1"
                         "7\0\0\0\0",
                         &out),
                     SALLY_OK);
    assert_int_equal(out.valid, SALLY_ATTR_TYPE | SALLY_ATTR_NAMES);
    assert_int_equal(GET(5,
                         "\0\0\0\x80\1\0\0\0\1"
                         "7\0\0\0\x0b"
                         "42949672960",
                         &out),
                     SALLY_OK);
    assert_int_equal(out.valid, SALLY_ATTR_TYPE | SALLY_ATTR_NAMES);
}

static void unknown_flags_are_an_error_where_fields_would_follow(void **state)
{
    (void)state;
    sally_attrs out;
    assert_int_equal(GET(3, "\0\0\0\x10", &out), SALLY_OK); /* OpenSSH reads it so */
    assert_int_equal(out.valid, 0);
    for (uint32_t version = 4; version <= 6; version++) {
        assert_int_equal(GET(version, "\0\0\0\x02\1", &out),
                         SALLY_BAD_MESSAGE); /* MUST NOT appear */
        assert_int_equal(GET(version, "\x40\0\0\0\1", &out), SALLY_BAD_MESSAGE);
    }
    assert_int_equal(GET(4, "\0\0\2\0\1\0\0\0\0", &out),
                     SALLY_BAD_MESSAGE); /* attrib-bits: version 5 */
    assert_int_equal(GET(5, "\0\0\2\0\1\0\0\0\0", &out), SALLY_OK);
    assert_int_equal(GET(6, "\0\0\2\0\1\0\0\0\0\0\0\0\0", &out), SALLY_OK);
}

static void values_out_of_range_are_refused(void **state)
{
    (void)state;
    sally_attrs out;
    assert_int_equal(GET(4, "\0\0\1\x20\1\0\0\0\0\0\0\0\1\x3b\x9a\xc9\xff", &out), SALLY_OK);
    assert_int_equal(GET(4, "\0\0\1\x20\1\0\0\0\0\0\0\0\1\x3b\x9a\xca\0", &out),
                     SALLY_INVALID_PARAMETER);
    assert_int_equal(GET(6, "\0\0\x10\0\1\0\0\0\3a\0b", &out),
                     SALLY_INVALID_PARAMETER);                /* NUL in a text */
    assert_int_equal(GET(6, "\0\0\0\0\xff", &out), SALLY_OK); /* no such type: unknown */
    assert_int_equal(out.valid, 0);
}

static void acls_must_be_sound(void **state)
{
    (void)state;
    sally_attrs out;
    assert_int_equal(GET(4, "\0\0\0\x40\1\0\0\0\4\0\0\0\0", &out), SALLY_OK); /* empty */
    assert_int_equal(out.acl_size, 8);
    assert_int_equal(GET(6, "\0\0\0\x40\1\0\0\0\4\0\0\0\0", &out), SALLY_BAD_MESSAGE);
    assert_int_equal(GET(6, "\0\0\0\x40\1\0\0\0\x08\0\0\0\0\xff\xff\xff\xff", &out),
                     SALLY_BAD_MESSAGE);
    assert_int_equal(GET(6, "\0\0\0\x40\1\0\0\0\x09\0\0\0\0\0\0\0\0x", &out), SALLY_BAD_MESSAGE);
    /* And those of a storage are left out. */
    struct buf b;
    const sally_attrs a = {.valid = SALLY_ATTR_ACL, .acl = "xy", .acl_size = 2};
    buf_init(&b, 100);
    attrs_put(&b, 6, &a);
    assert_int_equal(b.size, 5);
    buf_clear(&b);
}

static void extended_pairs_are_bounded(void **state)
{
    (void)state;
    sally_attrs out;
    assert_int_equal(GET(3, "\x80\0\0\0\xff\xff\xff\xff", &out), SALLY_BAD_MESSAGE);
    assert_int_equal(GET(3, "\x80\0\0\0\0\0\0\0", &out), SALLY_OK);
    for (uint32_t count = ATTRS_MAX_EXTENDED - 1; count <= ATTRS_MAX_EXTENDED + 1; count++) {
        struct buf b;
        buf_init(&b, 4096);
        put_u32(&b, SSH_FILEXFER_ATTR_EXTENDED);
        put_u32(&b, count);
        for (uint32_t i = 0; i < 2 * count; i++)
            put_u32(&b, 0);
        assert_int_equal(get(3, buf_head(&b), b.size, &out),
                         count <= ATTRS_MAX_EXTENDED ? SALLY_OK : SALLY_BAD_MESSAGE);
        buf_clear(&b);
    }
}

static void types_that_a_version_lacks_are_special(void **state)
{
    (void)state;
    for (uint32_t version = 4; version <= 6; version++) {
        struct buf b;
        const sally_attrs a = {.valid = SALLY_ATTR_TYPE, .type = SALLY_TYPE_SOCKET};
        buf_init(&b, 100);
        attrs_put(&b, version, &a);
        assert_int_equal(buf_head(&b)[4], version == 4 ? SALLY_TYPE_SPECIAL : SALLY_TYPE_SOCKET);
        buf_reset(&b);
        attrs_put_none(&b, version);
        assert_int_equal(b.size, 5);
        assert_int_equal(buf_head(&b)[4], SALLY_TYPE_UNKNOWN);
        buf_clear(&b);
    }
}

static void masks_are_translated(void **state)
{
    (void)state;
    assert_int_equal(attrs_of_wire(6, SSH_FILEXFER_ATTR_SIZE), SALLY_ATTR_TYPE | SALLY_ATTR_SIZE);
    assert_int_equal(
        attrs_of_wire(4, SSH_FILEXFER_ATTR_OWNERGROUP | SSH_FILEXFER_ATTR_SUBSECOND_TIMES),
        SALLY_ATTR_TYPE | SALLY_ATTR_NAMES | SALLY_ATTR_IDS | SALLY_ATTR_NANOSECONDS);
    assert_int_equal(attrs_to_wire(3, 0x3ffff), 0x8000000f);
    assert_int_equal(attrs_to_wire(4, 0x3ffff), 0x800001fd);
    assert_int_equal(attrs_to_wire(5, 0x3ffff), 0x800003fd);
    assert_int_equal(attrs_to_wire(6, 0x3ffff), 0x8000fffd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_goes_round),
        cmocka_unit_test(every_member_goes_round_alone),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(short_memory_is_a_failure),
        cmocka_unit_test(version_3_has_types_in_its_modes),
        cmocka_unit_test(version_3_sends_both_times),
        cmocka_unit_test(numbers_stand_for_names_after_version_3),
        cmocka_unit_test(unknown_flags_are_an_error_where_fields_would_follow),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(acls_must_be_sound),
        cmocka_unit_test(extended_pairs_are_bounded),
        cmocka_unit_test(types_that_a_version_lacks_are_special),
        cmocka_unit_test(masks_are_translated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
