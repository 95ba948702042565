// Each kind of new and delete, and what happens when there is no memory.
#include <cassert>
#include <cstdint>
#include <new>

static bool was_asked = false;

static void help() {
    was_asked = true;
    std::set_new_handler(nullptr);
}

struct alignas(128) Aligned {
    char bytes[10112];
};

int main() {
    ::operator delete(::operator new(10001));
    delete[] new char[10002];
    ::operator delete(::operator new(10003, std::nothrow), std::nothrow);
    delete[] new (std::nothrow) char[10004];
    Aligned *aligned = new Aligned;
    assert(reinterpret_cast<std::uintptr_t>(aligned) % 128 == 0);
    delete aligned;
    ::operator delete[](::operator new[](10240, std::align_val_t(256)), std::align_val_t(256));

    std::set_new_handler(help);
    bool thrown = false;
    try {
        ::operator new(SIZE_MAX / 4);
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    assert(was_asked && thrown);
    assert(::operator new(SIZE_MAX / 4, std::nothrow) == nullptr);
    return 0;
}
