#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

static void every_unknown_type_is_unsupported(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        struct peer *p = peer_new(&(struct peer_options){.version = version});
        for (uint32_t type = 0; type < 256; type++) {
            if (type == SSH_FXP_INIT)
                continue;
            bool known = (type >= SSH_FXP_OPEN && type <= SSH_FXP_READLINK) ||
                         type == SSH_FXP_EXTENDED || (type == SSH_FXP_SYMLINK && version < 6) ||
                         (type >= SSH_FXP_LINK && type <= SSH_FXP_UNBLOCK && version == 6);
            uint32_t id = peer_begin(p, (uint8_t)type);
            peer_end(p);
            peer_go(p);
            peer_expect_status(p, id, known ? SALLY_BAD_MESSAGE : SALLY_UNSUPPORTED);
        }
        assert_int_equal(p->credit, p->sent);
        peer_free(p);
    }
}

static void ids_are_the_clients_affair(void **state)
{
    (void)state;
    static const uint32_t ids[] = {0, UINT32_MAX, 7, 7, 0x80000000};
    struct peer *p = peer_new(NULL);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        p->next_id = ids[i] - 1;
        peer_path_request(p, SSH_FXP_STAT, "/hello");
    }
    peer_go(p);
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        peer_expect(p, SSH_FXP_ATTRS, ids[i]);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unknown_type_is_unsupported),
        cmocka_unit_test(ids_are_the_clients_affair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
