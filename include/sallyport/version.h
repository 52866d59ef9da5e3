/**
 * @file sallyport/version.h
 * The library's version, by semantic versioning. Before 1.0 each minor version has its own ABI;
 * from 1.0 on, each major version has (docs/embedding.md). The build reads the version from here.
 */
#ifndef SALLYPORT_VERSION_H
#define SALLYPORT_VERSION_H

#include <stdint.h>

#include "sallyport/export.h"

SALLY_BEGIN_DECLS

/** Increases when programs must be changed. */
#define SALLY_VERSION_MAJOR 0
/** Increases when something is added. */
#define SALLY_VERSION_MINOR 2
/** Increases when something is fixed. */
#define SALLY_VERSION_PATCH 0
/** The version of these headers as text. */
#define SALLY_VERSION_STRING "0.2.0"
/** The version of these headers as a number, such as 0x000200 for 0.2.0. Newer versions are
 * greater. Can be used in \#if. */
#define SALLY_VERSION_NUMBER                                                                       \
    ((SALLY_VERSION_MAJOR << 16) | (SALLY_VERSION_MINOR << 8) | SALLY_VERSION_PATCH)

/** The version of the library that the program runs with, such as "0.2.0". Static; any thread. */
SALLY_API const char *sally_version(void);

/** The same as a number, to compare with ::SALLY_VERSION_NUMBER. Any thread. */
SALLY_API uint32_t sally_version_number(void);

SALLY_END_DECLS

#endif
