// See LogTail.h. LevelDB itself passes over a record that ends too early, but with paranoid checks a wrong
// checksum in the last record would keep a node from starting for bytes that nobody was promised.

#include "LogTail.h"

#include <errno.h>

#include <array>

namespace marquee {
namespace {

constexpr size_t kBlockBytes = 32768;
constexpr size_t kHeaderBytes = 7;
constexpr uint32_t kMaskDelta = 0xa282ead8u;

std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; i += 1) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit += 1) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78u : 0);
    table[i] = value;
  }
  return table;
}

/// CRC-32C (Castagnoli) of the type byte and the payload, as LevelDB computes it.
uint32_t Checksum(const uint8_t* bytes, size_t count) {
  static const std::array<uint32_t, 256> table = MakeTable();
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < count; i += 1) crc = (crc >> 8) ^ table[(crc ^ bytes[i]) & 0xff];
  return crc ^ 0xffffffffu;
}

uint32_t Unmask(uint32_t masked) {
  uint32_t rotated = masked - kMaskDelta;
  return (rotated >> 17) | (rotated << 15);
}

/// The payload's length of a good record at `at`, or -1. `type` is 1 full, 2 first, 3 middle, 4 last.
int GoodRecord(const std::string& bytes, size_t at, int* type) {
  size_t leftInBlock = kBlockBytes - at % kBlockBytes;
  if (leftInBlock < kHeaderBytes || at + kHeaderBytes > bytes.size()) return -1;
  const uint8_t* head = reinterpret_cast<const uint8_t*>(bytes.data()) + at;
  size_t length = head[4] | (static_cast<size_t>(head[5]) << 8);
  *type = head[6];
  if (*type < 1 || *type > 4) return -1;
  if (kHeaderBytes + length > leftInBlock || at + kHeaderBytes + length > bytes.size()) return -1;
  uint32_t stored = head[0] | (static_cast<uint32_t>(head[1]) << 8) | (static_cast<uint32_t>(head[2]) << 16) |
                    (static_cast<uint32_t>(head[3]) << 24);
  if (Unmask(stored) != Checksum(head + 6, length + 1)) return -1;
  return static_cast<int>(length);
}

}  // namespace

bool IsGoodBlock(const std::string& bytes) {
  if (bytes.size() < 5) return false;
  const uint8_t* data = reinterpret_cast<const uint8_t*>(bytes.data());
  const uint8_t* tail = data + bytes.size() - 4;
  uint32_t stored = tail[0] | (static_cast<uint32_t>(tail[1]) << 8) | (static_cast<uint32_t>(tail[2]) << 16) |
                    (static_cast<uint32_t>(tail[3]) << 24);
  return Unmask(stored) == Checksum(data, bytes.size() - 4);
}

int CutTornTail(Files* files, const std::string& path, uint64_t* cut) {
  uint64_t size = 0;
  int error = files->Size(path, &size);
  if (error != 0) return error;
  std::shared_ptr<File> file;
  error = files->OpenFile(path, Open::kRead, &file);
  if (error != 0) return error;
  std::string bytes(static_cast<size_t>(size), '\0');
  ssize_t got = file->ReadAt(0, &bytes[0], bytes.size());
  if (got < 0) return static_cast<int>(-got);
  bytes.resize(static_cast<size_t>(got));

  size_t at = 0;
  size_t goodEnd = 0;
  while (at < bytes.size()) {
    size_t leftInBlock = kBlockBytes - at % kBlockBytes;
    if (leftInBlock < kHeaderBytes) {
      at += leftInBlock;
      continue;
    }
    int type = 0;
    int length = GoodRecord(bytes, at, &type);
    if (length < 0) break;
    at += kHeaderBytes + static_cast<size_t>(length);
    if (type == 1 || type == 4) goodEnd = at;
  }
  if (at >= bytes.size()) return 0;
  for (size_t later = at + 1; later < bytes.size(); later += 1) {
    int type = 0;
    if (GoodRecord(bytes, later, &type) >= 0) return 0;
  }
  file.reset();
  error = files->OpenFile(path, Open::kAppend, &file);
  if (error == 0) error = file->Truncate(goodEnd);
  if (error == 0) error = file->Sync();
  if (error == 0) *cut += bytes.size() - goodEnd;
  return error;
}

}  // namespace marquee
