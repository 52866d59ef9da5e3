/* Valid values of settings: the names that lists choose from, and which texts are accepted. */
#ifndef SALLY_SETTINGS_CHOICES_H
#define SALLY_SETTINGS_CHOICES_H

#include <stdbool.h>
#include <stddef.h>

/* Names for lists, best first; NULL after the last one. */
const char *choice_kex_at(size_t index);
const char *choice_cipher_at(size_t index);
const char *choice_mac_at(size_t index);
const char *choice_signature_at(size_t index);
const char *choice_command_at(size_t index);

/* Whether this names a request that sftp_request_name_at() does not list. */
bool choice_is_other_request(const char *name);

bool text_is_software(const char *value);
bool text_is_banner(const char *value);
bool text_is_charset(const char *value);
bool text_is_network(const char *value);
bool text_is_proxy_mode(const char *value);
/* A network, or "unix". */
bool text_is_proxy_peer(const char *value);

#endif
