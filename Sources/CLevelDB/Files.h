// The few file operations LevelDB needs, twice: on the machine (PosixFiles.cc) and in memory
// (SimulatedDisk.cc). ShimEnv stands on either, so that what the simulator runs is what a node runs.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace marquee {

/// An open file. Errors are errno values, 0 is success.
class File {
 public:
  virtual ~File() = default;
  /// May have written a part when it fails.
  virtual int Append(const char* data, size_t count) = 0;
  virtual int Truncate(uint64_t bytes) = 0;
  virtual int Sync() = 0;
  /// Bytes read (fewer only at the end), or minus errno.
  virtual ssize_t ReadAt(uint64_t offset, char* into, size_t count) const = 0;
};

enum class Open { kRead, kCreate, kAppend };

class Files {
 public:
  virtual ~Files() = default;
  virtual int OpenFile(const std::string& path, Open how, std::shared_ptr<File>* file) = 0;
  virtual bool Exists(const std::string& path) = 0;
  virtual int Children(const std::string& directory, std::vector<std::string>* names) = 0;
  virtual int Remove(const std::string& path) = 0;
  virtual int Rename(const std::string& from, const std::string& to) = 0;
  virtual int MakeDirectory(const std::string& path) = 0;
  virtual int RemoveDirectory(const std::string& path) = 0;
  virtual int Size(const std::string& path, uint64_t* bytes) = 0;
  virtual int SyncDirectory(const std::string& path) = 0;
  /// EAGAIN when somebody else holds it.
  virtual int Lock(const std::string& path, void** lock) = 0;
  virtual int Unlock(void* lock) = 0;
  virtual uint64_t FreeBytes(const std::string& directory) = 0;
};

/// The machine's own files; lives for ever.
Files* PosixFiles();

}  // namespace marquee
