#include "base/login_methods.h"

#include <string.h>

#include "base/mem.h"
#include "sallyport/auth.h"

static const struct {
    uint32_t method;
    const char *name;
} rows[] = {
    {SALLY_AUTH_NONE, "none"},
    {SALLY_AUTH_PUBLICKEY, "publickey"},
    {SALLY_AUTH_PASSWORD, "password"},
    {SALLY_AUTH_KEYBOARD_INTERACTIVE, "keyboard-interactive"},
};

const char *login_method_name(uint32_t method)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].method == method)
            return rows[i].name;
    return "";
}

uint32_t login_method_find(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (slice_is(name, rows[i].name))
            return rows[i].method;
    return 0;
}

void login_method_names(uint32_t methods, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t length = strlen(rows[i].name);
        if (!(methods & rows[i].method) || rows[i].method == SALLY_AUTH_NONE ||
            used + length + 2 > size)
            continue;
        if (used)
            out[used++] = ',';
        memcpy(out + used, rows[i].name, length + 1);
        used += length;
    }
}
