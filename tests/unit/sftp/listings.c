#include "sftp/listings.h"

#include <stdio.h>

#include "cmocka_all.h"

uint32_t take_names(struct peer *p, struct reply *r, uint32_t next)
{
    uint32_t count = get_u32(&r->body);
    assert_true(count > 0);
    assert_true(r->size + 4 <= p->options.max_names);
    for (uint32_t i = 0; i < count; i++) {
        char name[32];
        int size = snprintf(name, sizeof name, "entry-%06u", next + i);
        struct slice got = get_string(&r->body);
        assert_true(got.size >= (size_t)size);
        assert_memory_equal(got.data, name, (size_t)size);
        struct slice line = get_string(&r->body);
        if (p->store.plain_names) {
            assert_int_equal(get_u32(&r->body), 0);
            continue;
        }
        assert_memory_equal(line.data, "-rw-r--r-- ", 11);
        assert_int_equal(get_u32(&r->body), SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_PERMISSIONS);
        assert_int_equal(get_u64(&r->body), next + i + p->store.grown);
        assert_int_equal(get_u32(&r->body), 0100644);
    }
    assert_true(cursor_done(&r->body));
    return count;
}

uint32_t list_from(struct peer *p, struct handle h, uint32_t at_once, uint32_t next)
{
    for (;;) {
        uint32_t first = 0;
        bool end = false;
        for (uint32_t i = 0; i < at_once; i++) {
            uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
            first = first ? first : id;
        }
        peer_go(p);
        for (uint32_t i = 0; i < at_once; i++) {
            struct reply *r = peer_take(p);
            assert_int_equal(r->id, first + i);
            if (r->type == SSH_FXP_STATUS) {
                assert_int_equal(get_u32(&r->body), SALLY_EOF);
                end = true;
                continue;
            }
            assert_false(end); /* nothing after the end */
            assert_int_equal(r->type, SSH_FXP_NAME);
            next += take_names(p, r, next);
        }
        if (end)
            return next;
    }
}

uint32_t list_all(struct peer *p, struct handle h, uint32_t at_once)
{
    return list_from(p, h, at_once, 0);
}
