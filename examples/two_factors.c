/* Key and then a code of six digits from an app (TOTP, RFC 6238): an authenticator that asks the list of users about the key,
 * and judges the code itself. The list says what the user gets.
 *
 *     cc two_factors.c $(pkg-config --cflags --libs sallyport libcrypto)
 *     ./two_factors AUTHORIZED_KEYS SECRET [sftp://127.0.0.1:2222]      (the secret as it is, not in base 32)
 */
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <sallyport.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct factors {
    sally_auth *users;
    const char *secret;    /* of the one user that there is here; a real program has one for each */
    _Atomic uint64_t used; /* the last code's time: each is good once */
};

static void make_code(const char *secret, uint64_t time_step, char code[7]) {
    unsigned char message[8], mac[20];
    for (int i = 7; i >= 0; i--, time_step >>= 8) message[i] = (unsigned char)time_step;
    HMAC(EVP_sha1(), secret, (int)strlen(secret), message, sizeof message, mac, NULL);
    const unsigned char *at = mac + (mac[19] & 15);
    uint32_t number = (at[0] & 127u) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    snprintf(code, 7, "%06u", number % 1000000);
}

static bool is_code(struct factors *f, const char *said) {
    char code[7];
    uint64_t now = (uint64_t)time(NULL) / 30;
    for (uint64_t step = now - 1; step <= now + 1; step++) { /* clocks differ */
        uint64_t used = atomic_load(&f->used);
        make_code(f->secret, step, code);
        if (strlen(said) == 6 && CRYPTO_memcmp(said, code, 6) == 0)
            return step > used && atomic_compare_exchange_strong(&f->used, &used, step);
    }
    return false;
}

static sally_auth_result and_a_code(void *context, sally_auth_request *request, sally_auth_result result) {
    (void)context;
    return result == SALLY_AUTH_ACCEPT ? sally_auth_partial(request, SALLY_AUTH_KEYBOARD_INTERACTIVE) : result;
}

static sally_auth_result authenticate(sally_auth *auth, sally_auth_request *request) {
    struct factors *f = sally_auth_data(auth);
    if (request->method == SALLY_AUTH_PUBLICKEY) return sally_auth_ask(f->users, request, and_a_code, NULL);
    if (request->round == 0)
        return sally_auth_add_prompt(request, "Code: ", true) ? SALLY_AUTH_REJECT : SALLY_AUTH_PROMPT;
    if (is_code(f, request->answers[0])) return sally_auth_accept_asked(request, f->users);
    sally_auth_set_message(request, "wrong code, or used before"); /* for the log */
    return SALLY_AUTH_REJECT;
}

static sally_auth_result may_try_key(sally_auth *auth, sally_auth_request *request) {
    struct factors *f = sally_auth_data(auth);
    return sally_auth_ask(f->users, request, NULL, NULL);
}

static uint32_t offered(sally_auth *auth, sally_auth_request *request) {
    (void)auth;
    return request->succeeded & SALLY_AUTH_PUBLICKEY ? SALLY_AUTH_KEYBOARD_INTERACTIVE : SALLY_AUTH_PUBLICKEY;
}

int main(int argc, char **argv) {
    if (argc < 3) return fprintf(stderr, "usage: %s AUTHORIZED_KEYS SECRET [URL]\n", argv[0]), 2;
    struct factors f = {.secret = argv[2]};
    sally_auth_methods methods = {.struct_size = sizeof methods,
                                  .methods = SALLY_AUTH_PUBLICKEY | SALLY_AUTH_KEYBOARD_INTERACTIVE,
                                  .may_try_key = may_try_key, .authenticate = authenticate, .offered = offered};
    sally_user demo = {.struct_size = sizeof demo, .name = "demo", .authorized_keys_file = argv[1],
                       .message = "Welcome.\n"};
    sally_auth *auth;
    sally_server *server;
    if (sally_fs_memory(&demo.fs, 0) || sally_auth_users_new(&f.users) || sally_auth_users_add(f.users, &demo) ||
        sally_auth_new(&auth, &methods, &f) || sally_server_new(&server))
        return 1;
    if (sally_server_set_auth(server, auth) ||
        sally_server_add_listener(server, argc > 3 ? argv[3] : "sftp://127.0.0.1:2222") || sally_server_run(server))
        fprintf(stderr, "%s\n", sally_server_error(server));
    sally_error error = sally_server_free(server);
    sally_auth_unref(auth);
    sally_auth_unref(f.users);
    sally_fs_unref(demo.fs);
    return error;
}
