/* The command line of an exec request, parsed without a shell. */
#ifndef SALLY_SCP_COMMAND_H
#define SALLY_SCP_COMMAND_H

#include "base/buf.h"
#include "base/cursor.h"
#include "sallyport/error.h"

enum scp_kind {
    SCP_REFUSED, /* `message` says why */
    SCP_SOURCE,  /* scp -f: download */
    SCP_SINK,    /* scp -t: upload */
    SCP_DIGEST,  /* md5sum and similar commands */
    SCP_DF       /* df */
};

struct scp_digest {
    const char *program;   /* md5sum */
    const char *algorithm; /* name for the storage's HASH */
    const char *empty;     /* of empty input: standard input is always empty */
    const char *abc;       /* of "abc" and a line feed; NULL: not needed */
};

struct scp_command {
    enum scp_kind kind;
    bool recursive, preserve, directory;
    const struct scp_digest *digest;
    bool of_abc; /* SCP_DIGEST: its input is "abc" and a line feed */
    /* The paths, each with a NUL at its end, as patterns: quoted characters that are special in a
     * pattern have a backslash. */
    struct buf paths;
    uint32_t path_count;
    bool for_scp;        /* SCP_REFUSED: the client speaks the protocol of scp */
    uint32_t status;     /* SCP_REFUSED: exit status */
    const char *message; /* SCP_REFUSED: static, without a line break */
};

/* Longer commands are refused. */
#define SCP_COMMAND_MAX ((size_t)64 * 1024)

/* `allowed` as in struct scp_options. SALLY_E_NO_MEMORY; anything else is reported in `kind`. */
sally_error scp_command_parse(struct scp_command *out, struct slice raw, uint32_t allowed);
void scp_command_clear(struct scp_command *c);

#endif
