/* A server's worker: forked by the superuser, it becomes somebody else before it works. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int status;
    if (fork() == 0) {
        if (setgid(65534) || setuid(65534)) _exit(1);
        for (int n = 0; n < 1000; n++) free(malloc(5003));
        _exit(0);
    }
    wait(&status);
    return status;
}
