// Notes of what happens to one traced request, taken on the coordinator's side alone: replicas keep none of their own,
// so an event's source is always this node. Who starts a trace writes it into system_traces when the request has ended.

import Base
import World

/// Loop-bound. A request without one pays a comparison with nil.
public final class RequestTrace {
  /// Notes beyond are left out; a scan of many ranges would make thousands.
  public static let maxEvents = 500

  public struct Event: Equatable {
    public var activity: String
    public var elapsedMicroseconds: Int64
  }

  public let id: UUID
  public let started: Instant
  public let startedWallMicroseconds: Int64
  public private(set) var events: [Event] = []
  private let clock: any Clock

  public init(id: UUID, clock: any Clock) {
    self.id = id
    self.clock = clock
    started = clock.now
    startedWallMicroseconds = clock.wallMicroseconds
  }

  public var elapsedMicroseconds: Int64 { (clock.now - started).wholeNanoseconds / 1000 }

  public func record(_ activity: @autoclosure () -> String) {
    guard events.count < Self.maxEvents else { return }
    events.append(Event(activity: activity(), elapsedMicroseconds: elapsedMicroseconds))
  }
}
