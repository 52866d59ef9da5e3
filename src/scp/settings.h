/* What may be set of the engine of commands. It stands alone, so that the table of settings needs
 * to know no more of the engine than this. */
#ifndef SALLY_SCP_SETTINGS_H
#define SALLY_SCP_SETTINGS_H

#include <stdint.h>

/* The names of what can be run: "scp" first. NULL: there are no more. */
const char *scp_command_name(uint32_t index);

#endif
