#include "loop/thread.h"

#include <signal.h>

bool thread_start(pthread_t *out, size_t stack, const char *name, void *(*run)(void *),
                  void *argument)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    if (stack)
        (void)pthread_attr_setstacksize(
            &attributes, stack); /* fails below the system's minimum; then the default applies */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* inherited, so no signal can arrive in between */
    bool started = pthread_create(out, &attributes, run, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (started)
        (void)pthread_setname_np(*out, name);
    return started;
}
