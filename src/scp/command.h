/* The command line of an exec request, taken apart without a shell. */
#ifndef SALLY_SCP_COMMAND_H
#define SALLY_SCP_COMMAND_H

#include "base/buf.h"
#include "base/cursor.h"
#include "sallyport/error.h"

enum scp_kind {
    SCP_REFUSED, /* `message` says why */
    SCP_SOURCE,  /* scp -f: files go to the client */
    SCP_SINK,    /* scp -t: files come from it */
    SCP_DIGEST,  /* md5sum and its like */
    SCP_DF       /* df */
};

struct scp_digest {
    const char *program;   /* md5sum */
    const char *algorithm; /* as the storage's HASH knows it */
    const char *empty;     /* of no bytes at all: what standard input has here */
    const char *abc;       /* of "abc" and a line end; NULL: nobody asks */
};

struct scp_command {
    enum scp_kind kind;
    bool recursive, preserve, directory;
    const struct scp_digest *digest;
    bool of_abc; /* SCP_DIGEST: its input is "abc" and a line end */
    /* The paths, each with a NUL at its end, as patterns: what was quoted has a backslash before it
     * wherever it could mean something in a pattern. */
    struct buf paths;
    uint32_t path_count;
    bool for_scp;        /* SCP_REFUSED: the client speaks the protocol of scp */
    uint32_t status;     /* SCP_REFUSED: exit status */
    const char *message; /* SCP_REFUSED: static, without line end */
};

/* Longer commands are refused. */
#define SCP_COMMAND_MAX ((size_t)64 * 1024)

/* `allowed` as in struct scp_options. SALLY_E_NO_MEMORY; anything else is reported in `kind`. */
sally_error scp_command_parse(struct scp_command *out, struct slice raw, uint32_t allowed);
void scp_command_clear(struct scp_command *c);

#endif
