#include "fixture.h"

#include "base/mem.h"
#include "crypto/base64.h"

static void count_destroyed(void *user_data)
{
    if (user_data)
        ++*(int *)user_data;
}

sally_fs *fixture_fs(int *destroyed)
{
    static const sally_fs_methods methods = {.struct_size = sizeof methods,
                                             .destroy = count_destroyed};
    sally_fs *fs;
    assert_int_equal(sally_fs_new(&fs, &methods, destroyed), SALLY_E_OK);
    return fs;
}

static void count_wake(struct auth_request *request)
{
    if (request->owner)
        ++*(int *)request->owner;
}

struct auth_request *fixture_request(sally_auth *auth, uint32_t method)
{
    static const sally_peer peer = {.address = "192.0.2.7", .protocol = "sftp"};
    struct auth_request *r = auth_request_new(auth);
    assert_non_null(r);
    r->pub.method = method;
    r->pub.user = "joe";
    r->pub.peer = &peer;
    r->pub.attempt = 1;
    r->wake = count_wake;
    return r;
}

void fixture_forget(struct auth_request *r)
{
    asked_free(r->asked);
    r->asked = NULL;
}

struct auth_request *fixture_next(struct auth_request *before, uint32_t method)
{
    struct auth_request *r = fixture_request(before->auth, method);
    r->pub.succeeded = before->pub.succeeded;
    r->owner = before->owner;
    r->asked = before->asked;
    before->asked = NULL;
    auth_request_free(before);
    return r;
}

static sally_auth_result run(struct auth_request *r, uint32_t *next)
{
    assert_true(auth_request_run(r));
    sally_auth_result result = r->result;
    if (next)
        *next = r->methods_next;
    auth_request_free(r);
    return result;
}

sally_auth_result try_password(sally_auth *auth, const char *user, const char *password,
                               uint32_t succeeded, uint32_t *next)
{
    struct auth_request *r = fixture_request(auth, SALLY_AUTH_PASSWORD);
    r->pub.user = user;
    r->pub.password = password;
    r->pub.succeeded = succeeded;
    return run(r, next);
}

sally_auth_result try_key(sally_auth *auth, const char *user, const char *blob, bool may_try,
                          uint32_t succeeded, uint32_t *next)
{
    uint8_t bytes[BLOB_SIZE];
    fixture_blob(blob, bytes);
    struct auth_request *r = fixture_request(auth, SALLY_AUTH_PUBLICKEY);
    r->may_try = may_try;
    r->pub.user = user;
    r->pub.key_type = "ssh-ed25519";
    r->pub.key_blob = bytes;
    r->pub.key_blob_size = sizeof bytes;
    r->pub.succeeded = succeeded;
    return run(r, next);
}

void fixture_blob(const char *base64, uint8_t out[BLOB_SIZE])
{
    struct buf b;
    buf_init(&b, BLOB_SIZE);
    assert_true(base64_decode(slice_of(base64), &b));
    assert_int_equal(b.size, BLOB_SIZE);
    memcpy(out, buf_head(&b), BLOB_SIZE);
    buf_clear(&b);
}
