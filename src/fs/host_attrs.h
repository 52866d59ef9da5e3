/* Attributes on their way to the operating system. */
#ifndef SALLY_FS_HOST_ATTRS_H
#define SALLY_FS_HOST_ATTRS_H

#include <stdbool.h>

#include "sallyport/attrs.h"

/* Whether the nanoseconds of the times to be set are valid. */
bool host_times_ok(const sally_attrs *attrs);
/* Sets access and modification time, of an O_PATH descriptor too; errno when false. */
bool host_change_times(int fd, const sally_attrs *attrs);

#endif
