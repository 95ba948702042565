/* Threads run code that they have made themselves, at ever other places, while the program forks. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int is_over;

static void ask(void) {
    volatile char *block = malloc(100);
    block[0] = 1;
    free((void *)block);
}

static void *run(void *unused) {
    const size_t size = 1 << 20;
    unsigned long callee = (unsigned long)ask;
    unsigned char *memory = mmap(0, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t at = 0; !is_over; at = (at + 32) % size) {
        /* sub rsp, 8; mov rax, callee; call rax; add rsp, 8; ret */
        memcpy(memory + at, "\x48\x83\xec\x08\x48\xb8", 6);
        memcpy(memory + at + 6, &callee, 8);
        memcpy(memory + at + 14, "\xff\xd0\x48\x83\xc4\x08\xc3", 7);
        ((void (*)(void))(memory + at))();
    }
    return unused;
}

int main(void) {
    pthread_t threads[2];
    int hang = 0;
    for (int n = 0; n < 2; n++) pthread_create(&threads[n], NULL, run, NULL);
    for (int n = 0; n < 200 && hang < 2; n++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            alarm(10);
            ask();
            _exit(0);
        }
        waitpid(child, &status, 0);
        hang += WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
    }
    is_over = 1;
    for (int n = 0; n < 2; n++) pthread_join(threads[n], NULL);
    printf("%d of 200 hang\n", hang);
    return 0;
}
