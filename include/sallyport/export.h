/**
 * @file sallyport/export.h
 * Macros that mark the library's functions.
 */
#ifndef SALLYPORT_EXPORT_H
#define SALLYPORT_EXPORT_H

/** Marks a function that the shared library exports. */
#if defined(__GNUC__)
#define SALLY_API __attribute__((visibility("default")))
#else
#define SALLY_API
#endif

/** Marks a function whose result must not be ignored. */
#if defined(__GNUC__)
#define SALLY_MUST_CHECK __attribute__((warn_unused_result))
#else
#define SALLY_MUST_CHECK
#endif

/** Opens and closes the C linkage that every header's declarations have in C++. */
#ifdef __cplusplus
#define SALLY_BEGIN_DECLS extern "C" {
#define SALLY_END_DECLS   }
#else
#define SALLY_BEGIN_DECLS
#define SALLY_END_DECLS
#endif

#endif
