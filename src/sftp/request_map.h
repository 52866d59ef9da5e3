/* Every request that the engine knows: a row each, from which the tables of numbers and names, the
 * names in lists of allowed and denied requests, the announcements in VERSION, and the declarations
 * of the handlers are generated. sftp-server -Q prints the names in this order.
 *
 * A request with different forms has a row for each, with the same name. */
#ifndef SALLY_SFTP_REQUEST_MAP_H
#define SALLY_SFTP_REQUEST_MAP_H

#include "sftp/request.h"

/* clang-format off */
/* The packet type, SSH_FXP_; the versions in which it exists; its name in lists (OpenSSH's, where it has one), NULL where
 * the handler finds the name; what handles it. */
#define REQUEST_MAP(X) \
    X(OPEN,     OPEN,     V3_TO_4, "open",     handle_open)                    \
    X(OPEN_V5,  OPEN,     V5_TO_6, "open",     handle_open_v5)                 \
    X(CLOSE,    CLOSE,    V_ALL,   "close",    handle_close)                   \
    X(READ,     READ,     V_ALL,   "read",     handle_read)                    \
    X(WRITE,    WRITE,    V_ALL,   "write",    handle_write)                   \
    X(LSTAT,    LSTAT,    V_ALL,   "lstat",    handle_lstat)                   \
    X(FSTAT,    FSTAT,    V_ALL,   "fstat",    handle_fstat)                   \
    X(SETSTAT,  SETSTAT,  V_ALL,   "setstat",  handle_setstat)                 \
    X(FSETSTAT, FSETSTAT, V_ALL,   "fsetstat", handle_fsetstat)                \
    X(OPENDIR,  OPENDIR,  V_ALL,   "opendir",  handle_opendir)                 \
    X(READDIR,  READDIR,  V_ALL,   "readdir",  handle_readdir)                 \
    X(REMOVE,   REMOVE,   V_ALL,   "remove",   handle_remove)                  \
    X(MKDIR,    MKDIR,    V_ALL,   "mkdir",    handle_mkdir)                   \
    X(RMDIR,    RMDIR,    V_ALL,   "rmdir",    handle_rmdir)                   \
    X(REALPATH, REALPATH, V_ALL,   "realpath", handle_realpath)                \
    X(STAT,     STAT,     V_ALL,   "stat",     handle_stat)                    \
    X(RENAME,   RENAME,   V_ALL,   "rename",   handle_rename)                  \
    X(READLINK, READLINK, V_ALL,   "readlink", handle_readlink)                \
    X(SYMLINK,  SYMLINK,  V3_TO_5, "symlink",  handle_symlink)                 \
    X(LINK,     LINK,     V6,      NULL,       handle_link) /* symlink or hardlink */ \
    X(BLOCK,    BLOCK,    V6,      "block",    handle_block)                   \
    X(UNBLOCK,  UNBLOCK,  V6,      "unblock",  handle_unblock)                 \
    X(EXTENDED, EXTENDED, V_ALL,   NULL,       handle_extended) /* the rows below */

/* The name on the wire; that in lists; the version in the pair that announces it, NULL where announce.c announces it in
 * another way; the kind of operation that the storage must support, 0 for none; the permissions without which it always
 * fails (its operations are checked by themselves: this is for VERSION); what handles it. */
