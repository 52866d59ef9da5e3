/* Every flag of attributes, in every version and each request that carries or asks for some: good,
 * about what is missing, denied, and malformed at each byte. */
#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/attrs_codec.h"
#include "sftp/peer.h"

#define NO_HANDLE "\xff\xff\xff\xff\0\0\0\1"

struct subject {
    const char *path; /* of requests by path; NULL: the usual one */
    struct handle file;
};

static struct peer *begin(uint32_t version, uint32_t permissions, struct subject *on)
{
    struct peer *p =
        peer_new(&(struct peer_options){.version = version, .permissions = permissions});
    *on = (struct subject){.file = peer_open_both(p, "/hello")};
    return p;
}

static uint32_t status_in(uint32_t version, uint32_t status)
{
    static const uint32_t last[] = {8, 13, 17, 31};
    return status > last[version - 3] ? SALLY_FAILURE : status;
}

/* One flag at a time, with a value of its form. */
static bool put_attr(struct peer *p, uint32_t version, uint32_t flag)
{
    struct buf *b = &p->out;
    put_u32(b, flag);
    if (version > 3)
        put_u8(b, SALLY_TYPE_REGULAR);
    switch (flag) {
    case SSH_FILEXFER_ATTR_SIZE:
    case SSH_FILEXFER_ATTR_CREATETIME:
    case SSH_FILEXFER_ATTR_MODIFYTIME:
    case SSH_FILEXFER_ATTR_ALLOCATION_SIZE:
    case SSH_FILEXFER_ATTR_CTIME:
        put_u64(b, 7);
        return true;
    case SSH_FILEXFER_ATTR_ACCESSTIME: /* both in version 3 */
        put_u64(b, 7);
        return true;
    case SSH_FILEXFER_ATTR_UIDGID:
        put_u64(b, 7);
        return true;
    case SSH_FILEXFER_ATTR_PERMISSIONS:
    case SSH_FILEXFER_ATTR_LINK_COUNT:
        put_u32(b, 0600);
        return true;
    case SSH_FILEXFER_ATTR_ACL:
        put_u32(b, version < 6 ? 4 : 8);
        if (version >= 6)
            put_u32(b, 0);
        put_u32(b, 0);
        return true;
    case SSH_FILEXFER_ATTR_OWNERGROUP:
        put_text(b, "joe");
        put_text(b, "users");
        return true;
    case SSH_FILEXFER_ATTR_SUBSECOND_TIMES: /* of no times */
        return true;
    case SSH_FILEXFER_ATTR_BITS:
        put_u32(b, 0);
        if (version >= 6)
            put_u32(b, 4);
        return true;
    case SSH_FILEXFER_ATTR_TEXT_HINT:
        put_u8(b, 1);
        return true;
    case SSH_FILEXFER_ATTR_MIME_TYPE:
    case SSH_FILEXFER_ATTR_UNTRANSLATED_NAME:
        put_text(b, "text/plain");
        return true;
    case SSH_FILEXFER_ATTR_EXTENDED:
        put_u32(b, 1);
        put_text(b, "a@test");
        put_text(b, "v");
        return true;
    default:
        return false;
    }
}

static bool is_flag_of(uint32_t version, uint32_t flag)
{
    static const uint32_t known[] = {0x8000000f, 0x800001fd, 0x800003fd, 0x8000fffd};
    return (known[version - 3] & flag) != 0;
}

static bool must_not_be_set(uint32_t flag)
{
    return flag == SSH_FILEXFER_ATTR_TEXT_HINT || flag == SSH_FILEXFER_ATTR_LINK_COUNT ||
           flag == SSH_FILEXFER_ATTR_UNTRANSLATED_NAME;
}

static const uint8_t setters[] = {SSH_FXP_OPEN, SSH_FXP_MKDIR, SSH_FXP_SETSTAT, SSH_FXP_FSETSTAT};
static const uint8_t getters[] = {SSH_FXP_STAT, SSH_FXP_LSTAT, SSH_FXP_FSTAT};

static bool by_handle(uint8_t type)
{
    return type == SSH_FXP_FSETSTAT || type == SSH_FXP_FSTAT;
}

static uint32_t begin_on(struct peer *p, uint8_t type, const struct subject *on)
{
    bool makes = type == SSH_FXP_OPEN || type == SSH_FXP_MKDIR;
    uint32_t id = peer_begin(p, type);
    if (by_handle(type))
        peer_put_handle(p, &on->file);
    else
        put_text(&p->out, on->path ? on->path : makes ? "/new" : "/hello");
    return id;
}

/* An OPEN makes the file, unless the subject is one that is missing. How many bytes are in front of
 * the attributes is put into *before. */
static uint32_t build_with_attr(struct peer *p, uint8_t type, uint32_t version, uint32_t flag,
                                const struct subject *on, size_t *before)
{
    uint32_t id = begin_on(p, type, on);
    if (type == SSH_FXP_OPEN && version < 5)
        put_u32(&p->out, SSH_FXF_WRITE | (on->path ? 0 : SSH_FXF_CREAT));
    if (type == SSH_FXP_OPEN && version >= 5) {
        put_u32(&p->out, ACE4_WRITE_DATA);
        put_u32(&p->out, on->path ? SSH_FXF_OPEN_EXISTING : SSH_FXF_OPEN_OR_CREATE);
    }
    *before = p->out.size;
    put_attr(p, version, flag);
    return id;
}

