/* A child of which no handler of `pthread_atfork` hears. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void ask(int size, int times) {
    for (int n = 0; n < times; n++) {
        volatile char *block = malloc(size);
        block[0] = 1;
        free((void *)block);
    }
}

int main(int count, char **arguments) {
    char *kept[100];
    int status;
    for (int n = 0; n < 100; n++) kept[n] = malloc(100 + n);
    ask(5003, 1000);
    pid_t child = strcmp(arguments[1], "clone") ? _Fork() : syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        for (int n = 0; n < 100; n++) free(kept[n]);
        ask(7777, 1000);
        _exit(0);
    }
    waitpid(child, &status, 0);
    ask(5003, 1000);
    return count != 2 || status;
}
