#include "settings/choices.h"

#include <string.h>

#include "base/ip.h"
#include "crypto/kex_method.h"
#include "crypto/packet_cipher.h"
#include "crypto/public_key.h"
#include "os/charset.h"
#include "scp/settings.h"
#include "sftp/settings.h"

const char *choice_kex_at(size_t index)
{
    const struct kex_method *method = kex_method_at(index);
    return method ? method->name : NULL;
}

const char *choice_cipher_at(size_t index)
{
    const struct cipher_info *cipher = cipher_at(index);
    return cipher ? cipher->name : NULL;
}

const char *choice_mac_at(size_t index)
{
    const struct mac_info *mac = mac_at(index);
    return mac ? mac->name : NULL;
}

const char *choice_signature_at(size_t index)
{
    const struct signature_algorithm *signature = signature_algorithm_at(index);
    return signature ? signature->name : NULL;
}

/* "none" after the commands: an explicit name, since an empty list could be a mistake. */
const char *choice_command_at(size_t index)
{
    uint32_t count = 0;
    while (scp_command_name(count))
        count++;
    return index < count ? scp_command_name((uint32_t)index) : index == count ? "none" : NULL;
}

/* Names of requests on the wire, and of a storage's own requests, which contain an @. */
bool choice_is_other_request(const char *name)
{
    return strchr(name, '@') || sftp_request_is_known(name);
}

/* RFC 4253 section 4.2: printable US-ASCII without space and minus; all of the line at most 255
 * bytes. */
bool text_is_software(const char *value)
{
    for (const char *s = value; *s; s++)
        if (*s <= ' ' || *s > '~' || *s == '-')
            return false;
    return *value != '\0' && strlen(value) <= 200;
}

/* Safe text for terminals before login; RFC 4252 section 5.4 does not limit the size. */
bool text_is_banner(const char *value)
{
    return strlen(value) <= 32768;
}

/* A charset that the system supports, and that contains ASCII unchanged. */
bool text_is_charset(const char *value)
{
    if (!*value || os_charset_is_utf8(value))
        return true;
    struct charset *c = os_charset_open(value);
    os_charset_close(c);
    return c != NULL;
}

bool text_is_network(const char *value)
{
    struct ip_network network;
    return ip_network_parse(slice_of(value), &network);
}

bool text_is_proxy_mode(const char *value)
{
    return strcmp(value, "off") == 0 || strcmp(value, "optional") == 0 ||
           strcmp(value, "required") == 0;
}

bool text_is_proxy_peer(const char *value)
{
    return strcmp(value, "unix") == 0 || text_is_network(value);
}
