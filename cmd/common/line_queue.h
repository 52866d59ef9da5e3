/* Lines on their way to where they may have to wait: a terminal or a pipe that nobody reads, the
 * socket of syslog(3). A thread writes them, one after the other, so that nobody who has something
 * to say has to wait for it. When too many wait, further ones are lost, and counted. */
#ifndef COMMON_LINE_QUEUE_H
#define COMMON_LINE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the lines go. The functions are called one at a time, and may block. */
struct line_sink {
    void (*line)(void *user_data, int kind, const char *text);
    /* So many lines would have stood here. */
    void (*lost)(void *user_data, uint64_t count);
    /* No other line waits now, or line_queue_wake() was called. May be NULL. */
    void (*rest)(void *user_data);
};

struct line_queue;

/* `max_bytes`: what all lines that wait may take. NULL: no memory. */
struct line_queue *line_queue_new(const struct line_sink *sink, void *user_data, size_t max_bytes);

/* From now on a thread writes the lines; until then line_queue_put() does so itself. False: no
 * thread can be made, and it still does. */
bool line_queue_start(struct line_queue *q);

/* Any thread. `kind` is for the sink. */
void line_queue_put(struct line_queue *q, int kind, const char *text);
void line_queue_wake(struct line_queue *q);

/* Waits until everything is written. False: that would take longer than `patience_ms`. */
bool line_queue_flush(struct line_queue *q, unsigned patience_ms);

/* Flushes it, ends the thread and frees the queue. False: it was not all written in time, and
 * nothing may be freed that the sink uses: the thread ends with the process. */
bool line_queue_free(struct line_queue *q, unsigned patience_ms);

#endif
