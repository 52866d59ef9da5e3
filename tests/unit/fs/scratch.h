/* Directories on disk and in memory for tests, gone afterwards. */
#ifndef TEST_FS_SCRATCH_H
#define TEST_FS_SCRATCH_H

#define SCRATCH_SIZE 64

/* On whatever TMPDIR is, or on /dev/shm, which is a tmpfs. */
const char *scratch_make(char out[SCRATCH_SIZE]);
const char *scratch_make_in(char out[SCRATCH_SIZE], const char *where);
/* With everything below, as deep as it may be; nothing outside. */
void scratch_remove(const char *directory);

#endif
