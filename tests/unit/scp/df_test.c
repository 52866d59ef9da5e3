#include "cmocka_all.h"

#include "scp/client.h"

#define HEAD "Filesystem 1K-blocks Used Available Use% Mounted on\n"

/* The store has 100 blocks of 1 KiB, 50 free, 40 for users. */
static void space_is_told(void **state)
{
    (void)state;
    check(&(struct exchange){"df -k /", TEXT(""), TEXT(HEAD "storage 100 50 40 56% /\n"), 0, NULL,
                             NULL});
    check(&(struct exchange){"df", TEXT("ignored"), TEXT(HEAD "storage 100 50 40 56% /\n"), 0, NULL,
                             NULL});
}

static void hide(struct client *c)
{
    c->permissions = SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_STAT;
}

static void have_none(struct client *c)
{
    c->store.fail = SALLY_UNSUPPORTED;
    c->store.fail_kinds = SALLY_OP_BIT(SALLY_OP_STATVFS);
}

static void failures_are_told(void **state)
{
    (void)state;
    check_error(&(struct exchange){"df -k /", TEXT(""), TEXT(HEAD), 1, hide, NULL},
                "df: /: Permission denied\n");
    check_error(&(struct exchange){"df -k /", TEXT(""), TEXT(HEAD), 1, have_none, NULL},
                "df: /: Operation not supported\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(space_is_told),
        cmocka_unit_test(failures_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
