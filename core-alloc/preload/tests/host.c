/* A program in C that loads the plugin in its first argument. */
#include <dlfcn.h>
#include <stdio.h>

int main(int count, char **arguments) {
    void *plugin = count > 1 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    int (*ask)(size_t) = NULL;
    if (plugin)
        ask = (int (*)(size_t))dlsym(plugin, "calls_before_bad_alloc");
    if (!ask) {
        puts(dlerror());
        return 1;
    }
    printf("%d calls, then std::bad_alloc\n", ask((size_t)1 << 62));
    return 0;
}
