// The file of names and passwords: one user a line,
//
//   NAME:N=16384,r=8,p=5:SALT:HASH
//
// scrypt's parameters in words, salt and hash in base64url. Blank lines and those that begin with `#` are passed over.
// `marquee credentials set NAME` writes it; the same file goes to every node.

import Base
import Crypto

/// What a password is checked against.
public struct StoredPassword: Hashable, Sendable {
  public static let saltBytes = 16
  public static let hashBytes = 32

  public var parameters: ScryptParameters
  public var salt: [UInt8]
  public var hash: [UInt8]

  /// Whether `password` is it. Blocks for about a tenth of a second, whatever the answer.
  public func matches(_ password: [UInt8]) -> Bool {
    guard let key = scrypt(password: password, salt: salt, parameters, lengthBytes: hash.count) else { return false }
    return equalInConstantTime(key, hash)
  }

  /// Of a new password. Blocks as `matches` does.
  public init?(password: [UInt8], salt: [UInt8], parameters: ScryptParameters = .standard) {
    guard let hash = scrypt(password: password, salt: salt, parameters, lengthBytes: Self.hashBytes) else { return nil }
    self.init(parameters: parameters, salt: salt, hash: hash)
  }

  init(parameters: ScryptParameters, salt: [UInt8], hash: [UInt8]) {
    self.parameters = parameters
    self.salt = salt
    self.hash = hash
  }
}

/// Why a file of credentials is not taken.
public struct CredentialsFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// 1 and up; 0: the file as a whole.
  public var line: Int
  public var message: String
  public init(line: Int, _ message: String) {
    self.line = line
    self.message = message
  }
  public var description: String { line == 0 ? message : "line \(line): \(message)" }
}

/// Everybody who may come in, by name.
public struct Credentials: Hashable, Sendable {
  public static let maxFileBytes = 4 << 20
  public static let maxUsers = 16_384
  public static let maxNameBytes = 256
  public static let maxPasswordBytes = 1024

  public private(set) var users: [String: StoredPassword] = [:]

  public init() {}

  /// Reads a file's bytes.
  public init(_ bytes: [UInt8]) throws(CredentialsFailure) {
    guard bytes.count <= Self.maxFileBytes else {
      throw CredentialsFailure(line: 0, "longer than \(Self.maxFileBytes) bytes")
    }
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let text = String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
      if text.isEmpty || text.hasPrefix("#") { continue }
      do throws(CredentialsFailure) {
        try take(text)
      } catch { throw CredentialsFailure(line: index + 1, error.message) }
    }
  }

  private mutating func take(_ line: String) throws(CredentialsFailure) {
    let parts = line.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 4 else { throw CredentialsFailure(line: 0, "NAME:PARAMETERS:SALT:HASH is wanted") }
    let name = String(parts[0])
    if let problem = Self.problem(withName: name) { throw CredentialsFailure(line: 0, problem) }
    guard let parameters = ScryptParameters(parts[1]) else {
      throw CredentialsFailure(line: 0, "scrypt's parameters are wanted, as in \(ScryptParameters.standard.text)")
    }
    guard let salt = Base64URL.decode(Array(parts[2].utf8)), (8...64).contains(salt.count),
      let hash = Base64URL.decode(Array(parts[3].utf8)), (16...64).contains(hash.count)
    else { throw CredentialsFailure(line: 0, "salt and hash are wanted in base64url, of 8 to 64 and 16 to 64 bytes") }
    guard users[name] == nil else { throw CredentialsFailure(line: 0, "\(name) is there twice") }
    guard users.count < Self.maxUsers else { throw CredentialsFailure(line: 0, "more than \(Self.maxUsers) users") }
    users[name] = StoredPassword(parameters: parameters, salt: salt, hash: hash)
  }

  /// Why a name cannot be one; nil if it can.
  public static func problem(withName name: String) -> String? {
    if name.isEmpty || name.utf8.count > maxNameBytes { return "a name has 1 to \(maxNameBytes) bytes" }
    let isPlain = name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ":") }
    return isPlain && !name.hasPrefix("#")
      ? nil : "a name holds no colon and no control characters, and begins with no #"
  }

  public mutating func set(_ name: String, _ password: StoredPassword) { users[name] = password }

  /// - Returns: whether there was one of that name.
  public mutating func remove(_ name: String) -> Bool { users.removeValue(forKey: name) != nil }

  /// The file, its users in order.
  public var text: String {
    users.sorted { $0.key < $1.key }.map { name, password in
      "\(name):\(password.parameters.text):\(Base64URL.encode(password.salt)):\(Base64URL.encode(password.hash))\n"
    }.joined()
  }
}
