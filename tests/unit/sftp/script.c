#include "sftp/script.h"

#include "sftp/protocol.h"

#include "sallyport/attrs.h"

#define FIRST_HANDLE  "\0\0\0\0\0\0\0\1"
#define SECOND_HANDLE "\0\0\0\1\0\0\0\1"
#define THIRD_HANDLE  "\0\0\0\2\0\0\0\1"

struct writer {
    struct script *s;
    struct buf *b;
    uint32_t version;
    uint32_t id;
    size_t place;
};

static struct buf *begin(struct writer *w, uint8_t type)
{
    w->place = put_string_begin(w->b);
    put_u8(w->b, type);
    put_u32(w->b, ++w->id);
    return w->b;
}

static void end(struct writer *w)
{
    put_string_end(w->b, w->place);
    w->s->requests[w->s->count].at = w->place;
    w->s->requests[w->s->count++].size = w->b->size - w->place;
}

static void put_attrs(struct writer *w, uint32_t permissions)
{
    put_u32(w->b, SSH_FILEXFER_ATTR_PERMISSIONS);
    if (w->version > 3)
        put_u8(w->b, SALLY_TYPE_REGULAR);
    put_u32(w->b, permissions);
}

static void open_file(struct writer *w, const char *path)
{
    put_text(begin(w, SSH_FXP_OPEN), path);
    if (w->version >= 5) {
        put_u32(w->b, ACE4_READ_DATA | ACE4_WRITE_DATA);
        put_u32(w->b, SSH_FXF_OPEN_OR_CREATE);
    } else {
        put_u32(w->b, SSH_FXF_READ | SSH_FXF_WRITE | SSH_FXF_CREAT);
    }
    put_attrs(w, 0644);
    end(w);
}

static void on_path(struct writer *w, uint8_t type, const char *path)
{
    put_text(begin(w, type), path);
    if (w->version > 3 && (type == SSH_FXP_STAT || type == SSH_FXP_LSTAT))
        put_u32(w->b, SSH_FILEXFER_ATTR_SIZE);
    end(w);
}

static void on_paths(struct writer *w, uint8_t type, const char *a, const char *b)
{
    put_text(begin(w, type), a);
    put_text(w->b, b);
    if (w->version >= 5 && type == SSH_FXP_RENAME)
        put_u32(w->b, 0);
    if (type == SSH_FXP_LINK)
        put_u8(w->b, 1);
    end(w);
}

static void on_handle(struct writer *w, uint8_t type, const char *handle)
{
    put_string(begin(w, type), handle, 8);
    end(w);
}

static void setting(struct writer *w, uint8_t type, const char *what, size_t size,
                    uint32_t permissions)
{
    put_string(begin(w, type), what, size);
    put_attrs(w, permissions);
    end(w);
}

static void read_some(struct writer *w, uint64_t offset, uint32_t size)
{
    put_string(begin(w, SSH_FXP_READ), FIRST_HANDLE, 8);
    put_u64(w->b, offset);
    put_u32(w->b, size);
    end(w);
}

static void write_some(struct writer *w, uint64_t offset, size_t size)
{
    put_string(begin(w, SSH_FXP_WRITE), FIRST_HANDLE, 8);
    put_u64(w->b, offset);
    put_u32(w->b, (uint32_t)size);
    for (size_t i = 0; i < size; i++)
        put_u8(w->b, (uint8_t)(i * 31 + i / 256));
    end(w);
}

static struct buf *extended(struct writer *w, const char *name)
{
    put_text(begin(w, SSH_FXP_EXTENDED), name);
    return w->b;
}

static void extended_path(struct writer *w, const char *name, const char *path)
{
    put_text(extended(w, name), path);
    end(w);
}

static void extended_paths(struct writer *w, const char *name, const char *a, const char *b)
{
    put_text(extended(w, name), a);
    put_text(w->b, b);
    end(w);
}

static void extended_handle(struct writer *w, const char *name, const char *handle)
{
    put_string(extended(w, name), handle, 8);
    end(w);
}