#define EXTENSION_MAP(X) \
    X(POSIX_RENAME,   "posix-rename@openssh.com", "posix-rename",      "1",  SALLY_OP_RENAME,  SALLY_MAY_RENAME | SALLY_MAY_REMOVE, ext_posix_rename) \
    X(STATVFS,        "statvfs@openssh.com",      "statvfs",           "2",  SALLY_OP_STATVFS, SALLY_MAY_STAT,   ext_statvfs) \
    X(FSTATVFS,       "fstatvfs@openssh.com",     "fstatvfs",          "2",  SALLY_OP_STATVFS, SALLY_MAY_STAT,   ext_fstatvfs) \
    X(HARDLINK,       "hardlink@openssh.com",     "hardlink",          "1",  SALLY_OP_LINK,    SALLY_MAY_LINK,   ext_hardlink) \
    X(FSYNC,          "fsync@openssh.com",        "fsync",             "1",  SALLY_OP_FSYNC,   SALLY_MAY_WRITE,  ext_fsync) \
    X(LSETSTAT,       "lsetstat@openssh.com",     "lsetstat",          "1",  SALLY_OP_SETSTAT, SALLY_MAY_SETSTAT, ext_lsetstat) \
    X(LIMITS,         "limits@openssh.com",       "limits",            "1",  0,                0,                ext_limits) \
    X(EXPAND_PATH,    "expand-path@openssh.com",  "expand-path",       "1",  0,                0,                ext_expand_path) \
    X(COPY_DATA,      "copy-data",                "copy-data",         "1",  SALLY_OP_COPY,    SALLY_MAY_READ | SALLY_MAY_WRITE, ext_copy_data) \
    X(HOME_DIRECTORY, "home-directory",           "home-directory",    "1",  0,                0,                ext_home_directory) \
    X(USERS_GROUPS,   "users-groups-by-id@openssh.com", "users-groups-by-id", "1",  SALLY_OP_LOOKUP_IDS, SALLY_MAY_STAT,   ext_users_groups_by_id) \
    X(CHECK_HANDLE,   "check-file-handle",        "check-file-handle", "1",  SALLY_OP_HASH,    SALLY_MAY_READ,   ext_check_file_handle) \
    X(CHECK_NAME,     "check-file-name",          "check-file-name",   "1",  SALLY_OP_HASH,    SALLY_MAY_READ,   ext_check_file_name) \
    X(MD5,            "md5-hash",                 "md5-hash",          "1",  SALLY_OP_HASH,    SALLY_MAY_READ,   ext_md5_hash) \
    X(MD5_HANDLE,     "md5-hash-handle",          "md5-hash-handle",   "1",  SALLY_OP_HASH,    SALLY_MAY_READ,   ext_md5_hash_handle) \
    X(SPACE,          "space-available",          "space-available",   "1",  SALLY_OP_STATVFS, SALLY_MAY_STAT,   ext_space_available) \
    X(COPY_FILE,      "copy-file",                "copy-file",         "1",  SALLY_OP_COPY,    SALLY_MAY_READ | SALLY_MAY_WRITE | SALLY_MAY_CREATE, ext_copy_file) \
    X(GET_TEMP,       "get-temp-folder",          "get-temp-folder",   "1",  SALLY_OP_STAT,    0,                ext_get_temp_folder) \
    X(MAKE_TEMP,      "make-temp-folder",         "make-temp-folder",  "1",  SALLY_OP_MKDIR,   SALLY_MAY_MKDIR,  ext_make_temp_folder) \
    X(TEXT_SEEK,      "text-seek",                "text-seek",         NULL, 0,                SALLY_MAY_READ,   ext_text_seek) \
    X(TRANSLATION,    "filename-translation-control", "filename-translation-control", NULL, 0,                0,                ext_filename_translation_control) \
    X(VENDOR_ID,      "vendor-id",                "vendor-id",         NULL, 0,                0,                ext_vendor_id) \
    X(VERSION_SELECT, "version-select",           "version-select",    NULL, 0,                0,                ext_version_select) \
    X(CHECK_FILE,     "check-file",               "check-file-handle", "1",  SALLY_OP_HASH,    SALLY_MAY_READ,   ext_check_file_handle) /* Paramiko's name */
/* clang-format on */

/* Rows; also the numbers of bits in sftp.denied. */
enum request_id {
#define REQUEST(id, type, versions, name, handle)                  REQUEST_##id,
#define EXTENSION(id, on_wire, name, version, kind, needs, handle) REQUEST_##id,
    REQUEST_MAP(REQUEST) EXTENSION_MAP(EXTENSION)
#undef REQUEST
#undef EXTENSION
        REQUEST_COUNT
};

#define REQUEST(id, type, versions, name, handle)                  handle_fn handle;
#define EXTENSION(id, on_wire, name, version, kind, needs, handle) handle_fn handle;
REQUEST_MAP(REQUEST)
EXTENSION_MAP(EXTENSION)
#undef REQUEST
#undef EXTENSION

#endif
