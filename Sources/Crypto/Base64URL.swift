// Base64url without padding (RFC 4648 section 5, RFC 7515 section 2). Decoding is strict: padding, line
// breaks, the other alphabet's `+` and `/`, and set bits behind the last byte are refused, so that one
// byte string has exactly one spelling and a token's text cannot be varied.

public enum Base64URL {
  private static let alphabet = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// The text of `bytes`, 4 characters for each 3 bytes, without padding.
  public static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count * 4 + 2) / 3)
    var held: UInt32 = 0
    var heldBits = 0
    for byte in bytes {
      held = held << 8 | UInt32(byte)
      heldBits += 8
      while heldBits >= 6 {
        heldBits -= 6
        text.append(alphabet[Int(held >> UInt32(heldBits) & 63)])
      }
    }
    if heldBits > 0 { text.append(alphabet[Int(held << UInt32(6 - heldBits) & 63)]) }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes that `text` spells, or nil where it is not the one spelling of any.
  public static func decode<Text: Collection>(_ text: Text) -> [UInt8]? where Text.Element == UInt8 {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 3 / 4)
    var held: UInt32 = 0
    var heldBits = 0
    for character in text {
      guard let six = value(of: character) else { return nil }
      held = (held << 6 | six) & 0xFFF
      heldBits += 6
      if heldBits >= 8 {
        heldBits -= 8
        bytes.append(UInt8(truncatingIfNeeded: held >> UInt32(heldBits)))
      }
    }
    // A lone last character spells no byte, and the bits it leaves over must be clear.
    guard heldBits < 6, held & (1 << UInt32(heldBits) - 1) == 0 else { return nil }
    return bytes
  }

  private static func value(of character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "-"): 62
    case UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
