/* When an operation fails, what storages have granted is closed, ended or unlocked again. */
#include "core/layers.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"

static const struct {
    uint32_t kind, undo;
} pairs[] = {{SALLY_OP_OPEN, SALLY_OP_CLOSE},
             {SALLY_OP_OPENDIR, SALLY_OP_CLOSEDIR},
             {SALLY_OP_SESSION_START, SALLY_OP_SESSION_END},
             {SALLY_OP_LOCK, SALLY_OP_UNLOCK}};

static const int chain[] = {1, 2, -1};
static const int router[] = {1, -1, -1}, router_also[] = {2, -1, -1};

/* The session's answer to an operation of this kind. */
static sally_status ask(struct layers *x, uint32_t kind)
{
    sally_file *file = kind == SALLY_OP_LOCK ? layers_open(x, SALLY_OPEN_WRITE) : NULL;
    return layers_do(x, layers_op(x, kind, file));
}

static void each_way(void (*test)(struct layers *x, uint32_t kind, uint32_t undo),
                     const int *inside, const int *also)
{
    static const uint32_t traits[] = {0, SALLY_FS_NONBLOCKING, SALLY_FS_CONCURRENT};
    for (size_t p = 0; p < COUNT_OF(pairs); p++) {
        for (size_t t = 0; t < COUNT_OF(traits); t++) {
            for (int workers = 0; workers < 2; workers++) {
                struct layers x;
                layers_start(&x, workers, traits[t], 3, inside, also);
                test(&x, pairs[p].kind, pairs[p].undo);
                layers_stop(&x);
            }
        }
    }
}

static char *step(const char *who, char mark, uint32_t kind)
{
    static char text[2][64];
    static int turn;
    turn = !turn;
    snprintf(text[turn], sizeof text[0], "%s%c%s ", who, mark, sally_op_kind_name(kind));
    return text[turn];
}

static void hook_refuses(struct layers *x, uint32_t kind, uint32_t undo)
{
    layers_add_hooks(x, 3);
    x->hook[1].refuse = SALLY_OP_BIT(kind);
    assert_int_equal(ask(x, kind), SALLY_FILE_CORRUPT);
    assert_int_equal(layers_count(x, step("0", '.', undo)), 1);
    assert_int_equal(layers_count(x, step("2", '.', undo)), 1); /* by way of the wrappers */
    if (kind == SALLY_OP_OPEN || kind == SALLY_OP_OPENDIR)
        assert_int_equal(x->close_reason, SALLY_CLOSED_REFUSED);
    /* Who has seen it good sees that. */
    assert_int_equal(layers_count(x, step("c", '>', undo)), 1);
    assert_int_equal(layers_count(x, step("b", '>', undo)), 0);
    assert_int_equal(layers_count(x, step("a", '>', undo)), 0);
    assert_int_equal(layers_count(x, step("a", '>', kind)), 1);
}

static void after_hooks(void **state)
{
    (void)state;
    each_way(hook_refuses, chain, NULL);
}

static void wrapper_refuses(struct layers *x, uint32_t kind, uint32_t undo)
{
    layers_add_hooks(x, 1);
    x->layer[0].refuse = SALLY_OP_BIT(kind);
    assert_int_equal(ask(x, kind), SALLY_PERMISSION_DENIED);
    assert_int_equal(layers_count(x, step("0", '.', undo)), 0);
    assert_int_equal(layers_count(x, step("1", '.', undo)), 1);
    assert_int_equal(layers_count(x, step("2", '.', undo)), 1);
    assert_int_equal(layers_count(x, step("a", '>', undo)), 0);
}

