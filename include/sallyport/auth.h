/**
 * @file sallyport/auth.h
 * Who may log in, and what they get: an authenticator answers each try with accept, reject, or
 * "partial: next any of these", at once or later, and on accept names the session's storage.
 *
 * Signatures are checked by the library: an authenticator only ever sees a public key in
 * `authenticate` whose owner has proved to hold the private key.
 */
#ifndef SALLYPORT_AUTH_H
#define SALLYPORT_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/op.h"
#include "sallyport/session.h"
#include "sallyport/settings.h"

SALLY_BEGIN_DECLS

typedef struct sally_auth sally_auth;                 /**< an authenticator */
typedef struct sally_auth_request sally_auth_request; /**< one try to log in */

/** Methods of authentication, as a mask. */
enum {
    SALLY_AUTH_NONE = 0x1,                 /**< no proof at all */
    SALLY_AUTH_PASSWORD = 0x2,             /**< RFC 4252 section 8 */
    SALLY_AUTH_PUBLICKEY = 0x4,            /**< RFC 4252 section 7 */
    SALLY_AUTH_KEYBOARD_INTERACTIVE = 0x8, /**< RFC 4256 */
};

/** What an authenticator answers. */
typedef int32_t sally_auth_result;
enum {
    SALLY_AUTH_REJECT = 0,  /**< no */
    SALLY_AUTH_ACCEPT = 1,  /**< yes: say which storage with sally_auth_accept() */
    SALLY_AUTH_PARTIAL = 2, /**< right so far: say what is needed next with sally_auth_partial() */
    SALLY_AUTH_PROMPT =
        3, /**< keyboard-interactive: ask what was added with sally_auth_add_prompt() */
    SALLY_AUTH_PENDING = -1 /**< "I will call sally_auth_finish() later" */
};

/**
 * One try to log in, filled by the library; it lasts until it was answered. Members that do not
 * belong to `method` are zero. Strings of the client hold no NUL (a name or password with one is
 * rejected before the authenticator is asked).
 */
struct sally_auth_request {
    uint32_t method; /**< one SALLY_AUTH_ bit */
    uint32_t
        attempt; /**< tries of this connection so far, this one included; `none` does not count */
    const char *user;             /**< the name the client gives */
    const sally_peer *peer;       /**< where it comes from */
    sally_connection *connection; /**< the connection (connection.h) */
    uint32_t succeeded; /**< methods that this user succeeded with on this connection (SALLY_AUTH_
                           bits) */
    uint32_t round; /**< keyboard-interactive: 0 at first, then one more for each set of answers */
    const char *password;            /**< password: the secret, wiped afterwards */
    const char *new_password;        /**< password: when the client changes it; else NULL */
    const char *key_type;            /**< publickey: the key's type, such as "ssh-rsa" */
    const char *signature_algorithm; /**< publickey: what the client signs by, such as
                                        "rsa-sha2-512"; for some types of keys there are several */
    const void *key_blob;            /**< publickey: the key as in RFC 4253 section 6.6 */
    size_t key_blob_size;            /**< publickey: bytes */
    const char *key_fingerprint;     /**< publickey: "SHA256:" and base64 */
    const char *const *answers; /**< keyboard-interactive, round 1 and up: answer_count strings,
                                   wiped afterwards */
    uint32_t answer_count;      /**< keyboard-interactive: as many as were prompted for */
    uint32_t reserved;          /**< zero */
    const char *submethods;     /**< keyboard-interactive, round 0: what the client would like to be
                                   asked by (RFC 4256 section 3.1): names separated by commas, ""
                                   for "as you like"; a hint, which may be ignored */
    const char *service;        /**< what the client wants to use: "ssh-connection" */
    void *state; /**< yours, kept from one request of a connection to the next, NULL at first; see
                    forget */
    uint64_t reserved2[4]; /**< zero */
};

