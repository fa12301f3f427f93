/* System calls that fail on request: while $FAULTS/NAME exists, the call NAME fails with the error
 * number in that file. Preloaded into the server with LD_PRELOAD. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static int fault(const char *name) {
    char path[4096], text[16] = "";
    const char *place = getenv("FAULTS");
    if (place == NULL) return 0;
    snprintf(path, sizeof path, "%s/%s", place, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t count = read(fd, text, sizeof text - 1);
    close(fd);
    return count > 0 ? atoi(text) : 0;
}

int accept4(int fd, struct sockaddr *addr, socklen_t *length, int flags) {
    int error = fault("accept");
    if (error != 0) {
        errno = error;
        return -1;
    }
    int (*real)(int, struct sockaddr *, socklen_t *, int) = dlsym(RTLD_NEXT, "accept4");
    return real(fd, addr, length, flags);
}

/* The loop is woken by a write of eight bytes to an eventfd. */
static int is_wake(int fd, size_t count) {
    char path[64], target[64] = "";
    if (count != sizeof(uint64_t)) return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return readlink(path, target, sizeof target - 1) > 0 && strstr(target, "[eventfd]") != NULL;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    int error = is_wake(fd, count) ? fault("wake") : 0;
    if (error != 0) {
        errno = error;
        return -1;
    }
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    return real(fd, bytes, count);
}
