/* A session over storages that answer late. The input chooses the order of the answers and
 * everything else: requests, hooks, the program's own operations, cancels, walks, the end. The
 * checks are those of tests/stress. When the input is used up, a generator continues, so that the
 * session ends. */
#include "stress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct stress_run run = {.seed = 1, .input = {data, size}};
    session_stress(&run);
    return 0;
}
