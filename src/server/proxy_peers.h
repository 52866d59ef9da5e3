/* Which peers may report client addresses, by the settings server.proxy_protocol and
 * server.proxy_trusted. Others cannot be trusted: anyone can send a header. */
#ifndef SALLY_SERVER_PROXY_PEERS_H
#define SALLY_SERVER_PROXY_PEERS_H

#include <stdbool.h>

#include "base/ip.h"
#include "sallyport/error.h"
#include "settings/settings.h"

enum proxy_mode { PROXY_OFF, PROXY_OPTIONAL, PROXY_REQUIRED };

enum proxy_mode proxy_mode_of(const struct settings *settings);
/* `ip`: the socket's peer; `is_unix`: it is one of a Unix domain socket, and has none. */
bool proxy_is_trusted(const struct settings *settings, const struct ip_address *ip, bool is_unix);
/* Whether the two settings are consistent. SALLY_E_RANGE: `why` says what to do. */
sally_error proxy_check(const struct settings *settings, char why[SETTINGS_WHY_SIZE]);

#endif
