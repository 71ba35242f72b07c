import Base
import Testing
import World

@testable import Simulator

@Suite struct SimulationTests {
  @Test func eventsRunInOrderOfTimeThenOfPlanning() {
    let simulation = Simulation(seed: 1)
    var order: [Int] = []
    for (index, delay) in [30, 10, 20, 10].enumerated() {
      simulation.schedule(after: Int64(delay)) { order.append(index) }
    }
    simulation.run(until: 100)
    #expect(order == [1, 3, 2, 0])
    #expect(simulation.now == 100)
  }

  final class Echo: StreamHandler {
    var stream: (any ByteStream)?
    var received: [UInt8] = []
    var end: WireFailure??
    func opened(_ stream: any ByteStream) { self.stream = stream }
    func received(_ bytes: RawSpan) { received += bytes.copied() }
    func closed(_ failure: WireFailure?) { end = .some(failure) }
  }

  struct Pair {
    let simulation = Simulation(seed: 2)
    let network: SimulatedNetwork
    let a: SimulatedWorld
    let b: SimulatedWorld
    let server = Echo()
    let client = Echo()

    init() throws {
      network = SimulatedNetwork(simulation: simulation)
      a = SimulatedWorld(simulation: simulation, network: network, address: "127.0.0.1")
      b = SimulatedWorld(simulation: simulation, network: network, address: "127.0.0.2")
      let server = server
      _ = try a.world.wire.listen(Endpoint("127.0.0.1", 1)) { _ in server }
    }

    func connect() {
      b.perform { _ = b.world.wire.connect(to: Endpoint("127.0.0.1", 1), handler: client, timeout: .seconds(1)) }
    }
  }

  @Test func bytesArriveInOrder() throws {
    let pair = try Pair()
    pair.connect()
    pair.simulation.run(until: 1_000_000_000)
    for number in 0..<200 { pair.b.perform { pair.client.stream?.withOutput { $0.uint8(UInt8(number)) } } }
    pair.simulation.run(until: 2_000_000_000)
    #expect(pair.server.received == (0..<200).map { UInt8($0) })
  }

  @Test func aCutHoldsAndHealingDelivers() throws {
    let pair = try Pair()
    pair.connect()
    pair.simulation.run(until: 1_000_000_000)
    pair.network.cut(from: "127.0.0.2", to: "127.0.0.1")
    pair.b.perform { pair.client.stream?.withOutput { $0.uint8(7) } }
    pair.simulation.run(until: 5_000_000_000)
    #expect(pair.server.received.isEmpty)
    pair.network.healAll()
    pair.simulation.run(until: 6_000_000_000)
    #expect(pair.server.received == [7])
  }

  @Test func aKilledProcessResetsItsPeersAfterWhatItSent() throws {
    let pair = try Pair()
    pair.connect()
    pair.simulation.run(until: 1_000_000_000)
    pair.b.perform { pair.client.stream?.withOutput { $0.uint8(9) } }
    pair.b.kill()
    pair.simulation.run(until: 2_000_000_000)
    #expect(pair.server.received == [9])
    #expect(pair.server.end == .some(.some(.reset)))
    #expect(pair.client.end == nil, "the dead hear nothing")
  }

  @Test func aMachineWithoutPowerIsSilentUntilItIsUpAgain() throws {
    let pair = try Pair()
    pair.connect()
    pair.simulation.run(until: 1_000_000_000)
    pair.a.losePower()
    pair.b.perform { pair.client.stream?.withOutput { $0.uint8(1) } }
    pair.simulation.run(until: 5_000_000_000)
    #expect(pair.client.end == nil, "nobody tells")
    let again = SimulatedWorld(simulation: pair.simulation, network: pair.network, address: "127.0.0.1")
    pair.b.perform { pair.client.stream?.withOutput { $0.uint8(2) } }
    pair.simulation.run(until: 6_000_000_000)
    #expect(pair.client.end == .some(.some(.reset)))
    #expect(pair.server.received.isEmpty)
    again.kill()
  }

  @Test func aPausedProcessHandlesWhatCameWhenItGoesOn() throws {
    let pair = try Pair()
    pair.connect()
    pair.simulation.run(until: 1_000_000_000)
    pair.a.pause()
    for number in 1...3 as ClosedRange<UInt8> {
      pair.b.perform { pair.client.stream?.withOutput { $0.uint8(number) } }
    }
    pair.simulation.run(until: 9_000_000_000)
    #expect(pair.server.received.isEmpty)
    pair.a.resume()
    #expect(pair.server.received == [1, 2, 3])
  }

  @Test func aConnectionThatBreaksHasDeliveredAPrefix() throws {
    let pair = try Pair()
    pair.connect()
    pair.simulation.run(until: 1_000_000_000)
    pair.network.breakConnections(from: "127.0.0.2", to: "127.0.0.1", oneSendIn: 1)
    pair.b.perform { pair.client.stream?.withOutput { for number in 0..<50 { $0.uint8(UInt8(number)) } } }
    pair.simulation.run(until: 2_000_000_000)
    #expect(pair.server.received == (0..<pair.server.received.count).map { UInt8($0) })
    #expect(pair.server.received.count < 50)
    #expect(pair.server.end == .some(.some(.reset)) && pair.client.end == .some(.some(.reset)))
  }

  @Test func nobodyListening() throws {
    let pair = try Pair()
    pair.b.perform {
      _ = pair.b.world.wire.connect(to: Endpoint("127.0.0.9", 1), handler: pair.client, timeout: .seconds(1))
    }
    pair.simulation.run(until: 2_000_000_000)
    #expect(pair.client.end == .some(.some(.refused(Endpoint("127.0.0.9", 1)))))
  }
}
