// `marquee status` and `marquee ring`: a node's admin endpoint, asked by HTTP and laid out as nodetool does.

import Base
import Node
import World

extension Command {
  private static let admin = OptionRule(
    name: "--node", value: "ADDRESS", help: "the node to ask, ADDRESS or ADDRESS:PORT (default: 127.0.0.1:10000)")

  static var operatorCommands: [Command] {
    [
      Command(
        words: ["status"], summary: "the cluster as one node sees it, one line a node (as nodetool status)",
        options: [admin], run: { try show($0) { $0.status } }),
      Command(
        words: ["ring"], summary: "the ring as one node sees it, one line a token (as nodetool ring)",
        options: [admin], run: { try show($0) { $0.ring } }),
    ]
  }

  private static func show(_ arguments: Arguments, _ text: (RingText) -> String) throws -> Int32 {
    let endpoint = try Endpoint.named(arguments.text("--node") ?? "127.0.0.1", port: 10_000, option: "--node")
    let report = try RealLoop.run { world in
      let response: FetchResponse
      do {
        response = try await world.fetch.send(FetchRequest(.get, "http://\(endpoint)\(RingReport.path)"))
      } catch {
        throw CommandFailure("\(endpoint) does not answer: \(error)")
      }
      guard response.isSuccess, let json = try? JSON(parsing: response.body), let report = RingReport(json) else {
        throw CommandFailure("\(endpoint) answered \(response.status), not a ring")
      }
      return report
    }
    print(text(RingText(report: report)), terminator: "")
    return 0
  }
}

extension Endpoint {
  /// `ADDRESS` or `ADDRESS:PORT`.
  static func named(_ text: String, port: UInt16, option: String) throws(UsageFailure) -> Endpoint {
    if let endpoint = Endpoint(text) { return endpoint }
    let isAddress = !text.isEmpty && text.utf8.allSatisfy { Hex.digit($0) != nil || $0 == 0x2E || $0 == 0x3A }
    guard isAddress else { throw UsageFailure(message: "\(option) wants ADDRESS or ADDRESS:PORT, not \(text)") }
    return Endpoint(text, port)
  }
}