/** The functions of an authenticator. They may block: they run on a worker thread. */
typedef struct sally_auth_methods {
    size_t struct_size; /**< sizeof(sally_auth_methods) */
    uint32_t methods;   /**< SALLY_AUTH_ bits that it takes part in; what clients are offered */
    uint32_t flags;     /**< zero */
    /** "Would you accept this key?" Changes no state, proves nothing. ACCEPT or REJECT (or
     * PENDING). Called when the client asks, and before a signature is verified by a key that the
     * client has not asked about. As in OpenSSH, a rejected key's signatures are not verified, and
     * `authenticate` is not called for it; each rejected question counts towards
     * limits.auth_attempts. Called once for each accepted key, unless the client tries others in
     * between. NULL: ask the client for a proof of every key. */
    sally_auth_result (*may_try_key)(sally_auth *auth, sally_auth_request *request);
    /** The try itself. Must not be NULL. Only comes for what was offered: after
     * sally_auth_partial() for one of its methods, else for those of `offered` (or `methods`). In
     * any order among them: where the order matters, look at request->succeeded, or offer one after
     * the other. */
    sally_auth_result (*authenticate)(sally_auth *auth, sally_auth_request *request);
    /** The methods to offer this user (request->user, ->peer, ->succeeded are set, method is 0); a
     * mask of SALLY_AUTH_ bits. NULL: `methods`. Others are rejected without asking `authenticate`.
     * Must not tell which users exist. */
    uint32_t (*offered)(sally_auth *auth, sally_auth_request *request);
    /** Frees request->state when the connection ends or the user name changes. May be NULL. */
    void (*forget)(sally_auth *auth, void *state);
    /** Called once, when the last holder has let go of the authenticator. May be NULL. */
    void (*destroy)(void *user_data);
} sally_auth_methods;

/** Makes an authenticator; `methods` is copied. On failure `user_data` stays the caller's:
 * ::SALLY_E_INVALID without `authenticate`, for unknown bits, or for a struct_size that is smaller
 * than the structure of release 0.1, or larger with members that this release does not know. */
SALLY_API SALLY_MUST_CHECK sally_error sally_auth_new(sally_auth **out,
                                                      const sally_auth_methods *methods,
                                                      void *user_data);
/** One more holder. Any thread. Returns `auth`. */
SALLY_API sally_auth *sally_auth_ref(sally_auth *auth);
/** One holder less; the last one calls destroy. NULL is allowed. Any thread. */
SALLY_API void sally_auth_unref(sally_auth *auth);
/** The user_data that it was made with. */
SALLY_API void *sally_auth_data(const sally_auth *auth);

/** The late answer after ::SALLY_AUTH_PENDING was returned. Exactly once, from any thread, which
 * may call the functions below first: `sally_auth_finish(request, sally_auth_accept(request, fs))`.
 */
SALLY_API void sally_auth_finish(sally_auth_request *request, sally_auth_result result);

/** Answers yes: the session gets this storage (the session holds it), the home directory "/", and
 * may do everything, unless the functions below, which may be called before or after this one, say
 * otherwise. Returns the result to return. */
SALLY_API sally_auth_result sally_auth_accept(sally_auth_request *request, sally_fs *fs);
/** Data of the program's for the sessions of this login, which find it with
 * sally_session_login_data(): an account, a database handle. `free_data` (may be NULL) is called
 * once: as the logout, on the connection's network thread, when the connection and the last of its
 * sessions are gone; or, on any thread, when this does not lead to a login after all (the answer is
 * not ::SALLY_AUTH_ACCEPT, or something is in the way of the login), or when other data takes its
 * place. It must not wait. */
SALLY_API void sally_auth_set_data(sally_auth_request *request, void *data,
                                   void (*free_data)(void *data));
