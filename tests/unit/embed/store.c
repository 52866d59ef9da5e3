/* The storage of SFTP's tests. */
#include "../sftp/store.c" /* NOLINT(bugprone-suspicious-include) */
