/* The SSH-2 engine: bytes in, bytes out. It owns no socket, thread or clock. It requests what it
 * needs by events, and gets the answers by calls. Server role; the client role serves tests and
 * benchmarks.
 *
 * One thread at a time (the connection's loop). Events come from inside ssh_run, ssh_tick and the
 * calls below; an event handler may call the engine, but not free it.
 *
 *   the owner: room = ssh_input_room(&p); n = read(fd, p, room); ssh_input_filled(n);
 *              ssh_run(now);
 *              while ((s = ssh_output()).size) {
 *                  n = write(fd, s); ssh_output_sent(n); ssh_run(now);
 *              }
 *              at ssh_deadline(): ssh_tick(now);
 *              when ssh_is_over() and no output is left: close the socket, ssh_free();
 *
 * After any other call from outside of an event (a job is done, a query answered, data to send,
 * ssh_rekey(), ...): ssh_run(now). ssh_deadline() returns "now" until that has been done.
 */
#ifndef SALLY_SSH_SSH_H
#define SALLY_SSH_SSH_H

#include "base/chunk.h"
#include "base/cursor.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/turn.h"
#include "crypto/crypto.h"
#include "sallyport/keys.h"
#include "ssh/settings.h"

struct ssh;
struct ssh_channel;
struct login_query; /* base/login_query.h */
struct ssh_job;     /* an expensive computation */

enum ssh_role { SSH_SERVER, SSH_CLIENT };

/* Zero means "no limit" if no default is given in brackets. */
struct ssh_options {
    enum ssh_role role;
    struct crypto *crypto;       /* held */
    struct random_source random; /* also used by the threads that run jobs; outlives them */
    sally_key *const *host_keys; /* server: held each; any number, one per type */
    size_t host_key_count;
    struct ssh_settings settings;
    uint64_t login_ns;          /* from the start to a successful login */
    uint64_t idle_ns;           /* without a channel message */
    uint64_t stall_ns;          /* in which the peer must read some of the data that waits on a
                                 * channel */
    uint32_t max_auth_attempts; /* failed ones; "none" does not count [6] */
    uint32_t max_channels;      /* [10] */
    bool keeps_env;             /* server: environment variables are kept: ssh_channel_env() */
    /* Bytes of packet_length accepted once logged in [256 KiB + 2 KiB]; 64 KiB before. */
    uint32_t max_packet;
    const struct log_sink *log;
    struct log_ids log_ids;
    mem_free_fn *free_large; /* NULL: mem_free() */
    /* Borrowed: packets are counted here; when the turn is over, the rest waits for the next
     * ssh_run(). NULL: no limit. */
    struct turn *turn;
};

/* Who or what ended the connection. */
enum ssh_end {
    /* DISCONNECT from the peer, or the socket ended (ssh_input_eof) */
    SSH_END_PEER = 1,
    SSH_END_LOCAL,    /* ssh_disconnect() */
    SSH_END_PROTOCOL, /* the peer broke the protocol, or nothing could be agreed on */
    SSH_END_TIMEOUT,
    SSH_END_AUTH,    /* too many failed attempts */
    SSH_END_INTERNAL /* out of memory, crypto library */
};

/* An event's answer. Later: nothing that was received is processed until it is given. */
enum ssh_answer { SSH_NO, SSH_YES, SSH_LATER };