static void extensions(struct writer *w)
{
    extended_paths(w, "posix-rename@openssh.com", "/moved", "/home/joe/again");
    extended_path(w, "statvfs@openssh.com", "/");
    extended_handle(w, "fstatvfs@openssh.com", FIRST_HANDLE);
    extended_paths(w, "hardlink@openssh.com", "/home/joe/again", "/third");
    extended_handle(w, "fsync@openssh.com", FIRST_HANDLE);
    put_text(extended(w, "lsetstat@openssh.com"), "/third");
    put_attrs(w, 0600);
    end(w);
    extended(w, "limits@openssh.com");
    end(w);
    extended_path(w, "expand-path@openssh.com", "~/x");
    put_string(extended(w, "copy-data"), FIRST_HANDLE, 8);
    put_u64(w->b, 0);
    put_u64(w->b, 5);
    put_string(w->b, THIRD_HANDLE, 8);
    put_u64(w->b, 3);
    end(w);
    extended_path(w, "home-directory", "");
    put_string(extended(w, "users-groups-by-id@openssh.com"), "\0\0\0\1\0\0\0\2", 8);
    put_string(w->b, "\0\0\0\3", 4);
    end(w);
    put_text(extended(w, "copy-file"), "/third");
    put_text(w->b, "/fourth");
    put_u8(w->b, 1);
    end(w);
    put_text(extended(w, "check-file-name"), "/third");
    put_text(w->b, "sha256,md5");
    put_u64(w->b, 0);
    put_u64(w->b, 0);
    put_u32(w->b, 256);
    end(w);
    put_string(extended(w, "md5-hash-handle"), FIRST_HANDLE, 8);
    put_u64(w->b, 0);
    put_u64(w->b, 16);
    put_bytes(w->b, "\0\0\0\x10\0\x1f\x3e\x5d\x7c\x9b\xba\xd9\xf8\x17\x36\x55\x74\x93\xb2\xd1", 20);
    end(w);
    extended_path(w, "space-available", "/");
    extended(w, "get-temp-folder");
    end(w);
    extended(w, "make-temp-folder");
    end(w);
    put_string(extended(w, "text-seek"), FIRST_HANDLE, 8);
    put_u64(w->b, 3);
    end(w);
    extended_paths(w, "vendor-id", "v", "p");
    extended_path(w, "echo@test", "hello");
    extended_path(w, "nobody@test", "hello");
}

void script_make(struct script *s, uint32_t version)
{
    struct writer w = {.s = s, .b = &s->bytes, .version = version};
    buf_init(&s->bytes, 4 * 1024 * 1024);
    s->count = 0;
    on_path(&w, SSH_FXP_REALPATH, ".");
    open_file(&w, "file");
    on_path(&w, SSH_FXP_OPENDIR, "/");
    open_file(&w, "/copy");
    write_some(&w, 0, 40);
    write_some(&w, 40, 0);
    write_some(&w, 40, 70000);
    read_some(&w, 0, 100);
    read_some(&w, 100, 66000);
    read_some(&w, 1000000, 1);
    on_handle(&w, SSH_FXP_FSTAT, FIRST_HANDLE);
    setting(&w, SSH_FXP_FSETSTAT, FIRST_HANDLE, 8, 0640);
    on_handle(&w, SSH_FXP_READDIR, SECOND_HANDLE);
    on_handle(&w, SSH_FXP_READDIR, SECOND_HANDLE);
    on_path(&w, SSH_FXP_STAT, "/hello");
    on_path(&w, SSH_FXP_LSTAT, "/none");
    setting(&w, SSH_FXP_SETSTAT, "/hello", 6, 0600);
    setting(&w, SSH_FXP_MKDIR, "/dir", 4, 0700);
    on_path(&w, SSH_FXP_RMDIR, "/dir");
    on_paths(&w, version < 6 ? SSH_FXP_SYMLINK : SSH_FXP_LINK, "/hello", "/link");
    on_path(&w, SSH_FXP_READLINK, "/link");
    on_paths(&w, SSH_FXP_RENAME, "/hello", "/moved");
    extensions(&w);
    on_path(&w, SSH_FXP_REMOVE, "/third");
    begin(&w, 99);
    end(&w);
    begin(&w, SSH_FXP_STATUS);
    end(&w);
    on_handle(&w, SSH_FXP_CLOSE, FIRST_HANDLE);
    on_handle(&w, SSH_FXP_CLOSE, SECOND_HANDLE);
    on_handle(&w, SSH_FXP_CLOSE, SECOND_HANDLE);
}

void script_clear(struct script *s)
{
    buf_clear(&s->bytes);
}
