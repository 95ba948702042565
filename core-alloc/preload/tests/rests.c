/* A program that frees much and then requests nothing: what it has had goes back to the system all the same, by a thread that
   is there for a while. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mudlark.h"

enum { BLOCKS = 400000, SIZE = 500, MANY_MIB = 150, FEW_MIB = 20 };

static int failures, own_threads = 1;

#define HOLDS(condition)                                                                                              \
    do {                                                                                                              \
        if (!(condition)) {                                                                                           \
            printf("line %d: " #condition "\n", __LINE__);                                                            \
            failures++;                                                                                               \
        }                                                                                                             \
    } while (0)

/* What the kernel says of this process. Nothing is allocated for that: it would keep the thread there. */
static int figure(const char *name) {
    static char text[4096];
    int file = open("/proc/self/status", O_RDONLY);
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length < 0 ? 0 : length] = 0;
    const char *line = strstr(text, name);
    return line ? atoi(line + strlen(name)) : -1;
}

static int resident_mib(void) {
    return figure("VmRSS:") / 1024;
}

static int threads(void) {
    return figure("Threads:");
}

/* Whether it comes to that within five seconds. */
#define COMES_TRUE(condition)                                                                                         \
    ({                                                                                                                \
        int tries = 250;                                                                                              \
        while (!(condition) && --tries)                                                                               \
            usleep(20 * 1000);                                                                                        \
        tries > 0;                                                                                                    \
    })

static char *blocks[BLOCKS];

static void have_much(void) {
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(SIZE);
        memset(blocks[i], i, SIZE);
    }
    HOLDS(resident_mib() > MANY_MIB);
    /* Until nobody is there who has come for something else. */
    HOLDS(COMES_TRUE(threads() == own_threads));
}

static void free_it(void) {
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
}

static void have_and_free_much(void) {
    have_much();
    free_it();
}

static void rest(void) {
    have_and_free_much();
    HOLDS(COMES_TRUE(resident_mib() < FEW_MIB));
    HOLDS(COMES_TRUE(threads() == 1));
}

/* A janitor is there at first, who waits for long enough to be seen; the child gets one of its own. */
static void rest_in_child(void) {
    have_much();
    mudlark_set_decay(60 * 1000);
    free_it();
    HOLDS(COMES_TRUE(threads() == 2));
    pid_t child = fork();
    mudlark_set_decay(50);
    if (child == 0) {
        rest();
        _exit(failures);
    }
    int status = -1;
    waitpid(child, &status, 0);
    HOLDS(status == 0);
    HOLDS(COMES_TRUE(resident_mib() < FEW_MIB && threads() == 1));
}

static void stay_alone(void) {
    mudlark_set_decay(-1);
    have_and_free_much();
    usleep(700 * 1000);
    HOLDS(threads() == 1 && resident_mib() > MANY_MIB);
    mudlark_collect();
    HOLDS(resident_mib() < FEW_MIB);
    mudlark_set_decay(50);
}

static void *be_there(void *barrier) {
    pthread_barrier_wait(barrier);
    pthread_barrier_wait(barrier);
    return barrier;
}

/* The same among threads, which come and go while the janitor is there. */
static void rest_among_threads(void) {
    enum { THREADS = 20 };
    pthread_barrier_t barrier;
    pthread_t others[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&others[i], NULL, be_there, &barrier);
    pthread_barrier_wait(&barrier);
    own_threads += THREADS;
    have_and_free_much();
    HOLDS(COMES_TRUE(resident_mib() < FEW_MIB && threads() == own_threads));
    have_and_free_much();
    own_threads -= THREADS;
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < THREADS; i++)
        pthread_join(others[i], NULL);
    HOLDS(COMES_TRUE(resident_mib() < FEW_MIB && threads() == 1));
}

extern char __libc_single_threaded __attribute__((weak));

int main(void) {
    alarm(100);
    for (int i = 0; i < 3; i++)
        rest();
    stay_alone();
    rest_in_child();
    /* As far as the C library knows, there was never a second thread. */
    HOLDS(!&__libc_single_threaded || __libc_single_threaded);
    rest_among_threads();
    rest();
    printf("%d failures\n", failures);
    return failures;
}
