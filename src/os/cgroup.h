/* The limits of the process's control group: in a container, less than the machine has. */
#ifndef SALLY_OS_CGROUP_H
#define SALLY_OS_CGROUP_H

#include <stdint.h>

/* The smallest memory.max, in bytes, of the process's control group (version 2) and of those above
 * it; UINT64_MAX if there is none, or none can be read. `prefix` goes in front of /proc and /sys:
 * "", except in tests. */
uint64_t os_cgroup_memory(const char *prefix);

#endif
