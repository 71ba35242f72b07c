// `marquee credentials …`: the file of names and passwords that PasswordAuthenticator checks against. A password comes
// on standard input, never as a word of the command: words are seen by every user of the machine.

import Access

extension Command {
  private static let file = OptionRule(
    name: "--file", value: "FILE", help: "the credentials file (default: .marquee/credentials)")

  static var credentialsCommands: [Command] {
    [
      Command(
        words: ["credentials", "set"], summary: "gives a user a password, read from standard input",
        positions: ["NAME"],
        options: [file],
        notes:
          "Nodes whose credentials_file it is take it within ten seconds, or at SIGHUP. The file holds no password,\n"
          + "only what checks one (scrypt); keep it from others all the same.",
        run: { arguments in
          try change(arguments) { credentials, name throws(CommandFailure) in
            let password = try password()
            guard let salt = try? Files.randomBytes(StoredPassword.saltBytes),
              let stored = StoredPassword(password: password, salt: salt)
            else { throw CommandFailure("no memory or no random numbers for a password") }
            credentials.set(name, stored)
          }
        }),
      Command(
        words: ["credentials", "remove"], summary: "takes a user's password away", positions: ["NAME"], options: [file],
        run: { arguments in
          try change(arguments) { credentials, name throws(CommandFailure) in
            guard credentials.remove(name) else { throw CommandFailure("there is no user \(name)") }
          }
        }),
      Command(
        words: ["credentials", "list"], summary: "prints the users' names", options: [file],
        run: { arguments in
          for name in try read(path(arguments)).users.keys.sorted() { print(name) }
          return 0
        }),
    ]
  }

  private static func path(_ arguments: Arguments) -> String {
    Files.absolute(arguments.text("--file") ?? ".marquee/credentials")
  }

  private static func read(_ path: String) throws -> Credentials {
    do {
      return try Credentials(try Files.read(path, maxBytes: Credentials.maxFileBytes))
    } catch let failure as CredentialsFailure {
      throw CommandFailure("\(path): \(failure)")
    }
  }

  private static func change(
    _ arguments: Arguments, _ body: (inout Credentials, String) throws(CommandFailure) -> Void
  ) throws -> Int32 {
    let name = arguments.words[0]
    if let problem = Credentials.problem(withName: name) { throw UsageFailure(message: problem) }
    let path = path(arguments)
    var credentials = Files.exists(path) ? try read(path) : Credentials()
    try body(&credentials, name)
    try Files.makeFolders(Files.folder(of: path))
    try Files.write(credentials.text, to: path, mode: 0o600)
    return 0
  }

  private static func password() throws(CommandFailure) -> [UInt8] {
    guard let line = Console.secretLine(prompt: "password: ", maxBytes: Credentials.maxPasswordBytes) else {
      throw CommandFailure("a password has at most \(Credentials.maxPasswordBytes) bytes")
    }
    if line.isEmpty { throw CommandFailure("the password is empty: it is read from standard input") }
    return line
  }
}
