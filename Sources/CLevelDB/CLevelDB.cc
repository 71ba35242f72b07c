// The C face of the shim: handles, codes and messages. See include/CLevelDB.h for what each promises.

#include "CLevelDB.h"

#include <errno.h>
#include <string.h>

#include <memory>

#include "LogTail.h"
#include "ShimEnv.h"
#include "SimulatedDisk.h"
#include "leveldb/cache.h"
#include "leveldb/db.h"
#include "leveldb/write_batch.h"

using leveldb::Slice;
using leveldb::Status;

struct mq_disk {
  marquee::SimulatedDisk disk;
  bool held = false;
};

namespace {

class NoLogger final : public leveldb::Logger {
 public:
  void Logv(const char*, std::va_list) override {}
};

Slice ToSlice(const uint8_t* data, size_t count) { return Slice(reinterpret_cast<const char*>(data), count); }

mq_bytes ToBytes(const Slice& slice) {
  return mq_bytes{reinterpret_cast<const uint8_t*>(slice.data()), slice.size()};
}

/// LevelDB stops writing tables into level 0 at twelve files and slows down at eight (db/dbformat.h).
constexpr int kSlowLevel0Files = 8;
constexpr int kStopLevel0Files = 12;

}  // namespace

struct mq_db {
  std::string directory;
  mq_disk* disk;
  mq_options options;
  std::unique_ptr<marquee::ShimEnv> env;
  std::unique_ptr<leveldb::Cache> cache;
  NoLogger logger;
  std::unique_ptr<leveldb::DB> db;
  std::string message;
  std::string value;
  std::string property;
  int level0Files = 0;
  uint64_t tornTailBytes = 0;
  mq_counters counters{};

  /// Turns a status into a code, keeping its text.
  int32_t Code(const Status& status, bool writing = false) {
    if (status.ok()) return mq_ok;
    if (env->killed() || (disk != nullptr && disk->disk.IsDown())) {
      message = "the machine is down";
      return mq_killed;
    }
    if (env->syncFailed) {
      message = "a sync of the log failed: " + status.ToString();
      return mq_sync_failed;
    }
    message = status.ToString();
    if (status.IsCorruption()) {
      std::string table = env->DamagedTable();
      if (!table.empty()) message += " in " + table;
      return mq_corruption;
    }
    if (env->sawLocked) return mq_locked;
    if (writing && env->sawDiskFull) return mq_disk_full;
    if (status.IsNotFound()) return db == nullptr ? mq_io_error : mq_not_found;
    if (status.IsInvalidArgument() || status.IsNotSupportedError()) return mq_invalid;
    return mq_io_error;
  }

  int32_t Closed() {
    message = "the database is not open";
    return mq_closed;
  }

  /// On a simulated disk: background work runs here, between calls.
  void Settle() {
    if (disk != nullptr && !disk->held) env->RunScheduled();
  }

  /// LevelDB's destructor waits for background work, so what was held back runs now.
  void Drain() {
    if (disk != nullptr) env->RunScheduled();
  }
};

struct mq_batch {
  leveldb::WriteBatch batch;
  size_t operations = 0;
  size_t estimate = 0;

  /// An upper bound of what an entry takes in the memtable: key, tag, varints, skip list node, and a
  /// quarter for the arena's blocks (util/arena.cc gives entries over a quarter of a block their own).
  void Count(size_t key, size_t value) {
    operations += 1;
    estimate += (key + value + 128) * 4 / 3;
  }
};

struct mq_iterator {
  mq_db* db;
  std::unique_ptr<leveldb::Iterator> iterator;

  bool Fill(mq_entry* entry) const {
    if (!iterator->Valid()) return false;
    entry->key = ToBytes(iterator->key());
    entry->value = ToBytes(iterator->value());
    return true;
  }
};

struct mq_snapshot {
  const leveldb::Snapshot* snapshot;
};

