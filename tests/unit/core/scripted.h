/* A session over a storage that writes down what it was asked, and can answer late in an order that
 * the test chooses. */
#ifndef SALLY_TEST_CORE_SCRIPTED_H
#define SALLY_TEST_CORE_SCRIPTED_H

#include "cmocka_all.h"

#include "core/hook_stack.h"
#include "core/test_host.h"

struct script {
    pthread_mutex_t lock;
    char trace[4096]; /* "kind:path " of every slot */
    sally_op *late[64];
    int late_count;
    uint64_t late_kinds; /* kinds answered late */
    int cancels, destroyed;
    sally_status answer;
};

struct scripted {
    struct test_host host;
    struct script script;
    sally_fs *fs;
    sally_session *session;
    struct hook_stack hooks;
    char done[4096];    /* "kind=status " of what was answered, in order */
    sally_file *opened; /* by the last OPEN; NULL: it has failed */
    bool gone;
    int answers;
};

sally_fs *scripted_fs(struct script *s, uint32_t traits, bool with_cancel);

/* Begin with zeros; add hooks before. */
void scripted_start(struct scripted *b, int workers, uint32_t traits, bool with_cancel,
                    uint32_t permissions);
void scripted_stop(struct scripted *b); /* closes the session, and waits for its end */
void scripted_gone(void *user_data);    /* for session_close(): sets b->gone */

struct op *scripted_op(struct scripted *b, uint32_t kind, const char *path);
sally_file *scripted_open(struct scripted *b, const char *path, uint32_t flags);
void scripted_io(struct scripted *b, uint32_t kind, sally_file *file, uint32_t bytes);
void scripted_close(struct scripted *b, sally_file *file);
void scripted_wait(struct scripted *b, int answers);

#endif
