// Threads that ask where their stacks are before they ask for anything else, as those of Rust and of Java do.

#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *look(void *size) {
    pthread_attr_t attributes;
    void *start;
    if (pthread_getattr_np(pthread_self(), &attributes) || pthread_attr_getstack(&attributes, &start, size)) {
        abort();
    }
    pthread_attr_destroy(&attributes);
    free(malloc(77));
    return NULL;
}

int main(void) {
    // One that waits for ever does not make others wait.
    alarm(20);
    for (int i = 0; i < 10; i++) {
        pthread_t thread;
        size_t size = 0;
        if (pthread_create(&thread, NULL, look, &size) || pthread_join(thread, NULL) || size == 0) {
            return 1;
        }
    }
    return 0;
}
