/* A library that frees what the program has allocated, and has the program free what it has. */
#include <stdlib.h>
#include <string.h>

char *exchange(char *block) {
    char *copy = strdup(block);
    free(block);
    return copy;
}
