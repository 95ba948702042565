/* Signal handlers that fork while the program they have interrupted is in the allocator. Parent and child both go on. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mudlark.h"

enum { FORKS = 500, STEPS_IN_CHILD = 3000, BLOCKS = 4096 };

static volatile sig_atomic_t forks, failures;
/* Set where the child of a fork goes on with what was interrupted. */
static volatile sig_atomic_t is_child;

static void fork_here(int signal) {
    int before = errno;
    (void)signal;
    pid_t child = is_child ? -1 : fork();
    if (child == 0) {
        is_child = 1;
        alarm(20);
    } else if (child > 0) {
        int status = -1;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
        failures += status != 0;
        forks++;
    }
    errno = before;
}

static void send_signals_to(pid_t parent) {
    while (kill(parent, SIGUSR1) == 0)
        usleep(100);
    _exit(0);
}

int main(int count, char **arguments) {
    static char *blocks[BLOCKS];
    /* The thread that gives memory back is always about. */
    if (count > 1 && !strcmp(arguments[1], "busy"))
        mudlark_set_decay(1);
    struct sigaction action = {.sa_handler = fork_here, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    alarm(60);
    pid_t parent = getpid(), sender = fork();
    if (sender == 0)
        send_signals_to(parent);
    unsigned random = 1, steps_in_child = 0;
    while (forks < FORKS) {
        random = random * 1103515245 + 12345;
        unsigned place = (random >> 16) % BLOCKS, size = (random >> 8) % (place % 64 ? 3000 : 200000);
        free(blocks[place]);
        blocks[place] = malloc(size + 1);
        blocks[place][size] = 1;
        if (is_child && ++steps_in_child == STEPS_IN_CHILD)
            _exit(0);
    }
    /* From here on nobody forks: a child prints nothing. */
    signal(SIGUSR1, SIG_IGN);
    if (is_child)
        _exit(0);
    kill(sender, SIGKILL);
    printf("%d of the children failed\n", (int)failures);
    return 0;
}