extern "C" {

mq_db* mq_db_new(const char* directory, mq_disk* disk, mq_options options, mq_event_function event, void* context) {
  auto* handle = new mq_db();
  handle->directory = directory;
  handle->disk = disk;
  handle->options = options;
  marquee::Files* files = disk != nullptr ? &disk->disk : marquee::PosixFiles();
  handle->env = std::make_unique<marquee::ShimEnv>(
      files, handle->directory, disk != nullptr, disk != nullptr ? &disk->disk.nowMicros : nullptr,
      [event, context](int kind) {
        if (event != nullptr) event(context, kind);
      });
  handle->cache.reset(leveldb::NewLRUCache(options.block_cache_bytes));
  return handle;
}

void mq_db_free(mq_db* handle) {
  if (handle == nullptr) return;
  mq_db_close(handle);
  delete handle;
}

/// Logs first; of the manifests only the one CURRENT names is read, but an old one does no harm.
static int32_t CutTails(mq_db* handle) {
  marquee::Files* files = handle->env->files();
  std::vector<std::string> names;
  if (files->Children(handle->directory, &names) != 0) return mq_ok;
  for (const auto& name : names) {
    bool manifest = name.compare(0, 9, "MANIFEST-") == 0;
    if (!manifest && !marquee::IsLogName(name)) continue;
    std::string path = handle->directory + "/" + name;
    int error = marquee::CutTornTail(files, path, &handle->tornTailBytes);
    if (error != 0) return handle->Code(handle->env->Fail("read " + path, error));
  }
  return mq_ok;
}

int32_t mq_db_open(mq_db* handle) {
  if (handle->db != nullptr) return mq_ok;
  handle->env->OpenBegan();
  // The lock comes first: a tail is cut only where nobody else is writing. LevelDB takes the same lock again.
  leveldb::FileLock* lock = nullptr;
  std::string lockPath = handle->directory + "/LOCK";
  (void)handle->env->CreateDir(handle->directory);
  Status locked = handle->env->LockFile(lockPath, &lock);
  if (!locked.ok()) return handle->Code(locked);
  int32_t cut = CutTails(handle);
  (void)handle->env->UnlockFile(lock);
  if (cut != mq_ok) return cut;

  leveldb::Options options;
  options.env = handle->env.get();
  options.create_if_missing = true;
  options.paranoid_checks = true;
  options.info_log = &handle->logger;
  options.write_buffer_size = handle->options.write_buffer_bytes;
  options.block_cache = handle->cache.get();
  options.block_size = handle->options.block_bytes;
  options.max_open_files = handle->options.max_open_files;
  leveldb::DB* db = nullptr;
  Status status = leveldb::DB::Open(options, handle->directory, &db);
  handle->db.reset(db);
  handle->Drain();
  if (!status.ok()) return handle->Code(status, true);
  // Recovery put what the old logs held into tables and synced them.
  handle->env->synced = handle->env->written.load();
  handle->env->StartSyncThread();
  return mq_ok;
}

int32_t mq_db_close(mq_db* handle) {
  if (handle->db == nullptr) return mq_ok;
  handle->Drain();
  int error = handle->env->StopSyncThread();
  handle->db.reset();
  return error == 0 ? static_cast<int32_t>(mq_ok) : handle->Code(handle->env->Fail("sync the log", error));
}

bool mq_db_is_open(const mq_db* handle) { return handle->db != nullptr; }

const char* mq_db_message(const mq_db* handle) { return handle->message.c_str(); }

int32_t mq_db_write(mq_db* handle, mq_batch* batch) {
  if (handle->db == nullptr) return handle->Closed();
  if (handle->env->syncFailed) {
    handle->message = "a sync of the log failed";
    return mq_sync_failed;
  }
  Status status = handle->db->Write(leveldb::WriteOptions(), &batch->batch);
  if (status.ok()) {
    handle->env->WriteSucceeded(batch->estimate);
    handle->counters.writes += 1;
  } else {
    handle->env->WriteFailed();
  }
  handle->Settle();
  return handle->Code(status, true);
}

static leveldb::ReadOptions ReadAt(const mq_snapshot* snapshot, bool fillCache) {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = fillCache;
  options.snapshot = snapshot == nullptr ? nullptr : snapshot->snapshot;
  return options;
}

int32_t mq_db_get(mq_db* handle, const mq_snapshot* snapshot, const uint8_t* key, size_t count, mq_bytes* value) {
  if (handle->db == nullptr) return handle->Closed();
  handle->counters.gets += 1;
  Status status = handle->db->Get(ReadAt(snapshot, true), ToSlice(key, count), &handle->value);
  handle->Settle();
  if (status.IsNotFound()) return mq_not_found;
  if (!status.ok()) return handle->Code(status);
  *value = ToBytes(handle->value);
  return mq_ok;
}

const char* mq_db_property(mq_db* handle, const char* name) {
  if (handle->db == nullptr || !handle->db->GetProperty(name, &handle->property)) return nullptr;
  return handle->property.c_str();
}

int32_t mq_db_files_at_level(mq_db* handle, int32_t level) {
  std::string name = "leveldb.num-files-at-level" + std::to_string(level);
  const char* text = mq_db_property(handle, name.c_str());
  return text == nullptr ? 0 : static_cast<int32_t>(strtol(text, nullptr, 10));
}

uint64_t mq_db_approximate_bytes(mq_db* handle, const uint8_t* from, size_t fromCount, const uint8_t* to,
                                 size_t toCount) {
  if (handle->db == nullptr) return 0;
  leveldb::Range range(ToSlice(from, fromCount), ToSlice(to, toCount));
  uint64_t bytes = 0;
  handle->db->GetApproximateSizes(&range, 1, &bytes);
  return bytes;
}

uint64_t mq_db_memory_bytes(mq_db* handle) {
  const char* text = mq_db_property(handle, "leveldb.approximate-memory-usage");
  return text == nullptr ? 0 : strtoull(text, nullptr, 10);
}

int32_t mq_db_pressure(mq_db* handle) {
  if (handle->db == nullptr) return mq_pressure_none;
  handle->Settle();
  // Asking LevelDB takes its mutex and formats a number: only after a flush or a compaction.
  if (handle->env->levelsStale.exchange(false)) handle->level0Files = mq_db_files_at_level(handle, 0);
  bool full = handle->env->memtableEstimate >= handle->options.write_buffer_bytes;
  if (full && (handle->level0Files >= kStopLevel0Files || handle->env->FlushPending())) return mq_pressure_stop;
  return handle->level0Files >= kSlowLevel0Files ? mq_pressure_slow : mq_pressure_none;
}

mq_counters mq_db_counters(const mq_db* handle) {
  mq_counters counters = handle->counters;
  counters.log_bytes = handle->env->logBytes;
  counters.log_syncs = handle->env->logSyncs;
  counters.slowdowns = handle->env->slowdowns;
  counters.table_reads = handle->env->tableReads;
  counters.table_read_bytes = handle->env->tableReadBytes;
  counters.torn_tail_bytes = handle->tornTailBytes;
  return counters;
}

uint64_t mq_db_free_bytes(mq_db* handle) { return handle->env->files()->FreeBytes(handle->directory); }

uint64_t mq_db_written(const mq_db* handle) { return handle->env->written; }
uint64_t mq_db_synced(const mq_db* handle) { return handle->env->synced; }
bool mq_db_sync_failed(const mq_db* handle) { return handle->env->syncFailed; }
void mq_db_request_sync(mq_db* handle) { handle->env->RequestSync(); }
void mq_db_run_sync(mq_db* handle) { handle->env->RunSync(); }

int32_t mq_db_sync(mq_db* handle) {
  if (handle->db == nullptr) return handle->Closed();
  int error = handle->env->SyncAll();
  return error == 0 ? static_cast<int32_t>(mq_ok) : handle->Code(handle->env->Fail("sync the log", error));
}

mq_batch* mq_batch_new(void) { return new mq_batch(); }
void mq_batch_free(mq_batch* batch) { delete batch; }

void mq_batch_put(mq_batch* batch, const uint8_t* key, size_t keyCount, const uint8_t* value, size_t valueCount) {
  batch->batch.Put(ToSlice(key, keyCount), ToSlice(value, valueCount));
  batch->Count(keyCount, valueCount);
}

void mq_batch_delete(mq_batch* batch, const uint8_t* key, size_t keyCount) {
  batch->batch.Delete(ToSlice(key, keyCount));
  batch->Count(keyCount, 0);
}

void mq_batch_clear(mq_batch* batch) {
  batch->batch.Clear();
  batch->operations = 0;
  batch->estimate = 0;
}

size_t mq_batch_operations(const mq_batch* batch) { return batch->operations; }
size_t mq_batch_bytes(const mq_batch* batch) { return batch->batch.ApproximateSize(); }

mq_iterator* mq_iterator_new(mq_db* handle, const mq_snapshot* snapshot, bool fillCache) {
  if (handle->db == nullptr) {
    handle->Closed();
    return nullptr;
  }
  auto* made = new mq_iterator();
  made->db = handle;
  made->iterator.reset(handle->db->NewIterator(ReadAt(snapshot, fillCache)));
  return made;
}

void mq_iterator_free(mq_iterator* iterator) {
  if (iterator == nullptr) return;
  mq_db* handle = iterator->db;
  delete iterator;
  handle->Settle();
}

bool mq_iterator_seek(mq_iterator* iterator, const uint8_t* key, size_t count, mq_entry* entry) {
  iterator->db->counters.seeks += 1;
  iterator->iterator->Seek(ToSlice(key, count));
  return iterator->Fill(entry);
}

bool mq_iterator_seek_last(mq_iterator* iterator, mq_entry* entry) {
  iterator->db->counters.seeks += 1;
  iterator->iterator->SeekToLast();
  return iterator->Fill(entry);
}

bool mq_iterator_next(mq_iterator* iterator, mq_entry* entry) {
  if (!iterator->iterator->Valid()) return false;
  iterator->db->counters.steps += 1;
  iterator->iterator->Next();
  return iterator->Fill(entry);
}

bool mq_iterator_previous(mq_iterator* iterator, mq_entry* entry) {
  if (!iterator->iterator->Valid()) return false;
  iterator->db->counters.steps += 1;
  iterator->iterator->Prev();
  return iterator->Fill(entry);
}

int32_t mq_iterator_status(mq_iterator* iterator) { return iterator->db->Code(iterator->iterator->status()); }

mq_snapshot* mq_snapshot_new(mq_db* handle) {
  if (handle->db == nullptr) return nullptr;
  return new mq_snapshot{handle->db->GetSnapshot()};
}

void mq_snapshot_free(mq_db* handle, mq_snapshot* snapshot) {
  if (snapshot == nullptr) return;
  if (handle->db != nullptr) handle->db->ReleaseSnapshot(snapshot->snapshot);
  delete snapshot;
}

mq_disk* mq_disk_new(void) { return new mq_disk(); }
void mq_disk_free(mq_disk* disk) { delete disk; }
void mq_disk_set_now(mq_disk* disk, uint64_t microseconds) { disk->disk.nowMicros = microseconds; }
void mq_disk_set_capacity(mq_disk* disk, uint64_t bytes) { disk->disk.capacity = bytes; }
uint64_t mq_disk_used_bytes(const mq_disk* disk) { return disk->disk.UsedBytes(); }
void mq_disk_fail_appends(mq_disk* disk, uint32_t count) { disk->disk.failingAppends = count; }
void mq_disk_fail_syncs(mq_disk* disk, uint32_t count) { disk->disk.failingSyncs = count; }
void mq_disk_fail_reads(mq_disk* disk, uint32_t count) { disk->disk.failingReads = count; }
void mq_disk_hold_work(mq_disk* disk, bool held) { disk->held = held; }
void mq_disk_kill_after(mq_disk* disk, uint64_t operations) { disk->disk.killAfter = operations; }
uint64_t mq_disk_operations(const mq_disk* disk) { return disk->disk.operations; }

void mq_db_kill(mq_db* handle) {
  handle->env->Kill();
  if (handle->db != nullptr) {
    // What is queued fails at its first write.
    handle->Drain();
    (void)handle->env->StopSyncThread();
    handle->db.reset();
  }
  if (handle->disk != nullptr) handle->disk->disk.Revive();
}

void mq_disk_lose_power(mq_disk* disk, uint64_t seed) { disk->disk.LosePower(seed); }

bool mq_disk_flip(mq_disk* disk, const char* path, uint64_t offset, uint8_t mask) {
  auto found = disk->disk.names.find(path);
  if (found == disk->disk.names.end() || offset >= found->second->bytes.size()) return false;
  char& byte = found->second->bytes[static_cast<size_t>(offset)];
  byte = static_cast<char>(byte ^ mask);
  return true;
}

bool mq_disk_truncate(mq_disk* disk, const char* path, uint64_t bytes) {
  auto found = disk->disk.names.find(path);
  if (found == disk->disk.names.end() || bytes > found->second->bytes.size()) return false;
  found->second->bytes.resize(static_cast<size_t>(bytes));
  found->second->synced = std::min(found->second->synced, found->second->bytes.size());
  return true;
}

bool mq_disk_remove(mq_disk* disk, const char* path) {
  disk->disk.durableNames.erase(path);
  return disk->disk.names.erase(path) == 1;
}

size_t mq_disk_file_count(const mq_disk* disk) { return disk->disk.names.size(); }

const char* mq_disk_file_name(const mq_disk* disk, size_t index) {
  if (index >= disk->disk.names.size()) return nullptr;
  return std::next(disk->disk.names.begin(), static_cast<std::ptrdiff_t>(index))->first.c_str();
}

mq_bytes mq_disk_file_bytes(const mq_disk* disk, size_t index) {
  if (index >= disk->disk.names.size()) return mq_bytes{nullptr, 0};
  auto found = std::next(disk->disk.names.begin(), static_cast<std::ptrdiff_t>(index));
  return ToBytes(found->second->bytes);
}

}  // extern "C"
