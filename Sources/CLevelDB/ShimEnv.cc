// See ShimEnv.h.

#include "ShimEnv.h"

#include <errno.h>
#include <string.h>

#include <algorithm>

#include "LogTail.h"
#include "SimulatedDisk.h"

namespace marquee {

using leveldb::Slice;
using leveldb::Status;

namespace {

constexpr size_t kFileBufferBytes = 64 << 10;

class Sequential final : public leveldb::SequentialFile {
 public:
  Sequential(ShimEnv* env, std::string path, std::shared_ptr<File> file)
      : env_(env), path_(std::move(path)), file_(std::move(file)) {}

  Status Read(size_t count, Slice* result, char* scratch) override {
    ssize_t got = file_->ReadAt(offset_, scratch, count);
    if (got < 0) {
      *result = Slice(scratch, 0);
      return env_->Fail("read " + path_, static_cast<int>(-got));
    }
    offset_ += static_cast<uint64_t>(got);
    *result = Slice(scratch, static_cast<size_t>(got));
    return Status::OK();
  }

  Status Skip(uint64_t count) override {
    offset_ += count;
    return Status::OK();
  }

 private:
  ShimEnv* const env_;
  const std::string path_;
  const std::shared_ptr<File> file_;
  uint64_t offset_ = 0;
};

class RandomAccess final : public leveldb::RandomAccessFile {
 public:
  RandomAccess(ShimEnv* env, std::string path, std::shared_ptr<File> file)
      : env_(env), path_(std::make_shared<const std::string>(std::move(path))), file_(std::move(file)) {}

  Status Read(uint64_t offset, size_t count, Slice* result, char* scratch) const override {
    env_->tableReads += 1;
    env_->tableReadBytes += count;
    ssize_t got = file_->ReadAt(offset, scratch, count);
    if (got < 0) {
      *result = Slice(scratch, 0);
      return env_->Fail("read " + *path_, static_cast<int>(-got));
    }
    env_->TableWasRead(path_, offset, count);
    *result = Slice(scratch, static_cast<size_t>(got));
    return Status::OK();
  }

 private:
  ShimEnv* const env_;
  const std::shared_ptr<const std::string> path_;
  const std::shared_ptr<File> file_;
};

/// A log: a record's header and payload are gathered until LevelDB's Flush behind it, then written at once.
class LogFile final : public leveldb::WritableFile {
 public:
  LogFile(ShimEnv* env, std::shared_ptr<Log> log) : env_(env), log_(std::move(log)) {}
  ~LogFile() override { env_->CloseLog(log_); }

  Status Append(const Slice& data) override {
    buffer_.append(data.data(), data.size());
    return Status::OK();
  }

  Status Flush() override {
    if (buffer_.empty()) return Status::OK();
    int error = env_->AppendLog(*log_, buffer_.data(), buffer_.size());
    buffer_.clear();
    return error == 0 ? Status::OK() : env_->Fail("append " + log_->path, error);
  }

  Status Close() override { return Flush(); }

  Status Sync() override {
    Status status = Flush();
    if (!status.ok()) return status;
    int error = env_->SyncLog(*log_);
    return error == 0 ? Status::OK() : env_->Fail("sync " + log_->path, error);
  }

 private:
  ShimEnv* const env_;
  const std::shared_ptr<Log> log_;
  std::string buffer_;
};

/// Tables, manifests, CURRENT: they count only once LevelDB has synced them, so they may be gathered.
class BufferedFile final : public leveldb::WritableFile {
 public:
  BufferedFile(ShimEnv* env, std::string path, std::shared_ptr<File> file)
      : env_(env), path_(std::move(path)), file_(std::move(file)) {}
  ~BufferedFile() override {
    if (!env_->killed()) WriteOut();
  }

  Status Append(const Slice& data) override {
    buffer_.append(data.data(), data.size());
    return buffer_.size() >= kFileBufferBytes ? WriteOut() : Status::OK();
  }

  Status Flush() override { return Status::OK(); }
  Status Close() override { return WriteOut(); }

  Status Sync() override {
    Status status = WriteOut();
    if (!status.ok()) return status;
    int error = env_->killed() ? EIO : env_->SyncNames();
    if (error == 0) error = file_->Sync();
    return error == 0 ? Status::OK() : env_->Fail("sync " + path_, error);
  }

