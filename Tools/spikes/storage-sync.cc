// Spike 2: what an append costs while fdatasync runs beside it, and what a full disk and a failed append leave.
//
//   g++ -O2 -std=c++17 -ISources/CLevelDB/include Tools/spikes/storage-sync.cc Sources/CLevelDB/*.cc -lleveldb -lpthread -o /tmp/storage-sync
//   /tmp/storage-sync append DIRECTORY [seconds]     latencies of a write, with and without a sync running all the time
//   /tmp/storage-sync full DIRECTORY                 DIRECTORY on a small file system (mount -t tmpfs -o size=24m ...)
//   /tmp/storage-sync failed                         on the simulated disk

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "CLevelDB.h"

using Clock = std::chrono::steady_clock;

static std::atomic<int> g_syncs{0};
static void OnEvent(void*, int32_t event) {
  if (event == mq_event_synced) g_syncs += 1;
}

static mq_options Options() { return mq_options{4 << 20, 16 << 20, 4096, 500}; }

static void PutNumber(mq_batch* batch, uint64_t number, size_t valueBytes) {
  char key[24];
  snprintf(key, sizeof(key), "%016llx", static_cast<unsigned long long>(number * 0x9E3779B97F4A7C15ull));
  std::string value(valueBytes, static_cast<char>('a' + number % 26));
  mq_batch_put(batch, reinterpret_cast<uint8_t*>(key), 16, reinterpret_cast<const uint8_t*>(value.data()), value.size());
}

static bool HasNumber(mq_db* db, uint64_t number) {
  char key[24];
  snprintf(key, sizeof(key), "%016llx", static_cast<unsigned long long>(number * 0x9E3779B97F4A7C15ull));
  mq_bytes value;
  return mq_db_get(db, nullptr, reinterpret_cast<uint8_t*>(key), 16, &value) == mq_ok;
}

static void Report(const char* name, std::vector<double>& microseconds, int stops, int syncs) {
  std::sort(microseconds.begin(), microseconds.end());
  auto at = [&](double share) { return microseconds[static_cast<size_t>(share * (microseconds.size() - 1))]; };
  printf("%-34s n %7zu  p50 %6.1f  p99 %7.1f  p99.9 %8.1f  p99.99 %8.1f  max %8.1f us  put off %d  syncs %d\n", name,
         microseconds.size(), at(.5), at(.99), at(.999), at(.9999), microseconds.back(), stops, syncs);
}

/// A batch of `rows` rows every `gapMicros`, as ticks come; a sync is asked for every `syncMicros` (0 never, 1 always).
static void Append(const std::string& directory, const char* name, int rows, int gapMicros, int syncMicros, int seconds) {
  std::string path = directory + "/append";
  (void)system(("rm -rf " + path).c_str());
  mq_db* db = mq_db_new(path.c_str(), nullptr, Options(), OnEvent, nullptr);
  if (mq_db_open(db) != mq_ok) { printf("%s\n", mq_db_message(db)); return; }
  mq_batch* batch = mq_batch_new();
  std::vector<double> latencies;
  g_syncs = 0;
  int stops = 0;
  uint64_t number = 0;
  auto end = Clock::now() + std::chrono::seconds(seconds);
  auto next = Clock::now();
  auto nextSync = Clock::now();
  uint64_t asked = 0;
  while (Clock::now() < end) {
    if (mq_db_pressure(db) == mq_pressure_stop) { stops += 1; usleep(1000); continue; }
    for (int row = 0; row < rows; row += 1) PutNumber(batch, number++, 109);
    auto begin = Clock::now();
    int32_t code = mq_db_write(db, batch);
    latencies.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    if (code != mq_ok) { printf("write: %s\n", mq_db_message(db)); break; }
    mq_batch_clear(batch);
    if (syncMicros == 1) {
      if (mq_db_synced(db) >= asked) { asked = mq_db_written(db); mq_db_request_sync(db); }
    } else if (syncMicros > 1 && Clock::now() >= nextSync) {
      mq_db_request_sync(db);
      nextSync += std::chrono::microseconds(syncMicros);
    }
    next += std::chrono::microseconds(gapMicros);
    while (Clock::now() < next) {}
  }
  Report(name, latencies, stops, g_syncs);
  mq_batch_free(batch);
  mq_db_free(db);
}

