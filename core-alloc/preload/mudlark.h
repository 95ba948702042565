/* What libmudlark.so offers beside the C library's own names. */
#ifndef MUDLARK_H
#define MUDLARK_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The state of the heap, in bytes and numbers. While other threads allocate, the figures are each true, but not of the
   same instant. */
struct mudlark_stats {
    size_t reserved_bytes;  /* address space held from the system */
    size_t committed_bytes; /* memory that the process may have, as far as the allocator knows */
    size_t page_bytes;      /* pages that are cut into blocks */
    size_t blocks;          /* blocks in use; those in other threads' caches count */
    size_t block_bytes;
    size_t cached_blocks;   /* free blocks outside of pages */
    size_t cached_bytes;
    size_t large_blocks;    /* blocks of more than 32 KiB in use */
    size_t large_bytes;
    size_t mapped_blocks;   /* those of them that have mappings of their own */
    size_t mapped_bytes;
    size_t requested_bytes; /* what was asked for and not freed, estimated */
    size_t peak_bytes;      /* the most that pages and large blocks have been */
    size_t heaps;           /* heaps of threads */
};

/* Fills in *stats. */
void mudlark_stats(struct mudlark_stats *stats);

/* A size class, whose blocks are of one size. */
struct mudlark_class {
    size_t block_size;
    size_t pages;
    size_t blocks;          /* in use; those in other threads' caches count */
    size_t cached_blocks;   /* free blocks outside of pages */
    size_t requested_bytes; /* what was asked for with the blocks in use, estimated */
};

/* Calls visit for each size class that has pages or blocks, the smallest first. It may allocate and free. */
void mudlark_visit_classes(void (*visit)(const struct mudlark_class *told, void *context), void *context);

/* A page that is cut into blocks of one size. */
struct mudlark_page {
    const void *address;
    size_t size;
    size_t block_size;
    size_t blocks;   /* that are out of it: in use, or in the caches of threads */
    size_t capacity; /* blocks that there is room for */
};

/* Calls visit for each page, in the order of their addresses. It may allocate and free. */
void mudlark_visit_pages(void (*visit)(const struct mudlark_page *told, void *context), void *context);

/* Gives all memory back to the system that is not in use or in other threads' caches. */
void mudlark_collect(void);

/* Sets how long memory has to be unused before it goes back by itself, in milliseconds (at the start 200); below zero
   for ever. What gives it back is a thread that is there for a while, and that the C library knows nothing of: setuid and
   its like do not reach it, and where a program must have no second thread (as for unshare), it sets this below zero at
   the beginning of main. */
void mudlark_set_decay(int milliseconds);

#ifdef __cplusplus
}
#endif

#endif
