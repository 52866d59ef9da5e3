/* A layer of settings: what a server, a listener, a user or a connection sets. */
#ifndef SALLY_SETTINGS_LAYER_H
#define SALLY_SETTINGS_LAYER_H

#include "sallyport/error.h"
#include "settings/table.h"

struct setting_override {
    struct setting_override *next;
    const struct setting_row *row;
    char value[]; /* as given; it has been checked */
};

struct setting_layer {
    uint32_t scope;                 /* its SALLY_SCOPE_ bit */
    struct setting_override *first; /* at most one per setting */
};

void setting_layer_init(struct setting_layer *layer, uint32_t scope);
void setting_layer_clear(struct setting_layer *layer);
/* Initialises `to`. False: out of memory, and `to` is empty. */
bool setting_layer_copy(struct setting_layer *to, const struct setting_layer *from);

/* Sets a value, replacing any earlier one. SALLY_E_NOT_FOUND, SALLY_E_UNSUPPORTED (not in this
 * layer), SALLY_E_PARSE, SALLY_E_RANGE, SALLY_E_NO_MEMORY: nothing has changed, and `why` explains
 * it in a sentence. */
sally_error setting_layer_set(struct setting_layer *layer, const char *name, const char *value,
                              char why[SETTINGS_WHY_SIZE]);

/* Whether the layer with this SALLY_SCOPE_ bit may have this value; errors as above. */
sally_error setting_check(uint32_t scope, const char *name, const char *value,
                          char why[SETTINGS_WHY_SIZE]);

#endif
