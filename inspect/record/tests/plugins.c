/* Loads libraries one after the other, with names bound within each first, as PHP does, and calls each. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

int main(int count, char **paths) {
    for (int n = 1; n < count; n++) {
        void *library = dlopen(paths[n], RTLD_NOW | RTLD_DEEPBIND);
        void (*entry)(int) = library ? (void (*)(int))dlsym(library, "entry") : NULL;
        if (!entry) return 1;
        printf("%p\n", (void *)entry);
        entry(5000 + n);
        dlclose(library);
    }
    return 0;
}
