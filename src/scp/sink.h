/* Shared by the files of scp -t. */
#ifndef SALLY_SCP_SINK_H
#define SALLY_SCP_SINK_H

#include "scp/engine.h"

/* Of the file or directory that the last line was about, as the client wrote it. */
struct slice sink_path(const struct scp *s);
void sink_acknowledge(struct scp *s);
/* The line cannot be carried out; the client continues with something else. */
void sink_decline(struct scp *s, const struct op *op, sally_status status);
void sink_decline_because(struct scp *s, const char *why);
/* Makes the path that of the entry `name`, if it is to be in a directory. False: it was declined.
 */
bool sink_go_to(struct scp *s, struct slice name);

/* Without -p, set-user-id and set-group-id bits are dropped. */
uint32_t sink_mode(const struct scp *s, uint32_t mode);
sally_attrs sink_attrs(bool set_mode, uint32_t mode, const struct scp_times *times);
/* Attributes in the operation's memory; NULL: none, and the operation is gone. */
sally_attrs *sink_keep_attrs(struct scp *s, struct op *op, sally_attrs attrs);

/* sink_directory.c */
void sink_begin_directory(struct scp *s, struct slice name);
void sink_leave_directory(struct scp *s);

#endif
