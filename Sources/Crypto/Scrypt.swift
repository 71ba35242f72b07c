// scrypt (RFC 7914) by OpenSSL: from a password to a key, slowly and with much memory on purpose, so that a stolen
// file of hashes does not give the passwords away. A call takes a tenth of a second: never on the loop.

import COpenSSL

/// What a derivation costs. Parameters that would take more than `maxMemoryBytes` or `maxWork` cannot be made, so a
/// file that somebody else wrote cannot hold a node up.
public struct ScryptParameters: Hashable, Sendable {
  /// 128 MiB.
  public static let maxMemoryBytes = 128 << 20
  /// Blocks of 128 bytes mixed, at most.
  public static let maxWork = 1 << 23

  /// N: a power of two.
  public let cost: Int
  /// r.
  public let blockSize: Int
  /// p.
  public let parallelism: Int

  /// 16 MiB, five passes: one of the settings that OWASP's password storage sheet holds equal.
  public static let standard = ScryptParameters(uncheckedCost: 1 << 14, blockSize: 8, parallelism: 5)

  private init(uncheckedCost cost: Int, blockSize: Int, parallelism: Int) {
    self.cost = cost
    self.blockSize = blockSize
    self.parallelism = parallelism
  }

  /// Nil outside RFC 7914's bounds or ours.
  public init?(cost: Int, blockSize: Int, parallelism: Int) {
    guard (2...1 << 20).contains(cost), cost & (cost - 1) == 0, (1...64).contains(blockSize),
      (1...64).contains(parallelism), 128 * cost * blockSize <= Self.maxMemoryBytes,
      cost * blockSize * parallelism <= Self.maxWork
    else { return nil }
    self.init(uncheckedCost: cost, blockSize: blockSize, parallelism: parallelism)
  }

  /// `N=16384,r=8,p=5`.
  public var text: String { "N=\(cost),r=\(blockSize),p=\(parallelism)" }

  /// Reads what `text` says.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 3 else { return nil }
    var values: [Int] = []
    for (part, name) in zip(parts, ["N=", "r=", "p="]) {
      guard part.hasPrefix(name), let value = Int(part.dropFirst(2)), value > 0 else { return nil }
      values.append(value)
    }
    self.init(cost: values[0], blockSize: values[1], parallelism: values[2])
  }
}

/// The key of `lengthBytes` that a password and a salt give. Blocks for about a tenth of a second.
/// - Returns: nil where there is no memory for it.
public func scrypt(
  password: [UInt8], salt: [UInt8], _ parameters: ScryptParameters, lengthBytes: Int = 32
) -> [UInt8]? {
  var key = [UInt8](repeating: 0, count: lengthBytes)
  // An empty array may hand over a null pointer, which stands for "check the parameters only".
  let secret = password.isEmpty ? [0] : password
  let done = unsafe secret.withUnsafeBytes { bytes in
    unsafe EVP_PBE_scrypt(
      bytes.bindMemory(to: CChar.self).baseAddress, password.count, salt, salt.count, UInt64(parameters.cost),
      UInt64(parameters.blockSize), UInt64(parameters.parallelism), UInt64(2 * ScryptParameters.maxMemoryBytes), &key,
      lengthBytes)
  }
  return done == 1 ? key : nil
}