struct ssh_events {
    /* Call ssh_job_run(job) in any thread, here or elsewhere, then ssh_job_done(job) in the
     * engine's. NULL: jobs run at once. */
    void (*job)(void *user_data, struct ssh_job *job);
    /* Server: a client wants to log in; answer the query now or later. NULL: all logins are
     * rejected. */
    void (*login)(void *user_data, struct login_query *query);
    /* The login was accepted (both roles). */
    void (*authenticated)(void *user_data);
    /* Server: the peer's identification line, without its line end. SSH_NO: it is told that it is
     * refused, and the connection is over. SSH_LATER: ssh_answer_version(). NULL: all are taken. */
    enum ssh_answer (*version)(void *user_data, const char *line);
    /* A key exchange has ended. `algorithms`: "kex host-key cipher-in mac-in cipher-out mac-out
     * compression". */
    void (*keys_exchanged)(void *user_data, bool first, const char *algorithms);
    /* Server: a host key could not sign (SALLY_E_KEY: its signature is wrong; else what the signer
     * says). In a key exchange the connection is about to be over; it goes on if the client wanted
     * a proof. */
    void (*host_key_failed)(void *user_data, const sally_key *key, sally_error error);
    /* Server: a session channel was refused, the first time on this connection. `setting` is the
     * one that leaves no room; NULL: memory is short. */
    void (*session_refused)(void *user_data, const char *setting);
    /* Server: a session channel asks for a subsystem, or a command (a shell: an empty one).
     * SSH_YES: it is running; its data comes. Once per channel. SSH_LATER: ssh_channel_answer(). */
    enum ssh_answer (*subsystem)(void *user_data, struct ssh_channel *channel, struct slice name);
    enum ssh_answer (*exec)(void *user_data, struct ssh_channel *channel, struct slice command);
    /* Data of a channel, valid during the call. Return its window with ssh_channel_credit(). */
    void (*data)(void *user_data, struct ssh_channel *channel, const uint8_t *data, size_t size);
    void (*eof)(void *user_data, struct ssh_channel *channel);
    /* The channel is gone: last event for it. Chunks still queued are released. Also comes for each
     * channel when the connection ends; at a server, only for those with a subsystem or exec event,
     * even a refused one. */
    void (*closed)(void *user_data, struct ssh_channel *channel);
    /* Charges `bytes` more of window. NULL: granted; otherwise the setting that refuses. `part`:
     * see WINDOW_ALL (window.h). The second function: `bytes` were released. */
    const char *(*window_charge)(void *user_data, size_t bytes, uint32_t part);
    void (*window_release)(void *user_data, size_t bytes);
    /* The connection is over (ssh_is_over() is true now). `detail` is static or lives as long as
     * the engine. */
    void (*over)(void *user_data, enum ssh_end end, const char *detail);
    /* Client: the host's key; true to trust it. A request's reply; a channel was opened (or not).
     */
    bool (*host_key)(void *user_data, struct slice blob);
    void (*channel_opened)(void *user_data, struct ssh_channel *channel, bool ok);
    void (*request_done)(void *user_data, struct ssh_channel *channel, bool ok);
    /* Client: how a command ended: by a signal, or (its name is empty) with a status. */
    void (*exited)(void *user_data, struct ssh_channel *channel, uint32_t status,
                   struct slice signal);
    /* Client: what came on standard error. NULL: it is dropped. */
    void (*error_data)(void *user_data, struct ssh_channel *channel, const uint8_t *data,
                       size_t size);
    void (*auth_failed)(void *user_data, struct slice methods_left, bool partial);
    void (*auth_prompts)(void *user_data, struct slice request_payload);
};

sally_error ssh_new(struct ssh **out, const struct ssh_options *options,
                    const struct ssh_events *events, void *user_data, uint64_t now_ns);
/* Channels get their closed event; pending jobs and queries may still be answered afterwards,
 * without effect. */
void ssh_free(struct ssh *ssh);

/* Input. Room in the receive buffer: read the socket straight into it. 0: no input is accepted now
 * (the send queue is full, or an answer is awaited): stop reading until output was sent or the
 * answer given. Large (up to 256 KiB) only while bulk data flows. */
size_t ssh_input_room(struct ssh *ssh, uint8_t **room);
void ssh_input_filled(struct ssh *ssh, size_t size);
void ssh_input_eof(struct ssh *ssh);
/* Processes what was received and seals what can be sent. */
void ssh_run(struct ssh *ssh, uint64_t now_ns);

/* Output: what is ready for the socket, in one piece, valid until the next call. */
struct slice ssh_output(struct ssh *ssh);
void ssh_output_sent(struct ssh *ssh, size_t size);

/* Time. UINT64_MAX: no deadline. */
uint64_t ssh_deadline(const struct ssh *ssh);
void ssh_tick(struct ssh *ssh, uint64_t now_ns);

bool ssh_is_over(const struct ssh *ssh);
/* Frees unused buffers, so that an idle connection costs little. */
void ssh_trim(struct ssh *ssh);
/* Memory of its buffers and compression, without windows and queued chunks. */
size_t ssh_memory(const struct ssh *ssh);
/* Sends DISCONNECT (by application) with this text, and ends the connection. */
void ssh_disconnect(struct ssh *ssh, const char *text);
void ssh_rekey(struct ssh *ssh);

/* The late answer to the version event. */
void ssh_answer_version(struct ssh *ssh, bool ok);

/* Facts of the connection. The texts are valid as long as the engine ("" before they are known). */
/* The peer's identification line after "SSH-2.0-": its software, and its comment if there is one.
 */