static uint32_t send_with_attr(struct peer *p, uint8_t type, uint32_t version, uint32_t flag,
                               const struct subject *on)
{
    size_t before;
    uint32_t id = build_with_attr(p, type, version, flag, on, &before);
    peer_end(p);
    peer_go(p);
    return id;
}

static uint32_t send_asking(struct peer *p, uint8_t type, uint32_t flag, const struct subject *on)
{
    uint32_t id = begin_on(p, type, on);
    put_u32(&p->out, flag);
    peer_end(p);
    peer_go(p);
    return id;
}

static bool sets(uint8_t type)
{
    return type == SSH_FXP_SETSTAT || type == SSH_FXP_FSETSTAT;
}

/* What is wrong with the attribute itself comes before anything that is wrong with its subject. */
static bool is_refused(uint8_t type, uint32_t flag)
{
    return (sets(type) && must_not_be_set(flag)) ||
           (type == SSH_FXP_MKDIR && flag == SSH_FILEXFER_ATTR_ACL);
}

static const uint64_t kinds[] = {
    [SSH_FXP_OPEN] = SALLY_OP_OPEN,       [SSH_FXP_MKDIR] = SALLY_OP_MKDIR,
    [SSH_FXP_SETSTAT] = SALLY_OP_SETSTAT, [SSH_FXP_FSETSTAT] = SALLY_OP_FSETSTAT,
    [SSH_FXP_STAT] = SALLY_OP_STAT,       [SSH_FXP_LSTAT] = SALLY_OP_STAT,
    [SSH_FXP_FSTAT] = SALLY_OP_FSTAT,
};
static const uint32_t needs[] = {
    [SSH_FXP_OPEN] = SALLY_MAY_CREATE,     [SSH_FXP_MKDIR] = SALLY_MAY_MKDIR,
    [SSH_FXP_SETSTAT] = SALLY_MAY_SETSTAT, [SSH_FXP_FSETSTAT] = SALLY_MAY_SETSTAT,
    [SSH_FXP_STAT] = SALLY_MAY_STAT,       [SSH_FXP_LSTAT] = SALLY_MAY_STAT,
    [SSH_FXP_FSTAT] = SALLY_MAY_STAT,
};

static void each_attribute_in_each_request(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        for (size_t t = 0; t < COUNT_OF(setters); t++) {
            for (uint32_t bit = 0; bit < 32; bit++) {
                uint32_t flag = UINT32_C(1) << bit;
                struct subject on;
                struct peer *p = begin(version, 0, &on);
                uint32_t id = send_with_attr(p, setters[t], version, flag, &on);
                struct reply *r = peer_take(p);
                assert_int_equal(r->id, id);
                uint32_t code = r->type == SSH_FXP_STATUS ? get_u32(&r->body) : SALLY_OK;
                if (!is_flag_of(version, flag)) /* version 3 alone lets unknown flags pass */
                    assert_int_equal(code, version == 3 ? SALLY_OK : SALLY_BAD_MESSAGE);
                else if (sets(setters[t]) && must_not_be_set(flag))
                    assert_int_equal(code, SALLY_INVALID_PARAMETER);
                else if (!sets(setters[t]) &&
                         flag == SSH_FILEXFER_ATTR_ACL) /* the storage has none */
                    assert_int_equal(code, SALLY_UNSUPPORTED);
                else
                    assert_int_equal(code, SALLY_OK);
                if (code == SALLY_OK && is_flag_of(version, flag) && !must_not_be_set(flag))
                    assert_true(attrs_to_wire(version, p->store.last_attrs.valid) & flag ||
                                flag == SSH_FILEXFER_ATTR_SUBSECOND_TIMES ||
                                flag == SSH_FILEXFER_ATTR_EXTENDED);
                peer_free(p);
            }
        }
    }
}

/* What a STAT asks for, one flag at a time, is what it gets, where the storage knows it; a flag of
 * another version stands for the usual ones. */
static void each_attribute_asked_for(void **state)
{
    (void)state;
    const uint32_t known = SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_PERMISSIONS |
                           SSH_FILEXFER_ATTR_ACCESSTIME | SSH_FILEXFER_ATTR_MODIFYTIME |
                           SSH_FILEXFER_ATTR_OWNERGROUP;
    for (uint32_t version = 4; version <= 6; version++) {
        for (size_t t = 0; t < COUNT_OF(getters); t++) {
            struct subject on;
            struct peer *p = begin(version, 0, &on);
            for (uint32_t bit = 0; bit <= 32; bit++) {
                uint32_t flag = bit < 32 ? UINT32_C(1) << bit : 0;
                uint32_t here = known | (version > 4 ? SSH_FILEXFER_ATTR_BITS : 0);
                uint32_t id = send_asking(p, getters[t], flag, &on);
                struct reply *r = peer_expect(p, SSH_FXP_ATTRS, id);
                uint32_t want = !flag ? here : is_flag_of(version, flag) ? flag & here : known;
                assert_int_equal(get_u32(&r->body), want);
                assert_int_equal(get_u8(&r->body), SALLY_TYPE_REGULAR);
            }
            peer_free(p);
        }
    }
}

