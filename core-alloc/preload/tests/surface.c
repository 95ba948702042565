/* Each call of the surface, one by one: what it gives, how it is aligned, and what it does to errno. Prints what does not
   hold, and returns how much that is. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mudlark.h"

/* What glibc's headers do not declare. */
extern void cfree(void *);
extern void free_sized(void *, size_t);
extern void free_aligned_sized(void *, size_t, size_t);

static int failures;

#define HOLDS(condition)                                                        \
    do {                                                                        \
        if (!(condition)) {                                                     \
            printf("line %d does not hold: %s (errno %d)\n", __LINE__, #condition, errno); \
            failures++;                                                         \
        }                                                                       \
    } while (0)

/* errno's value where nothing shall change it. */
enum { UNTOUCHED = 12345 };

/* Sizes that no compiler may look through. */
static volatile size_t huge = SIZE_MAX, too_large = (size_t)PTRDIFF_MAX + 1, half = SIZE_MAX / 2 + 1, large = 100 << 20;

static int is_aligned(void *block, size_t align) { return (uintptr_t)block % align == 0; }

static int is_zero(const unsigned char *block, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (block[i])
            return 0;
    return 1;
}

static void sizes(void) {
    for (size_t size = 0; size < 100000; size += size < 2000 ? 1 : 997) {
        errno = UNTOUCHED;
        char *block = malloc(size);
        HOLDS(block && is_aligned(block, 16) && errno == UNTOUCHED);
        HOLDS(malloc_usable_size(block) >= size);
        memset(block, 0xa5, malloc_usable_size(block));
        free(block);
        HOLDS(errno == UNTOUCHED);
        block = calloc(1, size);
        HOLDS(block && is_aligned(block, 16) && is_zero((unsigned char *)block, size));
        free(block);
    }
    HOLDS(malloc_usable_size(NULL) == 0);
    free(NULL);
    cfree(NULL);
}

static void impossible_sizes(void) {
    errno = 0;
    HOLDS(!malloc(huge) && errno == ENOMEM);
    errno = 0;
    HOLDS(!malloc(too_large) && errno == ENOMEM);
    errno = 0;
    HOLDS(!calloc(half, 2) && errno == ENOMEM);
    errno = 0;
    HOLDS(!calloc(huge, 1) && errno == ENOMEM);
    errno = 0;
    HOLDS(!memalign(64, huge) && errno == ENOMEM);
    errno = 0;
    HOLDS(!aligned_alloc(64, too_large) && errno == ENOMEM);
    errno = 0;
    HOLDS(!valloc(huge) && errno == ENOMEM);
    errno = 0;
    HOLDS(!pvalloc(huge) && errno == ENOMEM);
    char *block = malloc(100);
    strcpy(block, "as it was");
    errno = 0;
    HOLDS(!realloc(block, huge) && errno == ENOMEM && !strcmp(block, "as it was"));
    errno = 0;
    HOLDS(!reallocarray(block, half, 2) && errno == ENOMEM && !strcmp(block, "as it was"));
    free(block);
    void *place = &failures;
    errno = 0;
    HOLDS(posix_memalign(&place, 64, huge) == ENOMEM && place == &failures && errno == ENOMEM);
}

static void reallocs(void) {
    errno = UNTOUCHED;
    char *block = realloc(NULL, 10);
    HOLDS(block != NULL);
    HOLDS(realloc(block, 0) == NULL && errno == UNTOUCHED);
    block = malloc(1);
    size_t size = 1;
    block[0] = 1;
    /* Up through all kinds of block, and down again. */
    while (size < ((size_t)200 << 20)) {
        size_t next = size * 3 / 2 + 1;
        block = realloc(block, next);
        HOLDS(block && is_aligned(block, 16) && block[0] == 1 && block[size - 1] == 1);
        block[next - 1] = 1;
        size = next;
    }
    while (size > 1) {
        size_t next = size / 2;
        block[next - 1] = 1;
        block = realloc(block, next);
        HOLDS(block && is_aligned(block, 16) && block[0] == 1 && block[next - 1] == 1);
        size = next;
    }
    block = reallocarray(block, 10, 10);
    HOLDS(block && malloc_usable_size(block) >= 100);
    free_sized(block, 100);
}

static void alignments(void) {
    for (size_t align = 1; align <= (size_t)64 << 20; align *= 2) {
        for (size_t size = 0; size < 300000; size = size * 3 + 1) {
            void *blocks[3] = {memalign(align, size), aligned_alloc(align, size), NULL};
            errno = UNTOUCHED;
            int status = posix_memalign(&blocks[2], align, size);
            HOLDS(status == (align < sizeof(void *) ? EINVAL : 0) && errno == UNTOUCHED);
            for (int i = 0; i < 3; i++) {
                if (!blocks[i])
                    continue;
                HOLDS(is_aligned(blocks[i], align) && is_aligned(blocks[i], 16));
                HOLDS(malloc_usable_size(blocks[i]) >= size);
                memset(blocks[i], i, size);
            }
            HOLDS(blocks[0] && blocks[1]);
            free(blocks[0]);
            free_aligned_sized(blocks[1], align, size);
            free(blocks[2]);
        }
    }
    void *place = NULL;
    HOLDS(posix_memalign(&place, 0, 8) == EINVAL && posix_memalign(&place, 24, 8) == EINVAL && !place);
    HOLDS(posix_memalign(&place, 4, 8) == EINVAL && !place);
    errno = 0;
    HOLDS(!aligned_alloc(0, 8) && errno == EINVAL);
    errno = 0;
    HOLDS(!aligned_alloc(48, 8) && errno == EINVAL);
    place = memalign(48, 8);
    HOLDS(place && is_aligned(place, 64));
    free(place);
    errno = 0;
    HOLDS(!memalign(huge, 8) && errno == EINVAL);
    size_t page = sysconf(_SC_PAGESIZE);
    place = valloc(10);
    HOLDS(place && is_aligned(place, page));
    free(place);
    place = pvalloc(page + 1);
    HOLDS(place && is_aligned(place, page) && malloc_usable_size(place) >= 2 * page);
    free(place);
    place = pvalloc(0);
    HOLDS(place && is_aligned(place, page) && malloc_usable_size(place) >= page);
    free(place);
}

static void zeroes(void) {
    for (size_t size = 1; size <= large; size *= 7) {
        unsigned char *block = malloc(size);
        memset(block, 0xff, size);
        free(block);
        block = calloc(size, 1);
        HOLDS(block && is_zero(block, size));
        free(block);
    }
}

/* What the visits add up to, of the blocks of one size. */
struct visited {
    size_t block_size, blocks, pages;
};

static void visit_class(const struct mudlark_class *told, void *context) {
    struct visited *visited = context;
    free(malloc(100));
    if (told->block_size != visited->block_size) return;
    visited->blocks = told->blocks;
    visited->pages = told->pages;
}

static void visit_page(const struct mudlark_page *told, void *context) {
    struct visited *visited = context;
    free(malloc(100));
    HOLDS(told->blocks <= told->capacity && told->capacity * told->block_size <= told->size);
    if (told->block_size != visited->block_size) return;
    visited->blocks += told->blocks;
    visited->pages += 1;
}

static void visits(void) {
    void *blocks[1000];
    for (int i = 0; i < 1000; i++)
        blocks[i] = malloc(1500);
    struct visited class = {.block_size = malloc_usable_size(blocks[0])}, pages = class;
    mudlark_visit_classes(visit_class, &class);
    mudlark_visit_pages(visit_page, &pages);
    HOLDS(class.blocks >= 1000 && pages.blocks >= 1000);
    HOLDS(class.pages == pages.pages && class.pages >= 1000 * 1500 / 65536);
    for (int i = 0; i < 1000; i++)
        free(blocks[i]);
}

static void reports(void) {
    struct mudlark_stats before, with;
    struct mallinfo2 info_before = mallinfo2();
    mudlark_stats(&before);
    void *blocks[100];
    for (int i = 0; i < 100; i++)
        blocks[i] = malloc(160);
    void *big = malloc(large);
    mudlark_stats(&with);
    struct mallinfo2 info = mallinfo2();
    HOLDS(with.blocks >= before.blocks + 100 && with.block_bytes >= before.block_bytes + 16000);
    HOLDS(with.mapped_blocks == before.mapped_blocks + 1 && with.mapped_bytes >= before.mapped_bytes + large);
    HOLDS(info.uordblks >= info_before.uordblks + 16000 && info.hblks == info_before.hblks + 1);
    HOLDS(mallinfo().hblks == (int)info.hblks);
    for (int i = 0; i < 100; i++)
        free(blocks[i]);
    free(big);
    mudlark_stats(&with);
    HOLDS(with.blocks == before.blocks && with.mapped_blocks == before.mapped_blocks);
    void *many[2000];
    for (int i = 0; i < 2000; i++)
        memset(many[i] = malloc(5000), 1, 5000);
    for (int i = 0; i < 2000; i++)
        free(many[i]);
    HOLDS(malloc_trim(0) == 1);
    HOLDS(mallopt(M_MXFAST, 0) == 1);
    mudlark_set_decay(100);
    mudlark_collect();
}

static void foreign(void) {
    static char not_a_block[64];
    errno = UNTOUCHED;
    free(not_a_block);
    free((void *)0x10);
    free((void *)~(uintptr_t)0xfff);
    HOLDS(errno == UNTOUCHED && malloc_usable_size(not_a_block) == 0);
    HOLDS(!realloc(not_a_block, 10));
}

static void *allocate_and_leave(void *unused) {
    char *block = malloc(1000);
    strcpy(block, "from a thread that is gone");
    return unused ? NULL : block;
}

static pthread_key_t late_key;

static void late(void *block) {
    /* After the allocator has heard of the thread's end, perhaps. */
    free(block);
    free(malloc(77));
}

static void *leave_late(void *unused) {
    pthread_setspecific(late_key, malloc(123));
    return unused;
}

static void threads(void) {
    HOLDS(pthread_key_create(&late_key, late) == 0);
    for (int i = 0; i < 1000; i++) {
        pthread_t thread;
        void *block;
        HOLDS(pthread_create(&thread, NULL, allocate_and_leave, NULL) == 0);
        HOLDS(pthread_join(thread, &block) == 0 && !strcmp(block, "from a thread that is gone"));
        free(block);
        HOLDS(pthread_create(&thread, NULL, leave_late, NULL) == 0);
        HOLDS(pthread_join(thread, NULL) == 0);
    }
}

static volatile int stop;

static void *busy(void *unused) {
    while (!stop) {
        void *blocks[64];
        for (int i = 0; i < 64; i++)
            blocks[i] = malloc(16 << (i % 14));
        for (int i = 0; i < 64; i++)
            free(blocks[i]);
    }
    return unused;
}

static void forks(void) {
    pthread_t thread[3];
    for (int i = 0; i < 3; i++)
        HOLDS(pthread_create(&thread[i], NULL, busy, NULL) == 0);
    for (int i = 0; i < 100; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            for (int k = 0; k < 200; k++)
                free(realloc(malloc(k * 100), k * 300 + 1));
            _exit(0);
        }
        int status = -1;
        HOLDS(waitpid(child, &status, 0) == child && status == 0);
    }
    stop = 1;
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
}

int main(void) {
    sizes();
    impossible_sizes();
    reallocs();
    alignments();
    zeroes();
    reports();
    visits();
    foreign();
    threads();
    forks();
    printf("%d failures\n", failures);
    return failures > 0;
}
