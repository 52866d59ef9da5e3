/* The stacked sets of hooks, with the union of their masks, so that a kind without hooks costs one
 * test. Immutable once in use; shared by all sessions of a server. */
#ifndef SALLY_CORE_HOOK_STACK_H
#define SALLY_CORE_HOOK_STACK_H

#include "sallyport/error.h"
#include "sallyport/hooks.h"

struct hook_stack {
    sally_hooks *sets;
    size_t count;
    uint64_t before_mask, after_mask; /* kinds with at least one hook */
};

/* Appends a copy. SALLY_E_INVALID: an invalid struct_size, or unknown flags and members that are
 * not zero. */
sally_error hook_stack_add(struct hook_stack *stack, const sally_hooks *hooks);
void hook_stack_clear(struct hook_stack *stack);

#endif
