#include "settings/table.h"

#include <string.h>

#include "base/mem.h"
#include "sallyport/version.h"
#include "settings/choices.h"
#include "settings/settings.h"
#include "sftp/settings.h"
#include "ssh/settings.h"

/* Where the value is, and the type of that member. */
#define AT(field)                                                                                  \
    .offset = offsetof(struct settings, field), .width = WIDTH_OF(((struct settings *)0)->field)
#define WIDTH_OF(member)                                                                           \
    _Generic(member, bool: WIDTH_BOOL, uint32_t: WIDTH_U32, uint64_t: WIDTH_U64, const char *: WIDTH_TEXT)

#define NUMBER   SALLY_SETTING_NUMBER
#define BYTES    SALLY_SETTING_BYTES
#define BOOL     SALLY_SETTING_BOOL
#define DURATION SALLY_SETTING_DURATION
#define TEXT     SALLY_SETTING_TEXT
#define LIST     SALLY_SETTING_LIST

/* Where a setting may be set. */
#define START      SALLY_SCOPE_SERVER
#define RUNNING    (START | SALLY_SCOPE_RUNNING)
#define LISTENER   (RUNNING | SALLY_SCOPE_LISTENER)
#define CONNECTION (LISTENER | SALLY_SCOPE_USER | SALLY_SCOPE_CONNECTION)

/* In the order of the names. The defaults of algorithms are the in_default rows of their tables in
 * src/crypto: a test compares them. */
