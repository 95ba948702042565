/* A daemon: it closes every descriptor that there may be, and opens files of its own instead. */
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int count, char **arguments) {
    int end = count > 1 ? atoi(arguments[1]) : (int)sysconf(_SC_OPEN_MAX);
    for (int file = 3; file < end; file++) close(file);
    int own = open("own", O_RDWR | O_CREAT | O_TRUNC, 0644), last = own;
    while (last >= 0 && last < end - 1) last = dup(own);
    for (int n = 0; n < 20000; n++) free(malloc(5003));
    assert(write(own, "data", 4) == 4);
    /* The recording ends after this, and must not close what is not its own. */
    return 0;
}
