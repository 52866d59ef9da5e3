/* The settings of the engine of commands. A header of its own, so that the table of settings
 * depends on nothing else of the engine. */
#ifndef SALLY_SCP_SETTINGS_H
#define SALLY_SCP_SETTINGS_H

#include <stdint.h>

struct scp_settings {
    const char *commands; /* that clients may run, with commas */
};

/* The names of what can be run: "scp" first. NULL: there are no more. */
const char *scp_command_name(uint32_t index);

#endif