/** A text that goes with the answer; copied. With ::SALLY_AUTH_REJECT, the reason: it goes into the
 * log and to the hooks (sally_auth_event), and not to the client: SSH has no place for it in its
 * "no" (use sally_auth_add_banner() to tell clients, who may be guessing). With
 * ::SALLY_AUTH_ACCEPT, a welcome, which SSH clients are sent as a banner, before the "yes"; most
 * show it, some (and most that run in scripts) do not. With other answers it is dropped.
 * ::SALLY_E_INVALID, ::SALLY_E_LIMIT (16 KiB), ::SALLY_E_NO_MEMORY: there is no text then, and the
 * answer counts all the same. */
SALLY_API sally_error sally_auth_set_message(sally_auth_request *request, const char *text);
/** The directory of the storage that the session sees as "/"; copied and normalised. No path and no
 * symbolic link, not even one that the user creates, leads out of it. See sally_fs_chroot(), also
 * for what happens when the directory does not exist. ::SALLY_E_INVALID for NULL or an invalid path
 * (too long): the login is then rejected. */
SALLY_API sally_error sally_auth_set_root(sally_auth_request *request, const char *root);
/** Where relative paths start, below the root; copied. It should be there: OpenSSH's sftp leaves
 * ("Need cwd") when its parent is missing, too, and else shows a directory that cannot be listed.
 */
SALLY_API sally_error sally_auth_set_home(sally_auth_request *request, const char *home);
/** What the session may do: SALLY_MAY_ bits. 0 means nothing (in ::sally_user, it means all). */
SALLY_API void sally_auth_set_permissions(sally_auth_request *request, uint32_t permissions);
/** Sets a setting for this user's connection, by name as sally_server_set() does.
 * ::SALLY_E_NOT_FOUND, ::SALLY_E_PARSE, ::SALLY_E_RANGE, ::SALLY_E_UNSUPPORTED for a setting
 * without ::SALLY_SCOPE_USER. A list that is a change (::SALLY_SETTING_LIST) modifies the server's
 * list. If this empties a list that must not be empty, the login is rejected. */
SALLY_API sally_error sally_auth_set(sally_auth_request *request, const char *name,
                                     const char *value);
/** Answers "right so far", and tells the client to go on with any of `methods_next` (SALLY_AUTH_
 * bits); what it does then is yours to judge by request->succeeded. Returns the result to return.
 */
SALLY_API sally_auth_result sally_auth_partial(sally_auth_request *request, uint32_t methods_next);
/** Keyboard-interactive: one more question; `echo`: the answer may be shown. Return
 * ::SALLY_AUTH_PROMPT. */
SALLY_API sally_error sally_auth_add_prompt(sally_auth_request *request, const char *text,
                                            bool echo);
/** Keyboard-interactive: what stands above the questions; either may be "". */
SALLY_API sally_error sally_auth_set_instruction(sally_auth_request *request, const char *name,
                                                 const char *instruction);
/** A text that the client shows before the answer (RFC 4252 section 5.4); copied. In banners,
 * prompts and instructions, invalid UTF-8 and control characters other than line breaks and tabs
 * are replaced by question marks. */
SALLY_API sally_error sally_auth_add_banner(sally_auth_request *request, const char *text);

/** @name Memory that lives as long as the request
 * For the owner of the request: its methods until they return, or after PENDING until
 * sally_auth_finish().
 * @{ */
/** Memory for anything, zeroed, wiped and freed once the request is answered. For a state that
 * lasts longer see request->state. NULL when memory is short. */
SALLY_API void *sally_auth_alloc(sally_auth_request *request, size_t size);
/** A copy of `text` in such memory; NULL for NULL, or when memory is short. */
SALLY_API char *sally_auth_strdup(sally_auth_request *request, const char *text);
/** Whether the client is gone, so that the answer no longer matters; it is still owed. */
SALLY_API bool sally_auth_cancelled(const sally_auth_request *request);
/** @} */

/** @name Authenticators that ask others
 * @{ */
