/* The settings of the command engine. In a header of their own, so that the table of settings
 * depends on nothing else of the engine. */
#ifndef SALLY_SCP_SETTINGS_H
#define SALLY_SCP_SETTINGS_H

#include <stdint.h>

struct scp_settings {
    const char *commands; /* those that clients may run, with commas */
};

/* The names of the commands that can be run, "scp" first. NULL: there are no more. */
const char *scp_command_name(uint32_t index);

#endif