static void wrapper_refuses_late(struct layers *x, uint32_t kind, uint32_t undo)
{
    (void)undo;
    sally_file *file = kind == SALLY_OP_LOCK ? layers_open(x, SALLY_OPEN_WRITE) : NULL;
    x->layer[0].refuse = SALLY_OP_BIT(kind);
    x->layer[1].late = x->layer[2].late = SALLY_OP_BIT(kind) | SALLY_OP_BIT(undo);
    int before = x->answers;
    op_submit(layers_op(x, kind, file));
    for (int i = 0; x->answers == before; i++) {
        test_host_pump(&x->host);
        for (int l = 1; l <= 2; l++) {
            pthread_mutex_lock(&x->lock);
            bool waits = x->layer[l].waiting_count > 0;
            pthread_mutex_unlock(&x->lock);
            if (waits)
                layers_finish(&x->layer[l], SALLY_OK);
        }
    }
    assert_int_equal(x->status, SALLY_PERMISSION_DENIED);
    assert_int_equal(layers_count(x, step("1", '.', undo)), 1);
    assert_int_equal(layers_count(x, step("2", '.', undo)), 1);
}

static void wrappers(void **state)
{
    (void)state;
    each_way(wrapper_refuses, chain, NULL);
    each_way(wrapper_refuses_late, chain, NULL);
}

/* A wrapper in the middle refuses, the one above it answers by itself, and the uppermost refuses
 * that. */
static void refused_twice(void **state)
{
    (void)state;
    struct layers x;
    static const int four[] = {1, 2, 3, -1};
    layers_start(&x, 1, 0, 4, four, NULL);
    x.layer[2].refuse = x.layer[1].own = x.layer[0].refuse = SALLY_OP_BIT(SALLY_OP_OPEN);
    x.layer[1].fail = 0;
    assert_null(layers_open(&x, SALLY_OPEN_READ));
    assert_int_equal(layers_count(&x, "0.close "), 0);
    /* Layer 1 hands the CLOSE on to layer 2, which has not opened: it does not reach it. */
    assert_int_equal(layers_count(&x, "1.close "), 1);
    assert_int_equal(layers_count(&x, "2.close "), 0);
    assert_int_equal(layers_count(&x, "3.close "), 1);
    x.layer[1].open_files = 0; /* its CLOSE was answered by the one that did not reach layer 2 */
    layers_stop(&x);
}

static void error_becomes_ok(void **state)
{
    (void)state;
    for (int opendir = 0; opendir < 2; opendir++) {
        struct layers x;
        uint32_t kind = opendir ? SALLY_OP_OPENDIR : SALLY_OP_OPEN;
        layers_start(&x, 1, 0, 1, NULL, NULL);
        layers_add_hooks(&x, 1);
        x.layer[0].fail = x.hook[0].own = SALLY_OP_BIT(kind);
        assert_int_equal(layers_do(&x, layers_op(&x, kind, NULL)), SALLY_OK);
        sally_file *file = x.file;
        uint32_t uses = opendir ? SALLY_OP_READDIR : SALLY_OP_FSTAT;
        assert_int_equal(layers_do(&x, layers_op(&x, uses, file)), SALLY_INVALID_HANDLE);
        uint32_t closes = opendir ? SALLY_OP_CLOSEDIR : SALLY_OP_CLOSE;
        assert_int_equal(layers_do(&x, layers_op(&x, closes, file)), SALLY_OK);
        assert_null(strstr(x.trace, "0.readdir"));
        assert_null(strstr(x.trace, "0.fstat"));
        assert_null(strstr(x.trace, "0.close"));
        layers_stop(&x);
    }
    struct layers x;
    layers_start(&x, 1, 0, 1, NULL, NULL);
    layers_add_hooks(&x, 1);
    x.layer[0].fail = x.hook[0].own = SALLY_OP_BIT(SALLY_OP_SESSION_START);
    assert_int_equal(ask(&x, SALLY_OP_SESSION_START), SALLY_NO_SUCH_FILE);
    layers_stop(&x); /* and no SESSION_END */
    assert_null(strstr(x.trace, "session_end"));
}

