/* Preloaded before libc: makes the disk fail for files of a name, by a rule in $FAULTS:
 *
 *     sync NAME ERRNO COUNT        fsync and fdatasync
 *     write NAME ERRNO COUNT       write and pwrite
 *
 * COUNT calls fail, or all of them if it is 0. After a failed fsync nothing is on disk, but the
 * written bytes can still be read: they are in the page cache. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(const char *operation, int fd) {
    const char *path = getenv("FAULTS");
    FILE *file = path ? fopen(path, "re") : NULL;
    if (!file) return 0;
    char wanted[16], name[128], link[64], target[4096];
    int number, count;
    int read = fscanf(file, "%15s %127s %d %d", wanted, name, &number, &count);
    fclose(file);
    if (read != 4 || strcmp(wanted, operation)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, target, sizeof target - 1);
    if (length < 0) return 0;
    target[length] = 0;
    const char *slash = strrchr(target, '/');
    if (!slash || strcmp(slash + 1, name)) return 0;
    if (count == 1) unlink(path);
    if (count > 1 && (file = fopen(path, "we"))) {
        fprintf(file, "%s %s %d %d\n", wanted, name, number, count - 1);
        fclose(file);
    }
    errno = number;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int fd) { return fails("sync", fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails("sync", fd) ? -1 : REAL(fdatasync)(fd); }

ssize_t write(int fd, const void *bytes, size_t count) {
    return fails("write", fd) ? -1 : REAL(write)(fd, bytes, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return fails("write", fd) ? -1 : REAL(pwrite)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return fails("write", fd) ? -1 : REAL(pwrite64)(fd, bytes, count, at);
}
