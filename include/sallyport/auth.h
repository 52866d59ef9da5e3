/**
 * @file sallyport/auth.h
 * Who may log in, and what they get. An authenticator answers each attempt with accept, reject, or
 * partial success (another method must follow), at once or later. When it accepts, it provides the
 * session's storage.
 *
 * The library checks signatures: a public key reaches `authenticate` only after the client has
 * proved that it holds the private key.
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
typedef struct sally_auth_request sally_auth_request; /**< one login attempt */

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
    SALLY_AUTH_ACCEPT = 1,  /**< yes: returned by sally_auth_accept() */
    SALLY_AUTH_PARTIAL = 2, /**< partial success: returned by sally_auth_partial() */
    SALLY_AUTH_PROMPT = 3, /**< keyboard-interactive: show the prompts of sally_auth_add_prompt() */
    SALLY_AUTH_PENDING = -1 /**< you will call sally_auth_finish() later */
};

/**
 * One login attempt, filled in by the library; valid until it has been answered. Members that do
 * not belong to `method` are zero. The client's strings contain no NUL (names and passwords with
 * one are rejected without asking the authenticator).
 */
struct sally_auth_request {
    uint32_t method;  /**< one SALLY_AUTH_ bit */
    uint32_t attempt; /**< number of attempts on this connection, including this one; `none` does
                         not count */
    const char *user; /**< the user name that the client sent */
    const sally_peer *peer;       /**< where it comes from */
    sally_connection *connection; /**< the connection (connection.h) */
    uint32_t succeeded; /**< methods by which this user has already succeeded on this connection
                           (SALLY_AUTH_ bits) */
    uint32_t round;     /**< keyboard-interactive: 0 at first, then the number of answered rounds */
    const char *password;            /**< password: the secret, wiped afterwards */
    const char *new_password;        /**< password: the new one; NULL: no change */
    const char *key_type;            /**< publickey: the key's type, such as "ssh-rsa" */
    const char *signature_algorithm; /**< publickey: the algorithm of the client's signature, such
                                        as "rsa-sha2-512"; some types of keys have several */
    const void *key_blob;            /**< publickey: the key as in RFC 4253 section 6.6 */
    size_t key_blob_size;            /**< publickey: bytes */
    const char *key_fingerprint;     /**< publickey: "SHA256:" and base64 */
    const char *const *answers; /**< keyboard-interactive, round 1 and up: answer_count strings,
                                   wiped afterwards */
    uint32_t answer_count;      /**< keyboard-interactive: as many as were prompted for */
    uint32_t reserved;          /**< zero */
    const char *submethods;     /**< keyboard-interactive, round 0: the submethods that the client
                                   prefers (RFC 4256 section 3.1), separated by commas; "": no
                                   preference; a hint, which may be ignored */
    const char *service;        /**< the requested service: "ssh-connection" */
    /** Yours: kept between the requests of a connection, initially NULL; see `forget`. */
    void *state;
    uint64_t reserved2[4]; /**< zero */
};

/** The functions of an authenticator. They run on a worker thread, so they may block. */
typedef struct sally_auth_methods {
    size_t struct_size; /**< sizeof(sally_auth_methods) */
    uint32_t methods;   /**< SALLY_AUTH_ bits of the methods that it handles, and that clients are
                           offered */
    uint32_t flags;     /**< zero */
    /** Whether this key would be accepted. Must not change any state: nothing has been proved.
     * Returns ACCEPT, REJECT or PENDING. Called when the client asks about a key, and before the
     * library verifies a signature by a key that the client has not asked about. As in OpenSSH,
     * the signatures of a rejected key are not verified, and `authenticate` is not called for it;
     * each rejected query counts towards limits.auth_attempts. Called once for each accepted key,
     * unless the client tries others in between. NULL: all keys may be tried. */
    sally_auth_result (*may_try_key)(sally_auth *auth, sally_auth_request *request);
    /** The attempt itself. Must not be NULL. Called only for methods that were offered: after
     * sally_auth_partial() one of its methods, otherwise those of `offered` (or `methods`). Clients
     * may use these in any order: if it matters, check request->succeeded, or offer them one after
     * another. */
    sally_auth_result (*authenticate)(sally_auth *auth, sally_auth_request *request);
    /** The methods to offer this user, as SALLY_AUTH_ bits. request->user, ->peer and ->succeeded
     * are set; ->method is 0. Other methods are rejected without calling `authenticate`. The answer
     * must not reveal which users exist. NULL: offer `methods`. */
    uint32_t (*offered)(sally_auth *auth, sally_auth_request *request);
    /** Frees request->state when the connection ends or the user name changes. Optional. */
    void (*forget)(sally_auth *auth, void *state);
    /** Called once, when the last reference is released. May be NULL. */
    void (*destroy)(void *user_data);
} sally_auth_methods;

