#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

static void vendors_are_welcome(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    uint32_t a = peer_begin_extended(p, "vendor-id");
    put_text(&p->out, "v");
    put_string(&p->out, "p\0q", 3);
    put_text(&p->out, "1");
    put_u64(&p->out, 1);
    peer_end(p);
    uint32_t b = peer_extended(p, "vendor-id");
    peer_go(p);
    peer_expect_status(p, a, SALLY_OK);
    peer_expect_status(p, b, SALLY_BAD_MESSAGE);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vendors_are_welcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
