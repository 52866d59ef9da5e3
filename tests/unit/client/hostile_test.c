/* What a client makes of a server that breaks the protocol: an error with a text, and no more. */
#include <stdlib.h>

#include "base/buf.h"
#include "client/script_transport.h"
#include "cmocka_all.h"
#include "sftp/protocol.h"

/* The server's packets, one after the other. */
struct script {
    struct buf out;
    uint32_t id; /* of the request that the next packet answers */
};

static void begin(struct script *s, uint32_t version)
{
    buf_init(&s->out, 1 << 20);
    s->id = 0;
    put_u32(&s->out, 5);
    put_u8(&s->out, SSH_FXP_VERSION);
    put_u32(&s->out, version);
}

static size_t packet(struct script *s, uint8_t type)
{
    size_t place = put_string_begin(&s->out);
    put_u8(&s->out, type);
    put_u32(&s->out, ++s->id);
    return place;
}

static void bytes(struct script *s, uint8_t type, const void *body, size_t size)
{
    size_t place = packet(s, type);
    put_bytes(&s->out, body, size);
    put_string_end(&s->out, place);
}

/* A copy of exactly that size, so that a byte too many is noticed. */
static sally_client *connect_to(struct script *s, uint32_t version, uint8_t **copy)
{
    const sally_client_options options = {.struct_size = sizeof options, .version = version};
    sally_error error;
    *copy = malloc(s->out.size);
    assert_non_null(*copy);
    memcpy(*copy, buf_head(&s->out), s->out.size);
    sally_client *c = script_client(*copy, s->out.size, &options, &error);
    assert_int_equal(error, SALLY_E_OK);
    buf_clear(&s->out);
    return c;
}

static void test_greetings(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        sally_error error;
    } rows[] = {
        {"", 0, SALLY_E_CLOSED},
        {"\0\0\0\5\2\0\0\0\3", 9, SALLY_E_OK},
        {"\0\0\0\5\2\0\0\0\2", 9, SALLY_E_PROTOCOL},    /* too old */
        {"\0\0\0\5\2\0\0\0\7", 9, SALLY_E_PROTOCOL},    /* newer than asked for */
        {"\0\0\0\5\3\0\0\0\3", 9, SALLY_E_PROTOCOL},    /* something else */
        {"\0\0\0\4\2\0\0\0", 8, SALLY_E_PROTOCOL},      /* no version */
        {"\0\0\0\0", 4, SALLY_E_PROTOCOL},              /* no type */
        {"\xff\xff\xff\xff\2", 5, SALLY_E_PROTOCOL},    /* endless */
        {"\0\0\0\6\2\0\0\0\3\0", 10, SALLY_E_PROTOCOL}, /* half a pair */
        {"\0\0\0\x0f\2\0\0\0\3\0\0\0\1\0\0\0\0\1x", 19, SALLY_E_PROTOCOL}, /* NUL in a name */
        {"\0\0\0\x0f\2\0\0\0\3\0\0\0\1a\0\0\0\1b", 19, SALLY_E_OK},
        {"\0\0\0\5\2\0\0", 7, SALLY_E_CLOSED}, /* hangs up in the middle */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        sally_error error;
        sally_client *c = script_client(rows[i].bytes, rows[i].size, NULL, &error);
        assert_int_equal(error, rows[i].error);
        sally_client_free(c);
    }
}

/* ---- One answer that is wrong ---- */

static sally_status ask_stat(sally_client *c)
{
    sally_attrs attrs;
    return sally_client_stat(c, "/", &attrs);
}

static sally_status ask_open(sally_client *c)
{
    sally_client_file *file;
    return sally_client_open(c, "/", SALLY_OPEN_READ, NULL, &file);
}

static sally_status ask_remove(sally_client *c)
{
    return sally_client_remove(c, "/x");
}

static sally_status ask_readlink(sally_client *c)
{
    const char *text;
    return sally_client_readlink(c, "/x", &text);
}

static sally_status ask_statvfs(sally_client *c)
{
    sally_op_statvfs room;
    return sally_client_statvfs(c, "/x", &room);
}

