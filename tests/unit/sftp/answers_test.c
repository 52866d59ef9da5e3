/* What a storage says is taken with care: its answers go to the client. */
#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

/* The operation that is late is finished with this, as the storage left it. */
static void finish(struct peer *p, sally_status status)
{
    sally_op *op = p->store.late[0];
    p->store.late[0] = p->store.late[--p->store.late_count];
    sally_op_finish(op, status);
    peer_pump(p);
}

static struct peer *begin(uint32_t kind)
{
    struct peer *p = peer_new(NULL);
    p->store.late_kinds = SALLY_OP_BIT(kind);
    return p;
}

/* Never more than was asked for, never nothing where something was: and an end may bring data. */
static void data_is_what_the_storage_has_written(void **state)
{
    (void)state;
    static const struct {
        uint32_t done;
        sally_status status;
        uint32_t length; /* of the data; 0: the status is answered */
        uint32_t code;
    } cases[] = {
        {5, SALLY_OK, 5, 0},
        {10, SALLY_OK, 10, 0},
        {11, SALLY_OK, 0, SALLY_FAILURE}, /* it has written past its buffer, or lies */
        {UINT32_MAX, SALLY_OK, 0, SALLY_FAILURE},
        {0, SALLY_OK, 0, SALLY_EOF},
        {5, SALLY_EOF, 5, 0},
        {0, SALLY_EOF, 0, SALLY_EOF},
        {5, SALLY_FAILURE, 0, SALLY_FAILURE},
    };
    struct peer *p = begin(SALLY_OP_READ);
    struct handle h = peer_open(p, "/hello", SSH_FXF_READ);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint32_t id = peer_read_request(p, h, 0, 10);
        peer_go(p);
        memset(p->store.late[0]->u.io.data, 'x', 10);
        p->store.late[0]->u.io.done = cases[i].done;
        finish(p, cases[i].status);
        if (cases[i].length) {
            struct slice data = get_string(&peer_expect(p, SSH_FXP_DATA, id)->body);
            assert_int_equal(data.size, cases[i].length);
            assert_memory_equal(data.data, "xxxxxxxxxx", data.size);
        } else {
            peer_expect_status(p, id, cases[i].code);
        }
    }
    peer_close_handle(p, h);
    assert_int_equal(p->credit, p->sent);
    peer_free(p);
}

static void a_text_that_is_missing_is_a_failure(void **state)
{
    (void)state;
    struct peer *p = begin(SALLY_OP_READLINK);
    uint32_t id = peer_path_request(p, SSH_FXP_READLINK, "/hello");
    peer_go(p);
    finish(p, SALLY_OK);
    peer_expect_status(p, id, SALLY_FAILURE);
    peer_free(p);
}

/* A place that was promised to an OPEN is free again when it fails. */
static void a_failed_open_takes_no_handle(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.max_files = 1});
    for (int i = 0; i < 3; i++) {
        uint32_t id = peer_path_request(p, SSH_FXP_OPENDIR, "/none");
        peer_go(p);
        peer_expect_status(p, id, SALLY_NO_SUCH_FILE);
    }
    peer_close_handle(p, peer_opendir(p, "/many"));
    peer_free(p);
}

/* From version 4 on, what was not asked for is not sent. */
static void attributes_are_those_asked_for(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        struct peer *p = peer_new(&(struct peer_options){.version = version});
        p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_STAT);
        uint32_t id = peer_begin(p, SSH_FXP_STAT);
        put_text(&p->out, "/hello");
        if (version > 3)
            put_u32(&p->out, SSH_FILEXFER_ATTR_SIZE);
        peer_end(p);
        peer_go(p);
        p->store.late[0]->u.stat.attrs =
            (sally_attrs){.valid = SALLY_ATTR_TYPE | SALLY_ATTR_SIZE | SALLY_ATTR_PERMISSIONS,
                          .type = SALLY_TYPE_REGULAR,
                          .size = 7,
                          .permissions = 0600};
        finish(p, SALLY_OK);
        struct reply *r = peer_expect(p, SSH_FXP_ATTRS, id);
        assert_int_equal(get_u32(&r->body) & ~SSH_FILEXFER_ATTR_BITS,
                         SSH_FILEXFER_ATTR_SIZE |
                             (version == 3 ? SSH_FILEXFER_ATTR_PERMISSIONS : 0u));
        peer_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_what_the_storage_has_written),
        cmocka_unit_test(a_text_that_is_missing_is_a_failure),
        cmocka_unit_test(a_failed_open_takes_no_handle),
        cmocka_unit_test(attributes_are_those_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
