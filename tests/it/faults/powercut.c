/* What a machine finds after a power cut, at worst: nothing that was not synced.

   Preloaded into the program under test. Below the folder POWER_ROOT, each file's content is copied
   to POWER_SHADOW/INODE when it is synced. A name counts once the folder it is in is synced: then
   POWER_SHADOW/NAMES-OF-INODE is written anew, a line for each name, "INODE name". The test puts an
   image together from that (power.rs). Memory that is mapped is not seen; nothing of ours writes so. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* The path of a descriptor, if it lies below the root. */
static int path_below_root(int fd, char *path, size_t size) {
  const char *root = getenv("POWER_ROOT");
  char link[64];
  if (!root) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  if (length < 0) return 0;
  path[length] = 0;
  size_t root_length = strlen(root);
  return !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

/* Written beside and renamed: the test may kill us at any moment. */
static FILE *begin(char *temporary, size_t size) {
  snprintf(temporary, size, "%s/.new-%d", getenv("POWER_SHADOW"), gettid());
  return fopen(temporary, "wb");
}

static void end(FILE *file, const char *temporary, const char *kind, unsigned long inode) {
  char name[4096];
  fclose(file);
  snprintf(name, sizeof name, "%s/%s%lu", getenv("POWER_SHADOW"), kind, inode);
  rename(temporary, name);
}

static void keep_content(const char *path, unsigned long inode) {
  char temporary[4096], buffer[1 << 16];
  FILE *from = fopen(path, "rb"), *to = from ? begin(temporary, sizeof temporary) : NULL;
  size_t count;
  if (to) {
    while ((count = fread(buffer, 1, sizeof buffer, from)) > 0) fwrite(buffer, 1, count, to);
    end(to, temporary, "content-", inode);
  }
  if (from) fclose(from);
}

static void keep_names(const char *path, unsigned long inode) {
  char temporary[4096], below[4096];
  DIR *folder = opendir(path);
  FILE *to = folder ? begin(temporary, sizeof temporary) : NULL;
  struct dirent *entry;
  struct stat about;
  if (to) {
    while ((entry = readdir(folder))) {
      if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
      snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
      if (lstat(below, &about)) continue;
      fprintf(to, "%lu %c %s\n", (unsigned long)about.st_ino, S_ISDIR(about.st_mode) ? 'd' : 'f', entry->d_name);
    }
    end(to, temporary, "names-", inode);
  }
  if (folder) closedir(folder);
}

static void keep(int fd) {
  char path[4096];
  struct stat about;
  if (!path_below_root(fd, path, sizeof path) || fstat(fd, &about)) return;
  pthread_mutex_lock(&one_at_a_time);
  if (S_ISREG(about.st_mode)) keep_content(path, about.st_ino);
  if (S_ISDIR(about.st_mode)) keep_names(path, about.st_ino);
  pthread_mutex_unlock(&one_at_a_time);
}

int fsync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  int result = real(fd);
  if (!result) keep(fd);
  return result;
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  int result = real(fd);
  if (!result) keep(fd);
  return result;
}
