#include "core/hook_stack.h"

#include "base/mem.h"
#include "base/sized.h"

sally_error hook_stack_add(struct hook_stack *stack, const sally_hooks *hooks)
{
    sally_hooks copy;
    if (!hooks ||
        !sized_copy(&copy, sizeof copy, hooks, hooks->struct_size, offsetof(sally_hooks, before)) ||
        (copy.flags & ~(uint32_t)SALLY_HOOKS_NONBLOCKING) || copy.reserved)
        return SALLY_E_INVALID;
    sally_hooks *sets = mem_resize(stack->sets, stack->count + 1, sizeof *sets);
    if (!sets)
        return SALLY_E_NO_MEMORY;
    if (!copy.before)
        copy.before_mask = 0;
    if (!copy.after)
        copy.after_mask = 0;
    stack->sets = sets;
    stack->sets[stack->count++] = copy;
    stack->before_mask |= copy.before_mask;
    stack->after_mask |= copy.after_mask;
    return SALLY_E_OK;
}

void hook_stack_clear(struct hook_stack *stack)
{
    mem_free(stack->sets);
    *stack = (struct hook_stack){0};
}
