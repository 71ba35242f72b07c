// Files of the machine: plain system calls, pread instead of mmap, every call repeated on EINTR.
// The lock is fcntl's plus a table of the process's own, as fcntl locks do not exclude their own process.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <mutex>
#include <set>

#include "Files.h"

namespace marquee {
namespace {

class PosixFile final : public File {
 public:
  explicit PosixFile(int descriptor) : descriptor_(descriptor) {}
  ~PosixFile() override { ::close(descriptor_); }

  int Append(const char* data, size_t count) override {
    while (count > 0) {
      ssize_t written = ::write(descriptor_, data, count);
      if (written < 0) {
        if (errno == EINTR) continue;
        return errno;
      }
      data += written;
      count -= static_cast<size_t>(written);
    }
    return 0;
  }

  int Truncate(uint64_t bytes) override {
    return ::ftruncate(descriptor_, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
  }

  int Sync() override {
    while (::fdatasync(descriptor_) != 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }

  ssize_t ReadAt(uint64_t offset, char* into, size_t count) const override {
    size_t done = 0;
    while (done < count) {
      ssize_t got = ::pread(descriptor_, into + done, count - done, static_cast<off_t>(offset + done));
      if (got < 0) {
        if (errno == EINTR) continue;
        return -errno;
      }
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return static_cast<ssize_t>(done);
  }

 private:
  const int descriptor_;
};

struct PosixLock {
  int descriptor;
  std::string path;
};

class PosixFileSystem final : public Files {
 public:
  int OpenFile(const std::string& path, Open how, std::shared_ptr<File>* file) override {
    int flags = O_CLOEXEC;
    switch (how) {
      case Open::kRead: flags |= O_RDONLY; break;
      case Open::kCreate: flags |= O_RDWR | O_CREAT | O_TRUNC | O_APPEND; break;
      case Open::kAppend: flags |= O_RDWR | O_CREAT | O_APPEND; break;
    }
    int descriptor = ::open(path.c_str(), flags, 0644);
    if (descriptor < 0) return errno;
    *file = std::make_shared<PosixFile>(descriptor);
    return 0;
  }

  bool Exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

  int Children(const std::string& directory, std::vector<std::string>* names) override {
    names->clear();
    DIR* open = ::opendir(directory.c_str());
    if (open == nullptr) return errno;
    while (struct dirent* entry = ::readdir(open)) names->emplace_back(entry->d_name);
    ::closedir(open);
    return 0;
  }

  int Remove(const std::string& path) override { return ::unlink(path.c_str()) == 0 ? 0 : errno; }
  int Rename(const std::string& from, const std::string& to) override {
    return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  }
  int MakeDirectory(const std::string& path) override { return ::mkdir(path.c_str(), 0755) == 0 ? 0 : errno; }
  int RemoveDirectory(const std::string& path) override { return ::rmdir(path.c_str()) == 0 ? 0 : errno; }

  int Size(const std::string& path, uint64_t* bytes) override {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0) return errno;
    *bytes = static_cast<uint64_t>(status.st_size);
    return 0;
  }

  int SyncDirectory(const std::string& path) override {
    int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    int result = ::fsync(descriptor) == 0 ? 0 : errno;
    ::close(descriptor);
    return result;
  }

  int Lock(const std::string& path, void** lock) override {
    std::lock_guard<std::mutex> guard(mutex_);
    if (held_.count(path) != 0) return EAGAIN;
    int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) return errno;
    if (SetLock(descriptor, F_WRLCK) != 0) {
      int error = errno == EACCES ? EAGAIN : errno;
      ::close(descriptor);
      return error;
    }
    held_.insert(path);
    *lock = new PosixLock{descriptor, path};
    return 0;
  }

  int Unlock(void* opaque) override {
    std::lock_guard<std::mutex> guard(mutex_);
    std::unique_ptr<PosixLock> lock(static_cast<PosixLock*>(opaque));
    int error = SetLock(lock->descriptor, F_UNLCK) == 0 ? 0 : errno;
    ::close(lock->descriptor);
    held_.erase(lock->path);
    return error;
  }

  uint64_t FreeBytes(const std::string& directory) override {
    struct statvfs status;
    if (::statvfs(directory.c_str(), &status) != 0) return UINT64_MAX;
    return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
  }

 private:
  static int SetLock(int descriptor, short kind) {
    struct flock request;
    memset(&request, 0, sizeof(request));
    request.l_type = kind;
    request.l_whence = SEEK_SET;
    return ::fcntl(descriptor, F_SETLK, &request);
  }

  std::mutex mutex_;
  std::set<std::string> held_;
};

}  // namespace

Files* PosixFiles() {
  static Files* files = new PosixFileSystem();
  return files;
}

}  // namespace marquee
