// Asks a node whether it is there, the way its clients would: OPTIONS of the native protocol, an HTTP request, the
// admin endpoint's health.

import Base
import Node
import World

/// Sends OPTIONS (native protocol v4, spec section 4.1.3) and waits for SUPPORTED.
private final class OptionsProbe: StreamHandler {
  private var answer: ((Bool) -> Void)?
  private var bytes: [UInt8] = []
  private var stream: (any ByteStream)?
  private static let headBytes = 9
  private static let supported: UInt8 = 0x06

  private let isOpenEnough: Bool

  /// - Parameter isOpenEnough: whether a connection that stands is an answer already.
  init(isOpenEnough: Bool, _ answer: @escaping (Bool) -> Void) {
    self.isOpenEnough = isOpenEnough
    self.answer = answer
  }

  func begin(_ stream: any ByteStream) { self.stream = stream }

  func opened(_ stream: any ByteStream) {
    if isOpenEnough {
      finish(true)
      stream.close()
      return
    }
    stream.withOutput { $0.append([0x04, 0, 0, 0, 0x05, 0, 0, 0, 0]) }
  }

  func received(_ bytes: RawSpan) {
    self.bytes += bytes.copied()
    guard self.bytes.count >= Self.headBytes else { return }
    finish(self.bytes[0] == 0x84 && self.bytes[4] == Self.supported)
    stream?.close()
  }

  func closed(_ failure: WireFailure?) { finish(false) }

  private func finish(_ isThere: Bool) {
    answer?(isThere)
    answer = nil
  }
}

struct Probe {
  var world: World

  /// Whether the node answers OPTIONS with SUPPORTED within two seconds.
  ///
  /// Under TLS nothing is checked and nothing shown: it is asked whether somebody is there, and nothing is told. A node
  /// that wants a certificate ends the connection after the handshake, which is an answer too.
  func answersCQL(_ endpoint: Endpoint, security: WireSecurity) async -> Bool {
    await suspend { answer in
      var seen = WireSecurity.plain
      var isOpenEnough = false
      if case .tls(let settings) = security {
        seen = .tls(TLSSettings())
        isOpenEnough = !settings.authorityFile.isEmpty
      }
      let handler = OptionsProbe(isOpenEnough: isOpenEnough, answer)
      let stream = world.wire.connect(to: endpoint, security: seen, handler: handler, timeout: .seconds(2))
      handler.begin(stream)
      // A node that accepts and says nothing is not there either.
      world.timers.schedule(after: .seconds(2)) { stream.close() }
    }
  }

  /// Whether anything at all comes back from the HTTP address.
  func answersHTTP(_ endpoint: Endpoint) async -> Bool {
    await status("http://\(endpoint)/health") != nil
  }

  /// Whether the admin endpoint says that the node is well.
  func isHealthy(_ endpoint: Endpoint) async -> Bool {
    await status("http://\(endpoint)/health") == 200
  }

  /// The cluster as the node sees it; nil if it does not answer.
  func ring(_ admin: Endpoint) async -> RingReport? {
    guard let response = await get("http://\(admin)\(RingReport.path)"), response.isSuccess,
      let json = try? JSON(parsing: response.body)
    else { return nil }
    return RingReport(json)
  }

  private func status(_ url: String) async -> Int? { await get(url)?.status }

  private func get(_ url: String) async -> FetchResponse? {
    try? await world.fetch.send(FetchRequest(.get, url, connectTimeout: .seconds(1), timeout: .seconds(2)))
  }
}
