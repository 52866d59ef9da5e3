#include "model.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const struct buf *b)
{
    return b->size ? (const char *)buf_head(b) : "(no answer)";
}

/* Both answers below the request, where they differ. */
void runs_print(const struct sequence *q, const struct run *serial, const struct run *at_once)
{
    printf("  version %u; a dot ends a batch; #n is a handle\n", q->version);
    for (size_t i = 0; i < q->count; i++) {
        struct buf request;
        buf_init(&request, 4096);
        request_describe(&request, &q->steps[i], q->version);
        put_u8(&request, 0);
        const char *a = text_of(&serial->answers[i]), *b = text_of(&at_once->answers[i]);
        bool same = strcmp(a, b) == 0;
        printf("  %2zu %-44s %s%s\n", i, text_of(&request), same ? "" : "serial:  ", a);
        if (!same)
            printf("     %-44s at once: %s\n", "", b);
        buf_clear(&request);
    }
    if (serial->failure || at_once->failure)
        printf("  serial: %s; at once: %s\n", serial->failure ? serial->failure : "all answered",
               at_once->failure ? at_once->failure : "all answered");
    const char *a = text_of(&serial->tree), *b = text_of(&at_once->tree);
    if (strcmp(a, b) != 0)
        printf("  left behind, serial:%s\n  left behind, at once:%s\n", a, b);
}