 private:
  Status WriteOut() {
    if (buffer_.empty()) return Status::OK();
    int error = env_->killed() ? EIO : file_->Append(buffer_.data(), buffer_.size());
    buffer_.clear();
    return error == 0 ? Status::OK() : env_->Fail("append " + path_, error);
  }

  ShimEnv* const env_;
  const std::string path_;
  const std::shared_ptr<File> file_;
  std::string buffer_;
};

class Lock final : public leveldb::FileLock {
 public:
  explicit Lock(void* held) : held(held) {}
  void* const held;
};

class SilentLogger final : public leveldb::Logger {
 public:
  void Logv(const char*, std::va_list) override {}
};

}  // namespace

ShimEnv::ShimEnv(Files* files, std::string directory, bool simulated, const uint64_t* now,
                 std::function<void(int)> event)
    : EnvWrapper(leveldb::Env::Default()),
      files_(files),
      directory_(std::move(directory)),
      simulated_(simulated),
      now_(now),
      event_(std::move(event)) {}

ShimEnv::~ShimEnv() = default;

Status ShimEnv::Fail(const std::string& what, int error) {
  if (error == ENOSPC || error == EDQUOT) sawDiskFull = true;
  std::string reason = killed_ ? "killed" : strerror(error);
  return error == ENOENT ? Status::NotFound(what, reason) : Status::IOError(what, reason);
}

void ShimEnv::TableWasRead(const std::shared_ptr<const std::string>& path, uint64_t offset, size_t count) {
  std::lock_guard<std::mutex> guard(readsMutex_);
  if (reads_.size() < kTableReads) reads_.resize(kTableReads);
  reads_[nextRead_ % kTableReads] = {path, offset, count};
  nextRead_ += 1;
}

std::string ShimEnv::DamagedTable() {
  std::lock_guard<std::mutex> guard(readsMutex_);
  for (size_t back = 1; back <= std::min(nextRead_, kTableReads); back += 1) {
    const TableRead& read = reads_[(nextRead_ - back) % kTableReads];
    std::shared_ptr<File> file;
    if (files_->OpenFile(*read.path, Open::kRead, &file) != 0) continue;
    uint64_t size = 0;
    // A table's last bytes are its footer, which is no block and is read when it is opened.
    if (files_->Size(*read.path, &size) != 0 || read.offset + read.count >= size) continue;
    std::string bytes(read.count, '\0');
    ssize_t got = file->ReadAt(read.offset, &bytes[0], bytes.size());
    if (got != static_cast<ssize_t>(bytes.size()) || !IsGoodBlock(bytes)) return *read.path;
  }
  return "";
}

bool ShimEnv::IsMine(const std::string& path) const { return IsLogName(path); }

Status ShimEnv::NewSequentialFile(const std::string& path, leveldb::SequentialFile** result) {
  *result = nullptr;
  std::shared_ptr<File> file;
  int error = files_->OpenFile(path, Open::kRead, &file);
  if (error != 0) return Fail("open " + path, error);
  *result = new Sequential(this, path, std::move(file));
  return Status::OK();
}

Status ShimEnv::NewRandomAccessFile(const std::string& path, leveldb::RandomAccessFile** result) {
  *result = nullptr;
  std::shared_ptr<File> file;
  int error = files_->OpenFile(path, Open::kRead, &file);
  if (error != 0) return Fail("open " + path, error);
  *result = new RandomAccess(this, path, std::move(file));
  return Status::OK();
}

Status ShimEnv::NewWritableFile(const std::string& path, leveldb::WritableFile** result) {
  *result = nullptr;
  if (killed_) return Fail("create " + path, EIO);
  std::shared_ptr<File> file;
  int error = files_->OpenFile(path, Open::kCreate, &file);
  if (error != 0) return Fail("create " + path, error);
  levelsStale = true;
  std::lock_guard<std::mutex> guard(mutex_);
  namesChanged_ = true;
  if (!IsMine(path)) {
    *result = new BufferedFile(this, path, std::move(file));
    return Status::OK();
  }
  auto log = std::make_shared<Log>();
  log->path = path;
  log->file = std::move(file);
  logs_.push_back(log);
  liveLogs_.insert(path);
  memtableEstimate = 0;
  *result = new LogFile(this, std::move(log));
  return Status::OK();
}

// Logs are never reused (Options::reuse_logs is off), and nothing else is appended to.
Status ShimEnv::NewAppendableFile(const std::string& path, leveldb::WritableFile** result) {
  *result = nullptr;
  return Status::NotSupported("append to", path);
}

Status ShimEnv::GetChildren(const std::string& directory, std::vector<std::string>* names) {
  // LevelDB lists the directory after each flush and compaction, once the new version is in place.
  levelsStale = true;
  int error = files_->Children(directory, names);
  return error == 0 ? Status::OK() : Fail("list " + directory, error);
}

Status ShimEnv::RemoveFile(const std::string& path) {
  if (killed_) return Fail("remove " + path, EIO);
  int error = files_->Remove(path);
  levelsStale = true;
  if (IsMine(path)) {
    {
      std::lock_guard<std::mutex> guard(mutex_);
      liveLogs_.erase(path);
      for (auto& log : logs_) {
        if (log->path == path) log->removed = true;
      }
    }
    if (!simulated_) event_(2);
  }
  return error == 0 ? Status::OK() : Fail("remove " + path, error);
}

Status ShimEnv::CreateDir(const std::string& path) {
  int error = files_->MakeDirectory(path);
  return error == 0 ? Status::OK() : Fail("create directory " + path, error);
}

Status ShimEnv::RemoveDir(const std::string& path) {
  int error = files_->RemoveDirectory(path);
  return error == 0 ? Status::OK() : Fail("remove directory " + path, error);
}

Status ShimEnv::GetFileSize(const std::string& path, uint64_t* bytes) {
  int error = files_->Size(path, bytes);
  return error == 0 ? Status::OK() : Fail("size of " + path, error);
}

Status ShimEnv::RenameFile(const std::string& from, const std::string& to) {
  if (killed_) return Fail("rename " + from, EIO);
  int error = files_->Rename(from, to);
  if (error != 0) return Fail("rename " + from, error);
  {
    std::lock_guard<std::mutex> guard(mutex_);
    namesChanged_ = true;
  }
  // Only CURRENT is renamed, once an opening; LevelDB itself does not sync its directory.
  error = SyncNames();
  return error == 0 ? Status::OK() : Fail("sync " + directory_, error);
}

Status ShimEnv::LockFile(const std::string& path, leveldb::FileLock** lock) {
  *lock = nullptr;
  void* held = nullptr;
  int error = files_->Lock(path, &held);
  if (error == EAGAIN) {
    sawLocked = true;
    return Status::IOError("another node has this data directory open", directory_);
  }
  if (error != 0) return Fail("lock " + path, error);
  *lock = new Lock(held);
  return Status::OK();
}

Status ShimEnv::UnlockFile(leveldb::FileLock* lock) {
  int error = files_->Unlock(static_cast<Lock*>(lock)->held);
  delete lock;
  return error == 0 ? Status::OK() : Fail("unlock " + directory_, error);
}

void ShimEnv::Schedule(void (*function)(void*), void* argument) {
  if (simulated_) {
    scheduled_.emplace_back(function, argument);
  } else {
    EnvWrapper::Schedule(function, argument);
  }
}

Status ShimEnv::NewLogger(const std::string&, leveldb::Logger** result) {
  *result = new SilentLogger();
  return Status::OK();
}

uint64_t ShimEnv::NowMicros() { return simulated_ ? *now_ : EnvWrapper::NowMicros(); }

void ShimEnv::RunScheduled() {
  if (running_) return;
  running_ = true;
  while (!scheduled_.empty()) {
    auto next = scheduled_.front();
    scheduled_.pop_front();
    next.first(next.second);
  }
  running_ = false;
}

void ShimEnv::OpenBegan() {
  std::lock_guard<std::mutex> guard(mutex_);
  appendError_ = 0;
  logs_.clear();
  liveLogs_.clear();
  sawDiskFull = false;
  sawLocked = false;
  killed_ = false;
  levelsStale = true;
  memtableEstimate = 0;
}

int ShimEnv::AppendLog(Log& log, const char* data, size_t count) {
  if (killed_) return EIO;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    if (appendError_ != 0) return appendError_;
  }
  // The lock is not held here: the sync thread takes it while this append may be waiting in the kernel.
  int error = log.file->Append(data, count);
  std::lock_guard<std::mutex> guard(mutex_);
  if (error != 0) {
    appendError_ = error;
    return error;
  }
  log.appended += count;
  logBytes += count;
  return 0;
}