/** What the asked authenticator answered: ::SALLY_AUTH_REJECT, ::SALLY_AUTH_ACCEPT,
 * ::SALLY_AUTH_PARTIAL or ::SALLY_AUTH_PROMPT (never PENDING), with all that it said, which may be
 * added to or replaced. Returns the answer of the one that asked, which may be another one, or
 * ::SALLY_AUTH_PENDING. */
typedef sally_auth_result sally_auth_done_fn(void *context, sally_auth_request *request,
                                             sally_auth_result result);
/**
 * Asks another authenticator in the request's name, and judges its answer. Inside `authenticate`,
 * or `may_try_key` (then the other one's is asked), as in `return sally_auth_ask(inner, request,
 * judge, NULL)`; or while the request is PENDING, in `sally_auth_finish(request, result)`, unless
 * the result is PENDING.
 *
 * `done` is called exactly once: in this call, or when `inner` has answered late, on a worker (in
 * pump mode, and without workers, on the thread that called sally_auth_finish()). NULL: the answer
 * is the asker's as it is. After ::SALLY_AUTH_PENDING was returned, return it too, and do not touch
 * the request before `done`.
 *
 * What was answered so far (storage, settings, prompts) is dropped first. `inner` has a
 * request->state of its own for each asker, sees the successes that itself and the asker called
 * right, rounds that count from its own first question, and answers to its own questions only:
 * those that `done` adds behind them are the asker's. It is not asked, and the result is
 * ::SALLY_AUTH_REJECT, for methods that it takes no part in or does not offer now. So that it is
 * asked about a dialogue's answers, ask it in each round. `inner` is held until the connection
 * ends.
 */
SALLY_API sally_auth_result sally_auth_ask(sally_auth *inner, sally_auth_request *request,
                                           sally_auth_done_fn *done, void *context);
/** What `inner` would offer this user now: SALLY_AUTH_ bits. Inside `offered`, and wherever
 * sally_auth_ask() is allowed. */
SALLY_API uint32_t sally_auth_ask_offered(sally_auth *inner, sally_auth_request *request);
/** Answers yes with all that `inner` accepted with, when the asker answered ::SALLY_AUTH_PARTIAL or
 * ::SALLY_AUTH_PROMPT to that: storage, directories, permissions, settings, message and data. It
 * is there for the same user on the same connection, once; after ::SALLY_AUTH_PROMPT, as long as
 * the dialogue lasts. Returns the result to return: ::SALLY_AUTH_REJECT if there is nothing. */
SALLY_API sally_auth_result sally_auth_accept_asked(sally_auth_request *request,
                                                    const sally_auth *inner);
/** @} */

/** One user of the ready-made authenticator. All that it points to is copied. */
typedef struct sally_user {
    size_t struct_size; /**< sizeof(sally_user) */
    const char *name;   /**< not empty, no NUL */
    const char *
        password; /**< clear, or a hash as crypt(3) knows ("$y$...", "$2b$...", "$6$...", "$5$...");
                     NULL: password login is disabled. An empty one fails with ::SALLY_E_INVALID */
    const char *authorized_keys;      /**< lines as in OpenSSH's authorized_keys; NULL for none */
    const char *authorized_keys_file; /**< a file of such lines, checked at each login and read
                                         if it has changed; ignored if it is larger than 1 MiB or
                                         if others could have changed it (see below); NULL for
                                         none */
    sally_fs *fs;                     /**< the storage; held */
    const char *root;                 /**< see sally_auth_set_root(); NULL: "/" */
    const char *home;                 /**< NULL: "/" */
    uint32_t permissions;             /**< SALLY_MAY_ bits; 0 means all of them, unlike in
                                         sally_auth_set_permissions() */
    uint32_t required; /**< SALLY_AUTH_ bits that must all succeed, in any order; 0: any one */
    const char *const *authorized_keys_files; /**< more files, as authorized_keys_file; NULL for
                                                 none */
    size_t authorized_keys_file_count;        /**< of these; at most 32 files in all */
    const sally_setting_value *settings; /**< for the user's connections; they are checked at the
                                           login, which a wrong one rejects (the log says which).
                                           NULL for none */
    size_t setting_count;                /**< of these; at most 64 */
    const char *message; /**< the welcome, see sally_auth_set_message(); NULL for none */
} sally_user;

