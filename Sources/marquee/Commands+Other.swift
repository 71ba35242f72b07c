// `marquee token`, `version`, `help`.

import Base
import Crypto
import World

extension Command {
  static let secretFile = OptionRule(
    name: "--secret-file", value: "FILE", help: "the cluster's token secret (default: .marquee/token-secret)")

  static var otherCommands: [Command] {
    [
      Command(
        words: ["token"], summary: "mints a bearer token (HS256) for a user of the HTTP API",
        options: [
          OptionRule(name: "--user", value: "UUID", help: "whose token it is", isRequired: true), secretFile,
          OptionRule(name: "--hours", value: "N", help: "how long it is good for (default: 24)"),
          OptionRule(name: "--scope", value: "WORDS", help: "what it permits besides, such as content"),
        ],
        run: token),
      Command(
        words: ["version"], summary: "prints the version",
        run: { _ in
          print("marquee \(Marquee.version)")
          return 0
        }),
      Command(
        words: ["help"], summary: "lists the commands, or says more about one", positions: ["[COMMAND]", "[WORD]"],
        run: { Marquee.help($0.words) }),
    ]
  }

  private static func token(_ arguments: Arguments) throws -> Int32 {
    let text = arguments.text("--user") ?? ""
    guard let user = UUID(text) else { throw UsageFailure(message: "--user wants a UUID, not \(text)") }
    let hours = try arguments.integer("--hours", in: 1...24 * 366, default: 24)
    let scopes = (arguments.text("--scope") ?? "").split(separator: " ").map(String.init)
    let authority = try tokenAuthority(arguments)
    let now = try RealLoop.run { world in world.clock.wallSeconds }
    print(
      authority.mint(
        TokenClaims(
          subject: "\(user)", audience: TokenAuthority.apiAudience, issuedAt: now,
          expiresAt: now + Int64(hours) * 3600, scopes: scopes)))
    return 0
  }

  /// The authority whose secret the words name.
  static func tokenAuthority(_ arguments: Arguments) throws -> TokenAuthority {
    let path = Files.absolute(arguments.text("--secret-file") ?? ".marquee/token-secret")
    guard let authority = TokenAuthority(secret: try ConfigurationReader.secret(at: path)) else {
      throw CommandFailure("\(path) is too short for a secret")
    }
    return authority
  }
}