int ShimEnv::SyncLog(Log& log) {
  int error = SyncNames();
  if (error == 0) error = log.file->Sync();
  if (error != 0) syncFailed = true;
  return error;
}

void ShimEnv::CloseLog(const std::shared_ptr<Log>& log) {
  std::lock_guard<std::mutex> guard(mutex_);
  log->closed = true;
}

int ShimEnv::SyncNames() {
  std::lock_guard<std::mutex> turn(namesMutex_);
  {
    std::lock_guard<std::mutex> guard(mutex_);
    if (!namesChanged_) return 0;
    namesChanged_ = false;
  }
  if (killed_) return EIO;
  int error = files_->SyncDirectory(directory_);
  if (error != 0) {
    std::lock_guard<std::mutex> guard(mutex_);
    namesChanged_ = true;
  }
  return error;
}

bool ShimEnv::FlushPending() {
  std::lock_guard<std::mutex> guard(mutex_);
  return liveLogs_.size() > 1;
}

void ShimEnv::WriteSucceeded(size_t estimate) {
  memtableEstimate += estimate;
  std::lock_guard<std::mutex> guard(mutex_);
  if (!logs_.empty()) logs_.back()->committed = logs_.back()->appended;
  written += 1;
}

void ShimEnv::WriteFailed() {
  std::lock_guard<std::mutex> guard(mutex_);
  if (appendError_ == 0 || logs_.empty() || killed_) return;
  // Best effort: should the cut fail too, recovery takes the rest for a torn tail.
  Log& log = *logs_.back();
  if (log.file->Truncate(log.committed) == 0) log.appended = log.committed;
}

