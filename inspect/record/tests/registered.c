// A program that makes code itself, tells the unwinder of it, and looks at its own stack, as one does that throws.

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

extern void __register_frame(void *);

// How to unwind what is at 0x10000: one entry that is common to all, and one for that code. At the end there is a zero.
static struct {
    unsigned common_length, common_id;
    unsigned char common[16];
    unsigned length, common_at;
    unsigned long start, size;
    unsigned end;
} __attribute__((packed, aligned(8))) frames = {
    20, 0, {1, 0, 1, 0x78, 16, 0x0C, 7, 8, 0x90, 1}, 20, 28, 0x10000, 0x100, 0,
};

static _Unwind_Reason_Code count(struct _Unwind_Context *context, void *frames_seen) {
    (void)context;
    ++*(int *)frames_seen;
    return _URC_NO_REASON;
}

int main(void) {
    // Should it wait for ever, it is ended.
    alarm(20);
    __register_frame(&frames);
    int frames_seen = 0;
    _Unwind_Backtrace(count, &frames_seen);
    free(malloc(77));
    return frames_seen < 2;
}
