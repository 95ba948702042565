/* A library that asks for memory. Built twice, it is loaded twice, the one where the other one was. */
#include <stdlib.h>

void entry(int size) {
    volatile char *block = malloc(size);
    block[0] = 1;
    free((void *)block);
}
