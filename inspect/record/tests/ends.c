/* Requests, and right after them an end that tells nobody. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments) {
    const char *way = count > 1 ? arguments[1] : "";
    char *next[] = {"true", NULL};
    for (int n = 0; n < 200; n++) free(malloc(5003));
    if (strcmp(way, "abort") == 0) abort();
    if (strcmp(way, "quick_exit") == 0) quick_exit(0);
    if (strcmp(way, "fexecve") == 0) fexecve(open("/bin/true", O_RDONLY), next, environ);
    if (strcmp(way, "execveat") == 0) execveat(AT_FDCWD, "/bin/true", next, environ, 0);
    if (strcmp(way, "kill") == 0) raise(SIGKILL);
    /* More than there are registers. */
    if (strcmp(way, "execl") == 0) execl("/bin/echo", "echo", "1", "2", "3", "4", "5", "6", "7", "8", NULL);
    if (strcmp(way, "execlp") == 0) execlp("echo", "echo", "1", "2", "3", "4", "5", "6", "7", "8", NULL);
    if (strcmp(way, "execle") == 0) execle("/bin/echo", "echo", "1", "2", "3", "4", "5", "6", "7", "8", NULL, environ);
    return 1;
}
