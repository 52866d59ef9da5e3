/* Bytes from standard input to the engine, and from the engine to standard output. */
#ifndef SFTP_SERVER_PUMP_H
#define SFTP_SERVER_PUMP_H

#include <stdbool.h>

#include "sallyport/sftp.h"

struct pump;

struct pump *pump_new(void); /* NULL: see errno */
void pump_free(struct pump *pump);

/* For sally_sftp_options; user_data is the pump. Any thread. */
void pump_wake(void *user_data);

enum pump_end {
    PUMP_DONE,     /* the client has ended, and has received everything */
    PUMP_PROTOCOL, /* it broke the protocol */
    PUMP_GONE,     /* the client stopped reading; see errno */
    PUMP_FAILED    /* see errno */
};

enum pump_end pump_run(struct pump *pump, sally_sftp *sftp);

#endif
