// Spike 3: a row read by seek and step over its versions, on four levels and under compaction, against a get of an
// exact key and against a row in a hash map. It decided the key format (Sources/Storage/StorageKey.swift).
//
//   g++ -O2 -std=c++17 -ISources/CLevelDB/include Tools/spikes/storage-read.cc Sources/CLevelDB/*.cc -lleveldb -lpthread -o /tmp/storage-read
//   /tmp/storage-read DIRECTORY [rows]

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include "CLevelDB.h"

static uint64_t Mix(uint64_t z) {
  z += 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

/// CPU of this thread, microseconds.
static double Now() {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1e6 + time.tv_nsec * 1e-3;
}

static void BigEndian(std::string* out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

/// As StorageKey: namespace, incarnation, token, 16 bytes of key, its end, kind, no clustering.
static std::string Stem(uint64_t row) {
  std::string key("\x01\0\0\0\x03", 5);
  BigEndian(&key, Mix(row));
  BigEndian(&key, Mix(row + 1) | 0x0101010101010101ull);
  BigEndian(&key, Mix(row + 2) | 0x0101010101010101ull);
  key.append("\0\1\4", 3);
  return key;
}

static std::string Versioned(uint64_t row, uint64_t sequence) {
  std::string key = Stem(row);
  BigEndian(&key, INT64_MAX - sequence);
  return key;
}

static const uint8_t* Bytes(const std::string& text) { return reinterpret_cast<const uint8_t*>(text.data()); }

static void Wait(mq_db* db) { while (mq_db_pressure(db) == mq_pressure_stop) usleep(200); }

struct Load {
  mq_db* db;
  mq_batch* batch;
  uint64_t sequence = 1;
  std::vector<uint64_t> last;

  void Put(uint64_t row) {
    std::string key = Versioned(row, sequence);
    char value[110];
    for (size_t i = 0; i < sizeof(value); i += 8) { uint64_t r = Mix(sequence * 31 + i); memcpy(value + i, &r, std::min<size_t>(8, sizeof(value) - i)); }
    mq_batch_put(batch, Bytes(key), key.size(), reinterpret_cast<uint8_t*>(value), sizeof(value));
    last[row] = sequence;
    sequence += 1;
  }

  void Write() {
    Wait(db);
    if (mq_db_write(db, batch) != mq_ok) { printf("%s\n", mq_db_message(db)); exit(1); }
    mq_batch_clear(batch);
  }
};

static void Levels(mq_db* db) {
  printf("  files at level");
  for (int level = 0; level < 5; level += 1) printf(" %d:%d", level, mq_db_files_at_level(db, level));
  printf("\n");
}

/// One read as the store does it. Returns versions found.
static int SeekRow(mq_db* db, uint64_t row) {
  std::string stem = Stem(row);
  mq_iterator* iterator = mq_iterator_new(db, nullptr, true);
  mq_entry entry;
  int versions = 0;
  bool valid = mq_iterator_seek(iterator, Bytes(stem), stem.size(), &entry);
  while (valid && entry.key.count >= stem.size() && memcmp(entry.key.data, stem.data(), stem.size()) == 0) {
    versions += 1;
    valid = mq_iterator_next(iterator, &entry);
  }
  mq_iterator_free(iterator);
  return versions;
}

struct Sample { double get = 0, seek = 0; uint64_t versions = 0; int count = 0; };

/// `between` runs before each 64 reads, outside the clock.
template <typename Between>
static Sample Measure(Load& load, int reads, uint64_t rows, Between between) {
  Sample sample;
  uint64_t pick = 12345;
  for (int done = 0; done < reads; done += 64) {
    between();
    double begin = Now();
    for (int i = 0; i < 64; i += 1) {
      uint64_t row = Mix(pick + i) % rows;
      std::string key = Versioned(row, load.last[row]);
      mq_bytes value;
      if (mq_db_get(load.db, nullptr, Bytes(key), key.size(), &value) != mq_ok) { printf("lost a row\n"); exit(1); }
    }
    double middle = Now();
    for (int i = 0; i < 64; i += 1) sample.versions += SeekRow(load.db, Mix(pick + 64 + i) % rows);
    sample.get += middle - begin;
    sample.seek += Now() - middle;
    sample.count += 64;
    pick += 128;
  }
  return sample;
}

static void Report(const char* name, const Sample& sample) {
  printf("%-46s get %6.2f us   seek and steps %6.2f us   versions %.2f\n", name, sample.get / sample.count,
         sample.seek / sample.count, double(sample.versions) / sample.count);
}

int main(int count, char** arguments) {
  if (count < 2) { printf("storage-read DIRECTORY [rows]\n"); return 2; }
  uint64_t rows = count > 2 ? strtoull(arguments[2], nullptr, 10) : 1000000;
  std::string path = std::string(arguments[1]) + "/read";
  (void)system(("rm -rf " + path).c_str());
  mq_db* db = mq_db_new(path.c_str(), nullptr, mq_options{4 << 20, 64 << 20, 4096, 900}, nullptr, nullptr);
  if (mq_db_open(db) != mq_ok) { printf("%s\n", mq_db_message(db)); return 1; }
  Load load{db, mq_batch_new(), 1, std::vector<uint64_t>(rows)};
  for (uint64_t row = 0; row < rows; row += 1) {
    load.Put(row);
    if (row % 256 == 255) load.Write();
  }
  load.Write();
  sleep(3);
  Levels(db);
  auto quiet = [] {};
  Report("one version, uniform over all rows", Measure(load, 64000, rows, quiet));
  Measure(load, 32000, 20000, quiet);
  Report("one version, 20,000 hot rows in the cache", Measure(load, 128000, 20000, quiet));

  // Half of the rows written again, at random.
  for (uint64_t i = 0; i < rows / 2; i += 1) {
    load.Put(Mix(i * 7) % rows);
    if (i % 256 == 255) load.Write();
  }
  load.Write();
  sleep(3);
  Levels(db);
  Report("1.5 versions, uniform", Measure(load, 64000, rows, quiet));
  Report("1.5 versions, hot", Measure(load, 128000, 20000, quiet));

  uint64_t next = 0;
  auto writing = [&] {
    for (int i = 0; i < 64; i += 1) load.Put(Mix(next++ * 13) % rows);
    load.Write();
  };
  Report("under compaction (64 puts a 128 reads), uniform", Measure(load, 128000, rows, writing));
  Levels(db);
  Report("under compaction, hot", Measure(load, 128000, 20000, writing));
  Levels(db);

  std::unordered_map<std::string, std::string> cached;
  for (uint64_t row = 0; row < 20000; row += 1) cached[Stem(row)] = std::string(110, 'x');
  double begin = Now();
  size_t bytes = 0;
  for (int i = 0; i < 1000000; i += 1) bytes += cached.find(Stem(Mix(i) % 20000))->second.size();
  printf("%-46s %.2f us (%zu)\n", "a row in a hash map, key built", (Now() - begin) / 1e6, bytes);
  mq_batch_free(load.batch);
  mq_db_free(db);
  return 0;
}
