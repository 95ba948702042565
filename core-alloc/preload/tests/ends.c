/* Threads that end in other ways than by returning to whoever waits for them, and forks between threads that wait for each
   other. */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static atomic_int alive;

static void *live_shortly(void *unused) {
    usleep(500);
    atomic_fetch_sub(&alive, 1);
    return unused;
}

/* Detached threads that never allocate. The C library keeps some of their stacks, and has the thread that ends free what
   belongs to others, with a lock of its own that every pthread_create needs. */
static void detached(void) {
    enum { ROUNDS = 400, AT_ONCE = 30 };
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    size_t in_use = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < AT_ONCE; i++) {
            pthread_t thread;
            atomic_fetch_add(&alive, 1);
            if (pthread_create(&thread, &attributes, live_shortly, NULL))
                atomic_fetch_sub(&alive, 1);
        }
        while (alive)
            usleep(100);
        usleep(500);
        if (round == ROUNDS / 4)
            in_use = mallinfo2().uordblks;
    }
    size_t more = mallinfo2().uordblks - in_use;
    if ((ptrdiff_t)more > 64 * 1024)
        printf("%zu bytes were lost by threads that ended\n", more);
}

static atomic_int done;

static void dawdle(int signal) {
    (void)signal;
    usleep(5000);
}

static void *churn(void *unused) {
    while (!done)
        free(malloc(300 * 1000));
    return unused;
}

static void look_where(void *inside) {
    if (*(volatile int *)inside)
        puts("a thread was cancelled in malloc or free");
}

/* Nothing in the loop is a point at which a thread may be cancelled but the last call. */
static void *churn_until_cancelled(void *unused) {
    volatile int inside = 0;
    pthread_cleanup_push(look_where, (void *)&inside);
    for (;;) {
        inside = 1;
        for (int i = 0; i < 100; i++)
            free(malloc(300 * 1000 + i));
        inside = 0;
        pthread_testcancel();
    }
    pthread_cleanup_pop(0);
    return unused;
}

/* Threads that are cancelled while they wait in the allocator: for a thread that a signal has interrupted, perhaps while it
   had a lock. */
static void cancelled(void) {
    pthread_t holder;
    signal(SIGUSR1, dawdle);
    pthread_create(&holder, NULL, churn, NULL);
    for (int round = 0; round < 150; round++) {
        pthread_t threads[2];
        for (int i = 0; i < 2; i++)
            pthread_create(&threads[i], NULL, churn_until_cancelled, NULL);
        usleep(1000);
        pthread_kill(holder, SIGUSR1);
        usleep(3000);
        for (int i = 0; i < 2; i++)
            pthread_cancel(threads[i]);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
    }
    done = 1;
    pthread_join(holder, NULL);
}

static void *report(void *reported) {
    pthread_cancel(pthread_self());
    malloc_stats();
    *(int *)reported = 1;
    pthread_testcancel();
    return reported;
}

/* A thread that is to be cancelled, and asks for the state of the heap before it comes to that. */
static void reporting(void) {
    int reported = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, report, &reported);
    pthread_join(thread, NULL);
    if (!reported)
        puts("a thread was cancelled in malloc_stats");
}

static void *flush_all(void *unused) {
    while (!done) {
        fflush(NULL);
        usleep(20);
    }
    return unused;
}

static void *read_lines(void *file) {
    FILE *stream = fopen(file, "r");
    while (!done) {
        char *line = NULL;
        size_t room = 0;
        rewind(stream);
        if (getline(&line, &room, stream) < 0)
            puts("there is no line");
        free(line);
    }
    fclose(stream);
    return file;
}

/* Forks while one thread flushes all streams, and others allocate with a stream's lock. */
static void streaming(void) {
    enum { READERS = 6, SECONDS = 3, LINE = 50000 };
    char file[] = "/tmp/mudlark-line-XXXXXX";
    FILE *line = fdopen(mkstemp(file), "w");
    for (int i = 0; i < LINE; i++)
        fputc('x', line);
    fclose(line);
    pthread_t flusher, readers[READERS];
    pthread_create(&flusher, NULL, flush_all, NULL);
    for (int i = 0; i < READERS; i++)
        pthread_create(&readers[i], NULL, read_lines, file);
    time_t end = time(NULL) + SECONDS;
    for (int i = 0; time(NULL) < end; i++) {
        pid_t child = fork();
        if (child == 0) {
            free(malloc(100 * i));
            fflush(NULL);
            _exit(0);
        }
        int status = -1;
        waitpid(child, &status, 0);
        if (status)
            printf("a child ended with %d\n", status);
    }
    done = 1;
    pthread_join(flusher, NULL);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    unlink(file);
}

int main(int count, char **arguments) {
    alarm(60);
    if (count > 1 && !strcmp(arguments[1], "detached"))
        detached();
    if (count > 1 && !strcmp(arguments[1], "cancelled"))
        cancelled();
    if (count > 1 && !strcmp(arguments[1], "reporting"))
        reporting();
    if (count > 1 && !strcmp(arguments[1], "streaming"))
        streaming();
    puts("ended");
    return 0;
}
