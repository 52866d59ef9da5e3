/* The same as for the tests of auth. */
#include "auth/alloc_failure.c" /* NOLINT(bugprone-suspicious-include) */
