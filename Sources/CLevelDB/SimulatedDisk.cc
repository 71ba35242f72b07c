// See SimulatedDisk.h. Nothing here is random: what survives a power loss is drawn from the given seed.

#include "SimulatedDisk.h"

#include <errno.h>

#include <algorithm>
#include <cstring>

namespace marquee {
namespace {

/// SplitMix64: enough to choose how much of a torn tail survives.
uint64_t Mix(uint64_t* state) {
  uint64_t z = (*state += 0x9E3779B97F4A7C15ull);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

class SimulatedHandle final : public File {
 public:
  SimulatedHandle(SimulatedDisk* disk, std::shared_ptr<SimulatedFile> file, bool isLog)
      : disk_(disk), file_(std::move(file)), isLog_(isLog) {}

  int Append(const char* data, size_t count) override {
    bool last = false;
    if (!disk_->Change(&last)) return EIO;
    if (last) {
      file_->bytes.append(data, count / 2);
      return EIO;
    }
    if (isLog_ && disk_->failingAppends > 0) {
      disk_->failingAppends -= 1;
      file_->bytes.append(data, count / 2);
      return EIO;
    }
    if (disk_->capacity > 0) {
      uint64_t used = disk_->UsedBytes();
      uint64_t room = used < disk_->capacity ? disk_->capacity - used : 0;
      if (room < count) {
        file_->bytes.append(data, static_cast<size_t>(room));
        return ENOSPC;
      }
    }
    file_->bytes.append(data, count);
    return 0;
  }

  int Truncate(uint64_t bytes) override {
    if (!disk_->Change()) return EIO;
    if (bytes < file_->bytes.size()) file_->bytes.resize(static_cast<size_t>(bytes));
    file_->synced = std::min(file_->synced, file_->bytes.size());
    return 0;
  }

  int Sync() override {
    if (!disk_->Change()) return EIO;
    if (disk_->failingSyncs > 0) {
      disk_->failingSyncs -= 1;
      return EIO;
    }
    file_->synced = file_->bytes.size();
    return 0;
  }

  ssize_t ReadAt(uint64_t offset, char* into, size_t count) const override {
    if (disk_->IsDown()) return -EIO;
    if (disk_->failingReads > 0) {
      disk_->failingReads -= 1;
      return -EIO;
    }
    if (offset >= file_->bytes.size()) return 0;
    size_t got = std::min(count, file_->bytes.size() - static_cast<size_t>(offset));
    memcpy(into, file_->bytes.data() + offset, got);
    return static_cast<ssize_t>(got);
  }

 private:
  SimulatedDisk* const disk_;
  const std::shared_ptr<SimulatedFile> file_;
  const bool isLog_;
};

bool IsChild(const std::string& path, const std::string& directory, std::string* name) {
  if (path.size() <= directory.size() + 1 || path.compare(0, directory.size(), directory) != 0) return false;
  if (path[directory.size()] != '/') return false;
  *name = path.substr(directory.size() + 1);
  return name->find('/') == std::string::npos;
}

}  // namespace

bool SimulatedDisk::Change(bool* last) {
  if (down) return false;
  operations += 1;
  if (killAfter > 0) {
    killAfter -= 1;
    if (killAfter == 0) {
      down = true;
      if (last == nullptr) return false;
      *last = true;
    }
  }
  return true;
}

int SimulatedDisk::OpenFile(const std::string& path, Open how, std::shared_ptr<File>* file) {
  auto found = names.find(path);
  if (how == Open::kRead) {
    if (down) return EIO;
    if (found == names.end()) return ENOENT;
    *file = std::make_shared<SimulatedHandle>(this, found->second, IsLogName(path));
    return 0;
  }
  if (!Change()) return EIO;
  if (how == Open::kCreate || found == names.end()) {
    auto fresh = std::make_shared<SimulatedFile>();
    names[path] = fresh;
    *file = std::make_shared<SimulatedHandle>(this, fresh, IsLogName(path));
  } else {
    *file = std::make_shared<SimulatedHandle>(this, found->second, IsLogName(path));
  }
  return 0;
}

bool SimulatedDisk::Exists(const std::string& path) { return names.count(path) != 0 || directories.count(path) != 0; }

int SimulatedDisk::Children(const std::string& directory, std::vector<std::string>* children) {
  children->clear();
  if (down) return EIO;
  std::string name;
  for (const auto& entry : names) {
    if (IsChild(entry.first, directory, &name)) children->push_back(name);
  }
  return 0;
}

int SimulatedDisk::Remove(const std::string& path) {
  if (!Change()) return EIO;
  return names.erase(path) == 1 ? 0 : ENOENT;
}

int SimulatedDisk::Rename(const std::string& from, const std::string& to) {
  if (!Change()) return EIO;
  auto found = names.find(from);
  if (found == names.end()) return ENOENT;
  names[to] = found->second;
  names.erase(from);
  return 0;
}

int SimulatedDisk::MakeDirectory(const std::string& path) {
  if (down) return EIO;
  return directories.insert(path).second ? 0 : EEXIST;
}

int SimulatedDisk::RemoveDirectory(const std::string& path) {
  if (down) return EIO;
  return directories.erase(path) == 1 ? 0 : ENOENT;
}

int SimulatedDisk::Size(const std::string& path, uint64_t* bytes) {
  auto found = names.find(path);
  if (found == names.end()) return ENOENT;
  *bytes = found->second->bytes.size();
  return 0;
}

int SimulatedDisk::SyncDirectory(const std::string& path) {
  if (!Change()) return EIO;
  if (failingSyncs > 0) {
    failingSyncs -= 1;
    return EIO;
  }
  std::string name;
  for (auto entry = durableNames.begin(); entry != durableNames.end();) {
    bool gone = IsChild(entry->first, path, &name) && names.count(entry->first) == 0;
    entry = gone ? durableNames.erase(entry) : std::next(entry);
  }
  for (const auto& entry : names) {
    if (IsChild(entry.first, path, &name)) durableNames[entry.first] = entry.second;
  }
  return 0;
}

int SimulatedDisk::Lock(const std::string& path, void** lock) {
  if (down) return EIO;
  if (!locks.insert(path).second) return EAGAIN;
  *lock = new std::string(path);
  return 0;
}

int SimulatedDisk::Unlock(void* opaque) {
  std::unique_ptr<std::string> path(static_cast<std::string*>(opaque));
  locks.erase(*path);
  return 0;
}

uint64_t SimulatedDisk::UsedBytes() const {
  uint64_t used = 0;
  for (const auto& entry : names) used += entry.second->bytes.size();
  return used;
}

uint64_t SimulatedDisk::FreeBytes(const std::string&) {
  if (capacity == 0) return UINT64_MAX;
  uint64_t used = UsedBytes();
  return used < capacity ? capacity - used : 0;
}

void SimulatedDisk::LosePower(uint64_t seed) {
  uint64_t state = seed;
  names = durableNames;
  locks.clear();
  for (auto& entry : names) {
    SimulatedFile& file = *entry.second;
    size_t unsynced = file.bytes.size() - file.synced;
    if (unsynced == 0) continue;
    size_t survives = seed == 0 ? 0 : static_cast<size_t>(Mix(&state) % (unsynced + 1));
    file.bytes.resize(file.synced + survives);
    // A page that was being written may hold anything; only what was never synced can be hit.
    if (survives > 0 && Mix(&state) % 4 == 0) {
      size_t at = file.synced + survives - 1 - static_cast<size_t>(Mix(&state) % std::min<size_t>(survives, 8));
      file.bytes[at] = static_cast<char>(file.bytes[at] ^ 0x5A);
    }
    file.synced = file.bytes.size();
  }
  durableNames = names;
}

}  // namespace marquee
