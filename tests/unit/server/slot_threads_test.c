/* What fs.h says of the threads on which slots run: their stacks and their signals. */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "cmocka_all.h"

#include "server/fixture.h"

#define DEFAULT_STACK (512u * 1024u)

/* What the STAT slot has found. */
struct found {
    size_t stack;
    bool blocked[NSIG];
    int plain, unmasked; /* exit status of children that send themselves SIGTERM */
};

static size_t own_stack(void)
{
    pthread_attr_t attributes;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstacksize(&attributes, &size);
        pthread_attr_destroy(&attributes);
    }
    return size;
}

static int child_status(bool with_empty_mask)
{
    char *const argv[] = {"sh", "-c", "kill -TERM $$; exit 7", NULL};
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t pid;
    int status = -1;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    if (with_empty_mask) {
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    }
    if (posix_spawnp(&pid, "sh", NULL, &attributes, argv, NULL) == 0)
        waitpid(pid, &status, 0);
    posix_spawnattr_destroy(&attributes);
    return status;
}

/* The thread sanitizer has its own use for stacks. */
static size_t use_half(void)
{
#ifdef __SANITIZE_THREAD__
    return 0;
#endif
    volatile char buffer[DEFAULT_STACK / 2];
    for (size_t i = 0; i < sizeof buffer; i += 1024)
        buffer[i] = (char)i;
    return sizeof buffer;
}

static sally_status look(sally_fs *fs, sally_op *op)
{
    struct found *f = sally_fs_data(fs);
    sigset_t mask;
    f->stack = own_stack();
    if (f->stack < use_half())
        return SALLY_FAILURE;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    for (int i = 1; i < NSIG; i++)
        f->blocked[i] = sigismember(&mask, i) == 1;
    f->plain = child_status(false);
    f->unmasked = child_status(true);
    sally_attrs_set_directory(&op->u.stat.attrs, 0755);
    return SALLY_OK;
}

static void look_from(uint32_t traits, const char *stack, struct found *f)
{
    const sally_fs_methods m = {.struct_size = sizeof m, .traits = traits, .stat = look};
    struct client c;
    sally_fs *fs;
    memset(f, 0, sizeof *f);
    assert_int_equal(sally_fs_new(&fs, &m, f), SALLY_E_OK);
    sally_server *s = new_server(fs);
    if (stack)
        assert_int_equal(sally_server_set(s, "server.worker_stack", stack), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    client_open(&c, s, "joe", "secret");
    assert_int_equal(client_stat(&c, "/"), 0);
    client_end(&c);
    finish(s);
    sally_fs_unref(fs);
}

static void stacks(void **state)
{
    struct found f;
    (void)state;
    look_from(0, NULL, &f);
    assert_in_range(f.stack, DEFAULT_STACK, 2 * DEFAULT_STACK - 1);
    look_from(0, "4M", &f);
    assert_in_range(f.stack, 4u << 20, 5u << 20);
    look_from(SALLY_FS_NONBLOCKING, NULL, &f); /* on a network thread */
    assert_true(f.stack >= DEFAULT_STACK);
}

static void signals(void **state)
{
    static const uint32_t traits[] = {0, SALLY_FS_NONBLOCKING};
    static const int some[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGALRM, SIGPIPE};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(traits); i++) {
        struct found f;
        look_from(traits[i], NULL, &f);
        for (size_t k = 0; k < COUNT_OF(some); k++)
            assert_true(f.blocked[some[k]]);
        assert_true(WIFEXITED(f.plain) && WEXITSTATUS(f.plain) == 7);
        assert_true(WIFSIGNALED(f.unmasked) && WTERMSIG(f.unmasked) == SIGTERM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stacks),
        cmocka_unit_test(signals),
    };
    return cmocka_run_group_tests_name("server/slot_threads", tests, NULL, NULL);
}