/* clang-format off */
static const struct setting_row rows[] = {
    {{"auth.strict_modes", BOOL, LISTENER, "yes", "", "",
      "whether to refuse authorized_keys files that other users could have changed, judging by "
      "the owner and mode of the file and of the directories that lead to it"},
     AT(auth.strict_modes)},
    {{"limits.auth_attempts", NUMBER, LISTENER, "6", "1", "1000",
      "failed login attempts before the connection is closed"},
     AT(limits.auth_attempts)},
    {{"limits.channels", NUMBER, LISTENER, "10", "1", "100000",
      "concurrent channels of one connection, for sessions and commands"},
     AT(limits.channels)},
    {{"limits.connections", NUMBER, RUNNING, "10000", "0", "",
      "connections in total; 0: no limit"},
     AT(limits.connections)},
    {{"limits.connections_per_address", NUMBER, RUNNING, "4096", "0", "",
      "connections from one IPv4 address or IPv6 /64 network; 0: no limit"},
     AT(limits.connections_per_address)},
    {{"limits.connections_per_user", NUMBER, CONNECTION, "0", "0", "",
      "connections logged in under one user name; 0: no limit"},
     AT(limits.connections_per_user)},
    {{"limits.failure_delay", DURATION, RUNNING, "2s", "0s", "1m",
      "longest delay before a wrong password is rejected: none for the first failure, then 1/32 "
      "of this, doubled with each further failure of the connection or its address; 0: no delay"},
     AT(limits.failure_delay_ns)},
    {{"limits.idle_time", DURATION, CONNECTION, "0s", "0s", "365d",
      "idle timeout: time without a message from the client after which the connection is "
      "closed; 0: never"},
     AT(limits.idle_ns)},
    {{"limits.known_addresses", NUMBER, RUNNING, "16384", "0", "10000000",
      "number of addresses to remember that users have logged in from; they may use "
      "limits.unauthenticated_reserve"},
     AT(limits.known_addresses)},
    {{"limits.known_time", DURATION, RUNNING, "30d", "0s", "3650d",
      "how long an address is remembered after the last login from it"},
     AT(limits.known_ns)},
    {{"limits.log_lines", NUMBER, RUNNING, "200", "0", "1000000",
      "log lines per second about clients that have not logged in, with bursts of ten times as "
      "many; \"log.suppressed\" reports how many were dropped; 0: no limit"},
     AT(limits.log_lines)},
    {{"limits.log_lines_per_address", NUMBER, RUNNING, "20", "0", "1000000",
      "share of limits.log_lines that one IPv4 address or IPv6 /64 network may use; 0: no limit"},
     AT(limits.log_lines_per_address)},
    {{"limits.login_time", DURATION, LISTENER, "2m", "100ms", "1d",
      "login timeout, counted from the start of the connection"},
     AT(limits.login_ns)},
    {{"limits.memory", BYTES, RUNNING, "0", "1M", "",
      "memory for all clients together: unused flow-control windows, requests in progress, "
      "unread replies, sessions and open files; beyond this limit, each user still gets a small "
      "reserve; 0: a quarter of the machine's memory or, in a container, of its cgroup's limit "
      "(version 1 or 2)"},
     AT(limits.memory)},
    {{"limits.memory_per_connection", BYTES, CONNECTION, "128M", "1M", "",
      "share of limits.memory that one connection may use"},
     AT(limits.memory_per_connection)},
    {{"limits.memory_per_user", BYTES, CONNECTION, "0", "1M", "",
      "share of limits.memory that all connections of one user may use together, or all "
      "connections of one address before login; 0: half"},
     AT(limits.memory_per_user)},
    {{"limits.open_files", NUMBER, CONNECTION, "1024", "1", "1000000",
      "open files and directories of one session"},
     AT(limits.open_files)},
    {{"limits.open_files_per_user", NUMBER, CONNECTION, "0", "0", "",
      "open files and directories in all sessions of one user; 0: half of "
      "limits.open_files_total"},
     AT(limits.open_files_per_user)},
    {{"limits.open_files_total", NUMBER, RUNNING, "0", "0", "",
      "open files and directories of all clients together; 0: half of the process's file "
      "descriptor limit, which leaves the rest for connections"},
     AT(limits.open_files_total)},
    {{"limits.operations", NUMBER, CONNECTION, "64", "1", "10000",
      "requests of one session that are processed at the same time; others wait"},
     AT(limits.operations)},
    {{"limits.penalty_addresses", NUMBER, RUNNING, "65536", "16", "10000000",
      "number of addresses and networks with penalties to remember; if there are more, those "
      "whose penalties expire first are forgotten"},
     AT(limits.penalty_addresses)},
    {{"limits.penalty_exempt", LIST, RUNNING, "127.0.0.0/8,::1", "", "",
      "IP addresses and networks that are exempt from penalties and limits.failure_delay, such "
      "as a proxy that all clients come through"},
     AT(limits.penalty_exempt),
     .is_valid = text_is_network, .names_what = "an IP address or network, such as 192.0.2.0/24"},
    {{"limits.penalty_failed_login", DURATION, RUNNING, "5s", "0s", "1d",
      "penalty for a connection with failed login attempts; it is refunded if the same user "
      "then logs in; 0: none"},
     AT(limits.penalty_failed_login_ns)},
    {{"limits.penalty_login_time", DURATION, RUNNING, "10s", "0s", "1d",
      "penalty for a connection that exceeded limits.login_time; 0: none"},
     AT(limits.penalty_login_time_ns)},
    {{"limits.penalty_max", DURATION, RUNNING, "10m", "1s", "1d",
      "upper limit for the sum of an address's penalties"},
     AT(limits.penalty_max_ns)},
    {{"limits.penalty_min", DURATION, RUNNING, "15s", "0s", "1d",
      "sum of penalties above which an address is refused, until all of them have expired; the "
      "same applies to the networks around it (IPv4 /24; IPv6 /56 and /48), which are charged "
      "1/16 of each penalty (a /56: 1/4)"},
     AT(limits.penalty_min_ns)},
    {{"limits.penalty_no_login", DURATION, RUNNING, "1s", "0s", "1d",
      "penalty for a connection that ended without a login attempt; 0: none"},
     AT(limits.penalty_no_login_ns)},
    {{"limits.penalty_protocol_error", DURATION, RUNNING, "10s", "0s", "1d",
      "penalty for a connection that broke the protocol before login, or that could not agree "
      "on algorithms; 0: none"},
     AT(limits.penalty_protocol_error_ns)},
    {{"limits.proxy_header_time", DURATION, LISTENER, "5s", "100ms", "1m",
      "timeout for a complete PROXY header (server.proxy_protocol); connections that wait for one "
      "are counted separately, with the same limits as limits.unauthenticated and "
      "limits.unauthenticated_per_address"},
     AT(limits.proxy_header_ns)},
    {{"limits.rate_in", BYTES, CONNECTION, "0", "1K", "",
      "bytes per second that one connection may send to the server; 0: no limit"},
     AT(limits.rate_in)},
    {{"limits.rate_in_per_user", BYTES, CONNECTION, "0", "1K", "",
      "bytes per second that all connections of one user together may send to the server; 0: no "
      "limit"},
     AT(limits.rate_in_per_user)},
    {{"limits.rate_out", BYTES, CONNECTION, "0", "1K", "",
      "bytes per second that the server may send to one connection; 0: no limit"},
     AT(limits.rate_out)},
    {{"limits.rate_out_per_user", BYTES, CONNECTION, "0", "1K", "",
      "bytes per second that the server may send to all connections of one user together; 0: no "
      "limit"},
     AT(limits.rate_out_per_user)},
    {{"limits.session_bytes", BYTES, CONNECTION, "4M", "512K", "1G",
      "memory for the running requests of one session; others wait"},
     AT(limits.session_bytes)},
    {{"limits.stall_time", DURATION, CONNECTION, "2m", "1s", "1d",
      "time in which a client must read at least a sixteenth of the data waiting for it, on each "
      "channel and in total; otherwise it is disconnected"},
     AT(limits.stall_ns)},
    {{"limits.storage_time", DURATION, RUNNING, "3s", "0s", "1d",
      "time to wait for a storage's next answer after the grace period of a shutdown, before "
      "the server gives up; 0: no limit"},
     AT(limits.storage_ns)},
    {{"limits.unauthenticated", NUMBER, RUNNING, "4096", "0", "",
      "connections that have not logged in; 0: no limit"},
     AT(limits.unauthenticated)},
    {{"limits.unauthenticated_per_address", NUMBER, RUNNING, "2048", "0", "",
      "connections from one address that have not logged in, which keeps one address from "
      "locking out others; 0: no limit"},
     AT(limits.unauthenticated_per_address)},
    {{"limits.unauthenticated_rate", NUMBER, RUNNING, "30", "0", "100",
      "early drop: percentage of new connections that are refused at random at "
      "limits.unauthenticated_start, rising to all at limits.unauthenticated; addresses that "
      "hold few connections are refused less often"},
     AT(limits.unauthenticated_rate)},
    {{"limits.unauthenticated_reserve", NUMBER, RUNNING, "25", "0", "100",
      "percentage of limits.unauthenticated that is reserved for addresses that users have "
      "logged in from"},
     AT(limits.unauthenticated_reserve)},
    {{"limits.unauthenticated_start", NUMBER, RUNNING, "25", "0", "100",
      "percentage of limits.unauthenticated (without the reserve) at which early drop begins: "
      "some connections are refused at random, and an address that already holds as many "
      "connections as are still free is refused; 100: never"},
     AT(limits.unauthenticated_start)},
    {{"server.backlog", NUMBER, START, "1024", "1", "65535",
      "listen backlog: connections that the system queues until they are accepted"},
     AT(server.backlog)},
    {{"server.digest_jobs", NUMBER, START, "0", "0", "10000",
      "threads that may compute file digests or copy files at the same time; at most a quarter "
      "of server.workers; 0: two per processor"},
     AT(server.digest_jobs)},
    {{"server.loops", NUMBER, START, "0", "0", "1024",
      "network threads; 0: one per processor"},
     AT(server.loops)},
    {{"server.password_hash_jobs", NUMBER, START, "0", "0", "1024",
      "passwords that may be checked at the same time; 0: one per processor"},
     AT(server.password_hash_jobs)},
    {{"server.proxy_protocol", TEXT, LISTENER, "off", "", "",
      "off, optional or required: whether connections from server.proxy_trusted begin with a PROXY "
      "protocol header (version 1 or 2), which contains the client's address; optional: the header "
      "may be missing, which is assumed after a second of silence; required: connections without a "
      "header are refused, and so are those of all other peers"},
     AT(server.proxy_protocol), .is_valid = text_is_proxy_mode},
    {{"server.proxy_trusted", LIST, LISTENER, "", "", "",
      "proxies whose PROXY headers are trusted: IP addresses and networks, and \"unix\" for all "
      "peers on Unix domain sockets"},
     AT(server.proxy_trusted), .is_valid = text_is_proxy_peer,
     .names_what = "an IP address or network, such as 192.0.2.0/24, or \"unix\""},
    {{"server.receive_buffer", BYTES, LISTENER, "0", "0", "1G",
      "size of a socket's receive buffer; 0: the system's default"},
     AT(server.receive_buffer)},
    {{"server.send_buffer", BYTES, LISTENER, "0", "0", "1G",
      "size of a socket's send buffer; 0: the system's default"},
     AT(server.send_buffer)},
    {{"server.trim_heap", DURATION, RUNNING, "0s", "0s", "1d",
      "minimum interval at which free memory of the process is returned to the system, in quiet "
      "moments; 0: never; \"sallyport serve\": 10s"},
     AT(server.trim_heap_ns)},
    {{"server.worker_stack", BYTES, START, "512K", "128K", "64M",
      "stack size of a worker thread, on which storages and hooks run"},
     AT(server.worker_stack)},
    {{"server.workers", NUMBER, START, "0", "0", "10000",
      "maximum number of worker threads, for storages that block; 0: 256, or none in pump mode"},
     AT(server.workers)},
    {{"server.workers_per_connection", NUMBER, START, "16", "1", "10000",
      "maximum number of worker threads that serve one connection at the same time"},
     AT(server.workers_per_connection)},
    {{"server.workers_per_user", NUMBER, START, "0", "0", "10000",
      "maximum number of worker threads that serve all connections of one user together, "
      "including operations left running by closed connections; 0: three quarters of all"},
     AT(server.workers_per_user)},
    {{"server.workers_unauthenticated", NUMBER, START, "0", "0", "10000",
      "maximum number of worker threads for clients that have not logged in; 0: two per "
      "processor, at least six"},
     AT(server.workers_unauthenticated)},
    {{"sftp.allow_requests", LIST, CONNECTION, "", "", "",
      "requests that are allowed; empty: all"},
     AT(sftp.allow_requests), .name_at = sftp_request_name_at,
     .is_valid = choice_is_other_request, .alias_at = sftp_request_alias_at, .empty_is_all = true},
    {{"sftp.deny_requests", LIST, CONNECTION, "", "", "",
      "requests that are denied"},
     AT(sftp.deny_requests), .name_at = sftp_request_name_at, .is_valid = choice_is_other_request,
     .alias_at = sftp_request_alias_at},
    {{"sftp.filename_charset", TEXT, CONNECTION, "UTF-8", "", "",
      "charset of file names in the storage, for clients of SFTP 4 to 6; empty: names are bytes"},
     AT(sftp.filename_charset), .is_valid = text_is_charset},
    {{"sftp.list_dots", BOOL, CONNECTION, "yes", "", "",
      "whether listings include the directory itself and its parent, as \".\" and \"..\""},
     AT(sftp.list_dots)},
    {{"sftp.max_names", BYTES, CONNECTION, "64K", "4K", "256K",
      "maximum size of a reply to READDIR"},
     AT(sftp.max_names)},
    {{"sftp.max_packet", BYTES, CONNECTION, "257K", "34K", "16M",
      "maximum size of a request"},
     AT(sftp.max_packet)},
    {{"sftp.max_read", BYTES, CONNECTION, "255K", "32K", "8M",
      "maximum amount of data in a reply to READ"},
     AT(sftp.max_read)},
    {{"sftp.max_version", NUMBER, CONNECTION, "6", "3", "6",
      "highest SFTP version to negotiate"},
     AT(sftp.max_version)},
    {{"sftp.max_write", BYTES, CONNECTION, "255K", "32K", "8M",
      "maximum amount of data in a WRITE, as advertised to clients; larger ones are accepted if "
      "they fit into sftp.max_packet"},
     AT(sftp.max_write)},
    {{"sftp.umask_version", NUMBER, CONNECTION, "5", "2", "6",
      "highest SFTP version in which the umask is applied to permissions that a client sends; "
      "2: none"},
     AT(sftp.umask_version)},
    {{"ssh.banner", TEXT, LISTENER, "", "", "",
      "text shown to clients before login; empty: none"},
     AT(ssh.fixed.banner), .is_valid = text_is_banner},
    {{"ssh.channel_packet", BYTES, LISTENER, "256K", "32K", "256K",
      "maximum amount of data in one packet from a client; at most sftp.max_packet less 1K"},
     AT(ssh.channel_packet)},
    {{"ssh.ciphers", LIST, LISTENER,
      "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,"
      "aes128-ctr,aes192-ctr,aes256-ctr", "", "",
      "ciphers in order of preference"},
     AT(ssh.fixed.ciphers), .name_at = choice_cipher_at},
    {{"ssh.commands", LIST, CONNECTION,
      "scp,md5sum,sha1sum,sha224sum,sha256sum,sha384sum,sha512sum,b2sum,df", "", "",
      "commands that clients may run besides SFTP; empty: none"},
     AT(scp.commands), .name_at = choice_command_at},
    {{"ssh.compression", LIST, LISTENER, "none,zlib@openssh.com", "", "",
      "compression methods in order of preference"},
     AT(ssh.fixed.compression), .name_at = ssh_compression_at},
    {{"ssh.gex_max_bits", NUMBER, LISTENER, "4096", "2048", "8192",
      "size in bits of the largest group for diffie-hellman-group-exchange; clients that accept "
      "only larger groups are refused"},
     AT(ssh.fixed.gex_max_bits)},
    {{"ssh.host_key_algorithms", LIST, LISTENER,
      "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
      "rsa-sha2-512,rsa-sha2-256", "", "",
      "signature algorithms for host keys in order of preference"},
     AT(ssh.fixed.host_key_algorithms), .name_at = choice_signature_at},
    {{"ssh.keepalive_count", NUMBER, CONNECTION, "3", "1", "1000",
      "unanswered keepalives before the connection is closed"},
     AT(ssh.keepalive_count)},
    {{"ssh.keepalive_interval", DURATION, CONNECTION, "1m", "0s", "1d",
      "time without data from the client after which a keepalive is sent; 0: never"},
     AT(ssh.keepalive_ns)},
    {{"ssh.kex", LIST, LISTENER,
      "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
      "ecdh-sha2-nistp521,diffie-hellman-group14-sha256,diffie-hellman-group16-sha512,"
      "diffie-hellman-group-exchange-sha256,diffie-hellman-group18-sha512", "", "",
      "key exchange methods in order of preference"},
     AT(ssh.fixed.kex), .name_at = choice_kex_at},
    {{"ssh.macs", LIST, LISTENER,
      "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512",
      "", "",
      "message authentication codes in order of preference"},
     AT(ssh.fixed.macs), .name_at = choice_mac_at},
    {{"ssh.public_key_algorithms", LIST, LISTENER,
      "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
      "rsa-sha2-512,rsa-sha2-256", "", "",
      "signature algorithms accepted for public key login"},
     AT(ssh.fixed.public_key_algorithms), .name_at = choice_signature_at},
    {{"ssh.rekey_bytes", BYTES, CONNECTION, "1G", "64K", "64G",
      "amount of data in either direction after which new keys are exchanged"},
     AT(ssh.rekey_bytes)},
    {{"ssh.rekey_time", DURATION, CONNECTION, "1h", "0s", "365d",
      "time after which new keys are exchanged; 0: never"},
     AT(ssh.rekey_ns)},
    {{"ssh.send_queue", BYTES, LISTENER, "512K", "64K", "16M",
      "maximum amount of encrypted data queued for the socket"},
     AT(ssh.send_queue)},
    {{"ssh.software", TEXT, LISTENER, "Sallyport_" SALLY_VERSION_STRING, "", "",
      "software version in the server's identification string, after SSH-2.0-; no spaces or "
      "minus signs"},
     AT(ssh.fixed.software), .is_valid = text_is_software},
    {{"ssh.strict_kex_for_etm", BOOL, LISTENER, "no", "", "",
      "whether to refuse clients without strict key exchange if the negotiated cipher or MAC is "
      "open to the Terrapin attack (chacha20-poly1305 or an -etm MAC)"},
     AT(ssh.fixed.strict_kex_for_etm)},
    {{"ssh.strict_kex_required", BOOL, LISTENER, "no", "", "",
      "whether to refuse all clients without strict key exchange"},
     AT(ssh.fixed.strict_kex_required)},
    {{"ssh.window_max", BYTES, CONNECTION, "64M", "64K", "1G",
      "maximum window of a channel during a busy upload"},
     AT(ssh.window_max)},
    {{"ssh.window_start", BYTES, CONNECTION, "64K", "64K", "64M",
      "initial window of a channel"},
     AT(ssh.window_start)},
    {{"ssh.window_upload", BYTES, CONNECTION, "2M", "64K", "64M",
      "window of a channel when an upload begins, if there is memory for it"},
     AT(ssh.window_upload)},
};
/* clang-format on */

const struct setting_row *setting_row_at(size_t index)
{
    return index < COUNT_OF(rows) ? &rows[index] : NULL;
}

const struct setting_row *setting_row_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].pub.name, name) == 0)
            return &rows[i];
    return NULL;
}

const char *sally_setting_choice_at(const char *name, size_t index)
{
    const struct setting_row *row = name ? setting_row_find(name) : NULL;
    return row && row->name_at ? row->name_at(index) : NULL;
}

const sally_setting *sally_setting_at(size_t index)
{
    return index < COUNT_OF(rows) ? &rows[index].pub : NULL;
}

const sally_setting *sally_setting_find(const char *name)
{
    const struct setting_row *row = name ? setting_row_find(name) : NULL;
    return row ? &row->pub : NULL;
}
