#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc_failure.h"
#include "auth/authenticator.h"
#include "fixture.h"

#define LINE_A "ssh-ed25519 " KEY_A " joe\n"
#define LINE_B "ssh-ed25519 " KEY_B " other\n"

static sally_auth *users;
static sally_fs *fs;
static int fs_gone;

static int setup(void **state)
{
    (void)state;
    fs_gone = 0;
    fs = fixture_fs(&fs_gone);
    return sally_auth_users_new(&users) == SALLY_E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    sally_auth_unref(users);
    sally_fs_unref(fs);
    return fs_gone == 1 ? 0 : -1; /* no one holds it any longer */
}

static sally_user user(const char *name, const char *password)
{
    sally_user u = {.struct_size = sizeof u, .name = name, .password = password, .fs = fs};
    return u;
}

static void add(const sally_user *u)
{
    assert_int_equal(sally_auth_users_add(users, u), SALLY_E_OK);
}

static void passwords(void **state)
{
    (void)state;
    sally_user joe = user("joe", "secret"), ann = user("ann", "other");
    add(&joe);
    add(&ann);
    assert_int_equal(try_password(users, "joe", "secret", 0, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(try_password(users, "ann", "other", 0, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(try_password(users, "ann", "secret", 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_password(users, "joe", "", 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_password(users, "", "secret", 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_password(users, "Joe", "secret", 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_password(users, "../joe", "secret", 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_key(users, "joe", KEY_A, false, 0, NULL), SALLY_AUTH_REJECT);
}

/* A password that is asked for. `answer` NULL: what the question itself leads to. */
static sally_auth_result try_prompt(const char *name, const char *answer, uint32_t succeeded,
                                    uint32_t *next)
{
    struct auth_request *r = fixture_request(users, SALLY_AUTH_KEYBOARD_INTERACTIVE);
    r->pub.user = name;
    r->pub.succeeded = succeeded;
    if (answer) {
        r->pub.round = 1;
        r->pub.answers = &answer;
        r->pub.answer_count = 1;
    }
    assert_true(auth_request_run(r));
    sally_auth_result result = r->result;
    if (next)
        *next = r->methods_next;
    if (result == SALLY_AUTH_PROMPT) {
        assert_int_equal(r->prompt_count, 1);
        assert_string_equal(r->prompts[0].text, "Password: ");
        assert_false(r->prompts[0].echo);
    }
    auth_request_free(r);
    return result;
}

static void passwords_that_are_asked_for(void **state)
{
    (void)state;
    sally_user joe = user("joe", "secret"), ann = user("ann", NULL);
    ann.authorized_keys = LINE_A;
    add(&ann);
    /* No one has a password: there is nothing to ask for. */
    assert_int_equal(try_prompt("ann", NULL, 0, NULL), SALLY_AUTH_REJECT);
    add(&joe);
    assert_int_equal(try_prompt("joe", NULL, 0, NULL), SALLY_AUTH_PROMPT);
    assert_int_equal(try_prompt("joe", "secret", 0, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(try_prompt("joe", "wrong", 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_prompt("joe", "", 0, NULL), SALLY_AUTH_REJECT);
    /* Who has no password is asked as everyone is, and so is no one. */
    assert_int_equal(try_prompt("ann", NULL, 0, NULL), SALLY_AUTH_PROMPT);
    assert_int_equal(try_prompt("ann", "", 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_prompt("bob", NULL, 0, NULL), SALLY_AUTH_PROMPT);
    assert_int_equal(try_prompt("bob", "secret", 0, NULL), SALLY_AUTH_REJECT);
    /* Answers that do not fit the question. */
    static const char *const answers[] = {"secret", "secret"};
    for (uint32_t count = 0; count <= 2; count += 2) {
        struct auth_request *r = fixture_request(users, SALLY_AUTH_KEYBOARD_INTERACTIVE);
        r->pub.round = 1;
        r->pub.answers = answers;
        r->pub.answer_count = count;
        assert_true(auth_request_run(r));
        assert_int_equal(r->result, SALLY_AUTH_REJECT);
        auth_request_free(r);
    }
}

static void no_users_at_all(void **state)
{
    (void)state;
    assert_int_equal(try_password(users, "joe", "secret", 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_key(users, "joe", KEY_A, false, 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(sally_auth_users_remove(users, "joe"), SALLY_E_NOT_FOUND);
}

static void what_accept_gives(void **state)
{
    (void)state;
    sally_user joe = user("joe", "secret");
    joe.root = "/srv//joe/";
    joe.home = "in";
    joe.permissions = SALLY_MAY_VIEW;
    add(&joe);
    struct auth_request *r = fixture_request(users, SALLY_AUTH_PASSWORD);
    r->pub.password = "secret";
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_ptr_equal(r->answer.fs, fs);
    assert_string_equal(r->answer.root, "/srv/joe");
    assert_string_equal(r->answer.home, "/in");
    assert_int_equal(r->answer.permissions, SALLY_MAY_VIEW);
    auth_request_free(r);
}

static void keys(void **state)
{
    (void)state;
    sally_user joe = user("joe", NULL);
    joe.authorized_keys = "# mine\n" LINE_A "from=\"10.0.0.0/8\" " LINE_B;
    add(&joe);
    assert_int_equal(try_key(users, "joe", KEY_A, true, 0, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(try_key(users, "joe", KEY_A, false, 0, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(try_key(users, "joe", KEY_B, false, 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_key(users, "ann", KEY_A, true, 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_key(users, "ann", KEY_A, false, 0, NULL), SALLY_AUTH_REJECT);
    /* Without a password, none is right. */
    assert_int_equal(try_password(users, "joe", "", 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_password(users, "joe", "(null)", 0, NULL), SALLY_AUTH_REJECT);
}

static void the_reason_of_a_refusal(void **state)
{
    (void)state;
    sally_user joe = user("joe", NULL);
    joe.authorized_keys = "from=\"10.0.0.0/8\" " LINE_A;
    add(&joe);
    uint8_t blob[BLOB_SIZE];
    fixture_blob(KEY_A, blob);
    struct auth_request *r = fixture_request(users, SALLY_AUTH_PUBLICKEY);
    r->pub.key_blob = blob;
    r->pub.key_blob_size = sizeof blob;
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    assert_string_equal(r->reason, "the key may not be used from this address");
    auth_request_free(r);
    /* Someone else's refusal is no one's business. */
    r = fixture_request(users, SALLY_AUTH_PUBLICKEY);
    r->pub.user = "ann";
    r->pub.key_blob = blob;
    r->pub.key_blob_size = sizeof blob;
    assert_true(auth_request_run(r));
    assert_null(r->reason);
    auth_request_free(r);
}

static void a_file_is_read_at_each_login(void **state)
{
    (void)state;
    char path[] = "/tmp/sally-users-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, LINE_A, strlen(LINE_A)), (int)strlen(LINE_A));
    sally_user joe = user("joe", NULL);
    joe.authorized_keys = LINE_B;
    joe.authorized_keys_file = path;
    add(&joe);
    assert_int_equal(try_key(users, "joe", KEY_A, false, 0, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(try_key(users, "joe", KEY_B, false, 0, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(try_key(users, "joe", KEY_A, false, 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(pwrite(fd, LINE_A, strlen(LINE_A), 0), (int)strlen(LINE_A));
    assert_int_equal(fchmod(fd, 0666), 0);
    assert_int_equal(try_key(users, "joe", KEY_A, false, 0, NULL), SALLY_AUTH_REJECT);
    close(fd);
    unlink(path);
    assert_int_equal(try_key(users, "joe", KEY_A, false, 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_key(users, "joe", KEY_B, false, 0, NULL), SALLY_AUTH_ACCEPT);
}

static int write_file(char *path, const char *text)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    return fd;
}

static void there_may_be_several_files(void **state)
{
    (void)state;
    char a[] = "/tmp/sally-users-XXXXXX", b[] = "/tmp/sally-users-XXXXXX";
    int fd_a = write_file(a, LINE_A), fd_b = write_file(b, LINE_B);
    const char *const both[] = {a, b}, *const nowhere[] = {"/nonexistent"};
    sally_user joe = user("joe", NULL), ann = user("ann", NULL), jim = user("jim", NULL);
    joe.authorized_keys_files = both;
    joe.authorized_keys_file_count = 2;
    ann.authorized_keys_file = b; /* one more than one */
    ann.authorized_keys_files = nowhere;
    ann.authorized_keys_file_count = 1;
    jim.authorized_keys_file = a;
    add(&jim);
    add(&ann);
    add(&joe);
    assert_int_equal(try_key(users, "joe", KEY_A, true, 0, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(try_key(users, "joe", KEY_B, false, 0, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(try_key(users, "ann", KEY_A, true, 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_key(users, "ann", KEY_B, false, 0, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(try_key(users, "jim", KEY_A, false, 0, NULL), SALLY_AUTH_ACCEPT);
    /* Others' files are examined for jim, too, and open nothing to him. */
    assert_int_equal(try_key(users, "jim", KEY_B, false, 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_key(users, "nobody", KEY_A, true, 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(sally_auth_users_remove(users, "joe"), SALLY_E_OK);
    assert_int_equal(try_key(users, "ann", KEY_B, false, 0, NULL), SALLY_AUTH_ACCEPT);
    close(fd_a);
    close(fd_b);
    unlink(a);
    unlink(b);
    const char *many[33];
    for (size_t i = 0; i < 33; i++)
        many[i] = "/nonexistent";
    joe.authorized_keys_files = many;
    joe.authorized_keys_file_count = 33;
    assert_int_equal(sally_auth_users_add(users, &joe), SALLY_E_LIMIT);
    joe.authorized_keys_file_count = 32;
    assert_int_equal(sally_auth_users_add(users, &joe), SALLY_E_OK);
    joe.authorized_keys_file = many[0];
    assert_int_equal(sally_auth_users_add(users, &joe), SALLY_E_LIMIT);
    joe.authorized_keys_file = NULL;
    joe.authorized_keys_file_count = SIZE_MAX;
    assert_int_equal(sally_auth_users_add(users, &joe), SALLY_E_LIMIT);
    many[1] = NULL;
    joe.authorized_keys_file_count = 2;
    assert_int_equal(sally_auth_users_add(users, &joe), SALLY_E_INVALID);
    joe.authorized_keys_files = NULL;
    assert_int_equal(sally_auth_users_add(users, &joe), SALLY_E_INVALID);
}

static const char *setting_of(const struct auth_request *r, const char *name);

/* As a server that knows fewer. */
static sally_error refuse_scp(const char *name, const char *value)
{
    (void)name;
    return strcmp(value, "scp") == 0 ? SALLY_E_NOT_FOUND : SALLY_E_OK;
}

static struct auth_request *log_in(void)
{
    struct auth_request *r = fixture_request(users, SALLY_AUTH_PASSWORD);
    r->check_setting = refuse_scp;
    r->pub.password = "secret";
    assert_true(auth_request_run(r));
    return r;
}

static void users_have_settings_and_a_welcome(void **state)
{
    (void)state;
    sally_setting_value settings[65] = {{"sftp.max_read", "64K"}, {"ssh.commands", "none"}};
    sally_user joe = user("joe", "secret");
    joe.settings = settings;
    joe.setting_count = 2;
    joe.message = "Good morning";
    add(&joe);
    struct auth_request *r = log_in();
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_string_equal(setting_of(r, "sftp.max_read"), "64K");
    assert_string_equal(setting_of(r, "ssh.commands"), "none");
    assert_string_equal(r->answer.message, "Good morning");
    auth_request_free(r);
    settings[1].value = "scp";
    add(&joe);
    r = log_in();
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    assert_non_null(strstr(r->own_reason, "ssh.commands"));
    auth_request_free(r);
    joe.setting_count = 3;
    assert_int_equal(sally_auth_users_add(users, &joe), SALLY_E_INVALID);
    joe.setting_count = 65;
    for (size_t i = 0; i < 65; i++)
        settings[i] = (sally_setting_value){"a", "b"};
    assert_int_equal(sally_auth_users_add(users, &joe), SALLY_E_LIMIT);
    joe.settings = NULL;
    assert_int_equal(sally_auth_users_add(users, &joe), SALLY_E_INVALID);
}

static void wrong_settings_are_found_at_once(void **state)
{
    (void)state;
    static const struct {
        sally_setting_value setting;
        sally_error error;
        const char *why;
    } wrong[] = {
        {{"no.such", "1"}, SALLY_E_NOT_FOUND, "no.such"},
        {{"server.loops", "1"}, SALLY_E_UNSUPPORTED, "per user"},
        {{"sftp.max_read", "much"}, SALLY_E_PARSE, "sftp.max_read"},
        {{"sftp.max_read", "1"}, SALLY_E_RANGE, "sftp.max_read"},
        {{"ssh.commands", "rm"}, SALLY_E_PARSE, "rm"},
        {{NULL, "1"}, SALLY_E_INVALID, "NULL"},
        {{"sftp.max_read", NULL}, SALLY_E_INVALID, "NULL"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        sally_setting_value settings[] = {{"sftp.max_read", "64K"}, wrong[i].setting};
        sally_user joe = user("joe", "secret");
        joe.settings = settings;
        joe.setting_count = 2;
        assert_int_equal(sally_auth_users_add(users, &joe), wrong[i].error);
        assert_non_null(strstr(sally_auth_users_error(users), wrong[i].why));
        assert_int_equal(try_password(users, "joe", "secret", 0, NULL), SALLY_AUTH_REJECT);
    }
}

static void *read_error(void *unused)
{
    (void)unused;
    assert_string_equal(sally_auth_users_error(users), "");
    assert_int_equal(sally_auth_users_remove(users, "ann"), SALLY_E_NOT_FOUND);
    assert_non_null(strstr(sally_auth_users_error(users), "ann"));
    return NULL;
}

static void every_failure_says_why(void **state)
{
    (void)state;
    static const char *const none[33] = {NULL};
    struct {
        sally_user user;
        const char *why;
    } wrong[14];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        wrong[i].user = user("joe", "secret");
    size_t n = 0;
    wrong[n].user.name = NULL, wrong[n++].why = "name";
    wrong[n].user.name = "", wrong[n++].why = "name";
    wrong[n].user.fs = NULL, wrong[n++].why = "storage";
    wrong[n].user.password = "", wrong[n++].why = "empty";
    wrong[n].user.password = "$6$cut", wrong[n++].why = "incomplete";
    wrong[n].user.permissions = 1u << 31, wrong[n++].why = "permissions";
    wrong[n].user.required = SALLY_AUTH_NONE, wrong[n++].why = "required";
    wrong[n].user.required = SALLY_AUTH_PUBLICKEY, wrong[n++].why = "a key is required";
    wrong[n].user.required = SALLY_AUTH_PASSWORD, wrong[n].user.password = NULL,
    wrong[n++].why = "a password is required";
    wrong[n].user.authorized_keys_file_count = 1, wrong[n++].why = "authorized_keys_files";
    wrong[n].user.authorized_keys_files = none, wrong[n].user.authorized_keys_file_count = 33,
    wrong[n++].why = "32 files";
    wrong[n].user.authorized_keys_files = none, wrong[n].user.authorized_keys_file_count = 1,
    wrong[n++].why = "NULL";
    wrong[n].user.setting_count = 1, wrong[n++].why = "settings";
    wrong[n].user.struct_size = 1, wrong[n++].why = "struct_size";
    assert_string_equal(sally_auth_users_error(users), "");
    for (size_t i = 0; i < n; i++) {
        assert_int_not_equal(sally_auth_users_add(users, &wrong[i].user), SALLY_E_OK);
        assert_non_null(strstr(sally_auth_users_error(users), wrong[i].why));
    }
    assert_int_equal(sally_auth_users_add(users, NULL), SALLY_E_INVALID);
    assert_non_null(strstr(sally_auth_users_error(users), "NULL"));
    sally_user joe = user("joe", "secret");
    add(&joe); /* leaves the text as it was */
    assert_non_null(strstr(sally_auth_users_error(users), "NULL"));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, read_error, NULL), 0);
    pthread_join(thread, NULL);
    assert_non_null(strstr(sally_auth_users_error(users), "NULL"));
    assert_int_equal(sally_auth_users_remove(users, NULL), SALLY_E_INVALID);

    sally_auth *chain;
    assert_int_equal(sally_auth_chain_new(&chain, users, users), SALLY_E_OK);
    assert_string_equal(sally_auth_users_error(chain), "");
    assert_string_equal(sally_auth_users_error(NULL), "");
    assert_int_equal(sally_auth_users_add(chain, &joe), SALLY_E_INVALID);
    sally_auth_unref(chain);
}

/* What is behind a shorter structure is not ours to look at. */
static void callers_of_the_first_release(void **state)
{
    (void)state;
    sally_user joe = user("joe", "secret");
    joe.message = "not looked at";
    joe.setting_count = 7;
    joe.struct_size = offsetof(sally_user, required) + sizeof joe.required;
    add(&joe);
    struct auth_request *r = log_in();
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_null(r->answer.message);
    auth_request_free(r);
    joe.struct_size--;
    assert_int_equal(sally_auth_users_add(users, &joe), SALLY_E_INVALID);
}

/* As with sshd: a server that runs as root takes joe's keys from joe's file. */
static void a_file_may_be_its_users_own(void **state)
{
    (void)state;
    const struct passwd *local = getpwnam("daemon");
    if (geteuid() != 0 || !local)
        skip(); /* only root gives files away, and to whom is not known */
    char path[] = "/tmp/sally-users-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, LINE_A, strlen(LINE_A)), (int)strlen(LINE_A));
    assert_int_equal(fchown(fd, local->pw_uid, (gid_t)-1), 0);
    close(fd);
    sally_user daemon = user("daemon", NULL), joe = user("joe", NULL);
    daemon.authorized_keys_file = joe.authorized_keys_file = path;
    add(&joe); /* first: looked at for those who are not there, too */
    add(&daemon);
    assert_int_equal(try_key(users, "daemon", KEY_A, false, 0, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(try_key(users, "joe", KEY_A, false, 0, NULL), SALLY_AUTH_REJECT);
    /* What is wrong is told once, and only of who was asked about. */
    uint8_t blob[BLOB_SIZE];
    fixture_blob(KEY_A, blob);
    add(&joe);
    for (int i = 0; i < 3; i++) {
        struct auth_request *r = fixture_request(users, SALLY_AUTH_PUBLICKEY);
        r->pub.user = i == 0 ? "nobody" : "joe";
        r->pub.key_blob = blob;
        r->pub.key_blob_size = sizeof blob;
        assert_true(auth_request_run(r));
        assert_int_equal(r->result, SALLY_AUTH_REJECT);
        assert_true((r->fault != NULL) == (i == 1));
        assert_true(!r->fault || strstr(r->fault, path));
        auth_request_free(r);
    }
    struct auth_request *r = fixture_request(users, SALLY_AUTH_PUBLICKEY);
    r->pub.key_blob = blob;
    r->pub.key_blob_size = sizeof blob;
    r->strict_modes = false;
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    auth_request_free(r);
    unlink(path);
}

static void both_factors(void **state)
{
    (void)state;
    sally_user joe = user("joe", "secret");
    joe.authorized_keys = LINE_A;
    joe.required = SALLY_AUTH_PASSWORD | SALLY_AUTH_PUBLICKEY;
    add(&joe);
    uint32_t next = 0;
    assert_int_equal(try_password(users, "joe", "secret", 0, &next), SALLY_AUTH_PARTIAL);
    assert_int_equal(next, SALLY_AUTH_PUBLICKEY);
    assert_int_equal(try_key(users, "joe", KEY_A, false, SALLY_AUTH_PASSWORD, NULL),
                     SALLY_AUTH_ACCEPT);
    assert_int_equal(try_key(users, "joe", KEY_A, false, 0, &next), SALLY_AUTH_PARTIAL);
    assert_int_equal(next, SALLY_AUTH_PASSWORD | SALLY_AUTH_KEYBOARD_INTERACTIVE);
    assert_int_equal(try_password(users, "joe", "secret", SALLY_AUTH_PUBLICKEY, NULL),
                     SALLY_AUTH_ACCEPT);
    /* A password that is asked for is the same factor. */
    assert_int_equal(try_prompt("joe", "secret", 0, &next), SALLY_AUTH_PARTIAL);
    assert_int_equal(next, SALLY_AUTH_PUBLICKEY);
    assert_int_equal(try_prompt("joe", NULL, SALLY_AUTH_PASSWORD, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_password(users, "joe", "secret", SALLY_AUTH_KEYBOARD_INTERACTIVE, NULL),
                     SALLY_AUTH_REJECT);
    assert_int_equal(try_prompt("joe", "secret", SALLY_AUTH_PUBLICKEY, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(try_key(users, "joe", KEY_A, false, SALLY_AUTH_KEYBOARD_INTERACTIVE, NULL),
                     SALLY_AUTH_ACCEPT);
    /* The same factor twice is not offered; a wrong second one is nothing. */
    assert_int_equal(try_password(users, "joe", "secret", SALLY_AUTH_PASSWORD, NULL),
                     SALLY_AUTH_REJECT);
    assert_int_equal(try_password(users, "joe", "wrong", SALLY_AUTH_PUBLICKEY, NULL),
                     SALLY_AUTH_REJECT);
    /* Asking about a key proves nothing. */
    assert_int_equal(try_key(users, "joe", KEY_A, true, SALLY_AUTH_PASSWORD, NULL),
                     SALLY_AUTH_ACCEPT);
}

static void one_required_factor(void **state)
{
    (void)state;
    sally_user joe = user("joe", "secret");
    joe.authorized_keys = LINE_A;
    joe.required = SALLY_AUTH_PUBLICKEY;
    add(&joe);
    assert_int_equal(try_password(users, "joe", "secret", 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_prompt("joe", "secret", 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_key(users, "joe", KEY_A, false, 0, NULL), SALLY_AUTH_ACCEPT);
}

static void replaced_and_removed(void **state)
{
    (void)state;
    sally_user joe = user("joe", "secret");
    add(&joe);
    joe.password = "changed";
    add(&joe);
    assert_int_equal(try_password(users, "joe", "secret", 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(try_password(users, "joe", "changed", 0, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(sally_auth_users_remove(users, "joe"), SALLY_E_OK);
    assert_int_equal(sally_auth_users_remove(users, "joe"), SALLY_E_NOT_FOUND);
    assert_int_equal(try_password(users, "joe", "changed", 0, NULL), SALLY_AUTH_REJECT);
}

static void many_users(void **state)
{
    (void)state;
    char name[32], password[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "user%d", i);
        snprintf(password, sizeof password, "pass%d", i);
        sally_user u = user(name, password);
        add(&u);
    }
    for (int i = 0; i < 1000; i += 2) {
        snprintf(name, sizeof name, "user%d", i);
        assert_int_equal(sally_auth_users_remove(users, name), SALLY_E_OK);
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "user%d", i);
        snprintf(password, sizeof password, "pass%d", i);
        assert_int_equal(try_password(users, name, password, 0, NULL),
                         i % 2 ? SALLY_AUTH_ACCEPT : SALLY_AUTH_REJECT);
    }
}

static void mistakes(void **state)
{
    (void)state;
    sally_user u = user("", "secret");
    assert_int_equal(sally_auth_users_add(users, &u), SALLY_E_INVALID);
    u = user(NULL, "secret");
    assert_int_equal(sally_auth_users_add(users, &u), SALLY_E_INVALID);
    u = user("joe", "");
    assert_int_equal(sally_auth_users_add(users, &u), SALLY_E_INVALID);
    u = user("joe", "$6$broken");
    assert_int_equal(sally_auth_users_add(users, &u), SALLY_E_INVALID);
    u = user("joe", "secret");
    u.fs = NULL;
    assert_int_equal(sally_auth_users_add(users, &u), SALLY_E_INVALID);
    u = user("joe", NULL);
    u.required = SALLY_AUTH_PASSWORD;
    assert_int_equal(sally_auth_users_add(users, &u), SALLY_E_INVALID);
    u = user("joe", "secret");
    u.required = SALLY_AUTH_PUBLICKEY;
    assert_int_equal(sally_auth_users_add(users, &u), SALLY_E_INVALID);
    u.required = SALLY_AUTH_KEYBOARD_INTERACTIVE;
    assert_int_equal(sally_auth_users_add(users, &u), SALLY_E_INVALID);
    u = user("joe", "secret");
    u.permissions = 1u << 31;
    assert_int_equal(sally_auth_users_add(users, &u), SALLY_E_INVALID);
    u = user("joe", "secret");
    u.struct_size = 4;
    assert_int_equal(sally_auth_users_add(users, &u), SALLY_E_INVALID);
    /* Not a list of users. */
    sally_auth *chain;
    u = user("joe", "secret");
    assert_int_equal(sally_auth_chain_new(&chain, users, users), SALLY_E_OK);
    assert_int_equal(sally_auth_users_add(chain, &u), SALLY_E_INVALID);
    assert_int_equal(sally_auth_users_remove(chain, "joe"), SALLY_E_INVALID);
    sally_auth_unref(chain);
    assert_int_equal(try_password(users, "joe", "secret", 0, NULL), SALLY_AUTH_REJECT);
}

static void a_change_of_password_is_not_done(void **state)
{
    (void)state;
    sally_user joe = user("joe", "secret");
    add(&joe);
    struct auth_request *r = fixture_request(users, SALLY_AUTH_PASSWORD);
    r->pub.password = "secret";
    r->pub.new_password = "secret2";
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    auth_request_free(r);
}

static uint32_t offered(void)
{
    struct auth_request *r = fixture_request(users, 0);
    uint32_t methods = auth_request_offered(r);
    r->pub.user = "nobody";
    assert_int_equal(auth_request_offered(r), methods);
    auth_request_free(r);
    return methods;
}

#define ASKED (SALLY_AUTH_PASSWORD | SALLY_AUTH_KEYBOARD_INTERACTIVE)

static void offers_tell_nothing_of_one_user(void **state)
{
    (void)state;
    assert_int_equal(offered(), ASKED | SALLY_AUTH_PUBLICKEY);
    sally_user joe = user("joe", NULL), ann = user("ann", "secret");
    joe.authorized_keys = LINE_A;
    add(&joe);
    assert_int_equal(offered(), SALLY_AUTH_PUBLICKEY);
    add(&ann);
    assert_int_equal(offered(), ASKED | SALLY_AUTH_PUBLICKEY);
    struct auth_request *r = fixture_request(users, 0);
    r->pub.succeeded = SALLY_AUTH_PASSWORD; /* need not be done again */
    assert_int_equal(auth_request_offered(r), SALLY_AUTH_PUBLICKEY);
    r->pub.succeeded = SALLY_AUTH_KEYBOARD_INTERACTIVE; /* the same factor */
    assert_int_equal(auth_request_offered(r), SALLY_AUTH_PUBLICKEY);
    auth_request_free(r);
    assert_int_equal(sally_auth_users_remove(users, "joe"), SALLY_E_OK);
    assert_int_equal(offered(), ASKED);
}

static bool is_quick(uint32_t method)
{
    struct auth_request *r = fixture_request(users, method);
    bool quick = users->is_quick(users, &r->pub);
    auth_request_free(r);
    return quick;
}

/* And whether no one has to wait tells nothing of one user either. */
static void only_what_never_waits_is_quick(void **state)
{
    (void)state;
    assert_true(is_quick(SALLY_AUTH_NONE));
    assert_true(is_quick(SALLY_AUTH_PUBLICKEY));
    assert_false(is_quick(SALLY_AUTH_PASSWORD));
    assert_false(is_quick(SALLY_AUTH_KEYBOARD_INTERACTIVE));
    sally_user joe = user("joe", "secret"), ann = user("ann", NULL);
    joe.authorized_keys = LINE_A;
    add(&joe);
    assert_true(is_quick(SALLY_AUTH_NONE));
    assert_true(is_quick(SALLY_AUTH_PUBLICKEY));
    ann.authorized_keys_file = "/nowhere";
    add(&ann);
    assert_true(is_quick(SALLY_AUTH_NONE));
    assert_false(is_quick(SALLY_AUTH_PUBLICKEY));
    assert_int_equal(sally_auth_users_remove(users, "ann"), SALLY_E_OK);
    assert_true(is_quick(SALLY_AUTH_PUBLICKEY));
}

static unsigned hashes_of_sha256, hashes_of_bcrypt;

char *__real_crypt_rn(const char *phrase, const char *setting, void *data, int size);
char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size);

char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size)
{
    hashes_of_sha256 += strncmp(setting, "$5$rounds=1000$", 15) == 0;
    hashes_of_bcrypt += strncmp(setting, "$2b$04$", 7) == 0;
    return __real_crypt_rn(phrase, setting, data, size);
}

static void assert_hashes(const char *name, unsigned sha256, unsigned bcrypt)
{
    hashes_of_sha256 = hashes_of_bcrypt = 0;
    assert_int_equal(try_password(users, name, "wrong", 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(hashes_of_sha256, sha256);
    assert_int_equal(hashes_of_bcrypt, bcrypt);
}

static void a_guess_costs_the_same_for_everybody(void **state)
{
    (void)state;
    sally_user cheap =
        user("cheap", "$5$rounds=1000$aaaaaaaa$kt.eUFkQ8cWCf6zSTkcj2szVQ7jM2VNpkS.kSfEQoR3");
    sally_user dear = user("dear", "$2b$04$abcdefghijklmnopqrstuuAbcdefghijklmnopqrstuvwxyz01234");
    sally_user clear = user("clear", "secret"), keys = user("keys", NULL);
    keys.authorized_keys = LINE_A;
    add(&cheap);
    assert_hashes("cheap", 1, 0);
    assert_hashes("nobody", 1, 0);
    add(&dear);
    add(&clear);
    add(&keys);
    static const char *const names[] = {"cheap", "dear", "clear", "keys", "nobody"};
    for (size_t i = 0; i < 5; i++)
        assert_hashes(names[i], 1, 1);
    assert_int_equal(sally_auth_users_remove(users, "cheap"), SALLY_E_OK);
    for (size_t i = 0; i < 5; i++)
        assert_hashes(names[i], 0, 1);
}

/* More kinds of hashes than are told apart: the dearest ones count. */
static void many_costs(void **state)
{
    (void)state;
    char name[32], hash[128];
    for (unsigned i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "user%u", i);
        snprintf(hash, sizeof hash, "$5$rounds=%u$aaaaaaaa$%.43s", 1000 + i,
                 "kt.eUFkQ8cWCf6zSTkcj2szVQ7jM2VNpkS.kSfEQoR3");
        sally_user u = user(name, hash);
        add(&u);
    }
    assert_hashes("nobody", 0, 0); /* eight others */
    assert_hashes("user11", 0, 0);
    assert_hashes("user0", 1, 0);
}

/* What a login by the key of such a line gets. NULL: it is refused. */
static struct auth_request *log_in_by(const char *line, struct auth_request *before)
{
    uint8_t blob[BLOB_SIZE];
    fixture_blob(KEY_A, blob);
    if (line) {
        sally_user joe = user("joe", NULL);
        joe.home = "/home";
        joe.authorized_keys = line;
        add(&joe);
    }
    struct auth_request *r = before ? fixture_next(before, SALLY_AUTH_PUBLICKEY)
                                    : fixture_request(users, SALLY_AUTH_PUBLICKEY);
    r->pub.key_blob = blob;
    r->pub.key_blob_size = sizeof blob;
    r->pub.succeeded = 0;
    assert_true(auth_request_run(r));
    r->pub.key_blob = NULL;
    return r;
}

static void end_request(struct auth_request *r)
{
    fixture_forget(r);
    auth_request_free(r);
}

static const char *setting_of(const struct auth_request *r, const char *name)
{
    for (const struct auth_setting *s = r->answer.settings; s; s = s->next) {
        if (strcmp(s->name, name) == 0)
            return s->value;
    }
    return "";
}

static void keys_with_a_command(void **state)
{
    (void)state;
    static const struct {
        const char *line, *home, *commands, *allow, *deny;
        uint32_t permissions;
    } cases[] = {
        {LINE_A, "/home", "", "", "", SALLY_MAY_ALL},
        {"restrict " LINE_A, "/home", "", "", "", SALLY_MAY_ALL},
        {"command=\"internal-sftp\" " LINE_A, "/home", "none", "", "", SALLY_MAY_ALL},
        {"command=\"internal-sftp -R -d /in\" " LINE_A, "/in", "none", "", "", SALLY_MAY_VIEW},
        {"command=\"internal-sftp -d in/a -p open,read -P stat\" " LINE_A, "/home/in/a", "none",
         "open,read", "stat", SALLY_MAY_ALL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct auth_request *r = log_in_by(cases[i].line, NULL);
        assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
        assert_string_equal(r->answer.home, cases[i].home);
        assert_int_equal(r->answer.permissions, cases[i].permissions);
        assert_string_equal(setting_of(r, "ssh.commands"), cases[i].commands);
        assert_string_equal(setting_of(r, "sftp.allow_requests"), cases[i].allow);
        assert_string_equal(setting_of(r, "sftp.deny_requests"), cases[i].deny);
        end_request(r);
    }
    struct auth_request *r = log_in_by("command=\"/bin/sh\" " LINE_A, NULL);
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    assert_non_null(r->reason);
    end_request(r);
}

/* A key that comes first restricts the login that a password completes. */
static void a_command_lasts_to_the_last_factor(void **state)
{
    (void)state;
    sally_user joe = user("joe", "secret");
    joe.authorized_keys = "command=\"internal-sftp -R\" " LINE_A;
    joe.required = SALLY_AUTH_PASSWORD | SALLY_AUTH_PUBLICKEY;
    add(&joe);
    struct auth_request *r = log_in_by(NULL, NULL);
    assert_int_equal(r->result, SALLY_AUTH_PARTIAL);
    assert_non_null(r->asked->state);
    r = fixture_next(r, SALLY_AUTH_PASSWORD);
    r->pub.password = "secret";
    r->pub.succeeded = SALLY_AUTH_PUBLICKEY;
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_int_equal(r->answer.permissions, SALLY_MAY_VIEW);
    assert_string_equal(setting_of(r, "ssh.commands"), "none");
    /* Another key may not lift it. */
    joe.required = 0;
    joe.authorized_keys = "command=\"internal-sftp\" " LINE_A;
    add(&joe);
    r = log_in_by(NULL, r);
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    r = log_in_by(LINE_A, r);
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_int_equal(r->answer.permissions, SALLY_MAY_VIEW);
    end_request(r);
}

static void short_memory(void **state)
{
    (void)state;
    sally_user joe = user("joe", "secret");
    joe.authorized_keys = LINE_A;
    const char *const files[] = {"/nonexistent", "/nowhere"};
    const sally_setting_value settings[] = {{"sftp.max_read", "64K"}, {"ssh.commands", "none"}};
    joe.authorized_keys_file = "/nonexistent";
    joe.authorized_keys_files = files;
    joe.authorized_keys_file_count = 2;
    joe.settings = settings;
    joe.setting_count = 2;
    joe.message = "Hello";
    joe.root = "/a";
    bool more = true;
    for (unsigned nth = 1; more; nth++) {
        alloc_fail_at(nth);
        sally_error e = sally_auth_users_add(users, &joe);
        more = alloc_failed();
        assert_true(more ? e == SALLY_E_NO_MEMORY || e == SALLY_E_CRYPTO : e == SALLY_E_OK);
    }
    joe.message = NULL; /* a lost one keeps no one out */
    add(&joe);
    more = true;
    for (unsigned nth = 1; more; nth++) {
        struct auth_request *r = fixture_request(users, SALLY_AUTH_PASSWORD);
        r->pub.password = "secret";
        alloc_fail_at(nth);
        assert_true(auth_request_run(r));
        more = alloc_failed();
        assert_int_equal(r->result, more ? SALLY_AUTH_REJECT : SALLY_AUTH_ACCEPT);
        auth_request_free(r);
    }
    more = true;
    for (unsigned nth = 1; more; nth++) {
        sally_auth *other = NULL;
        alloc_fail_at(nth);
        sally_error e = sally_auth_users_new(&other);
        more = alloc_failed();
        assert_true(more ? e != SALLY_E_OK && !other : e == SALLY_E_OK);
        sally_auth_unref(other);
    }
}

static atomic_bool stop;

static void *log_in_and_out(void *user_data)
{
    (void)user_data;
    while (!atomic_load(&stop)) {
        if (try_password(users, "joe", "secret", 0, NULL) == SALLY_AUTH_ACCEPT)
            (void)try_key(users, "joe", KEY_A, true, 0, NULL);
        struct auth_request *r = fixture_request(users, 0);
        (void)auth_request_offered(r);
        auth_request_free(r);
    }
    return NULL;
}

/* Users come and go while others log in: nothing is freed under anyone. */
static void changes_while_it_runs(void **state)
{
    (void)state;
    pthread_t threads[2];
    atomic_store(&stop, false);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_in_and_out, NULL), 0);
    sally_user joe = user("joe", "secret");
    joe.authorized_keys = LINE_A;
    for (int i = 0; i < 300; i++) {
        char name[32];
        snprintf(name, sizeof name, "user%d", i);
        sally_user other = user(name, "x");
        add(&other);
        add(&joe);
        if (i % 3 == 0)
            assert_int_equal(sally_auth_users_remove(users, "joe"), SALLY_E_OK);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(passwords),
        TEST(passwords_that_are_asked_for),
        TEST(no_users_at_all),
        TEST(what_accept_gives),
        TEST(keys),
        TEST(the_reason_of_a_refusal),
        TEST(a_file_is_read_at_each_login),
        TEST(a_file_may_be_its_users_own),
        TEST(there_may_be_several_files),
        TEST(users_have_settings_and_a_welcome),
        TEST(wrong_settings_are_found_at_once),
        TEST(every_failure_says_why),
        TEST(callers_of_the_first_release),
        TEST(both_factors),
        TEST(one_required_factor),
        TEST(replaced_and_removed),
        TEST(many_users),
        TEST(mistakes),
        TEST(a_change_of_password_is_not_done),
        TEST(offers_tell_nothing_of_one_user),
        TEST(only_what_never_waits_is_quick),
        TEST(a_guess_costs_the_same_for_everybody),
        TEST(many_costs),
        TEST(keys_with_a_command),
        TEST(a_command_lasts_to_the_last_factor),
        TEST(short_memory),
        TEST(changes_while_it_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