static void Full(const std::string& directory) {
  std::string ballast = directory + "/ballast";
  {
    std::ofstream file(ballast, std::ios::binary);
    std::string megabyte(1 << 20, 'x');
    for (int i = 0; i < 8; i += 1) file << megabyte;
  }
  mq_db* db = mq_db_new((directory + "/full").c_str(), nullptr, Options(), OnEvent, nullptr);
  if (mq_db_open(db) != mq_ok) { printf("%s\n", mq_db_message(db)); return; }
  mq_batch* batch = mq_batch_new();
  uint64_t acknowledged = 0;
  int32_t code = mq_ok;
  while (true) {
    for (uint64_t row = 0; row < 8; row += 1) PutNumber(batch, acknowledged + row, 1000);
    while (mq_db_pressure(db) == mq_pressure_stop) usleep(100);
    code = mq_db_write(db, batch);
    if (code != mq_ok) break;
    mq_batch_clear(batch);
    acknowledged += 8;
  }
  printf("full after %llu rows: code %d, %s\n", static_cast<unsigned long long>(acknowledged), code, mq_db_message(db));
  uint64_t found = 0;
  for (uint64_t number = 0; number < acknowledged; number += 1) found += HasNumber(db, number);
  printf("reads while full: %llu of %llu\n", static_cast<unsigned long long>(found), static_cast<unsigned long long>(acknowledged));
  printf("write again without reopening: code %d\n", mq_db_write(db, batch));
  mq_db_close(db);
  code = mq_db_open(db);
  printf("open while full: code %d, %s\n", code, code == mq_ok ? "" : mq_db_message(db));
  unlink(ballast.c_str());
  code = mq_db_open(db);
  printf("open with space: code %d, torn bytes cut %llu\n", code, static_cast<unsigned long long>(mq_db_counters(db).torn_tail_bytes));
  found = 0;
  for (uint64_t number = 0; number < acknowledged; number += 1) found += HasNumber(db, number);
  bool refused = HasNumber(db, acknowledged);
  code = mq_db_write(db, batch);
  printf("acknowledged rows found: %llu of %llu; the refused batch: %d; write: code %d\n", static_cast<unsigned long long>(found),
         static_cast<unsigned long long>(acknowledged), refused, code);
  mq_batch_free(batch);
  mq_db_free(db);
}

static void Failed() {
  mq_disk* disk = mq_disk_new();
  mq_db* db = mq_db_new("/data", disk, Options(), nullptr, nullptr);
  mq_batch* batch = mq_batch_new();
  mq_db_open(db);
  for (uint64_t number = 0; number < 100; number += 1) {
    PutNumber(batch, number, 100);
    mq_db_write(db, batch);
    mq_batch_clear(batch);
  }
  mq_disk_fail_appends(disk, 1);
  PutNumber(batch, 100, 100);
  int32_t code = mq_db_write(db, batch);
  printf("failed append: code %d, %s\n", code, mq_db_message(db));
  code = mq_db_write(db, batch);
  printf("next write:    code %d, %s\n", code, mq_db_message(db));
  mq_db_close(db);
  printf("reopen:        code %d\n", mq_db_open(db));
  int found = 0;
  for (uint64_t number = 0; number < 100; number += 1) found += HasNumber(db, number);
  bool refused = HasNumber(db, 100);
  code = mq_db_write(db, batch);
  printf("acknowledged rows found: %d of 100; the refused one: %d; write: code %d\n", found, refused, code);
  mq_batch_free(batch);
  mq_db_free(db);
  mq_disk_free(disk);
}

int main(int count, char** arguments) {
  std::string what = count > 1 ? arguments[1] : "";
  if (what == "append" && count > 2) {
    int seconds = count > 3 ? atoi(arguments[3]) : 8;
    Append(arguments[2], "1 row a 50 us, no sync", 1, 50, 0, seconds);
    Append(arguments[2], "1 row a 50 us, sync each 100 ms", 1, 50, 100000, seconds);
    Append(arguments[2], "1 row a 50 us, sync all the time", 1, 50, 1, seconds);
    Append(arguments[2], "16 rows a 200 us, no sync", 16, 200, 0, seconds);
    Append(arguments[2], "16 rows a 200 us, sync each 100 ms", 16, 200, 100000, seconds);
    Append(arguments[2], "16 rows a 200 us, sync always", 16, 200, 1, seconds);
  } else if (what == "full" && count > 2) {
    Full(arguments[2]);
  } else if (what == "failed") {
    Failed();
  } else {
    printf("storage-sync append DIRECTORY [seconds] | full DIRECTORY | failed\n");
    return 2;
  }
  return 0;
}
