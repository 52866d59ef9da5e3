/* How many descriptors the process may have. */
#ifndef SALLY_OS_DESCRIPTORS_H
#define SALLY_OS_DESCRIPTORS_H

#include <stdint.h>

uint64_t os_descriptor_limit(void); /* UINT64_MAX: any number */

#endif