static sally_status ask_hash(sally_client *c)
{
    sally_client_digests d;
    return sally_client_hash(c, "/x", "md5", 0, 0, 0, &d);
}

static sally_status ask_extended(sally_client *c)
{
    const void *reply;
    size_t size;
    return sally_client_extended(c, "x@example.org", NULL, 0, &reply, &size);
}

#define BODY(text) text, sizeof(text) - 1

static void test_answers(void **state)
{
    static const struct {
        uint32_t version;
        sally_status (*ask)(sally_client *c);
        uint8_t type;
        const char *body;
        size_t size;
        sally_status status;
    } rows[] = {
        {3, ask_remove, SSH_FXP_STATUS, BODY("\0\0\0\0"), SALLY_OK},
        {3, ask_remove, SSH_FXP_STATUS, BODY("\0\0\0\0\0\0\0\0\0\0\0\0"), SALLY_OK},
        {3, ask_remove, SSH_FXP_STATUS, BODY("\0\0\0\x1f\0\0\0\1x\0\0\0\0"),
         SALLY_NO_MATCHING_BYTE_RANGE_LOCK},
        {3, ask_remove, SSH_FXP_STATUS, BODY("\0\0\0\x20\0\0\0\1x\0\0\0\0"), SALLY_FAILURE},
        {3, ask_remove, SSH_FXP_STATUS, BODY("\xff\xff\xff\xff"), SALLY_FAILURE},
        {3, ask_remove, SSH_FXP_STATUS, BODY("\0\0\0"), SALLY_BAD_MESSAGE},
        {3, ask_remove, SSH_FXP_STATUS, BODY("\0\0\0\4\0\0\0\5xx"), SALLY_BAD_MESSAGE},
        {3, ask_remove, SSH_FXP_HANDLE, BODY("\0\0\0\1x"), SALLY_BAD_MESSAGE},
        {3, ask_remove, 0, BODY(""), SALLY_BAD_MESSAGE},
        {3, ask_open, SSH_FXP_HANDLE, BODY("\0\0\0\1x"), SALLY_OK},
        {3, ask_open, SSH_FXP_HANDLE, BODY("\0\0\0\0"), SALLY_OK},
        {3, ask_open, SSH_FXP_HANDLE, BODY("\0\0\0\2x"), SALLY_BAD_MESSAGE},
        {3, ask_open, SSH_FXP_HANDLE, BODY("\0\0\0\1xy"), SALLY_BAD_MESSAGE},
        {3, ask_open, SSH_FXP_STATUS, BODY("\0\0\0\0"),
         SALLY_BAD_MESSAGE}, /* well, but no handle */
        {3, ask_open, SSH_FXP_STATUS, BODY("\0\0\0\3"), SALLY_PERMISSION_DENIED},
        {3, ask_stat, SSH_FXP_ATTRS, BODY("\0\0\0\0"), SALLY_OK},
        {3, ask_stat, SSH_FXP_ATTRS, BODY("\0\0\0\4\0\0\x81\xa4"), SALLY_OK},
        {3, ask_stat, SSH_FXP_ATTRS, BODY("\0\0\0\4\0\0\x81"), SALLY_BAD_MESSAGE},
        {3, ask_stat, SSH_FXP_ATTRS, BODY("\0\0\0\4\0\0\x81\xa4x"), SALLY_BAD_MESSAGE},
        {3, ask_stat, SSH_FXP_ATTRS, BODY("\x80\0\0\0\xff\xff\xff\xff"), SALLY_BAD_MESSAGE},
        {6, ask_stat, SSH_FXP_ATTRS, BODY("\0\0\0\0\1"), SALLY_OK},
        {6, ask_stat, SSH_FXP_ATTRS, BODY("\0\0\0\0"), SALLY_BAD_MESSAGE},
        {6, ask_stat, SSH_FXP_ATTRS, BODY("\0\x01\0\0\1"), SALLY_BAD_MESSAGE}, /* unknown flag */
        {6, ask_stat, SSH_FXP_ATTRS, BODY("\0\0\x10\0\1\0\0\0\1\0"), SALLY_BAD_MESSAGE}, /* NUL */
        {6, ask_readlink, SSH_FXP_NAME, BODY("\0\0\0\1\0\0\0\1t\0\0\0\0\1"), SALLY_OK},
        {6, ask_readlink, SSH_FXP_NAME, BODY("\0\0\0\1\0\0\0\1t\0\0\0\0\1\1"), SALLY_OK},
        {6, ask_readlink, SSH_FXP_NAME, BODY("\0\0\0\0"), SALLY_BAD_MESSAGE},
        {6, ask_readlink, SSH_FXP_NAME, BODY("\0\0\0\2\0\0\0\1t\0\0\0\0\1\0\0\0\1t\0\0\0\0\1"),
         SALLY_BAD_MESSAGE},
        {6, ask_readlink, SSH_FXP_NAME, BODY("\0\0\0\1\0\0\0\1\0\0\0\0\0\1"), SALLY_BAD_MESSAGE},
        {6, ask_readlink, SSH_FXP_NAME, BODY("\0\0\0\1\xff\xff\xff\xfft"), SALLY_BAD_MESSAGE},
        {3, ask_readlink, SSH_FXP_NAME, BODY("\0\0\0\1\0\0\0\1t\0\0\0\0"), SALLY_BAD_MESSAGE},
        {6, ask_statvfs, SSH_FXP_EXTENDED_REPLY, BODY("\0\0\0\0\0\0\0\0"), SALLY_BAD_MESSAGE},
        {6, ask_hash, SSH_FXP_EXTENDED_REPLY, BODY("\0\0\0\0\0\0\0\3md5"), SALLY_OK},
        {6, ask_hash, SSH_FXP_EXTENDED_REPLY, BODY("\0\0\0\0\0\0\0\4md5"), SALLY_BAD_MESSAGE},
        {6, ask_extended, SSH_FXP_EXTENDED_REPLY, BODY(""), SALLY_OK},
        {6, ask_extended, SSH_FXP_STATUS, BODY("\0\0\0\0"), SALLY_OK},
        {6, ask_extended, SSH_FXP_DATA, BODY(""), SALLY_BAD_MESSAGE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct script s;
        uint8_t *copy;
        begin(&s, rows[i].version);
        bytes(&s, rows[i].type, rows[i].body, rows[i].size);
        sally_client *c = connect_to(&s, rows[i].version, &copy);
        assert_int_equal(rows[i].ask(c), rows[i].status);
        if (rows[i].status == SALLY_BAD_MESSAGE) {
            assert_int_equal(strncmp(sally_client_message(c), "malformed answer: ", 18), 0);
            assert_int_equal(rows[i].ask(c), SALLY_NO_CONNECTION);
        } else {
            assert_int_equal(rows[i].ask(c), SALLY_CONNECTION_LOST); /* the script is over */
        }
        sally_client_free(c);
        free(copy);
    }
}

static void test_an_id_of_nobody(void **state)
{
    struct script s;
    uint8_t *copy;
    begin(&s, 3);
    s.id = 7;
    bytes(&s, SSH_FXP_STATUS, BODY("\0\0\0\0"));
    sally_client *c = connect_to(&s, 3, &copy);
    (void)state;
    assert_int_equal(ask_remove(c), SALLY_BAD_MESSAGE);
    sally_client_free(c);
    free(copy);
}

/* ---- Files and directories ---- */

static void test_data(void **state)
{
    static const struct {
        const char *body;
        size_t size;
        sally_status status;
    } rows[] = {
        {BODY("\0\0\0\4abcd"), SALLY_OK},
        {BODY("\0\0\0\1a"), SALLY_OK},
        {BODY("\0\0\0\1a\1"), SALLY_OK}, /* version 6 says that this was all */
        {BODY("\0\0\0\0"), SALLY_BAD_MESSAGE},
        {BODY("\0\0\0\5abcde"), SALLY_BAD_MESSAGE}, /* more than was asked for */
        {BODY("\0\0\0\4abc"), SALLY_BAD_MESSAGE},
        {BODY("\0\0\0\1abc"), SALLY_BAD_MESSAGE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct script s;
        sally_client_file *file;
        uint8_t *copy, data[4];
        uint32_t got;
        begin(&s, 6);
        bytes(&s, SSH_FXP_HANDLE, BODY("\0\0\0\1h"));
        bytes(&s, SSH_FXP_DATA, rows[i].body, rows[i].size);
        sally_client *c = connect_to(&s, 6, &copy);
        assert_int_equal(sally_client_open(c, "/", SALLY_OPEN_READ, NULL, &file), SALLY_OK);
        assert_int_equal(sally_client_read(c, file, 0, data, 4, &got), rows[i].status);
        sally_client_free(c);
        free(copy);
    }
}

/* The second READ of the file is answered with nothing, again and again. */
static void test_get_of_nothing(void **state)
{
    struct script s;
    uint8_t *copy;
    const void *data;
    size_t size;
    begin(&s, 3);
    bytes(&s, SSH_FXP_HANDLE, BODY("\0\0\0\1h"));
    bytes(&s, SSH_FXP_DATA, BODY("\0\0\0\1a"));
    bytes(&s, SSH_FXP_DATA, BODY("\0\0\0\0"));
    sally_client *c = connect_to(&s, 3, &copy);
    (void)state;
    assert_int_equal(sally_client_get(c, "/", &data, &size), SALLY_BAD_MESSAGE);
    sally_client_free(c);
    free(copy);
}

static bool any(void *user_data, const sally_client_entry *entry)
{
    uint32_t *count = user_data;
    (void)entry;
    ++*count;
    return true;
}

static void test_names(void **state)
{
    static const struct {
        const char *body;
        size_t size;
        uint32_t count;
        sally_status status;
    } rows[] = {
        {BODY("\0\0\0\1\0\0\0\1a\0\0\0\0\1\1"), 1, SALLY_OK},
        {BODY("\0\0\0\2\0\0\0\1a\0\0\0\0\1\0\0\0\1b\0\0\0\0\1\1"), 2, SALLY_OK},
        {BODY("\0\0\0\0"), 0, SALLY_BAD_MESSAGE},
        {BODY("\0\0\0\2\0\0\0\1a\0\0\0\0\1"), 1, SALLY_BAD_MESSAGE},
        {BODY("\xff\xff\xff\xff\0\0\0\1a\0\0\0\0\1"), 1, SALLY_BAD_MESSAGE},
        {BODY("\0\0\0\1\0\0\0\4../a\0\0\0\0\1"), 0, SALLY_BAD_MESSAGE},
        {BODY("\0\0\0\1\0\0\0\0\0\0\0\0\1"), 0, SALLY_BAD_MESSAGE},
        {BODY("\0\0\0\1\0\0\0\1a\0\0\0\0\1more"), 0, SALLY_BAD_MESSAGE},
        {BODY("\0\0"), 0, SALLY_BAD_MESSAGE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct script s;
        uint8_t *copy;
        uint32_t count = 0;
        begin(&s, 6);
        bytes(&s, SSH_FXP_HANDLE, BODY("\0\0\0\1h"));
        bytes(&s, SSH_FXP_NAME, rows[i].body, rows[i].size);
        bytes(&s, SSH_FXP_STATUS, BODY("\0\0\0\0"));
        sally_client *c = connect_to(&s, 6, &copy);
        assert_int_equal(sally_client_list(c, "/", any, &count), rows[i].status);
        assert_int_equal(count, rows[i].count);
        if (rows[i].status != SALLY_OK)
            assert_int_equal(strncmp(sally_client_message(c), "malformed answer: ", 18), 0);
        sally_client_free(c);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greetings),       cmocka_unit_test(test_answers),
        cmocka_unit_test(test_an_id_of_nobody), cmocka_unit_test(test_data),
        cmocka_unit_test(test_get_of_nothing),  cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
