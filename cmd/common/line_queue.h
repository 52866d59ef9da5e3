/* Lines for outputs that may block: a terminal or a pipe that nobody reads, the socket of
 * syslog(3). A thread writes them one after the other, so that callers never wait. If too many
 * lines wait, further ones are dropped and counted. */
#ifndef COMMON_LINE_QUEUE_H
#define COMMON_LINE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the lines go. The functions are called one at a time, and may block. */
struct line_sink {
    void (*line)(void *user_data, int kind, const char *text);
    /* This many lines were dropped here. */
    void (*lost)(void *user_data, uint64_t count);
    /* No other line waits now, or line_queue_wake() was called. May be NULL. */
    void (*rest)(void *user_data);
};

struct line_queue;

/* `max_bytes`: limit for all waiting lines together. NULL: no memory. */
struct line_queue *line_queue_new(const struct line_sink *sink, void *user_data, size_t max_bytes);

/* Starts the thread that writes the lines; until then line_queue_put() writes them itself. False:
 * no thread can be created, and it continues to. */
bool line_queue_start(struct line_queue *q);

/* Any thread. `kind` is for the sink. */
void line_queue_put(struct line_queue *q, int kind, const char *text);
void line_queue_wake(struct line_queue *q);

/* Waits until everything is written. False: not within `patience_ms`. */
bool line_queue_flush(struct line_queue *q, unsigned patience_ms);

/* Flushes the queue, ends the thread and frees the queue. False: not everything was written in
 * time; what the sink uses must not be freed, since the thread keeps running until the process
 * ends. */
bool line_queue_free(struct line_queue *q, unsigned patience_ms);

#endif
