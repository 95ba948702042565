/* A signal handler that forks, wherever the program is; the children request memory once they are back in the program. */
#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 100 };

static volatile sig_atomic_t forks, is_child;

static void handle(int number) {
    (void)number;
    if (is_child || forks == CHILDREN) return;
    forks++;
    is_child = fork() == 0;
}

int main(void) {
    struct itimerval every = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    signal(SIGALRM, handle);
    setitimer(ITIMER_REAL, &every, NULL);
    while (forks < CHILDREN && !is_child) free(malloc(333));
    setitimer(ITIMER_REAL, &never, NULL);
    if (is_child) {
        for (int n = 0; n < 10; n++) free(malloc(7777));
        _exit(0);
    }
    for (int n = 0; n < CHILDREN; n++) {
        int status;
        assert(wait(&status) > 0 && status == 0);
    }
    return 0;
}
