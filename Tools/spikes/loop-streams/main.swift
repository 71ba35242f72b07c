// Spike 4 of "First light": the loop's CPU for an echoed frame of 109 bytes, from Swift, three ways.
//   tcp    uv_tcp: uv_read_start into one buffer, uv_try_write once a tick
//   poll   uv_poll with recv and send, once a tick; as bare as `tcp`
//   loop   Loop's own streams, handlers and ticks (on uv_poll)
// Bare servers do no more than the echo. Client and server share a core (`run` pins them), which gives the
// steadiest figures; only the server thread's CPU counts.
import CUV
import Client
import Glibc

let frameBytes = 109

/// A connection of a bare server: what came in this tick goes out at its end.
final class Echo {
  var output: [UInt8] = []
  var socket: Int32 = -1
  var isDirty = false
  var tcp: UnsafeMutablePointer<uv_tcp_t>?
  var poll: UnsafeMutablePointer<uv_poll_t>?
}

final class Bare {
  let uv = UnsafeMutablePointer<uv_loop_t>.allocate(capacity: 1)
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
  let prepare = UnsafeMutablePointer<uv_prepare_t>.allocate(capacity: 1)
  let listener = UnsafeMutablePointer<uv_tcp_t>.allocate(capacity: 1)
  let listenPoll = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
  let timer = UnsafeMutablePointer<uv_timer_t>.allocate(capacity: 1)
  var dirty: [Echo] = []
  var all: [Echo] = []
  var listenSocket: Int32 = -1
  let useTCP: Bool

  init(useTCP: Bool) {
    self.useTCP = useTCP
    uv_loop_init(uv)
    uv_prepare_init(uv, prepare)
    prepare.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    uv_prepare_start(prepare) { Unmanaged<Bare>.fromOpaque($0!.pointee.data).takeUnretainedValue().flush() }
    uv_timer_init(uv, timer)
    uv_timer_start(timer, { if client_is_done() != 0 { uv_stop($0!.pointee.loop) } }, 50, 50)
  }

  func mark(_ echo: Echo, _ count: Int) {
    echo.output.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    if !echo.isDirty {
      echo.isDirty = true
      dirty.append(echo)
    }
  }

