import Base
import Loop
import World

/// Runs a test with a loop, a world and a directory of its own, all gone at the end.
func withWorld(_ body: (Loop, World) throws -> Void) throws {
  let root = TestDirectory.make()
  defer { TestDirectory.remove(root) }
  let loop = Loop()
  defer { loop.shutDown() }
  let world = try loop.makeWorld(root: root)
  try body(loop, world)
}

/// Runs `async` code to its end on the loop.
func runAsync<Value>(
  _ loop: Loop, _ world: World, deadline: Duration = .seconds(20), _ body: @escaping () async -> Value
) -> Value? {
  var value: Value?
  world.spawner.spawn { value = await body() }
  loop.run(until: { value != nil }, deadline: deadline)
  return value
}

/// A handler that writes down what it is told.
final class Recorder: StreamHandler {
  var stream: (any ByteStream)?
  var received: [UInt8] = []
  var receives = 0
  var events: [String] = []
  var onReceived: ((Recorder) -> Void)?
  var onDrained: ((Recorder) -> Void)?
  var onEnded: ((Recorder) -> Void)?
  var failure: WireFailure?
  var isOpen = false
  var isClosed = false
  var halfOpen = false

  func opened(_ stream: any ByteStream) {
    events.append("opened")
    isOpen = true
    self.stream = stream
    stream.allowsHalfOpen = halfOpen
  }

  func received(_ bytes: RawSpan) {
    received += bytes.copied()
    receives += 1
    onReceived?(self)
  }

  func drained() {
    events.append("drained")
    onDrained?(self)
  }

  func ended() {
    events.append("ended")
    onEnded?(self)
  }

  func closed(_ failure: WireFailure?) {
    events.append("closed")
    self.failure = failure
    isClosed = true
    stream = nil
  }

  func send(_ bytes: [UInt8]) { stream?.withOutput { $0.append(bytes) } }
  func send(_ text: String) { send(Array(text.utf8)) }
  var text: String { String(decoding: received, as: UTF8.self) }
}

/// A connected pair over loopback.
struct Pair {
  var listener: any Listener
  var client = Recorder()
  var server = Recorder()

  init(_ loop: Loop, _ world: World, halfOpen: Bool = false) throws {
    let server = server
    server.halfOpen = halfOpen
    client.halfOpen = halfOpen
    listener = try world.wire.listen(Endpoint("127.0.0.1", 0)) { _ in server }
    _ = world.wire.connect(to: listener.local, handler: client, timeout: .seconds(5))
    let client = client
    loop.run(until: { client.isOpen && server.isOpen })
  }
}
