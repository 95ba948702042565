/* Processes that are started by vfork and posix_spawn, which share their parent's memory at first, while its threads allocate
   and the janitor is about. */
#define _GNU_SOURCE
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mudlark.h"

enum { THREADS = 3, CHILDREN = 100, BLOCKS = 2000 };

extern char **environ;
static atomic_int done;
static int failures;

static void *churn(void *unused) {
    char *blocks[BLOCKS] = {0};
    for (unsigned random = 1; !done; random = random * 1103515245 + 12345) {
        unsigned place = (random >> 16) % BLOCKS, size = (random >> 8) % (place ? 2000 : 300000) + 1;
        free(blocks[place]);
        blocks[place] = malloc(size);
        blocks[place][size - 1] = 1;
    }
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    return unused;
}

static void expect_success(pid_t child) {
    int status = -1;
    waitpid(child, &status, 0);
    failures += status != 0;
}

int main(void) {
    char *const command[] = {"/bin/sh", "-c", "exit 0", NULL};
    pthread_t threads[THREADS];
    alarm(60);
    mudlark_set_decay(1);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, churn, NULL);
    for (int i = 0; i < CHILDREN; i++) {
        pid_t child = vfork();
        if (child == 0) {
            execve(command[0], command, environ);
            _exit(127);
        }
        expect_success(child);
        failures += posix_spawn(&child, command[0], NULL, NULL, command, environ) != 0;
        expect_success(child);
    }
    done = 1;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    /* Children that failed to start have left the parent's heap as it was. */
    char *block = malloc(100000);
    memset(block, 1, 100000);
    free(block);
    printf("%d failures\n", failures);
    return failures;
}
