/* Each call of the family, from three threads and often enough to be told apart from what else the program asks for. */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void fill(void *block, size_t size) { memset(block, 1, size); }

static void each_once(void) {
    errno = 77;
    void *block = malloc(10001);
    fill(block, 10001);
    free(block);

    char *zeroes = calloc(10002, 3);
    for (size_t at = 0; at < 10002 * 3; at++) assert(zeroes[at] == 0);
    free(zeroes);

    block = malloc(10003);
    fill(block, 10003);
    block = realloc(block, 10004);
    assert(((char *)block)[10002] == 1);
    block = reallocarray(block, 10005, 2);
    assert(((char *)block)[10002] == 1);
    free(block);

    block = memalign(64, 10006);
    assert((uintptr_t)block % 64 == 0);
    free(block);
    block = aligned_alloc(32, 10016);
    assert((uintptr_t)block % 32 == 0);
    free(block);
    assert(posix_memalign(&block, 8192, 10008) == 0);
    assert((uintptr_t)block % 8192 == 0 && malloc_usable_size(block) >= 10008);
    free(block);
    block = valloc(10009);
    assert((uintptr_t)block % 4096 == 0);
    free(block);
    free(pvalloc(10010));
    assert(errno == 77);

    errno = 0;
    assert(malloc(SIZE_MAX / 2 + 1) == NULL && errno == ENOMEM);
    errno = 0;
    assert(calloc(SIZE_MAX / 2, 3) == NULL && errno == ENOMEM);
    assert(posix_memalign(&block, 3, 10) == EINVAL);
    free(NULL);
    assert(realloc(malloc(5), 0) == NULL);
    free(realloc(NULL, 6));
}

static void *work(void *argument) {
    each_once();
    each_once();
    return malloc(20001);
}

int main(void) {
    pthread_t threads[3];
    each_once();
    for (int n = 0; n < 3; n++) pthread_create(&threads[n], NULL, work, NULL);
    for (int n = 0; n < 3; n++) pthread_join(threads[n], NULL);
    return 0;
}