/** Creates an authenticator; `methods` is copied. On failure `user_data` remains the caller's:
 * ::SALLY_E_INVALID without `authenticate`, for unknown bits, or for a struct_size that is smaller
 * than the structure of release 0.1, or larger with members that this release does not know. */
SALLY_API SALLY_MUST_CHECK sally_error sally_auth_new(sally_auth **out,
                                                      const sally_auth_methods *methods,
                                                      void *user_data);
/** Takes a reference. Any thread. Returns `auth`. */
SALLY_API sally_auth *sally_auth_ref(sally_auth *auth);
/** Releases a reference; releasing the last one calls destroy. NULL is allowed. Any thread. */
SALLY_API void sally_auth_unref(sally_auth *auth);
/** The user_data that it was created with. */
SALLY_API void *sally_auth_data(const sally_auth *auth);

/** Answers a request for which ::SALLY_AUTH_PENDING was returned. Call it exactly once, from any
 * thread. That thread may call the functions below first: `sally_auth_finish(request,
 * sally_auth_accept(request, fs))`. */
SALLY_API void sally_auth_finish(sally_auth_request *request, sally_auth_result result);

/** Accepts: the session gets this storage (held), the home directory "/", and all permissions,
 * unless the functions below say otherwise; they may be called before or after this one. Returns
 * the result to return. */
SALLY_API sally_auth_result sally_auth_accept(sally_auth_request *request, sally_fs *fs);
/** Attaches the program's data to the login, such as an account or a database handle; its sessions
 * get it with sally_session_login_data(). `free_data` (may be NULL) is called once: as the logout,
 * on the connection's network thread, when the connection and the last of its sessions are gone;
 * or on any thread, if the login fails after all (the answer is not ::SALLY_AUTH_ACCEPT, or
 * something prevents it), or when other data replaces it. It must not wait. */
SALLY_API void sally_auth_set_data(sally_auth_request *request, void *data,
                                   void (*free_data)(void *data));
/** Sets a text that goes with the answer; copied. With ::SALLY_AUTH_REJECT it is the reason, for
 * the log and the hooks (sally_auth_event). Clients do not get it, since SSH's rejection has no
 * text; sally_auth_add_banner() can tell them the reason, but they may be guessing passwords. With
 * ::SALLY_AUTH_ACCEPT it is a welcome message, which SSH clients get as a banner before the
 * success; most show it, but some do not, nor do most that run in scripts. With other answers it
 * is dropped. After ::SALLY_E_INVALID, ::SALLY_E_LIMIT (16 KiB) and ::SALLY_E_NO_MEMORY there is
 * no text, and the answer is still valid. */
SALLY_API sally_error sally_auth_set_message(sally_auth_request *request, const char *text);
/** Sets the directory of the storage that the session sees as "/"; copied and normalised. No path
 * and no symbolic link, not even one that the user creates, leads out of it. See sally_fs_chroot(),
 * also for a directory that does not exist. ::SALLY_E_INVALID for NULL or an invalid path (too
 * long): the login is then rejected. */
SALLY_API sally_error sally_auth_set_root(sally_auth_request *request, const char *root);
/** Sets where relative paths start, below the root; copied. ::SALLY_E_INVALID as above, with the
 * same effect. It should exist: otherwise OpenSSH's sftp shows a directory that cannot be listed,
 * or quits ("Need cwd") if its parent is missing too. */
SALLY_API sally_error sally_auth_set_home(sally_auth_request *request, const char *home);
/** Sets what the session may do: SALLY_MAY_ bits. 0 means nothing (but everything in
 * ::sally_user). */
SALLY_API void sally_auth_set_permissions(sally_auth_request *request, uint32_t permissions);
/** Sets a setting for this user's connection, by name as sally_server_set() does.
 * ::SALLY_E_NOT_FOUND, ::SALLY_E_PARSE, ::SALLY_E_RANGE, ::SALLY_E_UNSUPPORTED for a setting
 * without ::SALLY_SCOPE_USER. A list with +, - or ^ (::SALLY_SETTING_LIST) modifies the server's
 * list. If a list that must not be empty becomes empty, the login is rejected. So it is after
 * ::SALLY_E_LIMIT: more than 64 settings. */
SALLY_API sally_error sally_auth_set(sally_auth_request *request, const char *name,
                                     const char *value);
/** Answers with a partial success: the client must continue with one of `methods_next` (SALLY_AUTH_
 * bits). When it does, request->succeeded contains the methods that have succeeded. Returns the
 * result to return. */
