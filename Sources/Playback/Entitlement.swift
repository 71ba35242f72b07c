// What an account's plan and a profile's maturity level admit.

/// Plans by the largest picture they include.
enum Plan: String {
  case basic, standard, premium

  /// Lines of the largest picture: HD ready, full HD, ultra HD.
  var maxLines: Int {
    switch self {
    case .basic: 720
    case .standard: 1080
    case .premium: 2160
    }
  }

  /// Lines of a resolution as tracks name it: `1080p`, `4k`; nil where it is not understood.
  static func lines(_ resolution: String) -> Int? {
    let lowered = resolution.lowercased()
    if lowered == "4k" || lowered == "uhd" { return 2160 }
    if lowered.hasSuffix("p") { return Int(lowered.dropLast()) }
    // `1280x720`.
    let parts = lowered.split(separator: "x")
    return parts.count == 2 ? Int(parts[1]) : nil
  }
}

/// Whom a title is for. Ratings come from many boards, so they are free text; a title whose rating is missing or not
/// known here is kept from children and from nobody else.
enum Maturity: Int, Comparable {
  case kids, teen, adult

  static func < (a: Maturity, b: Maturity) -> Bool { a.rawValue < b.rawValue }

  /// A profile's level; one that is not set is an adult's.
  init(level: String?) {
    switch level?.lowercased() {
    case "kids": self = .kids
    case "teen": self = .teen
    default: self = .adult
    }
  }

  /// The least level that a rating asks for.
  init(rating: String?) {
    switch rating?.uppercased() {
    case "G", "PG", "TV-Y", "TV-Y7", "TV-G", "TV-PG", "U", "ALL", "KIDS", "0+", "6+", "7+": self = .kids
    case "R", "NC-17", "TV-MA", "X", "ADULT", "16+", "18+", "16", "18": self = .adult
    default: self = .teen
    }
  }
}
