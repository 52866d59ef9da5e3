/* Every allocation fails once. */
#include "cmocka_all.h"

#include "alloc_failure.h"
#include "base/mem.h"
#include "sftp/peer.h"
#include "sftp/script.h"

static const uint8_t init[] = {0, 0, 0, 5, SSH_FXP_INIT, 0, 0, 0, 3};

static uint32_t count_replies(const struct peer *p)
{
    struct cursor c = cursor_of_slice(buf_slice(&p->in));
    uint32_t count = 0;
    for (; cursor_left(&c); count++)
        get_string(&c);
    assert_false(c.bad);
    return count;
}

static void a_session_survives_or_ends_cleanly(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version += 3) {
        struct script s;
        unsigned broken = 0, survived = 0;
        script_make(&s, version);
        for (unsigned nth = 1;; nth++) {
            struct peer *p =
                peer_new(&(struct peer_options){.version = version,
                                                .no_init = true,
                                                .hold = nth % 2,
                                                .traits = nth % 3 ? SALLY_FS_CONCURRENT : 0});
            uint8_t hello[sizeof init];
            memcpy(hello, init, sizeof init);
            hello[8] = (uint8_t)version;
            assert_non_null(buf_reserve(&p->in, 1024 * 1024));
            size_t half = s.bytes.size / 2;
            alloc_fail_at(nth);
            sftp_input(p->engine, hello, sizeof hello);
            sftp_input(p->engine, buf_head(&s.bytes), half);
            sftp_flush(p->engine);
            sftp_input(p->engine, buf_head(&s.bytes) + half, s.bytes.size - half);
            sftp_flush(p->engine);
            bool struck = alloc_failed();
            if (p->broken) {
                assert_true(struck);
                broken++;
            } else {
                assert_int_equal(count_replies(p), s.count + 1);
                survived++;
            }
            alloc_fail_at(1); /* the end needs no memory */
            peer_close(p, SALLY_CLOSED_LOST);
            assert_false(alloc_failed());
            peer_free(p);
            if (!struck)
                break;
            assert_true(nth < 10000);
        }
        assert_true(broken > 0 && survived > broken);
        script_clear(&s);
    }
}

static void a_listing_goes_on_without_its_longest_entries(void **state)
{
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct peer *p = peer_new(&(struct peer_options){.max_names = 1024});
        p->store.many = 50;
        struct handle h = peer_opendir(p, "/many");
        assert_non_null(buf_reserve(&p->in, 1024 * 1024));
        for (int i = 0; i < 12; i++)
            peer_handle_request(p, SSH_FXP_READDIR, h);
        alloc_fail_at(nth);
        sftp_input(p->engine, buf_head(&p->out), p->out.size);
        sftp_flush(p->engine);
        bool struck = alloc_failed();
        if (!p->broken)
            assert_int_equal(count_replies(p), 12);
        peer_free(p);
        if (!struck)
            break;
        assert_true(nth < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_survives_or_ends_cleanly),
        cmocka_unit_test(a_listing_goes_on_without_its_longest_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
