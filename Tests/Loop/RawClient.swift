import Glibc
import World

/// A blocking socket beside the loop, for what a stream of ours would not do to its peer.
final class RawClient {
  private let socket: Int32

  init(to endpoint: Endpoint) {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = endpoint.port.bigEndian
    inet_pton(AF_INET, endpoint.host, &address.sin_addr)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { fatalError("connect failed with errno \(errno)") }
  }

  deinit { close(socket) }

  func send(_ text: String) { _ = Glibc.send(socket, text, text.utf8.count, 0) }

  /// Ends this side; the other may still answer.
  func endSending() { shutdown(socket, Int32(SHUT_WR)) }

  /// Everything until the peer's end.
  func receiveAll() -> String {
    var all: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(socket, &part, part.count, 0)
      if count <= 0 { return String(decoding: all, as: UTF8.self) }
      all += part[..<count]
    }
  }
}