/* The storage opens, set c refuses, set b takes it over: the storage's is closed, b's is open. */
static void refused_and_taken_over(void **state)
{
    (void)state;
    struct layers x;
    layers_start(&x, 1, 0, 1, NULL, NULL);
    layers_add_hooks(&x, 3);
    x.hook[2].refuse = x.hook[1].own = SALLY_OP_BIT(SALLY_OP_OPEN);
    sally_file *file = layers_open(&x, SALLY_OPEN_READ);
    assert_non_null(file);
    assert_int_equal(layers_count(&x, "0.close "), 1);
    assert_int_equal(x.layer[0].open_files, 0);
    x.hook[1].take = SALLY_OP_BIT(SALLY_OP_READ);
    assert_int_equal(layers_do(&x, layers_op(&x, SALLY_OP_READ, file)), SALLY_EOF);
    assert_int_equal(layers_do(&x, layers_op(&x, SALLY_OP_CLOSE, file)), SALLY_OK);
    assert_int_equal(layers_count(&x, "0.close "), 1);
    layers_stop(&x);
}

/* A hook that owns the file, and another that refuses: those that saw it good learn of it. */
static void refused_by_another_hook(void **state)
{
    (void)state;
    struct layers x;
    layers_start(&x, 1, 0, 1, NULL, NULL);
    layers_add_hooks(&x, 3);
    x.hook[2].take = x.hook[0].refuse = SALLY_OP_BIT(SALLY_OP_OPEN);
    assert_null(layers_open(&x, SALLY_OPEN_READ));
    assert_int_equal(layers_count(&x, "c>close "), 1);
    assert_int_equal(layers_count(&x, "b>close "), 1);
    assert_int_equal(layers_count(&x, "a>close "), 0);
    assert_int_equal(layers_count(&x, "0."), 0);
    layers_stop(&x);
}

/* A before-hook may say what it likes: what is open is closed. */
static void closing_is_not_denied(void **state)
{
    (void)state;
    struct layers x;
    layers_start(&x, 1, 0, 1, NULL, NULL);
    layers_add_hooks(&x, 2);
    sally_file *file = layers_open(&x, SALLY_OPEN_READ);
    x.hook[0].deny = SALLY_OP_BIT(SALLY_OP_CLOSE) | SALLY_OP_BIT(SALLY_OP_SESSION_END);
    assert_int_equal(layers_do(&x, layers_op(&x, SALLY_OP_CLOSE, file)), SALLY_QUOTA_EXCEEDED);
    assert_int_equal(layers_count(&x, "0.close "), 1);
    assert_int_equal(layers_do(&x, layers_op(&x, SALLY_OP_SESSION_START, NULL)), SALLY_OK);
    layers_stop(&x);
    assert_int_equal(layers_count(&x, "0.session_end "), 1);
}

/* A router opens in one storage and sends the rest to the other. */
static void foreign_files_do_not_arrive(void **state)
{
    (void)state;
    struct layers x;
    layers_start(&x, 0, 0, 3, router, router_also);
    sally_file *file = layers_open(&x, SALLY_OPEN_READ | SALLY_OPEN_WRITE);
    static const uint32_t kinds[] = {
        SALLY_OP_READ,     SALLY_OP_WRITE,   SALLY_OP_FSYNC, SALLY_OP_LOCK,   SALLY_OP_FSTAT,
        SALLY_OP_FSETSTAT, SALLY_OP_STATVFS, SALLY_OP_HASH,  SALLY_OP_UNLOCK, SALLY_OP_EXTENDED};
    x.layer[0].second = SALLY_OP_ALL & ~SALLY_OP_BIT(SALLY_OP_CLOSE);
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        assert_int_equal(layers_do(&x, layers_op(&x, kinds[i], file)), SALLY_INVALID_HANDLE);
    assert_int_equal(layers_count(&x, " 2."), 0);
    layers_stop(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_hooks),
        cmocka_unit_test(wrappers),
        cmocka_unit_test(refused_twice),
        cmocka_unit_test(error_becomes_ok),
        cmocka_unit_test(refused_and_taken_over),
        cmocka_unit_test(refused_by_another_hook),
        cmocka_unit_test(closing_is_not_denied),
        cmocka_unit_test(foreign_files_do_not_arrive),
    };
    return cmocka_run_group_tests_name("core/grants", tests, NULL, NULL);
}
