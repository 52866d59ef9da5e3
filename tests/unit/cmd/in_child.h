/* Tries in a process of its own: what a process has given up it cannot get back. */
#ifndef TEST_CMD_IN_CHILD_H
#define TEST_CMD_IN_CHILD_H

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"

/* What `act` returns there. */
static inline int in_child(int (*act)(const void *argument), const void *argument)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(act(argument));
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status))
        fail_msg("the child ended with signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

#endif
