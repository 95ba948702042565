/* Random calls of the whole surface from several threads, against a model: each block has its size, its alignment and its
   contents noted, and may be freed by any thread. Ends the process at the first difference.
   Usage: stress SEED THREADS STEPS */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void free_sized(void *, size_t);
extern void free_aligned_sized(void *, size_t, size_t);

/* What the model knows of a block. */
struct note {
    unsigned char *block;
    size_t size, align;
    unsigned char fill;
};

enum { SHELVES = 64, NOTES = 64 };

/* Where threads leave blocks for each other. */
static struct shelf {
    pthread_mutex_t lock;
    struct note notes[NOTES];
} shelves[SHELVES];

static unsigned long steps;

static void differs(const struct note *note, const char *what) {
    dprintf(2, "%s: block %p of %zu bytes, aligned to %zu\n", what, (void *)note->block, note->size, note->align);
    abort();
}

static uint64_t next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Mostly small, now and then large. */
static size_t some_size(uint64_t *state) {
    unsigned bits = next(state) % 100;
    bits = bits < 70 ? 8 : bits < 90 ? 12 : bits < 98 ? 16 : bits < 99 ? 21 : 26;
    return next(state) & (((uint64_t)1 << bits) - 1);
}

/* So much of each end is written and looked at. */
static size_t edge(size_t size) { return size < 256 ? size : 256; }

static void fill(struct note *note, uint64_t *state) {
    note->fill = (unsigned char)next(state);
    memset(note->block, note->fill, edge(note->size));
    memset(note->block + note->size - edge(note->size), note->fill, edge(note->size));
}

static void check(const struct note *note, size_t size) {
    for (size_t i = 0; i < edge(size); i++)
        if (note->block[i] != note->fill)
            differs(note, "the contents differ");
}

static void check_whole(const struct note *note) {
    check(note, note->size);
    for (size_t i = note->size - edge(note->size); i < note->size; i++)
        if (note->block[i] != note->fill)
            differs(note, "the last bytes differ");
    if (malloc_usable_size(note->block) < note->size)
        differs(note, "the usable size is too small");
}

static void check_zero(const struct note *note) {
    for (size_t i = 0; i < note->size; i++)
        if (note->block[i])
            differs(note, "calloc's block is not zero");
}

static void allocate(struct note *note, uint64_t *state) {
    size_t page = sysconf(_SC_PAGESIZE);
    void *place = NULL;
    note->size = some_size(state);
    note->align = 16;
    size_t align = (size_t)8 << next(state) % 14;
    switch (next(state) % 12) {
    case 0: note->block = calloc(1, note->size); check_zero(note); break;
    case 1: note->block = calloc(note->size / 8, 8); note->size = note->size / 8 * 8; check_zero(note); break;
    case 2: note->align = align; note->block = memalign(align, note->size); break;
    case 3: note->align = align; note->block = aligned_alloc(align, note->size); break;
    case 4:
        note->align = align;
        if (posix_memalign(&place, align, note->size))
            differs(note, "no memory");
        note->block = place;
        break;
    case 5: note->align = page; note->block = next(state) % 2 ? valloc(note->size) : pvalloc(note->size); break;
    case 6: note->block = reallocarray(NULL, 1, note->size); break;
    default: note->block = malloc(note->size);
    }
    if (!note->block)
        differs(note, "no memory");
    if ((uintptr_t)note->block % note->align || (uintptr_t)note->block % 16)
        differs(note, "not aligned");
    fill(note, state);
}

static void resize(struct note *note, uint64_t *state) {
    size_t size = next(state) % 2 ? note->size + next(state) % 200 : some_size(state);
    size_t kept = size < note->size ? size : note->size;
    if (size == 0)
        size = 1;
    unsigned char *block = realloc(note->block, size);
    if (!block)
        differs(note, "no memory");
    note->block = block;
    note->align = 16;
    check(note, kept < edge(note->size) ? kept : edge(note->size));
    note->size = size;
    fill(note, state);
}

static void release(struct note *note, uint64_t *state) {
    switch (next(state) % 6) {
    case 0: free_sized(note->block, note->size); break;
    case 1: free_aligned_sized(note->block, note->align, note->size); break;
    case 2:
        if (realloc(note->block, 0))
            differs(note, "realloc to nothing gives something");
        break;
    default: free(note->block);
    }
    note->block = NULL;
}

static void step(uint64_t *state) {
    struct shelf *shelf = &shelves[next(state) % SHELVES];
    struct note *note = &shelf->notes[next(state) % NOTES];
    pthread_mutex_lock(&shelf->lock);
    if (!note->block) {
        allocate(note, state);
    } else {
        check_whole(note);
        if (next(state) % 3 == 0)
            resize(note, state);
        else
            release(note, state);
    }
    pthread_mutex_unlock(&shelf->lock);
    if (next(state) % 20000 == 0)
        malloc_trim(0);
}

static void *live(void *seed) {
    uint64_t state = (uintptr_t)seed * 0x9e3779b97f4a7c15 + 1;
    for (unsigned long i = 0; i < steps; i++)
        step(&state);
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: %s SEED THREADS STEPS\n", arguments[0]);
        return 2;
    }
    uintptr_t seed = strtoul(arguments[1], NULL, 10);
    int threads = atoi(arguments[2]);
    steps = strtoul(arguments[3], NULL, 10);
    for (int i = 0; i < SHELVES; i++)
        pthread_mutex_init(&shelves[i].lock, NULL);
    /* Two lives, so that the second threads take over what the first have left. */
    for (int life = 0; life < 2; life++) {
        pthread_t thread[64];
        for (int i = 0; i < threads && i < 64; i++)
            pthread_create(&thread[i], NULL, live, (void *)(seed * 1000 + life * 100 + i + 1));
        for (int i = 0; i < threads && i < 64; i++)
            pthread_join(thread[i], NULL);
    }
    uint64_t state = 1;
    for (int i = 0; i < SHELVES; i++)
        for (int k = 0; k < NOTES; k++)
            if (shelves[i].notes[k].block) {
                check_whole(&shelves[i].notes[k]);
                release(&shelves[i].notes[k], &state);
            }
    puts("as the model says");
    return 0;
}
