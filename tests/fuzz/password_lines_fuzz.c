/* The file of `sallyport serve --password-file`, and the passwords in it. */
#include <stdlib.h>
#include <string.h>

#include "../../cmd/sallyport/password_lines.h"
#include "auth/password.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct password_context context;

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_password(const char *text)
{
    struct password p;
    sally_error error = password_init(&p, &context, text);
    require(p.set == (error == SALLY_E_OK));
    require(!error || error == SALLY_E_INVALID || error == SALLY_E_UNSUPPORTED);
    if (p.set) {
        require(password_same_cost(&p, &p));
        require((password_cost(&p) != 0) == (p.hash != NULL));
        require(!p.hash || strcmp(p.hash, text) == 0);
        require(!p.hash || !password_verify(&p, NULL, 0, &context, "")); /* nothing is computed */
    }
    if (p.set && !p.hash)
        require(password_verify(&p, NULL, 0, &context, text));
    password_clear(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!context.crypto && password_context_init(&context) != SALLY_E_OK)
        abort();
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size)
        memcpy(text, data, size);
    struct password_lines lines;
    const char *name, *password, *why = NULL;
    size_t last = 0;
    password_lines_begin(&lines, text, size);
    for (enum password_line line;
         (line = password_lines_next(&lines, &name, &password, &why)) != PASSWORD_LINE_NONE;) {
        require(lines.number > last && lines.at <= lines.end);
        last = lines.number;
        require((line == PASSWORD_LINE_WRONG) == (why != NULL));
        if (line == PASSWORD_LINE_WRONG)
            continue;
        require(*name && !strpbrk(name, ":\n") && *name != ' ');
        if (password) {
            require(*password && !strchr(password, '\n'));
            check_password(password);
        }
    }
    free(text);
    return 0;
}
