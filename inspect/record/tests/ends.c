/* Requests, and right after them an end that tells nobody. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A handler that asks for memory, too: the log goes on. */
static void on_abort(int signal) {
    for (int n = 0; n < 10; n++) free(malloc(5003));
    raise(SIGKILL);
}

int main(int count, char **arguments) {
    const char *way = count > 1 ? arguments[1] : "";
    char *next[] = {"true", NULL};
    int times = strcmp(way, "catch") == 0 ? 190 : 200;
    for (int n = 0; n < times; n++) free(malloc(5003));
    if (strcmp(way, "abort") == 0) abort();
    if (strcmp(way, "quick_exit") == 0) quick_exit(0);
    if (strcmp(way, "fexecve") == 0) fexecve(open("/bin/true", O_RDONLY), next, environ);
    if (strcmp(way, "execveat") == 0) execveat(AT_FDCWD, "/bin/true", next, environ, 0);
    /* What comes is not recorded. */
    if (strcmp(way, "execve") == 0) execve("/bin/true", next, next + 1);
    /* Nobody sees that. */
    if (strcmp(way, "syscall") == 0) syscall(SYS_execve, "/bin/true", next, environ);
    if (strcmp(way, "kill") == 0) raise(SIGKILL);
    if (strcmp(way, "crash") == 0) *(volatile int *)0 = 1;
    if (strcmp(way, "end") == 0) raise(SIGTERM);
    if (strcmp(way, "catch") == 0) {
        signal(SIGABRT, on_abort);
        abort();
    }
    /* More than there are registers. */
    if (strcmp(way, "execl") == 0) execl("/bin/echo", "echo", "1", "2", "3", "4", "5", "6", "7", "8", NULL);
    if (strcmp(way, "execlp") == 0) execlp("echo", "echo", "1", "2", "3", "4", "5", "6", "7", "8", NULL);
    if (strcmp(way, "execle") == 0) execle("/bin/echo", "echo", "1", "2", "3", "4", "5", "6", "7", "8", NULL, environ);
    return 1;
}
