/* What a file lies on, as far as waiting is concerned. */
#ifndef SALLY_OS_MEDIUM_H
#define SALLY_OS_MEDIUM_H

enum os_medium {
    MEDIUM_UNKNOWN, /* the network, perhaps: anything may wait */
    MEDIUM_DISK,    /* attributes of an open file are in memory; bytes and names perhaps */
    MEDIUM_MEMORY   /* nothing waits */
};

enum os_medium os_medium_of(int fd);

#endif
