/// Why a request's bytes are not served: the status that says so and a sentence for a person.
///
/// After a refusal the connection is of no more use: where the next request begins is not known.
public struct HTTPRefusal: Error, Equatable, Sendable {
  /// 400, 408, 413, 414, 417, 431, 501 or 505.
  public var status: Int
  public var reason: String

  public init(_ status: Int, _ reason: String) {
    self.status = status
    self.reason = reason
  }
}