const char *ssh_peer_software(const struct ssh *ssh);
const char *ssh_algorithms(const struct ssh *ssh);
struct ssh_facts {
    const char *our_version, *peer_version; /* the whole identification lines */
    /* Of the last key exchange; static. "" for the MAC of an AEAD cipher. */
    const char *kex, *host_key;
    const char *cipher_in, *cipher_out, *mac_in, *mac_out, *compression_in, *compression_out;
    bool strict_kex;
};
struct ssh_facts ssh_facts(const struct ssh *ssh);
bool ssh_is_authenticated(const struct ssh *ssh);
uint32_t ssh_rekey_count(const struct ssh *ssh);
/* Changes times, sizes and numbers while the engine runs. The fixed settings (settings.h), role,
 * crypto, keys and log do not change. */
void ssh_change(struct ssh *ssh, const struct ssh_options *options);

/* Jobs. */
void ssh_job_run(struct ssh_job *job);
void ssh_job_done(struct ssh_job *job);         /* frees it */
struct list *ssh_job_link(struct ssh_job *job); /* for the owner's lists while it has the job */
struct ssh_job *ssh_job_of_link(struct list *link);
enum ssh_job_kind {
    SSH_JOB_KEX,        /* a key exchange that costs about as much as a signature */
    SSH_JOB_COSTLY_KEX, /* one modulo a large prime, or a signature that is made elsewhere */
    SSH_JOB_PROOF       /* a client's signature */
};
enum ssh_job_kind ssh_job_kind(const struct ssh_job *job);
/* Whether it belongs to a connection that has not logged in. */
bool ssh_job_is_login(const struct ssh_job *job);

/* Channels. */
void *ssh_channel_data(const struct ssh_channel *channel); /* the owner's pointer, NULL at first */
void ssh_channel_set_data(struct ssh_channel *channel, void *data);
uint32_t ssh_channel_number(const struct ssh_channel *channel);
/* The initial window, which may be smaller than the settings ask for if memory was short. The
 * window never becomes smaller. */
uint32_t ssh_channel_window(const struct ssh_channel *channel);
/* Queues bytes; never fails: a chunk that can no longer be sent is released. */
void ssh_channel_send(struct ssh_channel *channel, struct chunk *c);
/* The same for the peer's standard error (RFC 4254 section 5.2): in order with the other data, and
 * within the same window. */
void ssh_channel_send_error(struct ssh_channel *channel, struct chunk *c);
size_t ssh_channel_queued(const struct ssh_channel *channel); /* bytes that wait, not sealed yet */
/* `size` bytes of data have been processed: the window may open again. */
void ssh_channel_credit(struct ssh_channel *channel, size_t size);
/* An upload is about to begin: the window grows to `size` now, if there is memory for it. 0: it has
 * ended, and the window shrinks again as bytes come. */
void ssh_channel_expect(struct ssh_channel *channel, uint32_t size);
/* After all that is queued: EOF; or exit-status, EOF and CLOSE. */
void ssh_channel_send_eof(struct ssh_channel *channel);
void ssh_channel_finish(struct ssh_channel *channel, uint32_t exit_status);
/* The same with an exit-signal in place of the status, or with neither. The texts are copied; what
 * there is no memory for is left out. */
void ssh_channel_finish_by_signal(struct ssh_channel *channel, const char *signal, bool core_dumped,
                                  const char *text);
void ssh_channel_finish_without_status(struct ssh_channel *channel);
/* Server: the late answer to a subsystem or exec event. */
void ssh_channel_answer(struct ssh_channel *channel, bool ok);
/* Server: the environment variables that the peer has set on it: name and value of each as a string
 * (RFC 4251). Without NULs, and '=' in the names. */
struct slice ssh_channel_env(const struct ssh_channel *channel, uint32_t *count);

/* Client role. */
void ssh_client_login_none(struct ssh *ssh, const char *user);
void ssh_client_login_password(struct ssh *ssh, const char *user, const char *password);
void ssh_client_login_key(struct ssh *ssh, const char *user, const sally_key *key, bool ask_first);
void ssh_client_login_interactive(struct ssh *ssh, const char *user);
void ssh_client_answer(struct ssh *ssh, const char *const *answers, size_t count);
struct ssh_channel *ssh_client_open(struct ssh *ssh); /* a session channel; NULL: no memory */
void ssh_client_subsystem(struct ssh_channel *channel, const char *name);
void ssh_client_exec(struct ssh_channel *channel, const char *command);
void ssh_client_env(struct ssh_channel *channel, const char *name, const char *value);

#endif