static void each_attribute_of_what_is_missing(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        struct subject on, missing = {.path = "/none", .file = {.size = 8}};
        memcpy(missing.file.bytes, NO_HANDLE, 8);
        for (uint32_t bit = 0; bit < 32; bit++) {
            uint32_t flag = UINT32_C(1) << bit;
            if (!is_flag_of(version, flag))
                continue;
            struct peer *p = begin(version, 0, &on);
            for (size_t t = 0; t < COUNT_OF(setters); t++) {
                if (setters[t] == SSH_FXP_MKDIR) /* is to be missing */
                    continue;
                uint32_t status = is_refused(setters[t], flag) ? SALLY_INVALID_PARAMETER
                                  : by_handle(setters[t])      ? SALLY_INVALID_HANDLE
                                                               : SALLY_NO_SUCH_FILE;
                peer_expect_status(p, send_with_attr(p, setters[t], version, flag, &missing),
                                   status_in(version, status));
            }
            for (size_t t = 0; version > 3 && t < COUNT_OF(getters); t++)
                peer_expect_status(p, send_asking(p, getters[t], flag, &missing),
                                   status_in(version, by_handle(getters[t]) ? SALLY_INVALID_HANDLE
                                                                            : SALLY_NO_SUCH_FILE));
            peer_free(p);
        }
    }
}

static uint32_t send_either(struct peer *p, uint8_t type, uint32_t version, uint32_t flag,
                            const struct subject *on)
{
    bool asks = memchr(getters, type, sizeof getters) != NULL;
    return asks ? send_asking(p, type, flag, on) : send_with_attr(p, type, version, flag, on);
}

/* By the session's permissions, when the storage is not asked; and by the storage. */
static void each_attribute_denied(void **state)
{
    (void)state;
    static const uint8_t types[] = {SSH_FXP_OPEN, SSH_FXP_MKDIR, SSH_FXP_SETSTAT, SSH_FXP_FSETSTAT,
                                    SSH_FXP_STAT, SSH_FXP_LSTAT, SSH_FXP_FSTAT};
    for (uint32_t version = 3; version <= 6; version++) {
        for (size_t t = 0; t < COUNT_OF(types); t++) {
            for (int how = 0; how < 2; how++) {
                struct subject on;
                uint32_t permissions = how ? 0 : SALLY_MAY_ALL & ~needs[types[t]];
                struct peer *p = begin(version, permissions, &on);
                for (uint32_t bit = 0; bit < 32; bit++) {
                    uint32_t flag = UINT32_C(1) << bit;
                    bool no_acl = types[t] == SSH_FXP_OPEN && flag == SSH_FILEXFER_ATTR_ACL;
                    if (!is_flag_of(version, flag) || is_refused(types[t], flag) || no_acl)
                        continue;
                    uint64_t before = p->store.calls[kinds[types[t]]];
                    p->store.fail = how ? SALLY_PERMISSION_DENIED : SALLY_OK;
                    peer_expect_status(p, send_either(p, types[t], version, flag, &on),
                                       SALLY_PERMISSION_DENIED);
                    assert_int_equal(p->store.calls[kinds[types[t]]] - before, how);
                }
                peer_free(p);
            }
        }
    }
}

/* Cut off at every byte of the attributes: they never reach the storage, and the session goes on.
 */
static void each_attribute_malformed(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        for (size_t t = 0; t < COUNT_OF(setters); t++) {
            struct subject on;
            struct peer *p = begin(version, 0, &on);
            uint64_t before = p->store.calls[kinds[setters[t]]];
            for (uint32_t bit = 0; bit < 32; bit++) {
                uint32_t flag = UINT32_C(1) << bit;
                if (!is_flag_of(version, flag))
                    continue;
                size_t start, whole;
                build_with_attr(p, setters[t], version, flag, &on, &start);
                whole = p->out.size;
                for (size_t size = start; size < whole; size++) {
                    buf_reset(&p->out);
                    uint32_t id = build_with_attr(p, setters[t], version, flag, &on, &start);
                    buf_truncate(&p->out, size);
                    peer_end(p);
                    peer_go(p);
                    peer_expect_status(p, id, SALLY_BAD_MESSAGE);
                }
                buf_reset(&p->out);
            }
            assert_int_equal(p->store.calls[kinds[setters[t]]], before);
            uint32_t id = peer_path_request(p, SSH_FXP_STAT, "/hello");
            peer_go(p);
            peer_expect(p, SSH_FXP_ATTRS, id);
            peer_free(p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_attribute_in_each_request),
        cmocka_unit_test(each_attribute_asked_for),
        cmocka_unit_test(each_attribute_of_what_is_missing),
        cmocka_unit_test(each_attribute_denied),
        cmocka_unit_test(each_attribute_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
