/* What hooks learn through sally_sftp of a session and of the client's own texts. */
#include "cmocka_all.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sallyport/hooks.h"
#include "sallyport/sftp.h"
#include "sftp/protocol.h"
#include "sftp/store.h"

struct rig {
    struct store store;
    sally_sftp *sftp;
    struct buf out, in;
    uint32_t next_id, reason, flags, calls;
    char raw[64], raw_to[64], path[64], protocol[16];
    const char *home; /* what the hook makes of "~"; NULL: nothing */
    sally_status denies;
};

static void note(char (*place)[64], const char *text)
{
    snprintf(*place, sizeof *place, "%s", text ? text : "(none)");
}

static sally_status before(void *user_data, sally_op *op)
{
    struct rig *x = user_data;
    x->calls++;
    note(&x->raw, sally_op_raw_path(op));
    note(&x->raw_to, sally_op_raw_to(op));
    note(&x->path, op->path);
    snprintf(x->protocol, sizeof x->protocol, "%s", sally_session_protocol(op->session));
    if (op->kind == SALLY_OP_SESSION_END)
        x->reason = op->u.session.reason;
    if (op->kind != SALLY_OP_REALPATH)
        return SALLY_CONTINUE;
    x->flags = op->u.text.flags;
    if (x->denies)
        return x->denies;
    bool is_home = sally_op_raw_path(op) && strcmp(sally_op_raw_path(op), "~") == 0;
    return x->home && is_home ? sally_op_set_result(op, x->home) : SALLY_CONTINUE;
}

static uint8_t go(struct rig *x, size_t place, struct cursor *body)
{
    const void *data;
    size_t size, taken = 0;
    put_string_end(&x->out, place);
    sally_error error = sally_sftp_input(x->sftp, buf_head(&x->out), x->out.size, &taken);
    buf_clear(&x->out);
    buf_clear(&x->in);
    while ((size = sally_sftp_output(x->sftp, &data))) {
        put_bytes(&x->in, data, size);
        sally_sftp_sent(x->sftp, size);
    }
    if (error)
        return 0;
    struct cursor all = cursor_of_slice(buf_slice(&x->in));
    *body = cursor_of_slice(get_string(&all));
    uint8_t type = get_u8(body);
    get_u32(body);
    return type;
}

static size_t begin(struct rig *x, uint8_t type)
{
    size_t place = put_string_begin(&x->out);
    put_u8(&x->out, type);
    put_u32(&x->out, ++x->next_id);
    return place;
}

static void start(struct rig *x, uint32_t version)
{
    *x = (struct rig){.next_id = 0};
    store_init(&x->store);
    buf_init(&x->out, SIZE_MAX / 2);
    buf_init(&x->in, SIZE_MAX / 2);
    const sally_hooks hooks = {
        .struct_size = sizeof hooks, .before_mask = SALLY_OP_ALL, .before = before, .user_data = x};
    const sally_sftp_options options = {.struct_size = sizeof options,
                                        .home = "/home/joe",
                                        .max_version = version,
                                        .deny_requests = "mkdir",
                                        .hooks = &hooks,
                                        .hook_count = 1};
    sally_fs *fs = store_fs(&x->store, 0, 0);
    assert_int_equal(sally_sftp_new(&x->sftp, fs, &options), SALLY_E_OK);
    sally_fs_unref(fs);
    struct cursor body;
    size_t place = put_string_begin(&x->out);
    put_u8(&x->out, SSH_FXP_INIT);
    put_u32(&x->out, version);
    assert_int_equal(go(x, place, &body), SSH_FXP_VERSION);
}

static void stop(struct rig *x)
{
    sally_sftp_free(x->sftp);
    store_clear(&x->store);
    buf_clear(&x->in);
}

static void ask(struct rig *x, uint8_t type, const char *path, const char *to)
{
    struct cursor body;
    size_t place = begin(x, type);
    put_text(&x->out, path);
    if (to)
        put_text(&x->out, to);
    go(x, place, &body);
}

/* The path that REALPATH answers; or a status, as text. */
static const char *real(struct rig *x, const char *path, uint32_t control)
{
    static char text[64];
    struct cursor body;
    size_t place = begin(x, SSH_FXP_REALPATH);
    put_text(&x->out, path);
    if (control)
        put_u8(&x->out, (uint8_t)control);
    uint8_t type = go(x, place, &body);
    uint32_t first = get_u32(&body);
    struct slice name = get_string(&body);
    if (type == SSH_FXP_NAME)
        snprintf(text, sizeof text, "%.*s", (int)name.size, (const char *)name.data);
    else
        snprintf(text, sizeof text, "%u", first);
    return text;
}

