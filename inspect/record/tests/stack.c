/* A coroutine on a small stack, with no memory behind it. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static ucontext_t outside, inside;

static void work(void) {
    for (int n = 1; n < 200; n++) {
        volatile char *block = malloc(n * 37);
        block[0] = 1;
        block = realloc((void *)block, n * 91);
        block[0] = 2;
        free((void *)block);
    }
    swapcontext(&inside, &outside);
}

int main(int count, char **arguments) {
    size_t guard = sysconf(_SC_PAGESIZE), size = atol(arguments[1]);
    char *memory = mmap(0, size + 2 * guard, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(memory, guard, PROT_NONE);
    mprotect(memory + guard + size, guard, PROT_NONE);
    getcontext(&inside);
    inside.uc_stack.ss_sp = memory + guard;
    inside.uc_stack.ss_size = size;
    makecontext(&inside, work, 0);
    swapcontext(&outside, &inside);
    return count != 2;
}
