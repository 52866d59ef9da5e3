/* What authenticators set with their answer. */
#include <string.h>

#include "auth/request.h"
#include "base/buf.h"
#include "base/mem.h"
#include "core/path.h"
#include "sallyport/fs.h"

#define MAX_SETTINGS 64
#define MAX_TEXT     16384 /* bytes of a prompt, name, instruction, or of all banners together */

static struct auth_request *request_of(sally_auth_request *pub)
{
    return CONTAINER_OF(pub, struct auth_request, pub);
}

/* If an authenticator ignores a failure of the calls below, its incomplete answer is rejected. */
static sally_error lost(struct auth_request *r)
{
    r->failed = true;
    return SALLY_E_NO_MEMORY;
}

void auth_request_set_reason(sally_auth_request *request, const char *reason)
{
    struct auth_request *r = request_of(request);
    r->reason = reason;
    if (!reason)
        return;
    mem_free(r->own_reason); /* set before, about something else */
    r->own_reason = NULL;
}

void auth_request_set_fault(sally_auth_request *request, const char *text)
{
    struct auth_request *r = request_of(request);
    struct buf all;
    buf_init(&all, MAX_TEXT);
    if (r->fault) /* of another file */
        put_format(&all, "%s; ", r->fault);
    put_format(&all, "%s", text);
    put_u8(&all, 0);
    char *copy = all.failed ? NULL : mem_dup(buf_head(&all), all.size);
    buf_clear(&all);
    if (!copy)
        return;
    mem_free(r->fault);
    r->fault = copy;
}

bool auth_request_is_strict(const sally_auth_request *request)
{
    return ((const struct auth_request *)(const void *)request)->strict_modes;
}

void auth_request_reset_answer(struct auth_request *r)
{
    auth_answer_clear(&r->answer);
    r->methods_next = 0;
    while (r->prompt_count)
        mem_free((void *)(uintptr_t)r->prompts[--r->prompt_count].text);
    mem_free(r->prompt_name);
    mem_free(r->prompt_instruction);
    r->prompt_name = r->prompt_instruction = NULL;
    r->failed = false;
}

sally_auth_result sally_auth_accept(sally_auth_request *request, sally_fs *fs)
{
    struct auth_request *r = request_of(request);
    if (fs)
        sally_fs_ref(fs);
    sally_fs_unref(r->answer.fs);
    r->answer.fs = fs;
    return SALLY_AUTH_ACCEPT;
}

static sally_error set_path(struct auth_request *r, char **place, const char *text)
{
    if (!text)
        return SALLY_E_INVALID;
    struct buf path;
    buf_init(&path, PATH_MAX_BYTES + 1);
    sally_status s = path_normalise(&path, "/", slice_of(text));
    char *copy = s == SALLY_OK ? mem_strdup((const char *)buf_head(&path)) : NULL;
    buf_clear(&path);
    if (s != SALLY_OK && s != SALLY_FAILURE) {
        r->failed = true;
        return SALLY_E_INVALID;
    }
    if (!copy)
        return lost(r);
    mem_free(*place);
    *place = copy;
    return SALLY_E_OK;
}

sally_error sally_auth_set_root(sally_auth_request *request, const char *root)
{
    struct auth_request *r = request_of(request);
    if (!root) /* would let the user out of the intended root */
        r->failed = true;
    return set_path(r, &r->answer.root, root);
}

sally_error sally_auth_set_home(sally_auth_request *request, const char *home)
{
    struct auth_request *r = request_of(request);
    return set_path(r, &r->answer.home, home);
}

void sally_auth_set_permissions(sally_auth_request *request, uint32_t permissions)
{
    request_of(request)->answer.permissions = permissions & SALLY_MAY_ALL;
}

