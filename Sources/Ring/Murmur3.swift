// MurmurHash3 x64 128 as Cassandra computes it (utils/MurmurHash.java), whose tail sign-extends its bytes: an old slip
// that every driver repeats, so that all agree where a key lies.

import Base

public enum Murmur3 {
  private static let c1: UInt64 = 0x87c3_7b91_1142_53d5
  private static let c2: UInt64 = 0x4cf5_ad43_2745_937f

  /// A partition key's token (Murmur3Partitioner): never Int64.min, which stands for "before all".
  public static func token(of key: [UInt8]) -> Token {
    let hash = Int64(bitPattern: hash(key))
    return hash == .min ? .max : hash
  }

  private static func rotated(_ value: UInt64, _ bits: UInt64) -> UInt64 { value << bits | value >> (64 - bits) }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var k = value
    k ^= k >> 33
    k = k &* 0xff51_afd7_ed55_8ccd
    k ^= k >> 33
    k = k &* 0xc4ce_b9fe_1a85_ec53
    k ^= k >> 33
    return k
  }

  private static func word(_ key: [UInt8], at offset: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in (0..<8).reversed() { value = value << 8 | UInt64(key[offset + index]) }
    return value
  }

  /// The first of the two 64-bit words, seed 0.
  private static func hash(_ key: [UInt8]) -> UInt64 {
    var h1: UInt64 = 0
    var h2: UInt64 = 0
    let blocks = key.count / 16
    for block in 0..<blocks {
      var k1 = word(key, at: block * 16)
      var k2 = word(key, at: block * 16 + 8)
      k1 = rotated(k1 &* c1, 31) &* c2
      h1 ^= k1
      h1 = (rotated(h1, 27) &+ h2) &* 5 &+ 0x52dc_e729
      k2 = rotated(k2 &* c2, 33) &* c1
      h2 ^= k2
      h2 = (rotated(h2, 31) &+ h1) &* 5 &+ 0x3849_5ab5
    }
    var k1: UInt64 = 0
    var k2: UInt64 = 0
    let tail = blocks * 16
    for index in tail..<key.count {
      let signed = UInt64(bitPattern: Int64(Int8(bitPattern: key[index])))
      let place = index - tail
      if place < 8 { k1 ^= signed << UInt64(8 * place) } else { k2 ^= signed << UInt64(8 * (place - 8)) }
    }
    if key.count - tail > 8 { h2 ^= rotated(k2 &* c2, 33) &* c1 }
    if key.count > tail { h1 ^= rotated(k1 &* c1, 31) &* c2 }
    h1 ^= UInt64(key.count)
    h2 ^= UInt64(key.count)
    h1 = h1 &+ h2
    h2 = h2 &+ h1
    return mixed(h1) &+ mixed(h2)
  }
}
