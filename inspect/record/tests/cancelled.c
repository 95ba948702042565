/* Threads that are cancelled while they request memory: that is no place for it, so they come to the one after it. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void forget(void *block) { free(block); }

static void *work(void *argument) {
    for (;;) {
        void *block;
        for (int n = 0; n < 1000; n++) {
            block = malloc(333);
            free(block);
        }
        block = malloc(334);
        pthread_cleanup_push(forget, block);
        pthread_testcancel();
        pthread_cleanup_pop(1);
    }
    return argument;
}

int main(void) {
    for (int round = 0; round < 10; round++) {
        pthread_t thread;
        void *result;
        pthread_create(&thread, NULL, work, NULL);
        usleep(10000);
        pthread_cancel(thread);
        pthread_join(thread, &result);
        assert(result == PTHREAD_CANCELED);
    }
    return 0;
}
