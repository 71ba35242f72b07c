// What bounds the traffic between nodes, and what it was.

import Base
import Messages
import World

public struct PeerConfiguration: Sendable {
  /// Of both sides' connections.
  public var security = WireSecurity.plain
  /// Connections that other nodes may have to this one; further ones are closed at once.
  public var maxConnections = 1024
  public var connectTimeout: Duration = .seconds(3)
  /// For the hello, from either side.
  public var greetingTimeout: Duration = .seconds(5)
  /// An answer that takes longer comes to nobody: who asked has given up before.
  public var requestTimeout: Duration = .seconds(15)
  /// After so long without a message from a peer it is pinged, each second.
  public var pingAfter: Duration = .seconds(5)
  /// After so long without a message from a peer its connection is given up.
  public var deadAfter: Duration = .seconds(15)
  public var minBackoff: Duration = .milliseconds(50)
  public var maxBackoff: Duration = .seconds(2)
  /// A way that leads to no member, such as to an address that a node had before, is forgotten after so long unused.
  public var forgetAfter: Duration = .seconds(60)
  /// Waiting to be sent to one peer. Over it requests fail at once.
  public var maxQueuedBytes = 32 << 20
  /// Asked of one peer and not answered. Over it requests fail at once.
  public var maxPendingRequests = 65_536
  /// Asked by one peer and not answered. Over it the connection is not read.
  public var maxInFlight = 32_768
  /// Answers waiting to be sent to one peer. Over it the connection is not read.
  /// At least 256 KiB.
  public var maxUnsentAnswerBytes = 8 << 20
  public var limits = MessageLimits()

  public init() {}
}

/// Sums since the start.
public struct PeerCounters: Sendable {
  public var connectionsMade: UInt64 = 0
  public var connectionsLost: UInt64 = 0
  public var connectionsRefused: UInt64 = 0
  public var requestsSent: UInt64 = 0
  public var requestsFailed: UInt64 = 0
  public var requestsExpired: UInt64 = 0
  public var requestsServed: UInt64 = 0
  /// Writes sent once for several replicas of another datacenter.
  public var forwardsSent: UInt64 = 0
  /// Such writes passed on here.
  public var forwardsServed: UInt64 = 0
  public var gossipSent: UInt64 = 0
  public var gossipDropped: UInt64 = 0
  public var damagedMessages: UInt64 = 0

  public init() {}
}
