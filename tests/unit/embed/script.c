/* The requests of SFTP's tests. */
#include "../sftp/script.c" /* NOLINT(bugprone-suspicious-include) */
