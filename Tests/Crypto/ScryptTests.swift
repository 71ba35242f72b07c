import Base
import Crypto
import Testing

@Suite struct ScryptTests {
  /// RFC 7914 section 12.
  @Test func givesTheKeysOfTheSpecification() throws {
    let second = try #require(ScryptParameters(cost: 1024, blockSize: 8, parallelism: 16))
    let key = scrypt(password: [UInt8]("password".utf8), salt: [UInt8]("NaCl".utf8), second, lengthBytes: 64)
    #expect(
      key.map(Hex.encode)
        == "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
    )
    let small = try #require(ScryptParameters(cost: 16, blockSize: 1, parallelism: 1))
    #expect(
      scrypt(password: [], salt: [], small, lengthBytes: 64).map(Hex.encode)
        == "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
        + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
    )
  }

  @Test func parametersAreBounded() {
    #expect(ScryptParameters(ScryptParameters.standard.text) == .standard)
    for text in [
      "", "N=16384,r=8", "N=16385,r=8,p=1", "N=0,r=8,p=1", "N=1048576,r=64,p=1", "N=16384,r=8,p=65",
      "N=131072,r=8,p=64",
      "r=8,N=16384,p=1", "N=16384,r=8,p=1,", "N=99999999999999999999,r=8,p=1", "N=-2,r=8,p=1",
    ] {
      #expect(ScryptParameters(text) == nil, "\(text)")
    }
  }
}
