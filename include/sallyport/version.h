/**
 * @file sallyport/version.h
 * The library's version, by semantic versioning.
 */
#ifndef SALLYPORT_VERSION_H
#define SALLYPORT_VERSION_H

#include "sallyport/export.h"

SALLY_BEGIN_DECLS

/** Grows when a program built against the headers must be changed. */
#define SALLY_VERSION_MAJOR 0
/** Grows when something was added. */
#define SALLY_VERSION_MINOR 1
/** Grows when something was mended. */
#define SALLY_VERSION_PATCH 0
/** The version of these headers as text. */
#define SALLY_VERSION_STRING "0.1.0"

/** The version of the library that the program runs with, such as "0.1.0". Static; any thread. */
SALLY_API const char *sally_version(void);

SALLY_END_DECLS

#endif
