// LevelDB 1.23 behind C, with an environment of our own.
//
// Why a shim: Debian's C API offers only the default Env, whose log buffers 64 KB in user space, whose
// sync holds up every writer, and whose tables are mmap'ed (an IO error would be SIGBUS). Here a log
// record is appended at once, a thread of its own syncs it, and the same code runs on a simulated disk on
// which nothing is concurrent and every byte is repeatable.
//
// Threads: every function is called on one thread (the loop's). Only the event callback comes from
// another one, and only on a real disk.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What a call came to. Everything but `ok` and `notFound` has a text in `mq_db_message`.
enum {
  mq_ok = 0,
  mq_not_found = 1,
  /// A checksum or a structure is wrong on disk.
  mq_corruption = 2,
  mq_io_error = 3,
  /// No space left on the device.
  mq_disk_full = 4,
  /// Another opener holds the directory.
  mq_locked = 5,
  /// A sync failed: what is on disk is unknown, the node has to stop.
  mq_sync_failed = 6,
  /// The database is not open.
  mq_closed = 7,
  mq_invalid = 8,
  /// The simulated machine is down (`mq_disk_kill_after`).
  mq_killed = 9,
};

/// What an event callback reports; the receiver asks the database for the rest.
enum {
  /// `mq_db_synced` has risen.
  mq_event_synced = 1,
  /// A flush or compaction ended: `mq_db_pressure` may have fallen.
  mq_event_eased = 2,
  /// A sync failed.
  mq_event_sync_failed = 3,
};

/// Whether a write would wait now.
enum {
  mq_pressure_none = 0,
  /// Eight files at level 0: compaction falls behind (LevelDB would sleep a millisecond; the shim does not).
  mq_pressure_slow = 1,
  /// The memtable is full and cannot be switched: `mq_db_write` would block without bound.
  mq_pressure_stop = 2,
};

typedef struct mq_disk mq_disk;
typedef struct mq_db mq_db;
typedef struct mq_batch mq_batch;
typedef struct mq_iterator mq_iterator;
typedef struct mq_snapshot mq_snapshot;

typedef void (*mq_event_function)(void *context, int32_t event);

typedef struct mq_options {
  size_t write_buffer_bytes;
  size_t block_cache_bytes;
  size_t block_bytes;
  int32_t max_open_files;
} mq_options;

/// Bytes that belong to the shim; valid until the next call on the object they came from.
typedef struct mq_bytes {
  const uint8_t *data;
  size_t count;
} mq_bytes;

typedef struct mq_entry {
  mq_bytes key;
  mq_bytes value;
} mq_entry;

/// memcmp, then the shorter first: the order of keys.
static inline int32_t mq_compare(const uint8_t *a, size_t a_count, const uint8_t *b, size_t b_count) {
  size_t shared = a_count < b_count ? a_count : b_count;
  int order = shared == 0 ? 0 : memcmp(a, b, shared);
  if (order != 0) return order < 0 ? -1 : 1;
  return a_count == b_count ? 0 : a_count < b_count ? -1 : 1;
}

typedef struct mq_counters {
  uint64_t writes;
  uint64_t gets;
  uint64_t seeks;
  uint64_t steps;
  uint64_t log_bytes;
  uint64_t log_syncs;
  uint64_t slowdowns;
  uint64_t table_reads;
  uint64_t table_read_bytes;
  uint64_t torn_tail_bytes;
} mq_counters;

// A database. `disk` is NULL for the machine's own. The handle outlives open and close, so that a
// database can be reopened after a failed append and its last message read after a failed open.

mq_db *mq_db_new(const char *directory, mq_disk *disk, mq_options options, mq_event_function event, void *context);
void mq_db_free(mq_db *db);

/// Locks the directory, cuts a torn tail off the logs, recovers, and starts the sync thread.
int32_t mq_db_open(mq_db *db);
/// Closes in order: background work ends, logs are synced. No iterator or snapshot may be left.
int32_t mq_db_close(mq_db *db);
bool mq_db_is_open(const mq_db *db);
/// What the last failed call had to say.
const char *mq_db_message(const mq_db *db);

/// Appends the batch to the log and applies it. Does not sync. After a failure every further write fails
/// until the database was reopened: the log's end is unknown to LevelDB then.
int32_t mq_db_write(mq_db *db, mq_batch *batch);
/// `value` is valid until the next get.
int32_t mq_db_get(mq_db *db, const mq_snapshot *snapshot, const uint8_t *key, size_t key_count, mq_bytes *value);
/// A LevelDB property such as "leveldb.stats"; NULL when unknown. Valid until the next call.
const char *mq_db_property(mq_db *db, const char *name);
int32_t mq_db_files_at_level(mq_db *db, int32_t level);
uint64_t mq_db_approximate_bytes(mq_db *db, const uint8_t *from, size_t from_count, const uint8_t *to, size_t to_count);
uint64_t mq_db_memory_bytes(mq_db *db);
int32_t mq_db_pressure(mq_db *db);
mq_counters mq_db_counters(const mq_db *db);
/// Bytes free where the database stands; UINT64_MAX when it cannot be told.
uint64_t mq_db_free_bytes(mq_db *db);

