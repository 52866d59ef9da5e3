#include "core/status.h"

#include <errno.h>

struct status_row {
    uint32_t v3, ftp;
    const char *text;
};

static const struct status_row rows[] = {
#define ROW(name, value, v3, ftp, text) [value] = {v3, ftp, text},
    SALLY_STATUS_MAP(ROW)
#undef ROW
};

#define ROWS ((sally_status)(sizeof rows / sizeof rows[0]))

/* The highest code of each version: -02 section 7, -04 section 7, -05 section 7, -13 section 9.1.
 */
static sally_status highest(uint32_t version)
{
    switch (version) {
    case 3:
        return SALLY_UNSUPPORTED;
    case 4:
        return SALLY_NO_MEDIA;
    case 5:
        return SALLY_LOCK_CONFLICT;
    default:
        return SALLY_NO_MATCHING_BYTE_RANGE_LOCK;
    }
}

sally_status status_clean(sally_status status)
{
    return status >= 0 && status < ROWS ? status : SALLY_FAILURE;
}

uint32_t status_sftp_code(sally_status status, uint32_t version)
{
    status = status_clean(status);
    /* Servers must not say these two (draft-02 section 7, draft-13 section 9.1). */
    if (status == SALLY_NO_CONNECTION || status == SALLY_CONNECTION_LOST)
        return SALLY_FAILURE;
    return status <= highest(version) ? (uint32_t)status : rows[status].v3;
}

uint32_t status_ftp_reply(sally_status status)
{
    return rows[status_clean(status)].ftp;
}

const char *sally_status_text(sally_status status)
{
    return rows[status_clean(status)].text;
}

sally_status sally_status_from_errno(int error)
{
    switch (error) {
    case 0:
        return SALLY_OK;
    case ENOENT:
        return SALLY_NO_SUCH_FILE;
    case EACCES:
    case EPERM:
    case EFAULT: /* OpenSSH's code in version 3 */
        return SALLY_PERMISSION_DENIED;
    case EROFS:
        return SALLY_WRITE_PROTECT;
    case EEXIST:
        return SALLY_FILE_ALREADY_EXISTS;
    case ENOTDIR:
        return SALLY_NOT_A_DIRECTORY;
    case EISDIR:
        return SALLY_FILE_IS_A_DIRECTORY;
    case ENOTEMPTY:
        return SALLY_DIR_NOT_EMPTY;
    case ENOSPC:
        return SALLY_NO_SPACE_ON_FILESYSTEM;
    case EDQUOT:
        return SALLY_QUOTA_EXCEEDED;
    case ELOOP:
        return SALLY_LINK_LOOP;
    case ENAMETOOLONG:
    case EILSEQ:
        return SALLY_INVALID_FILENAME;
    case EINVAL:
        return SALLY_INVALID_PARAMETER;
    case EBADF:
        return SALLY_INVALID_HANDLE;
    case ENOSYS:
    case EOPNOTSUPP:
#if ENOTSUP != EOPNOTSUPP
    case ENOTSUP:
#endif
        return SALLY_UNSUPPORTED;
    case ENODEV:
    case ENXIO:
    case ENOMEDIUM:
        return SALLY_NO_MEDIA;
    case EAGAIN:
    case ETXTBSY:
    case EBUSY:
        return SALLY_LOCK_CONFLICT;
    default:
        return SALLY_FAILURE;
    }
}
