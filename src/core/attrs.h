/* Types and modes of files as POSIX has them. */
#ifndef SALLY_CORE_ATTRS_H
#define SALLY_CORE_ATTRS_H

#include "sallyport/attrs.h"

/* POSIX mode bits with the type in them (S_IFMT), from type and permissions. */
uint32_t attrs_posix_mode(const sally_attrs *attrs);
/* The SALLY_TYPE_ value of POSIX mode bits. */
uint32_t attrs_type_of_mode(uint32_t mode);
/* The letter that `ls -l` shows for the type: '-' for a regular file or if the type is unknown. */
char attrs_type_letter(const sally_attrs *attrs);

#endif
