// A disk in memory with the failures of a real one (the idea: FoundationDB's sim2, TigerBeetle's
// testing/storage). It knows for each file how much of it was synced and for each name whether its
// directory was, so that losing power can take away exactly what a machine might take away.
#pragma once

#include <map>
#include <set>

#include "Files.h"

namespace marquee {

struct SimulatedFile {
  std::string bytes;
  size_t synced = 0;
};

class SimulatedDisk final : public Files {
 public:
  int OpenFile(const std::string& path, Open how, std::shared_ptr<File>* file) override;
  bool Exists(const std::string& path) override;
  int Children(const std::string& directory, std::vector<std::string>* names) override;
  int Remove(const std::string& path) override;
  int Rename(const std::string& from, const std::string& to) override;
  int MakeDirectory(const std::string& path) override;
  int RemoveDirectory(const std::string& path) override;
  int Size(const std::string& path, uint64_t* bytes) override;
  int SyncDirectory(const std::string& path) override;
  int Lock(const std::string& path, void** lock) override;
  int Unlock(void* lock) override;
  uint64_t FreeBytes(const std::string& directory) override;

  void LosePower(uint64_t seed);
  uint64_t UsedBytes() const;
  /// Counts a change; false when the machine is down. `last` says that this is the one it dies of.
  bool Change(bool* last = nullptr);
  bool IsDown() const { return down; }
  /// The process was killed: the next one may use the disk again.
  void Revive() { down = false; killAfter = 0; }

  std::map<std::string, std::shared_ptr<SimulatedFile>> names;
  std::map<std::string, std::shared_ptr<SimulatedFile>> durableNames;
  std::set<std::string> directories;
  std::set<std::string> locks;
  uint64_t capacity = 0;
  uint64_t nowMicros = 0;
  uint64_t operations = 0;
  uint64_t killAfter = 0;
  uint32_t failingAppends = 0;
  uint32_t failingSyncs = 0;
  uint32_t failingReads = 0;
  bool down = false;
};

/// Names end so for LevelDB's write-ahead logs.
inline bool IsLogName(const std::string& path) {
  return path.size() > 4 && path.compare(path.size() - 4, 4, ".log") == 0;
}

}  // namespace marquee
