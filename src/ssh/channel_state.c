#include "ssh/channel_state.h"

/* clang-format off */
static const struct {
    enum channel_output after[CHANNEL_ACTS];
    bool eof, close; /* due */
} rows[OUTPUT_STATES] = {
    /*                        SEND_EOF               FINISH                ABANDON               SENT               eof    close */
    [OUTPUT_OPEN]          = {{OUTPUT_EOF_DUE,       OUTPUT_EOF_CLOSE_DUE, OUTPUT_CLOSE_DUE,     OUTPUT_OPEN},      false, false},
    [OUTPUT_EOF_DUE]       = {{OUTPUT_EOF_DUE,       OUTPUT_EOF_CLOSE_DUE, OUTPUT_EOF_CLOSE_DUE, OUTPUT_EOF_SENT},  true,  false},
    [OUTPUT_EOF_SENT]      = {{OUTPUT_EOF_SENT,      OUTPUT_CLOSE_DUE,     OUTPUT_CLOSE_DUE,     OUTPUT_EOF_SENT},  false, false},
    [OUTPUT_EOF_CLOSE_DUE] = {{OUTPUT_EOF_CLOSE_DUE, OUTPUT_EOF_CLOSE_DUE, OUTPUT_EOF_CLOSE_DUE, OUTPUT_CLOSED},    true,  true},
    [OUTPUT_CLOSE_DUE]     = {{OUTPUT_CLOSE_DUE,     OUTPUT_CLOSE_DUE,     OUTPUT_CLOSE_DUE,     OUTPUT_CLOSED},    false, true},
    [OUTPUT_CLOSED]        = {{OUTPUT_CLOSED,        OUTPUT_CLOSED,        OUTPUT_CLOSED,        OUTPUT_CLOSED},    false, false},
};
/* clang-format on */

enum channel_output channel_output_after(enum channel_output state, enum channel_act act)
{
    return rows[state].after[act];
}

bool channel_output_owes_eof(enum channel_output state)
{
    return rows[state].eof;
}

bool channel_output_owes_close(enum channel_output state)
{
    return rows[state].close;
}