void ShimEnv::RequestSync() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    wanted_ = true;
  }
  if (!simulated_) wake_.notify_one();
}

void ShimEnv::RunSync() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    if (!simulated_ || !wanted_) return;
    wanted_ = false;
  }
  if (killed_) return;
  event_(SyncAll() == 0 ? 1 : 3);
}

int ShimEnv::SyncAll() {
  if (killed_) return EIO;
  struct Due {
    std::shared_ptr<Log> log;
    uint64_t bytes;
  };
  std::vector<Due> due;
  uint64_t target;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    target = written;
    for (auto& log : logs_) {
      // A removed log's data is in a table that was synced, under a manifest that was synced.
      if (!log->removed && log->synced < log->appended) due.push_back({log, log->appended});
    }
  }
  int error = SyncNames();
  for (auto& next : due) {
    if (error != 0) break;
    error = next.log->file->Sync();
    logSyncs += 1;
  }
  std::lock_guard<std::mutex> guard(mutex_);
  if (error != 0) {
    syncFailed = true;
    return error;
  }
  for (auto& next : due) next.log->synced = next.bytes;
  logs_.erase(std::remove_if(logs_.begin(), logs_.end(),
                             [](const std::shared_ptr<Log>& log) {
                               return log->removed || (log->closed && log->synced >= log->appended);
                             }),
              logs_.end());
  if (synced < target) synced = target;
  return 0;
}

void ShimEnv::SyncLoop() {
  std::unique_lock<std::mutex> guard(mutex_);
  for (;;) {
    wake_.wait(guard, [this] { return wanted_ || stop_; });
    if (stop_) return;
    wanted_ = false;
    guard.unlock();
    int error = SyncAll();
    event_(error == 0 ? 1 : 3);
    guard.lock();
    if (error != 0) return;
  }
}

void ShimEnv::StartSyncThread() {
  if (simulated_ || thread_.joinable()) return;
  stop_ = false;
  thread_ = std::thread([this] { SyncLoop(); });
}

int ShimEnv::StopSyncThread() {
  if (thread_.joinable()) {
    {
      std::lock_guard<std::mutex> guard(mutex_);
      stop_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  if (killed_ || syncFailed) return 0;
  return SyncAll();
}

}  // namespace marquee
