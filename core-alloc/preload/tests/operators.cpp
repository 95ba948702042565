// The operators of C++, each form of them, and what happens when there is no memory. Prints what does not hold.
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

static int failures;

#define HOLDS(condition)                                              \
    do {                                                              \
        if (!(condition)) {                                           \
            std::printf("line %d does not hold: %s\n", __LINE__, #condition); \
            failures++;                                               \
        }                                                             \
    } while (0)

struct alignas(256) Wide {
    char bytes[256];
};

static volatile std::size_t huge = std::numeric_limits<std::size_t>::max() / 2;

static void forms() {
    for (std::size_t size = 0; size < 70000; size = size * 2 + 1) {
        void *plain = ::operator new(size), *array = ::operator new[](size);
        HOLDS(plain && array && plain != array);
        ::operator delete(plain);
        ::operator delete[](array, size);
        plain = ::operator new(size, std::nothrow);
        array = ::operator new[](size, std::nothrow);
        HOLDS(plain && array);
        ::operator delete(plain, std::nothrow);
        ::operator delete[](array, std::nothrow);
        for (std::size_t align = 1; align <= 65536; align *= 4) {
            std::align_val_t to{align};
            plain = ::operator new(size, to);
            array = ::operator new[](size, to, std::nothrow);
            HOLDS(reinterpret_cast<std::uintptr_t>(plain) % align == 0);
            HOLDS(reinterpret_cast<std::uintptr_t>(array) % align == 0);
            ::operator delete(plain, size, to);
            ::operator delete[](array, to, std::nothrow);
        }
    }
    auto wide = std::make_unique<Wide[]>(10);
    HOLDS(reinterpret_cast<std::uintptr_t>(wide.get()) % 256 == 0);
}

static int handled;

static void handler() {
    if (++handled == 3)
        std::set_new_handler(nullptr);
}

static void no_memory() {
    HOLDS(!::operator new(huge, std::nothrow));
    bool thrown = false;
    try {
        ::operator delete(::operator new(huge));
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    HOLDS(thrown);
    std::set_new_handler(handler);
    HOLDS(!::operator new(huge, std::nothrow) && handled == 3);
    std::set_new_handler([] { throw std::string("enough"); });
    bool caught = false;
    try {
        ::operator delete(::operator new(huge, std::align_val_t{64}));
    } catch (const std::string &what) {
        caught = what == "enough";
    }
    HOLDS(caught);
    std::set_new_handler(nullptr);
}

static void threads() {
    std::vector<std::thread> all;
    for (int i = 0; i < 50; i++)
        all.emplace_back([i] {
            thread_local std::vector<std::string> kept;
            for (int k = 0; k < 1000; k++)
                kept.push_back(std::string(static_cast<std::size_t>(k % 300 + i), 'x'));
        });
    for (auto &thread : all)
        thread.join();
}

int main() {
    forms();
    no_memory();
    threads();
    std::printf("%d failures\n", failures);
    return failures > 0;
}