/// The number of the last write that succeeded since the handle was made, and of the last that is on disk.
uint64_t mq_db_written(const mq_db *db);
uint64_t mq_db_synced(const mq_db *db);
bool mq_db_sync_failed(const mq_db *db);
/// Asks the sync thread to sync all that is written by now (returns at once). On a simulated disk it is only
/// noted; `mq_db_run_sync` does it.
void mq_db_request_sync(mq_db *db);
/// On a simulated disk: does what was asked for, on this thread, events included. Else nothing.
void mq_db_run_sync(mq_db *db);
/// Syncs all that is written by now, on this thread: for the rare record that must stand before a node goes on.
int32_t mq_db_sync(mq_db *db);

mq_batch *mq_batch_new(void);
void mq_batch_free(mq_batch *batch);
void mq_batch_put(mq_batch *batch, const uint8_t *key, size_t key_count, const uint8_t *value, size_t value_count);
void mq_batch_delete(mq_batch *batch, const uint8_t *key, size_t key_count);
void mq_batch_clear(mq_batch *batch);
/// Operations and encoded bytes in it.
size_t mq_batch_operations(const mq_batch *batch);
size_t mq_batch_bytes(const mq_batch *batch);

/// An iterator sees the database as it is now (or at `snapshot`). `fill_cache` false for scans.
mq_iterator *mq_iterator_new(mq_db *db, const mq_snapshot *snapshot, bool fill_cache);
void mq_iterator_free(mq_iterator *iterator);
/// Each returns whether it stands on an entry, and fills it: one call a step. The pointers are valid until
/// the next call on the iterator. False at either end or after a failure: ask `mq_iterator_status`.
bool mq_iterator_seek(mq_iterator *iterator, const uint8_t *key, size_t key_count, mq_entry *entry);
bool mq_iterator_seek_last(mq_iterator *iterator, mq_entry *entry);
bool mq_iterator_next(mq_iterator *iterator, mq_entry *entry);
bool mq_iterator_previous(mq_iterator *iterator, mq_entry *entry);
int32_t mq_iterator_status(mq_iterator *iterator);

mq_snapshot *mq_snapshot_new(mq_db *db);
void mq_snapshot_free(mq_db *db, mq_snapshot *snapshot);

// The simulated disk: files in memory, no threads, no clock of its own.

mq_disk *mq_disk_new(void);
void mq_disk_free(mq_disk *disk);
/// What LevelDB sees as the time, microseconds.
void mq_disk_set_now(mq_disk *disk, uint64_t microseconds);
/// Total bytes the disk holds; 0 for no limit.
void mq_disk_set_capacity(mq_disk *disk, uint64_t bytes);
uint64_t mq_disk_used_bytes(const mq_disk *disk);
/// The next `count` appends to logs fail after half their bytes were written.
void mq_disk_fail_appends(mq_disk *disk, uint32_t count);
void mq_disk_fail_syncs(mq_disk *disk, uint32_t count);
void mq_disk_fail_reads(mq_disk *disk, uint32_t count);
/// While held, flushes and compactions wait, as on a slow disk; a write that would then block must not be made.
void mq_disk_hold_work(mq_disk *disk, bool held);
/// After `operations` more changes to the disk (append, create, remove, rename, sync) the machine is down:
/// the last append is written by half, all later calls fail, until the database was killed. 0 disarms.
void mq_disk_kill_after(mq_disk *disk, uint64_t operations);
/// Changes made so far: what `mq_disk_kill_after` counts.
uint64_t mq_disk_operations(const mq_disk *disk);
/// The process dies: its handles vanish without another byte written; what it wrote stays (page cache).
void mq_db_kill(mq_db *db);
/// The machine loses power (kill first): bytes never synced and names whose directory was never synced are
/// gone. `seed` 0: all of them; else a part of each file's unsynced bytes survives, chosen by the seed, and
/// the last of these may be garbage.
void mq_disk_lose_power(mq_disk *disk, uint64_t seed);
/// Damage. False when there is no such byte.
bool mq_disk_flip(mq_disk *disk, const char *path, uint64_t offset, uint8_t mask);
bool mq_disk_truncate(mq_disk *disk, const char *path, uint64_t bytes);
bool mq_disk_remove(mq_disk *disk, const char *path);
/// The files in order of their names, for hashing. Pointers are valid until the disk changes.
size_t mq_disk_file_count(const mq_disk *disk);
const char *mq_disk_file_name(const mq_disk *disk, size_t index);
mq_bytes mq_disk_file_bytes(const mq_disk *disk, size_t index);

#ifdef __cplusplus
}
#endif
