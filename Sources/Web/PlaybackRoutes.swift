// The playback service over HTTP.

import Base
import HTTP
import Playback
import Query
import World

extension Problem {
  /// What the playback service says.
  public init(_ failure: PlaybackFailure) {
    switch failure {
    case .schemaMissing: self = .schemaMissing
    case .malformed(let pointer, let reason): self = .badRequest(reason, pointer: pointer)
    case .noProfile: self.init(404, "no-profile", "This account has no such profile")
    case .noTitle: self.init(404, "no-title", "No such title", "Nothing is published under this video_id.")
    case .notForProfile:
      self.init(403, "maturity", "Not for this profile", "The profile's maturity level does not admit the title.")
    case .noLiveHolder:
      self.init(
        503, "no-holder", "The title is out of reach", "No node that holds it is up.", retryAfterSeconds: 5)
    case .store(let failure): self.init(failure)
    }
  }

  /// The services' tables are not there.
  public static let schemaMissing = Problem(
    503, "no-keyspace", "The keyspace marquee is not there",
    "Load Cluster/schema/marquee.cql with cqlsh; until then the services have nothing to read.", retryAfterSeconds: 10)

  /// What the store says, without its words: they may hold data.
  public init(_ failure: QueryFailure) {
    if failure.saysSchemaIsMissing {
      self = .schemaMissing
      return
    }
    switch failure {
    case .unavailable, .readTimeout, .writeTimeout, .readFailure, .writeFailure:
      self.init(
        503, "unavailable", "Too few replicas", "Too few nodes that hold the data answer.", retryAfterSeconds: 1)
    case .overloaded: self = .busy("The store takes no more requests for a moment.")
    default: self = .inside("The store refused a statement.")
    }
  }
}

/// Routes of the playback service.
public enum PlaybackRoutes {
  /// - Parameter localHostID: this node's host id in text.
  public static func routes(_ service: PlaybackService, localHostID: String) -> [Route] {
    [
      Route(
        .post, "/api/v1/playback/manifest", access: .user, operation: "playbackManifest",
        summary: "Where a title's manifests are, where the profile left off, and which tracks there are.",
        body: .json([
          RouteField("video_id", .string), RouteField("profile_id", .string, format: "uuid"),
          RouteField("device", .object, "type (string), esn (string), drm_capabilities (array of strings)"),
        ]),
        answers: [
          (200, "The title can be played."), (400, "The request is malformed."), (403, "Not for this profile."),
          (404, "No such title, or no such profile of this account."),
          (503, "The schema is not loaded, or no node that holds the title is up."),
        ]
      ) { request in
        let userID = try request.userID()
        let wanted = try ManifestRequest(json: try await request.json())
        let manifest = try await service.manifest(
          wanted, userID: userID, localHostID: localHostID, localAddress: request.reachedAddress)
        return WebResponse(json: manifest.json)
      },
      Route(
        .get, "/api/v1/videos/{video_id}/encoding", access: .scope(MediaRoutes.contentScope), operation: "encoding",
        summary: "How a published title is encoded: its profile, variants and tracks.",
        answers: [(200, "The encoding metadata."), (404, "No such title."), (503, "No holder of the title is up.")]
      ) { request in
        WebResponse(
          json: try await service.encoding(
            request.parameters["video_id"] ?? "", localHostID: localHostID, localAddress: request.reachedAddress))
      },
      Route(
        .put, "/api/v1/playback/position", access: .user, operation: "playbackPosition",
        summary: "Keeps where a profile is in a title; writes its viewing history too.",
        body: .json([
          RouteField("video_id", .string), RouteField("profile_id", .string, format: "uuid"),
          RouteField("position_ms", .integer, format: "int64"),
          RouteField("episode_id", .string, isRequired: false),
          RouteField("completed", .boolean, isRequired: false, "Watched to its end: it starts anew next time."),
          RouteField("playback_session_id", .string, format: "uuid", isRequired: false, "The manifest's."),
        ]),
        answers: [
          (200, "Kept."), (400, "The request is malformed."), (404, "No such profile of this account."),
          (503, "The schema is not loaded, or too few nodes are up."),
        ]
      ) { request in
        let userID = try request.userID()
        let report = try PositionReport(json: try await request.json())
        try await service.store(report, userID: userID)
        return WebResponse(
          json: .object([
            "video_id": .string(report.videoID), "profile_id": .string(report.profileID.description),
            "bookmarks": .object([
              "resume_position_ms": .integer(report.isCompleted ? 0 : report.positionMilliseconds)
            ]),
          ]))
      },
    ]
  }
}

extension WebRequest {
  /// `host:port` as the client reached this node: by its own words, which name the node also behind another address.
  fileprivate var reachedAddress: String { head.authority.isEmpty ? local.description : head.authority }
}
