/* The other end as the client sees it: bytes out, bytes in. Tests can put a hostile server
 * there. */
#ifndef SALLY_CLIENT_LINE_H
#define SALLY_CLIENT_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "sallyport/op.h"

struct line;

struct line_methods {
    /* Passes bytes to the server, and lets it continue: also called with size 0. It may accept only
     * some. False: it accepts no more, but may still have output. */
    bool (*send)(struct line *line, const void *data, size_t size, size_t *taken);
    /* The next bytes from the server, valid until the next call; 0: none now. */
    size_t (*receive)(struct line *line, const void **data);
    void (*received)(struct line *line, size_t size); /* that many were used */
    void (*end)(struct line *line);                   /* the client will send no more */
    bool (*is_done)(struct line *line);               /* after that, the server has finished */
    sally_session *(*session)(struct line *line);     /* NULL: none */
    void (*free)(struct line *line);                  /* the line is lost, unless it had ended */
};

struct line {
    const struct line_methods *methods;
};

#endif
