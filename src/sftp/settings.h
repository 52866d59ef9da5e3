/* The settings of the SFTP engine. In a header of their own, so that the table of settings depends
 * on nothing else of the engine. */
#ifndef SALLY_SFTP_SETTINGS_H
#define SALLY_SFTP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An engine keeps the settings that it was created with. Texts are not copied, and must outlive
 * it. */
struct sftp_settings {
    uint32_t max_version;   /* 3 to 6 */
    uint32_t max_packet;    /* bytes of the largest request, without its length field */
    uint32_t max_read;      /* bytes of data in the largest reply to READ */
    uint32_t max_write;     /* bytes of data in the largest WRITE, as announced to clients; whatever
                               fits into max_packet is accepted */
    uint32_t max_names;     /* bytes of the largest NAME reply */
    uint32_t umask_version; /* the last version in which the umask applies to permissions */
    bool list_dots;         /* READDIR returns "." and ".." */
    const char *allow_requests; /* names with commas; NULL: all */
    const char *deny_requests;  /* NULL: none */
    /* The charset of the storage's names, as announced; NULL: they are bytes without a charset. */
    const char *filename_charset;
};

/* The names that the lists of allowed and denied requests may contain; NULL after the last one. */
const char *sftp_request_name_at(size_t index);
/* A request's name on the wire, if it differs from its name in lists, which is stored in `name`;
 * NULL after the last one. */
const char *sftp_request_alias_at(size_t index, const char **name);
/* Whether lists accept this name. Extensions may also be given by their name on the wire. */
bool sftp_request_is_known(const char *name);

#endif
