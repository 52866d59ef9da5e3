/* The protocol engine on a connection, as the connection sees it: bytes in, bytes out, time. */
#ifndef SALLY_SERVER_LINE_H
#define SALLY_SERVER_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"

struct line;

/* All are called on the connection's loop. Those marked "or NULL" do not exist in every protocol.
 */
struct line_methods {
    /* Room in the engine's receive buffer, into which the stream is read directly. 0: none now. */
    size_t (*input_room)(struct line *line, uint8_t **room);
    void (*input)(struct line *line, size_t size); /* `size` bytes are in that room */
    void (*input_end)(struct line *line);          /* no more input will come */
    /* Processes what was received and produces output, with all that follows for the connection's
     * sessions. True: there is more to do, in another turn. */
    bool (*run)(struct line *line, uint64_t now_ns);
    struct slice (*output)(struct line *line); /* ready to be sent; valid until the next call */
    void (*output_sent)(struct line *line, size_t size);
    /* When tick() is wanted; UINT64_MAX: never. Both or NULL. */
    uint64_t (*deadline)(const struct line *line);
    void (*tick)(struct line *line, uint64_t now_ns);
    /* The engine has ended: remaining output is sent, and then the connection ends. */
    bool (*is_over)(const struct line *line);
    void (*trim)(struct line *line);                         /* frees unused buffers; or NULL */
    void (*disconnect)(struct line *line, const char *text); /* sends `text` to the peer, and
                                                              * ends */
    void (*settings_changed)(struct line *line);             /* or NULL */
    void (*rekey)(struct line *line);                        /* or NULL */
    void (*free)(struct line *line);
};

/* The first member of the engine's own struct. */
struct line {
    const struct line_methods *methods;
};

#endif
