/* What the tests of wrappers put inside them, and what these tests have in common. */
#ifndef TEST_FS_INSIDE_H
#define TEST_FS_INSIDE_H

#include "fs/cases.h"

#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)
#define RW               (SALLY_OPEN_READ | SALLY_OPEN_WRITE)
#define NEW              (RW | SALLY_OPEN_CREATE)
#define PUT              (SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE)

/* Empty storages. One local at a time: inside_drop() removes it. */
sally_fs *inside_memory(void);
sally_fs *inside_local(void);
sally_fs *inside_late(void); /* in memory, with late answers */
void inside_drop(void);
/* Takes `inner` over. */
sally_fs *inside_faulty(sally_fs *inner, sally_fault fault);

/* A test on one of these, with its maker as the state. */
extern const struct storage_maker in_memory, in_local, in_late;
#define ON(test, maker, setup, teardown)                                                           \
    {                                                                                              \
#test ", " #maker, test, setup, teardown, (void *)(uintptr_t) & (maker)                    \
    }
sally_fs *inside_made(void **state);
int inside_teardown(void **state); /* inside_drop() */

unsigned names_in(struct driver *d, const char *path);

/* run_storage_cases() on a wrapper (which takes `inner` over) over each of them. */
int run_wrapper_cases(sally_fs *(*wrap)(sally_fs *inner), const char *but);

#endif
