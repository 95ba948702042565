// A plugin in C++ for a program in C: its C++ runtime is not among the program's global names.
#include <cstddef>
#include <new>

static int calls;

static void give_up_at_the_third_call() {
    if (++calls == 3)
        std::set_new_handler(nullptr);
}

// Asks for too much, and returns how often the new_handler was called before std::bad_alloc came.
extern "C" int calls_before_bad_alloc(std::size_t too_much) {
    std::set_new_handler(give_up_at_the_third_call);
    try {
        delete[] new char[too_much];
    } catch (const std::bad_alloc &) {
        return calls;
    }
    return -1;
}
