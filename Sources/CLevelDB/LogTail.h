// What a machine that lost power leaves behind a log's last good record is cut off before LevelDB reads it.
#pragma once

#include "Files.h"

namespace marquee {

/// Cuts a torn tail off a file in LevelDB's log format (doc/log_format.md: blocks of 32 KiB, records of crc32c,
/// length, type, payload). A bad record is a torn tail if no good one follows it anywhere; otherwise the file
/// is corrupt in its middle and is left as it is, for LevelDB's paranoid checks to refuse.
/// `cut` grows by the bytes cut off. Returns an errno.
int CutTornTail(Files* files, const std::string& path, uint64_t* cut);

/// Whether a table's block, as it lies on disk with its type byte and its checksum behind it, is what was written.
bool IsGoodBlock(const std::string& bytes);

}  // namespace marquee