sally_error sally_auth_set(sally_auth_request *request, const char *name, const char *value)
{
    struct auth_request *r = request_of(request);
    if (!name || !value)
        return SALLY_E_INVALID;
    sally_error e = r->check_setting ? r->check_setting(name, value) : SALLY_E_OK;
    if (e)
        return e;
    struct auth_setting **end =
        &r->answer.settings; /* in the order they were set: a later one wins */
    unsigned count = 0;
    while (*end) {
        end = &(*end)->next;
        if (++count == MAX_SETTINGS) {
            r->failed = true;
            return SALLY_E_LIMIT;
        }
    }
    struct auth_setting *setting = mem_zalloc(sizeof *setting);
    if (!setting)
        return lost(r);
    *end = setting;
    setting->name = mem_strdup(name);
    setting->value = mem_strdup(value);
    if (setting->name && setting->value)
        return SALLY_E_OK;
    mem_free(setting->name);
    mem_free(setting->value);
    mem_free(setting);
    *end = NULL;
    return lost(r);
}

sally_auth_result sally_auth_partial(sally_auth_request *request, uint32_t methods_next)
{
    const uint32_t all =
        SALLY_AUTH_PASSWORD | SALLY_AUTH_PUBLICKEY | SALLY_AUTH_KEYBOARD_INTERACTIVE;
    request_of(request)->methods_next = methods_next & all;
    return SALLY_AUTH_PARTIAL;
}

static sally_error set_text(struct auth_request *r, char **place, const char *text)
{
    size_t size = strnlen(text, MAX_TEXT + 1);
    if (size > MAX_TEXT) {
        r->failed = true;
        return SALLY_E_LIMIT;
    }
    char *copy = mem_strndup(text, size);
    if (!copy)
        return lost(r);
    mem_free(*place);
    *place = copy;
    return SALLY_E_OK;
}

sally_error sally_auth_add_prompt(sally_auth_request *request, const char *text, bool echo)
{
    struct auth_request *r = request_of(request);
    if (!text || request->method != SALLY_AUTH_KEYBOARD_INTERACTIVE)
        return SALLY_E_INVALID;
    if (r->prompt_count == LOGIN_PROMPTS_MAX) {
        r->failed = true;
        return SALLY_E_LIMIT;
    }
    char *copy = NULL;
    sally_error e = set_text(r, &copy, text);
    if (e)
        return e;
    r->prompts[r->prompt_count++] = (struct login_prompt){copy, echo};
    return SALLY_E_OK;
}

sally_error sally_auth_set_instruction(sally_auth_request *request, const char *name,
                                       const char *instruction)
{
    struct auth_request *r = request_of(request);
    if (!name || !instruction || request->method != SALLY_AUTH_KEYBOARD_INTERACTIVE)
        return SALLY_E_INVALID;
    sally_error e = set_text(r, &r->prompt_name, name);
    return e ? e : set_text(r, &r->prompt_instruction, instruction);
}

sally_error sally_auth_set_message(sally_auth_request *request, const char *text)
{
    struct auth_request *r = request_of(request);
    if (!text)
        return SALLY_E_INVALID;
    bool failed = r->failed; /* a lost text is no reason to reject a login */
    sally_error e = set_text(r, &r->answer.message, text);
    r->failed = failed;
    return e;
}

void sally_auth_set_data(sally_auth_request *request, void *data, void (*free_data)(void *data))
{
    struct auth_answer *answer = &request_of(request)->answer;
    auth_answer_free_data(answer);
    answer->data = data;
    answer->free_data = free_data;
}

/* A lost banner is no reason to reject a login. */
sally_error sally_auth_add_banner(sally_auth_request *request, const char *text)
{
    struct auth_request *r = request_of(request);
    if (!text)
        return SALLY_E_INVALID;
    size_t old = r->banner ? strlen(r->banner) : 0, size = strnlen(text, MAX_TEXT + 1);
    const char *between = old && r->banner[old - 1] != '\n' ? "\r\n" : "";
    if (old + strlen(between) + size > MAX_TEXT)
        return SALLY_E_LIMIT;
    struct buf all;
    buf_init(&all, MAX_TEXT + 1);
    put_bytes(&all, r->banner, old);
    put_bytes(&all, between, strlen(between));
    put_bytes(&all, text, size);
    put_u8(&all, 0);
    char *copy = all.failed ? NULL : mem_dup(buf_head(&all), all.size);
    buf_clear(&all);
    if (!copy)
        return SALLY_E_NO_MEMORY;
    mem_free(r->banner);
    r->banner = copy;
    return SALLY_E_OK;
}
