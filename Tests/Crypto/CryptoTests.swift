import Testing

@testable import Crypto

@Suite struct DigestTests {
  func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  /// FIPS 180-4 examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func sha256(text: String, digest: String) {
    #expect(hex(SHA256.digest([UInt8](text.utf8))) == digest)
    var pieces = SHA256()
    for byte in text.utf8 { pieces.update([byte]) }
    #expect(hex(pieces.finish()) == digest)
  }

  /// RFC 4231 cases 1, 2 and 6 (a key longer than a block), and the empty key.
  @Test func hmac() {
    #expect(
      hex(hmacSHA256(key: [UInt8](repeating: 0x0b, count: 20), [UInt8]("Hi There".utf8)))
        == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    #expect(
      hex(hmacSHA256(key: [UInt8]("Jefe".utf8), [UInt8]("what do ya want for nothing?".utf8)))
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    #expect(
      hex(
        hmacSHA256(
          key: [UInt8](repeating: 0xaa, count: 131),
          [UInt8]("Test Using Larger Than Block-Size Key - Hash Key First".utf8)))
        == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    #expect(hex(hmacSHA256(key: [], [])) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
  }

  @Test func constantTimeEquality() {
    #expect(equalInConstantTime([], []))
    #expect(equalInConstantTime([1, 2], [1, 2]))
    #expect(!equalInConstantTime([1, 2], [1, 3]))
    #expect(!equalInConstantTime([1, 2], [1, 2, 3]))
  }
}

@Suite struct Base64URLTests {
  /// RFC 4648 section 10, without padding.
  @Test(arguments: [
    ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
    ("foobar", "Zm9vYmFy"),
  ])
  func vectors(plain: String, text: String) {
    #expect(Base64URL.encode([UInt8](plain.utf8)) == text)
    #expect(Base64URL.decode(text.utf8) == [UInt8](plain.utf8))
  }

  @Test func everyByteSurvives() {
    let all = (0...255).map { UInt8($0) }
    for length in 0...all.count {
      #expect(Base64URL.decode(Base64URL.encode(Array(all.prefix(length))).utf8) == Array(all.prefix(length)))
    }
    #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
  }

  @Test(arguments: ["Z", "Zg==", "Zh", "Zm9", "Zm9v\n", "+/8", "Zm 9v", "Zg.", "ZmĀ"])
  func refused(text: String) {
    #expect(Base64URL.decode(text.utf8) == nil)
  }
}