/** An authenticator over a list of users in memory. Clients may send the password
 * directly or answer a keyboard-interactive prompt: both are ::SALLY_AUTH_PASSWORD to `required`.
 *
 * Unknown users take as long as known ones: each password attempt computes one hash of each kind
 * and cost among the users' passwords (the eight most expensive, if there are more), so use one
 * kind for all. Looking up a key takes the same time however many there are; if users have files
 * of keys, as many are checked for everybody as the user with the most of them has.
 *
 * Unless the setting "auth.strict_modes" is off, a file of keys is used only if it, and every
 * directory and symbolic link on the way to it, belongs to root, to the process's effective user
 * or, if that is root, to the system's user of this name, and nobody else has write access
 * (directories with the sticky bit, such as /tmp, may be writable). The log says which of them is
 * at fault ("auth.untrusted_file").
 *
 * Options in front of a key are obeyed; if one is not supported, the login is refused.
 * `command="internal-sftp"`, or a path that ends in `/sftp-server`, restricts the login to SFTP: no
 * scp and no other commands. Of that command's options, -R, -d, -p and -P work as in
 * sftp-server(8); -e, -f and -l are ignored. */
SALLY_API SALLY_MUST_CHECK sally_error sally_auth_users_new(sally_auth **out);
/** Adds a user, or replaces the one of this name. Any thread, also while the server runs.
 * ::SALLY_E_INVALID for a struct_size as in sally_auth_new(), and for a password that looks like an
 * incomplete hash, and for a required method that the user has no password or key for;
 * ::SALLY_E_UNSUPPORTED for a kind of hash that crypt(3) does not know or that is too weak. */
SALLY_API SALLY_MUST_CHECK sally_error sally_auth_users_add(sally_auth *users,
                                                            const sally_user *user);
/** Removes a user; running sessions go on. ::SALLY_E_NOT_FOUND. Any thread. */
SALLY_API sally_error sally_auth_users_remove(sally_auth *users, const char *name);

/** An authenticator that asks `first`, and `second` when the first one rejects. Holds both. In
 * keyboard-interactive, each has a dialogue of its own, one after the other. */
SALLY_API SALLY_MUST_CHECK sally_error sally_auth_chain_new(sally_auth **out, sally_auth *first,
                                                            sally_auth *second);

/** Hashes a password with yescrypt at libcrypt's default cost into `hash`, which ends in NUL.
 * `size` at least 384.
 * ::SALLY_E_INVALID for an empty password, ::SALLY_E_RANGE for a short buffer. Any thread; slow on
 * purpose. */
SALLY_API SALLY_MUST_CHECK sally_error sally_hash_password(const char *password, char *hash,
                                                           size_t size);

/** Whether `password` is the one that `hash` is of, in time that does not depend on the password.
 * `hash`: of a kind that sally_user.password takes ("$y$...", "$2b$...", "$6$...", "$5$..."), such
 * as sally_hash_password() makes. Anything else is false, clear text too (a stolen hash of another
 * kind must not do as the password), and so is NULL: ask with NULL for users who do not exist. For
 * both, one hash of sally_hash_password()'s kind and cost is computed all the same; where yours are
 * of another kind, keep one of a random password, and ask with that instead of NULL.
 * Runs crypt(3), which takes some 50 milliseconds and 16 MiB at the default cost: call it on a
 * worker (where authenticators are called) or on a thread of your own, not on a network thread. Any
 * thread.
 */
SALLY_API bool sally_check_password(const char *password, const char *hash);

SALLY_END_DECLS

#endif
