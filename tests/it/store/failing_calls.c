/* A disk that fails when it is told to.

   Preloaded into the test itself (failing_calls.rs). The file FAIL_CONTROL holds a line "SERIAL FROM
   COUNT ERRNO KINDS": of the calls of those kinds below the folder FAIL_ROOT, those from the FROM-th
   on, COUNT of them, fail with ERRNO; a new SERIAL begins to count anew. Kinds: c makes a file or a
   folder, w writes, s syncs; below state/ only with an S. FAIL_CONTROL.fired is made when one fails. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static int below_root(const char *path) {
  const char *root = getenv("FAIL_ROOT");
  size_t length = root ? strlen(root) : 0;
  return root && !strncmp(path, root, length) && path[length] == '/';
}

/* Whether this call is to fail; errno is set then. */
static int fails(char kind, const char *path) {
  static long serial_seen, calls;
  char line[128] = "", name[4096], kinds[16] = "";
  long serial = 0, from = 0, count = 0;
  int number = 0, fired = 0, control;
  if (!below_root(path) || !getenv("FAIL_CONTROL")) return 0;
  control = (int)syscall(SYS_openat, AT_FDCWD, getenv("FAIL_CONTROL"), O_RDONLY | O_CLOEXEC);
  if (control < 0) return 0;
  (void)!syscall(SYS_read, control, line, sizeof line - 1);
  syscall(SYS_close, control);
  if (sscanf(line, "%ld %ld %ld %d %15s", &serial, &from, &count, &number, kinds) != 5) return 0;
  if (!strchr(kinds, kind) || (strstr(path, "/state/") && !strchr(kinds, 'S'))) return 0;
  pthread_mutex_lock(&one_at_a_time);
  if (serial != serial_seen) serial_seen = serial, calls = 0;
  calls++;
  fired = calls >= from && calls < from + count;
  pthread_mutex_unlock(&one_at_a_time);
  if (fired) {
    snprintf(name, sizeof name, "%s.fired", getenv("FAIL_CONTROL"));
    control = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (control >= 0) syscall(SYS_close, control);
    errno = number;
  }
  return fired;
}

static int fails_on(char kind, int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return fails(kind, path);
}

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

int open64(const char *path, int flags, ...) {
  REAL(open64);
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  struct stat about;
  if ((flags & O_CREAT) && stat(path, &about) && fails('c', path)) return -1;
  return real(path, flags, mode);
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  return fails('c', path) ? -1 : real(path, mode);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  REAL(write);
  /* A full disk takes what fits. */
  if (!fails_on('w', fd)) return real(fd, bytes, count);
  int number = errno;
  (void)!real(fd, bytes, count / 2);
  errno = number;
  return -1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  REAL(pwrite64);
  return fails_on('w', fd) ? -1 : real(fd, bytes, count, offset);
}

int fsync(int fd) {
  REAL(fsync);
  return fails_on('s', fd) ? -1 : real(fd);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  return fails_on('s', fd) ? -1 : real(fd);
}
