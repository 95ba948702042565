// Four requests that nobody can serve, each by another operator.
#include <cstdio>
#include <new>

struct alignas(128) Aligned {
    char bytes[128];
};

// So that no request is left out.
static void *volatile block;

template <typename Work> static int fails(Work work) {
    try {
        block = work();
        return block == nullptr;
    } catch (std::bad_alloc &) {
        return 1;
    }
}

int main() {
    volatile std::size_t size = std::size_t(1) << 62;
    int count = fails([&] { return ::operator new(size); });
    count += fails([&] { return static_cast<void *>(new char[size]); });
    count += fails([&] { return static_cast<void *>(new (std::nothrow) char[size]); });
    count += fails([&] { return static_cast<void *>(new Aligned[size / 128]); });
    std::printf("%d\n", count);
    return 0;
}