SALLY_API sally_auth_result sally_auth_partial(sally_auth_request *request, uint32_t methods_next);
/** Keyboard-interactive: adds a prompt. `echo`: the answer may be shown as it is typed. Return
 * ::SALLY_AUTH_PROMPT afterwards. ::SALLY_E_INVALID for other methods; ::SALLY_E_LIMIT for more
 * than 64 questions or 16 KiB of text: the attempt is then rejected, regardless of what you
 * return. */
SALLY_API sally_error sally_auth_add_prompt(sally_auth_request *request, const char *text,
                                            bool echo);
/** Keyboard-interactive: sets the text shown above the prompts; either may be "". Errors as in
 * sally_auth_add_prompt(), with the same effect. */
SALLY_API sally_error sally_auth_set_instruction(sally_auth_request *request, const char *name,
                                                 const char *instruction);
/** Adds a text that the client shows before the answer (RFC 4252 section 5.4); copied.
 * ::SALLY_E_LIMIT if all banners together exceed 16 KiB: this one is then left out. In banners,
 * prompts and instructions, invalid UTF-8 and control characters other than line breaks and tabs
 * are replaced by question marks. */
SALLY_API sally_error sally_auth_add_banner(sally_auth_request *request, const char *text);

/** @name Memory that lives as long as the request
 * For the owner of the request: its methods until they return, or after PENDING until
 * sally_auth_finish().
 * @{ */
/** Allocates memory, zeroed, that is wiped and freed once the request has been answered. For state
 * that lasts longer use request->state. NULL: out of memory. */
SALLY_API void *sally_auth_alloc(sally_auth_request *request, size_t size);
/** Copies `text` into such memory. NULL: `text` is NULL, or out of memory. */
SALLY_API char *sally_auth_strdup(sally_auth_request *request, const char *text);
/** Whether the client has disconnected, so that the answer no longer matters. The request must
 * still be answered. */
SALLY_API bool sally_auth_cancelled(const sally_auth_request *request);
/** @} */

/** @name Authenticators that ask others
 * @{ */
/** Receives the answer of the authenticator that was asked: ::SALLY_AUTH_REJECT,
 * ::SALLY_AUTH_ACCEPT, ::SALLY_AUTH_PARTIAL or ::SALLY_AUTH_PROMPT (never PENDING), with
 * everything that it set, which may be added to or replaced. Returns the answer of the asking
 * authenticator, which may differ, or ::SALLY_AUTH_PENDING. */
typedef sally_auth_result sally_auth_done_fn(void *context, sally_auth_request *request,
                                             sally_auth_result result);
/**
 * Asks another authenticator about the request, and judges its answer. Inside `authenticate`, or
 * `may_try_key` (then `may_try_key` of `inner` is called), as in `return sally_auth_ask(inner,
 * request, judge, NULL)`; or while the request is PENDING, in `sally_auth_finish(request, result)`,
 * unless the result is PENDING.
 *
 * `done` is called exactly once: in this call, or when `inner` has answered late, on a worker (in
 * pump mode, and without workers, on the thread that called sally_auth_finish()). NULL: the answer
 * is returned unchanged. After ::SALLY_AUTH_PENDING was returned, return it too, and do not touch
 * the request before `done`.
 *
 * Whatever was set so far (storage, settings, prompts) is dropped first. `inner` has its own
 * request->state for each asker. It sees the successes that it or the asker confirmed, rounds
 * counted from its own first prompts, and the answers to its own prompts only; prompts that `done`
 * adds after these are the asker's. For methods that `inner` does not handle or does not offer now,
 * it is not asked, and the result is ::SALLY_AUTH_REJECT. Ask it in every round of a dialogue, so
 * that it gets the answers. `inner` is held until the connection ends.
 */
SALLY_API sally_auth_result sally_auth_ask(sally_auth *inner, sally_auth_request *request,
                                           sally_auth_done_fn *done, void *context);
/** What `inner` would offer this user now, as SALLY_AUTH_ bits. Allowed inside `offered`, and
 * wherever sally_auth_ask() is. */
SALLY_API uint32_t sally_auth_ask_offered(sally_auth *inner, sally_auth_request *request);
/** Accepts with everything that `inner` granted when it accepted earlier and the asker answered
 * ::SALLY_AUTH_PARTIAL or ::SALLY_AUTH_PROMPT instead: storage, directories, permissions,
 * settings, message and data. Works once, for the same user on the same connection; after
 * ::SALLY_AUTH_PROMPT, only during the same dialogue. Returns the result to return:
 * ::SALLY_AUTH_REJECT if there is nothing to grant. */
SALLY_API sally_auth_result sally_auth_accept_asked(sally_auth_request *request,
                                                    const sally_auth *inner);
/** @} */

