/* What the tests of authenticators share: cmocka, a storage that only exists, tries to log in. */
#ifndef AUTH_FIXTURE_H
#define AUTH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "auth/request.h"
#include "sallyport/fs.h"

/* A storage; `*destroyed` counts how often it went. */
sally_fs *fixture_fs(int *destroyed);

/* A request of this method for `auth`, in the name of "joe" from 192.0.2.7. wake() is counted in
 * *(int *)owner when owner is set. */
struct auth_request *fixture_request(sally_auth *auth, uint32_t method);

/* The next one of the same connection, in place of `before`, with what that has left behind. */
struct auth_request *fixture_next(struct auth_request *before, uint32_t method);
/* As at the end of a connection. */
void fixture_forget(struct auth_request *r);

/* An attempt with a password or a key; `succeeded` goes in, the methods that must follow come out
 * in *next (which may be NULL). */
sally_auth_result try_password(sally_auth *auth, const char *user, const char *password,
                               uint32_t succeeded, uint32_t *next);
sally_auth_result try_key(sally_auth *auth, const char *user, const char *blob, bool may_try,
                          uint32_t succeeded, uint32_t *next);

/* Two keys (made for these tests): the blob in base64, as it stands in files, and its bytes (the
 * type is "ssh-ed25519"). */
#define KEY_A     "AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"
#define KEY_B     "AAAAC3NzaC1lZDI1NTE5AAAAICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9A"
#define BLOB_SIZE 51
void fixture_blob(const char *base64, uint8_t out[BLOB_SIZE]);

#endif
