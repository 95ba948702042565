/* A program that loads the library in its argument with names bound within that first, as PHP does. The library's name has no
   folder: the program knows where its libraries are. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **arguments) {
    void *library = count > 1 ? dlopen(arguments[1], RTLD_NOW | RTLD_DEEPBIND) : NULL;
    char *(*exchange)(char *) = library ? (char *(*)(char *))dlsym(library, "exchange") : NULL;
    if (!exchange) {
        puts(dlerror());
        return 1;
    }
    for (size_t size = 16; size < 1 << 20; size += size / 2) {
        char *block = memset(malloc(size), 'x', size);
        block[size - 1] = 0;
        char *copy = exchange(block);
        if (strlen(copy) != size - 1) {
            puts("another text");
            return 1;
        }
        free(copy);
    }
    puts("exchanged");
    return 0;
}
