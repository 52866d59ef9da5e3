/* The SFTP engine over a storage that answers late: the input chooses the requests, how their bytes
 * are cut, the order of the answers, and whether the client leaves in between. */
#include "stress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct stress_run run = {.seed = 1, .input = {data, size}};
    sftp_stress(&run);
    return 0;
}
