/* A session over storages that answer late, in an order that the input chooses, as it chooses
 * everything else: requests, hooks, operations of the program's own, cancels, walks, the end. What
 * must hold is what tests/stress checks. When the input is used up, a generator goes on, so that
 * the session comes to its end. */
#include "stress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct stress_run run = {.seed = 1, .input = {data, size}};
    session_stress(&run);
    return 0;
}
