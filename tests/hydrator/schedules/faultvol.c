/* SPDX-FileCopyrightText: The Modelplane Authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A volume that behaves like NFS on a bad day, preloaded into a process. Only paths below FV_ROOT are touched.
 *   FV_NOLOCK=1      flock, fcntl locks and hard links are refused (always, as on the volumes we run on)
 *   FV_SPACE=N       ENOSPC once this process has written N bytes
 *   FV_READONLY=N    EROFS for every change after the first N
 *   FV_RENAME=N      the Nth rename succeeds and reports ENOENT, as a retried NFS request does
 *   FV_FSYNC=N       the Nth fsync reports EIO
 *   FV_ATTR_MS=N     attributes are cached for N milliseconds, until this process changes something
 *   FV_CLOCK=N       the wall clock is N seconds off after its third reading
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FDS 65536

static char inside_fd[FDS];
static atomic_long written, changes, renames, fsyncs, clocks;

static long setting(const char *name) {
  const char *value = getenv(name);
  return value ? atol(value) : -1;
}

static int inside(const char *path) {
  const char *root = getenv("FV_ROOT");
  return root && path && strncmp(path, root, strlen(root)) == 0;
}

static int inside_at(int dir, const char *path) {
  if (path && path[0] == '/') return inside(path);
  return dir >= 0 && dir < FDS && inside_fd[dir];
}

/* attributes, as this client remembers them */
struct seen { char path[512]; struct stat st; int error; struct timespec when; };
static struct seen cache[512];
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;

static void forget(void) {
  if (setting("FV_ATTR_MS") <= 0) return;
  pthread_mutex_lock(&cache_lock);
  memset(cache, 0, sizeof cache);
  pthread_mutex_unlock(&cache_lock);
}

static int refused(void) {
  long most = setting("FV_READONLY");
  forget();
  if (most >= 0 && atomic_fetch_add(&changes, 1) >= most) { errno = EROFS; return 1; }
  return 0;
}

static int cached(const char *path, struct stat *st, int (*real)(const char *, struct stat *), int follow) {
  long age = setting("FV_ATTR_MS");
  if (age <= 0 || !inside(path) || strlen(path) > 500) return real(path, st);
  unsigned hash = 5381 + follow;
  for (const char *c = path; *c; c++) hash = hash * 33 + (unsigned char)*c;
  struct seen *slot = &cache[hash % 512];
  struct timespec now;
  REAL(clock_gettime)(CLOCK_MONOTONIC, &now);
  pthread_mutex_lock(&cache_lock);
  long since = (now.tv_sec - slot->when.tv_sec) * 1000 + (now.tv_nsec - slot->when.tv_nsec) / 1000000;
  if (slot->path[0] != (char)('0' + follow) || strcmp(slot->path + 1, path) != 0 || since > age) {
    slot->path[0] = (char)('0' + follow);
    strcpy(slot->path + 1, path);
    slot->error = real(path, &slot->st) ? errno : 0;
    slot->when = now;
  }
  *st = slot->st;
  int error = slot->error;
  pthread_mutex_unlock(&cache_lock);
  if (error) { errno = error; return -1; }
  return 0;
}

int stat(const char *path, struct stat *st) { return cached(path, st, REAL(stat), 1); }
int lstat(const char *path, struct stat *st) { return cached(path, st, REAL(lstat), 0); }
int stat64(const char *path, struct stat64 *st) { return cached(path, (struct stat *)st, REAL(stat), 1); }
int lstat64(const char *path, struct stat64 *st) { return cached(path, (struct stat *)st, REAL(lstat), 0); }

static int note(int fd, int in) {
  if (fd >= 0 && fd < FDS) inside_fd[fd] = (char)in;
  return fd;
}

#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }

static int opened(int dir, const char *path, int flags, mode_t mode) {
  int in = inside_at(dir, path);
  if (in && (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) && refused()) return -1;
  return note(REAL(openat)(dir, path, flags, mode), in);
}
int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int dir, const char *path, int flags, ...) { MODE(flags) return opened(dir, path, flags, mode); }
int openat64(int dir, const char *path, int flags, ...) { MODE(flags) return opened(dir, path, flags, mode); }

static int in_fd(int fd) { return fd >= 0 && fd < FDS && inside_fd[fd]; }

static int full(int fd, size_t count) {
  long most = setting("FV_SPACE");
  if (!in_fd(fd)) return 0;
  if (refused()) return 1;
  if (most >= 0 && atomic_fetch_add(&written, (long)count) + (long)count > most) { errno = ENOSPC; return 1; }
  return 0;
}
ssize_t write(int fd, const void *from, size_t count) { return full(fd, count) ? -1 : REAL(write)(fd, from, count); }
ssize_t pwrite(int fd, const void *from, size_t count, off_t at) {
  return full(fd, count) ? -1 : REAL(pwrite)(fd, from, count, at);
}
ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at) {
  return full(fd, count) ? -1 : REAL(pwrite64)(fd, from, count, at);
}
int ftruncate(int fd, off_t size) { return in_fd(fd) && refused() ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return in_fd(fd) && refused() ? -1 : REAL(ftruncate64)(fd, size); }

int fsync(int fd) {
  long at = setting("FV_FSYNC");
  if (in_fd(fd) && at >= 0 && atomic_fetch_add(&fsyncs, 1) == at) { errno = EIO; return -1; }
  return REAL(fsync)(fd);
}

int rename(const char *from, const char *to) {
  if (!inside(from)) return REAL(rename)(from, to);
  if (refused()) return -1;
  int rc = REAL(rename)(from, to);
  long at = setting("FV_RENAME");
  if (rc == 0 && at >= 0 && atomic_fetch_add(&renames, 1) == at) { errno = ENOENT; return -1; }
  return rc;
}
int mkdir(const char *path, mode_t mode) { return inside(path) && refused() ? -1 : REAL(mkdir)(path, mode); }
int rmdir(const char *path) { return inside(path) && refused() ? -1 : REAL(rmdir)(path); }
int unlink(const char *path) { return inside(path) && refused() ? -1 : REAL(unlink)(path); }
int unlinkat(int dir, const char *path, int flags) {
  return inside_at(dir, path) && refused() ? -1 : REAL(unlinkat)(dir, path, flags);
}
int chmod(const char *path, mode_t mode) { return inside(path) && refused() ? -1 : REAL(chmod)(path, mode); }
int fchmod(int fd, mode_t mode) { return in_fd(fd) && refused() ? -1 : REAL(fchmod)(fd, mode); }

int flock(int fd, int operation) {
  if (in_fd(fd) && setting("FV_NOLOCK") > 0) { errno = ENOLCK; return -1; }
  return REAL(flock)(fd, operation);
}
int lockf(int fd, int command, off_t size) {
  if (in_fd(fd) && setting("FV_NOLOCK") > 0) { errno = ENOLCK; return -1; }
  return REAL(lockf)(fd, command, size);
}
int link(const char *from, const char *to) {
  if (inside(to) && setting("FV_NOLOCK") > 0) { errno = EOPNOTSUPP; return -1; }
  return REAL(link)(from, to);
}
int linkat(int fd, const char *from, int td, const char *to, int flags) {
  if (inside_at(td, to) && setting("FV_NOLOCK") > 0) { errno = EOPNOTSUPP; return -1; }
  return REAL(linkat)(fd, from, td, to, flags);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int rc = REAL(clock_gettime)(clock, now);
  long off = clock == CLOCK_REALTIME ? setting("FV_CLOCK") : -1;
  if (rc == 0 && off > 0 && atomic_fetch_add(&clocks, 1) > 3) now->tv_sec += (off % 2 ? off : -off);
  return rc;
}