  func flush() {
    for echo in dirty {
      echo.isDirty = false
      let sent = echo.output.withUnsafeMutableBytes { bytes -> Int in
        if useTCP {
          var piece = uv_buf_init(bytes.baseAddress!.assumingMemoryBound(to: CChar.self), UInt32(bytes.count))
          return echo.tcp!.withMemoryRebound(to: uv_stream_t.self, capacity: 1) { Int(uv_try_write($0, &piece, 1)) }
        }
        return send(echo.socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      }
      precondition(sent == echo.output.count || sent < 0, "short write")
      echo.output.removeAll(keepingCapacity: true)
    }
    dirty.removeAll(keepingCapacity: true)
  }

  func listenTCP() -> UInt16 {
    uv_tcp_init(uv, listener)
    listener.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    var address = sockaddr_in()
    uv_ip4_addr("127.0.0.1", 0, &address)
    withUnsafePointer(to: &address) {
      _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { uv_tcp_bind(listener, $0, 0) }
    }
    listener.withMemoryRebound(to: uv_stream_t.self, capacity: 1) { stream in
      _ = uv_listen(stream, 1024) { stream, _ in
        let bare = Unmanaged<Bare>.fromOpaque(stream!.pointee.data).takeUnretainedValue()
        let echo = Echo()
        bare.all.append(echo)
        let tcp = UnsafeMutablePointer<uv_tcp_t>.allocate(capacity: 1)
        echo.tcp = tcp
        uv_tcp_init(bare.uv, tcp)
        uv_tcp_nodelay(tcp, 1)
        tcp.pointee.data = Unmanaged.passUnretained(echo).toOpaque()
        tcp.withMemoryRebound(to: uv_stream_t.self, capacity: 1) { client in
          uv_accept(stream, client)
          uv_read_start(
            client,
            { handle, _, buffer in
              let bare = Unmanaged<Bare>.fromOpaque(handle!.pointee.loop.pointee.data).takeUnretainedValue()
              buffer!.pointee = uv_buf_init(bare.buffer.baseAddress!.assumingMemoryBound(to: CChar.self), 65_536)
            },
            { stream, count, _ in
              if count <= 0 { return }
              let bare = Unmanaged<Bare>.fromOpaque(stream!.pointee.loop.pointee.data).takeUnretainedValue()
              bare.mark(Unmanaged<Echo>.fromOpaque(stream!.pointee.data).takeUnretainedValue(), count)
            })
        }
      }
    }
    uv.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    var length = Int32(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
      _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { uv_tcp_getsockname(listener, $0, &length) }
    }
    return UInt16(bigEndian: address.sin_port)
  }

  func listenPolled() -> UInt16 {
    var host = [CChar](repeating: 0, count: 64)
    var port: UInt16 = 0
    listenSocket = cuv_listen("127.0.0.1", 0, 1024)
    cuv_local_address(listenSocket, &host, &port)
    uv.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    uv_poll_init(uv, listenPoll, listenSocket)
    uv_poll_start(listenPoll, Int32(UV_READABLE.rawValue)) { handle, _, _ in
      let bare = Unmanaged<Bare>.fromOpaque(handle!.pointee.loop.pointee.data).takeUnretainedValue()
      var host = [CChar](repeating: 0, count: 64)
      var port: UInt16 = 0
      while true {
        let socket = cuv_accept(bare.listenSocket, &host, &port)
        if socket < 0 { return }
        let echo = Echo()
        bare.all.append(echo)
        echo.socket = socket
        let poll = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
        echo.poll = poll
        uv_poll_init(bare.uv, poll, socket)
        poll.pointee.data = Unmanaged.passUnretained(echo).toOpaque()
        uv_poll_start(poll, Int32(UV_READABLE.rawValue)) { handle, _, _ in
          let bare = Unmanaged<Bare>.fromOpaque(handle!.pointee.loop.pointee.data).takeUnretainedValue()
          let echo = Unmanaged<Echo>.fromOpaque(handle!.pointee.data).takeUnretainedValue()
          let count = recv(echo.socket, bare.buffer.baseAddress, 65_536, 0)
          if count > 0 { bare.mark(echo, count) } else { uv_poll_stop(handle) }
        }
      }
    }
    return port
  }
}

/// The echo on Loop's own streams.
final class EchoHandler: StreamHandler {
  var stream: (any ByteStream)?
  func opened(_ stream: any ByteStream) { self.stream = stream }
  func received(_ bytes: RawSpan) {
    guard let stream else { return }
    bytes.withUnsafeBytes { raw in
      let all = RawSpan(_unsafeBytes: raw)
      stream.withOutput { $0.append(all) }
    }
  }
  func closed(_ failure: WireFailure?) { stream = nil }
}

func measure(_ kind: String, _ connections: Int, _ depth: Int, _ seconds: Double) -> Double {
  switch kind {
  case "tcp", "poll":
    let bare = Bare(useTCP: kind == "tcp")
    let port = kind == "tcp" ? bare.listenTCP() : bare.listenPolled()
    client_start(port, Int32(connections), Int32(depth), Int32(frameBytes), seconds)
    let before = thread_cpu_nanoseconds()
    uv_run(bare.uv, UV_RUN_DEFAULT)
    let cpu = thread_cpu_nanoseconds() - before
    for echo in bare.all where echo.socket >= 0 { close(echo.socket) }
    return Double(cpu) / 1000 / Double(client_finish())
  default:
    let loop = Loop()
    defer { loop.shutDown() }
    let wire = Wires(loop: loop)
    guard let listener = try? wire.listen(Endpoint("127.0.0.1", 0), accept: { _ in EchoHandler() }) else { exit(1) }
    client_start(listener.local.port, Int32(connections), Int32(depth), Int32(frameBytes), seconds)
    let timer = loop.every(.milliseconds(50)) { if client_is_done() != 0 { loop.stop() } }
    let before = thread_cpu_nanoseconds()
    loop.run()
    let cpu = thread_cpu_nanoseconds() - before
    timer.stop()
    return Double(cpu) / 1000 / Double(client_finish())
  }
}

@main struct Spike {
  static func main() {
    for (connections, depth) in [(1, 64), (64, 1), (1000, 1)] {
      for kind in ["tcp", "poll", "loop"] {
        var figures: [Double] = []
        for _ in 0..<5 { figures.append(measure(kind, connections, depth, 1.0)) }
        figures.sort()
        let median = (figures[2] * 1000).rounded() / 1000
        print("\(connections)x\(depth) \(kind): \(median) us CPU an operation (\(figures[0]) to \(figures[4]))")
      }
    }
  }
}