static void what_the_client_wrote(void **state)
{
    (void)state;
    struct rig x;
    start(&x, 3);
    ask(&x, SSH_FXP_STAT, "a/../b//c", NULL);
    assert_string_equal(x.raw, "a/../b//c");
    assert_string_equal(x.path, "/home/joe/b/c");
    assert_string_equal(x.raw_to, "(none)");
    ask(&x, SSH_FXP_STAT, "/canonical", NULL);
    assert_string_equal(x.raw, "/canonical");
    ask(&x, SSH_FXP_STAT, "", NULL);
    assert_string_equal(x.raw, "");
    ask(&x, SSH_FXP_RENAME, "C:\\x", "./y");
    assert_string_equal(x.raw, "C:\\x");
    assert_string_equal(x.raw_to, "./y");
    size_t place = begin(&x, SSH_FXP_EXTENDED);
    struct cursor body;
    put_text(&x.out, "expand-path@openssh.com");
    put_text(&x.out, "~/d");
    assert_int_equal(go(&x, place, &body), SSH_FXP_NAME);
    assert_string_equal(x.raw, "~/d");
    assert_string_equal(x.path, "/home/joe/d");
    stop(&x);
    assert_string_equal(x.raw, "(none)"); /* SESSION_END */
    assert_null(sally_op_raw_path(NULL));
    assert_null(sally_op_raw_to(NULL));
}

/* Version 6 asks for the text alone: hooks and storages see that, too. */
static void unchecked_realpath(void **state)
{
    (void)state;
    struct rig x;
    start(&x, 6);
    for (int named = 0; named < 2; named++) {
        assert_string_equal(real(&x, "a//b/.", named ? SALLY_REALPATH_NO_CHECK : 0),
                            "/home/joe/a/b");
        assert_int_equal(x.flags, SALLY_REALPATH_NO_CHECK);
        assert_string_equal(x.raw, "a//b/.");
        x.home = "/srv/home";
        assert_string_equal(real(&x, "~", named ? SALLY_REALPATH_NO_CHECK : 0), "/srv/home");
        x.home = NULL;
    }
    x.denies = SALLY_NO_SUCH_FILE; /* nothing need exist */
    assert_string_equal(real(&x, "/x", 0), "/x");
    x.denies = SALLY_PERMISSION_DENIED;
    assert_string_equal(real(&x, "/x", 0), "3");
    stop(&x);
}

static void session_names(void **state)
{
    (void)state;
    struct rig x;
    start(&x, 3);
    assert_string_equal(x.protocol, "sftp");
    assert_string_equal(sally_session_protocol(sally_sftp_session(x.sftp)), "sftp");
    stop(&x);
}

/* What becomes no operation. */
static void no_hook_sees(void **state)
{
    (void)state;
    struct rig x;
    struct cursor body;
    start(&x, 3);
    uint32_t calls = x.calls;
    size_t place = begin(&x, SSH_FXP_MKDIR); /* denied */
    put_text(&x.out, "/d");
    put_u32(&x.out, 0);
    assert_int_equal(go(&x, place, &body), SSH_FXP_STATUS);
    place = begin(&x, SSH_FXP_FSTAT); /* of no file */
    put_text(&x.out, "12345678");
    assert_int_equal(go(&x, place, &body), SSH_FXP_STATUS);
    place = begin(&x, SSH_FXP_STAT); /* without a path */
    assert_int_equal(go(&x, place, &body), SSH_FXP_STATUS);
    assert_int_equal(x.calls, calls);
    ask(&x, SSH_FXP_STAT, "/d", NULL);
    assert_int_equal(x.calls, calls + 1);
    stop(&x);
}

static void reasons(void **state)
{
    (void)state;
    struct rig x;
    start(&x, 3);
    stop(&x);
    assert_int_equal(x.reason, SALLY_END_LOST);
    start(&x, 3);
    sally_sftp_eof(x.sftp);
    stop(&x);
    assert_int_equal(x.reason, SALLY_END_BY_CLIENT);
    start(&x, 3);
    struct cursor body;
    size_t place = put_string_begin(&x.out); /* a request without anything */
    assert_int_equal(go(&x, place, &body), 0);
    stop(&x);
    assert_int_equal(x.reason, SALLY_END_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_client_wrote),
        cmocka_unit_test(unchecked_realpath),
        cmocka_unit_test(session_names),
        cmocka_unit_test(no_hook_sees),
        cmocka_unit_test(reasons),
    };
    return cmocka_run_group_tests_name("embed/session_facts", tests, NULL, NULL);
}