/** One user of the ready-made authenticator. All that it points to is copied. */
typedef struct sally_user {
    size_t struct_size;   /**< sizeof(sally_user) */
    const char *name;     /**< not empty, no NUL */
    const char *password; /**< plain text, or a hash that crypt(3) supports ("$y$...", "$2b$...",
                             "$6$...", "$5$..."); NULL: password login is disabled. An empty one
                             fails with ::SALLY_E_INVALID */
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
    size_t authorized_keys_file_count;        /**< number of these; at most 32 files in total */
    /** Settings for the user's connections, with ::SALLY_SCOPE_USER. A login fails if they make a
     * list empty that must not be empty. NULL for none */
    const sally_setting_value *settings;
    size_t setting_count; /**< number number of these; at most 64 */
    const char *message;  /**< the welcome message, see sally_auth_set_message(); NULL for none */
} sally_user;

/** Creates an authenticator with a list of users in memory. Clients may send the password directly
 * or answer a keyboard-interactive prompt: `required` treats both as ::SALLY_AUTH_PASSWORD.
 *
 * Unknown users take as long as known ones: each password attempt computes one hash of every kind
 * and cost among the users' passwords (the eight most expensive, if there are more), so use one
 * kind for all. Looking up a key takes the same time for any number of keys. If users have key
 * files, as many files are checked for every user as for the one with the most.
 *
 * Unless the setting "auth.strict_modes" is off, a key file is only used if it, and every directory
 * and symbolic link on its path, belongs to root, to the process's effective user or, if that is
 * root, to the system's user of this name, and no other user has write access (directories with the
 * sticky bit, such as /tmp, may be writable). The log says which of them failed the check
 * ("auth.untrusted_file").
 *
 * Options before a key are honoured; if one is not supported, the login is rejected.
 * `command="internal-sftp"`, or a path that ends in `/sftp-server`, restricts the login to SFTP: no
 * scp and no other commands. Of that command's options, -R, -d, -p and -P work as in
 * sftp-server(8); -e, -f and -l are ignored. */
SALLY_API SALLY_MUST_CHECK sally_error sally_auth_users_new(sally_auth **out);
/** Adds a user, or replaces the one with this name. Any thread, even while the server runs.
 * ::SALLY_E_INVALID for a struct_size as in sally_auth_new(), for a password that looks like an
 * incomplete hash, and for a required method that the user has no password or key for;
 * ::SALLY_E_LIMIT for more files or settings than the structure says; ::SALLY_E_UNSUPPORTED for a
 * kind of hash that crypt(3) does not know or that is too weak; ::SALLY_E_LIMIT for too many or
 * too large members; for an invalid setting the errors of sally_auth_set().
 * sally_auth_users_error() has the text. */
SALLY_API SALLY_MUST_CHECK sally_error sally_auth_users_add(sally_auth *users,
                                                            const sally_user *user);
/** Removes a user; running sessions continue. ::SALLY_E_NOT_FOUND. Any thread. */
SALLY_API sally_error sally_auth_users_remove(sally_auth *users, const char *name);
/** Explains this thread's last failed sally_auth_users_add() or sally_auth_users_remove() on this
 * list: which setting, what is wrong with the password. Each thread has its own text, valid until
 * that thread's next failed call on this list, until the thread ends, or until the list is freed.
 * Never NULL; "" for other authenticators. Any thread. */
SALLY_API const char *sally_auth_users_error(const sally_auth *users);

/** Creates an authenticator that asks `first`, and then `second` if the first one rejects. Holds
 * both. In keyboard-interactive, each has its own dialogue, one after the other. */
SALLY_API SALLY_MUST_CHECK sally_error sally_auth_chain_new(sally_auth **out, sally_auth *first,
                                                            sally_auth *second);

/** Hashes a password with yescrypt at libcrypt's default cost into `hash`, which ends in NUL.
 * `size` at least 384.
 * ::SALLY_E_INVALID for an empty password, ::SALLY_E_RANGE for a short buffer. Any thread; slow on
 * purpose. */
SALLY_API SALLY_MUST_CHECK sally_error sally_hash_password(const char *password, char *hash,
                                                           size_t size);

/** Whether `hash` is a hash of `password`, in time that does not depend on the password. `hash` is
 * of a kind that sally_user.password accepts ("$y$...", "$2b$...", "$6$...", "$5$..."), such as
 * sally_hash_password() makes. Anything else returns false, even clear text, since a stolen hash of
 * another kind must not work as a password. So does NULL: pass NULL for users who do not exist. In
 * both cases one hash of sally_hash_password()'s kind and cost is computed anyway; if yours are of
 * another kind, keep a hash of a random password and pass that instead of NULL. Runs crypt(3),
 * which takes some 50 milliseconds and 16 MiB at the default cost: call it on a worker (where
 * authenticators are called) or on a thread of your own, but not on a network thread. Any thread.
 */
SALLY_API bool sally_check_password(const char *password, const char *hash);

SALLY_END_DECLS

#endif
