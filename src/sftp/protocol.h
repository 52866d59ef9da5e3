/* The numbers of SFTP, versions 3 to 6: draft-ietf-secsh-filexfer-02, -04, -05 and -13. Where the
 * names differ between the drafts, the last one's are used. */
#ifndef SALLY_SFTP_PROTOCOL_H
#define SALLY_SFTP_PROTOCOL_H

/* Of a reply with a string: length, type, id, length of the string. */
#define DATA_HEAD   13
#define HANDLE_HEAD 13

#define SFTP_FIRST_VERSION 3u
#define SFTP_LAST_VERSION  6u

/* Packet types (draft-13 section 4.3). */
enum {
    SSH_FXP_INIT = 1,
    SSH_FXP_VERSION = 2,
    SSH_FXP_OPEN = 3,
    SSH_FXP_CLOSE = 4,
    SSH_FXP_READ = 5,
    SSH_FXP_WRITE = 6,
    SSH_FXP_LSTAT = 7,
    SSH_FXP_FSTAT = 8,
    SSH_FXP_SETSTAT = 9,
    SSH_FXP_FSETSTAT = 10,
    SSH_FXP_OPENDIR = 11,
    SSH_FXP_READDIR = 12,
    SSH_FXP_REMOVE = 13,
    SSH_FXP_MKDIR = 14,
    SSH_FXP_RMDIR = 15,
    SSH_FXP_REALPATH = 16,
    SSH_FXP_STAT = 17,
    SSH_FXP_RENAME = 18,
    SSH_FXP_READLINK = 19,
    SSH_FXP_SYMLINK = 20, /* up to version 5 */
    SSH_FXP_LINK = 21,    /* these three: version 6 */
    SSH_FXP_BLOCK = 22,
    SSH_FXP_UNBLOCK = 23,
    SSH_FXP_STATUS = 101,
    SSH_FXP_HANDLE = 102,
    SSH_FXP_DATA = 103,
    SSH_FXP_NAME = 104,
    SSH_FXP_ATTRS = 105,
    SSH_FXP_EXTENDED = 200,
    SSH_FXP_EXTENDED_REPLY = 201
};

/* OPEN's flags up to version 4 (draft-04 section 6.3). */
#define SSH_FXF_READ   0x01u
#define SSH_FXF_WRITE  0x02u
#define SSH_FXF_APPEND 0x04u
#define SSH_FXF_CREAT  0x08u
#define SSH_FXF_TRUNC  0x10u
#define SSH_FXF_EXCL   0x20u
#define SSH_FXF_TEXT   0x40u /* version 4 */

/* OPEN's flags from version 5 on (draft-13 section 8.1.1.3). */
#define SSH_FXF_ACCESS_DISPOSITION 0x07u
#define SSH_FXF_CREATE_NEW         0x00u
#define SSH_FXF_CREATE_TRUNCATE    0x01u
#define SSH_FXF_OPEN_EXISTING      0x02u
#define SSH_FXF_OPEN_OR_CREATE     0x03u
#define SSH_FXF_TRUNCATE_EXISTING  0x04u
#define SSH_FXF_APPEND_DATA        0x0008u
#define SSH_FXF_APPEND_DATA_ATOMIC 0x0010u
#define SSH_FXF_TEXT_MODE          0x0020u
#define SSH_FXF_BLOCK_READ         0x0040u
#define SSH_FXF_BLOCK_WRITE        0x0080u
#define SSH_FXF_BLOCK_DELETE       0x0100u
#define SSH_FXF_BLOCK_ADVISORY     0x0200u /* from here on: version 6 */
#define SSH_FXF_NOFOLLOW           0x0400u
#define SSH_FXF_DELETE_ON_CLOSE    0x0800u

#define SSH_FXF_LAST 0x8000u /* no draft defines a higher one */

/* Access masks (draft-05 section 5.7, draft-13 section 7.8). */
#define ACE4_READ_DATA         0x00000001u
#define ACE4_WRITE_DATA        0x00000002u
#define ACE4_APPEND_DATA       0x00000004u
#define ACE4_READ_NAMED_ATTRS  0x00000008u
#define ACE4_WRITE_NAMED_ATTRS 0x00000010u
#define ACE4_READ_ATTRIBUTES   0x00000080u
#define ACE4_WRITE_ATTRIBUTES  0x00000100u
#define ACE4_DELETE            0x00010000u
#define ACE4_READ_ACL          0x00020000u
#define ACE4_WRITE_ACL         0x00040000u
#define ACE4_WRITE_OWNER       0x00080000u
#define ACE4_EVERY             0x001f01ffu /* with those that nothing is asked for */

#define SFX_ACL_CONTROL_INCLUDED 0x1u
#define SFX_ACL_CONTROL_PRESENT  0x2u

/* Attribute flags (draft-02 section 5, draft-13 section 7.1). */
#define SSH_FILEXFER_ATTR_SIZE              0x00000001u
#define SSH_FILEXFER_ATTR_UIDGID            0x00000002u /* version 3 */
#define SSH_FILEXFER_ATTR_PERMISSIONS       0x00000004u
#define SSH_FILEXFER_ATTR_ACMODTIME         0x00000008u /* version 3 */
#define SSH_FILEXFER_ATTR_ACCESSTIME        0x00000008u
#define SSH_FILEXFER_ATTR_CREATETIME        0x00000010u
#define SSH_FILEXFER_ATTR_MODIFYTIME        0x00000020u
#define SSH_FILEXFER_ATTR_ACL               0x00000040u
#define SSH_FILEXFER_ATTR_OWNERGROUP        0x00000080u
#define SSH_FILEXFER_ATTR_SUBSECOND_TIMES   0x00000100u
#define SSH_FILEXFER_ATTR_BITS              0x00000200u
#define SSH_FILEXFER_ATTR_ALLOCATION_SIZE   0x00000400u
#define SSH_FILEXFER_ATTR_TEXT_HINT         0x00000800u
#define SSH_FILEXFER_ATTR_MIME_TYPE         0x00001000u
#define SSH_FILEXFER_ATTR_LINK_COUNT        0x00002000u
#define SSH_FILEXFER_ATTR_UNTRANSLATED_NAME 0x00004000u
#define SSH_FILEXFER_ATTR_CTIME             0x00008000u
#define SSH_FILEXFER_ATTR_EXTENDED          0x80000000u

/* Attribute bits (draft-13 section 7.9). */
#define SSH_FILEXFER_ATTR_FLAGS_HIDDEN          0x00000004u
#define SSH_FILEXFER_ATTR_FLAGS_TRANSLATION_ERR 0x00000800u /* version 6 */

/* statvfs@openssh.com's flags. */
#define SSH_FXE_STATVFS_ST_RDONLY 0x1u
#define SSH_FXE_STATVFS_ST_NOSUID 0x2u

#endif
