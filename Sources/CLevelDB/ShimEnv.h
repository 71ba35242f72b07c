// LevelDB's environment: logs that are appended at once and synced beside the writers, tables read by
// pread, background work on LevelDB's own thread or, on a simulated disk, queued until the call is over.
//
// What it must get right (architecture.md, "Durability"):
// - LevelDB drops an old log unsynced when it switches to a new one: its descriptor stays here until its
//   bytes are synced, or until the log is removed, which happens after its table and manifest were synced.
// - A created file's directory is synced before anything that depends on its name.
// - A failed append is sticky: the record behind it would be misaligned, and recovery would drop
//   acknowledged data. The torn part is cut off, and all appends fail until the database was reopened.
// - A failed sync is final: the kernel may have dropped the dirty pages it could not write.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "Files.h"
#include "leveldb/env.h"

namespace marquee {

/// A write-ahead log whose bytes are not all on disk.
struct Log {
  std::string path;
  std::shared_ptr<File> file;
  /// Bytes appended, and the end of the last batch that was acknowledged by LevelDB.
  uint64_t appended = 0;
  uint64_t committed = 0;
  uint64_t synced = 0;
  bool closed = false;
  bool removed = false;
};

class ShimEnv final : public leveldb::EnvWrapper {
 public:
  /// `simulated`: nothing runs on another thread, `now` is read for the time.
  ShimEnv(Files* files, std::string directory, bool simulated, const uint64_t* now, std::function<void(int)> event);
  ~ShimEnv() override;

  leveldb::Status NewSequentialFile(const std::string& path, leveldb::SequentialFile** result) override;
  leveldb::Status NewRandomAccessFile(const std::string& path, leveldb::RandomAccessFile** result) override;
  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** result) override;
  leveldb::Status NewAppendableFile(const std::string& path, leveldb::WritableFile** result) override;
  bool FileExists(const std::string& path) override { return files_->Exists(path); }
  leveldb::Status GetChildren(const std::string& directory, std::vector<std::string>* names) override;
  leveldb::Status RemoveFile(const std::string& path) override;
  leveldb::Status CreateDir(const std::string& path) override;
  leveldb::Status RemoveDir(const std::string& path) override;
  leveldb::Status GetFileSize(const std::string& path, uint64_t* bytes) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& path, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;
  void Schedule(void (*function)(void*), void* argument) override;
  leveldb::Status NewLogger(const std::string& path, leveldb::Logger** result) override;
  uint64_t NowMicros() override;
  void SleepForMicroseconds(int) override { slowdowns += 1; }

  /// Simulated: runs what was scheduled, and what that schedules. Never called from inside LevelDB.
  void RunScheduled();

  // Called on the loop's thread around LevelDB's calls.
  void OpenBegan();
  void StartSyncThread();
  /// Syncs what is left and joins. Returns an errno.
  int StopSyncThread();
  /// The last write succeeded: its bytes are the log's good part, `estimate` bytes went to the memtable.
  void WriteSucceeded(size_t estimate);
  /// The last write failed: if its append did, the log is cut back to its good part.
  void WriteFailed();
  void RequestSync();
  /// Simulated: does what was requested.
  void RunSync();
  /// Syncs all that is written by now, on the calling thread. Returns an errno.
  int SyncAll();
  void Kill() { killed_ = true; }
  leveldb::Status Fail(const std::string& what, int error);
  /// The table whose block, among those that were read lately, is not what was written: LevelDB's own text does not name
  /// it. Empty if none is found.
  std::string DamagedTable();
  Files* files() const { return files_; }

  std::atomic<uint64_t> written{0};
  std::atomic<uint64_t> synced{0};
  std::atomic<uint64_t> slowdowns{0};
  std::atomic<uint64_t> logBytes{0};
  std::atomic<uint64_t> logSyncs{0};
  std::atomic<uint64_t> tableReads{0};
  std::atomic<uint64_t> tableReadBytes{0};
  std::atomic<bool> sawDiskFull{false};
  std::atomic<bool> sawLocked{false};
  std::atomic<bool> syncFailed{false};
  std::atomic<bool> levelsStale{true};
  /// An upper bound of the memtable's bytes.
  std::atomic<uint64_t> memtableEstimate{0};
  bool FlushPending();

  // For the file objects.
  void TableWasRead(const std::shared_ptr<const std::string>& path, uint64_t offset, size_t count);
  int AppendLog(Log& log, const char* data, size_t count);
  int SyncLog(Log& log);
  void CloseLog(const std::shared_ptr<Log>& log);
  /// Syncs the directory when a name in it is new.
  int SyncNames();
  bool killed() const { return killed_; }

 private:
  bool IsMine(const std::string& path) const;
  void SyncLoop();

  Files* const files_;
  const std::string directory_;
  const bool simulated_;
  const uint64_t* const now_;
  const std::function<void(int)> event_;
  std::atomic<bool> killed_{false};

  std::deque<std::pair<void (*)(void*), void*>> scheduled_;
  bool running_ = false;

  /// Held while the directory is synced: who comes second must not go on before that is done.
  std::mutex namesMutex_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
  bool stop_ = false;
  bool wanted_ = false;
  bool namesChanged_ = false;
  /// Sticky: an append failed since the database was opened.
  int appendError_ = 0;
  std::vector<std::shared_ptr<Log>> logs_;
  /// Logs that exist: more than one means that a memtable waits for its flush.
  std::set<std::string> liveLogs_;

  struct TableRead {
    std::shared_ptr<const std::string> path;
    uint64_t offset = 0;
    size_t count = 0;
  };
  /// The last reads, the oldest overwritten first: enough for what one call of LevelDB's reads before it says that
  /// something was wrong.
  static constexpr size_t kTableReads = 256;
  std::mutex readsMutex_;
  std::vector<TableRead> reads_;
  size_t nextRead_ = 0;
};

}  // namespace marquee
