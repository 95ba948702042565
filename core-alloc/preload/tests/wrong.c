/* Frees that are wrong, each in its way. */
#include <stdlib.h>
#include <string.h>

int main(int count, char **arguments) {
    char *block = malloc(100);
    if (count > 1 && !strcmp(arguments[1], "twice")) {
        free(block);
        free(block);
    } else if (count > 1 && !strcmp(arguments[1], "inside")) {
        free(block + 16);
    }
    return 0;
}
