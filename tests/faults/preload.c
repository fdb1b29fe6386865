/* Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
 *
 * Loaded before the C library into the programs of a host, or of the controller: a clock that is set, a quota that is
 * used up, a disk that fails to keep a rename. Nothing of the machine itself is changed.
 *
 * FAULTS_DIRECTORY (default /etc/faults) holds one file for each: `clock` with seconds to add to the time of day,
 * `quota` with the directory in which nothing can be written any more, `fsync` with the directory that cannot be synced.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* What the file of this name holds, without the end of its line; -1 where there is none. */
static int said(const char *name, char *text, size_t size) {
    char path[512];
    const char *directory = getenv("FAULTS_DIRECTORY");
    snprintf(path, sizeof path, "%s/%s", directory ? directory : "/etc/faults", name);
    int file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t got = syscall(SYS_read, file, text, size - 1);
    syscall(SYS_close, file);
    if (got < 0) return -1;
    text[got] = 0;
    text[strcspn(text, "\n")] = 0;
    return 0;
}

static time_t ahead(void) {
    char text[64];
    int kept = errno;
    time_t found = said("clock", text, sizeof text) ? 0 : strtol(text, NULL, 10);
    errno = kept;
    return found;
}

int clock_gettime(clockid_t which, struct timespec *now) {
    int done = syscall(SYS_clock_gettime, which, now);
    if (!done && which == CLOCK_REALTIME) now->tv_sec += ahead();
    return done;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int done = syscall(SYS_gettimeofday, now, zone);
    if (!done) now->tv_sec += ahead();
    return done;
}

time_t time(time_t *place) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (place) *place = now.tv_sec;
    return now.tv_sec;
}

/* Whether an open file lies in the directory that the file of this name names. */
static int is_in(int file, const char *name) {
    char wanted[256], link[64], path[512];
    if (said(name, wanted, sizeof wanted) || !*wanted) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return !strncmp(path, wanted, strlen(wanted));
}

ssize_t write(int file, const void *data, size_t size) {
    int kept = errno;
    struct stat status;
    if (file > 2 && !syscall(SYS_fstat, file, &status) && S_ISREG(status.st_mode) && is_in(file, "quota")) {
        errno = EDQUOT;
        return -1;
    }
    errno = kept;
    return syscall(SYS_write, file, data, size);
}

int fsync(int file) {
    int kept = errno;
    struct stat status;
    if (!syscall(SYS_fstat, file, &status) && S_ISDIR(status.st_mode) && is_in(file, "fsync")) {
        errno = EIO;
        return -1;
    }
    errno = kept;
    return syscall(SYS_fsync, file);
}
