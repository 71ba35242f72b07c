// Media out, media in between nodes, uploads in from content teams.

import Base
import HTTP
import World

/// Routes of the node's files.
public enum MediaRoutes {
  /// Scope of the token that nodes use among each other.
  public static let nodeScope = "node"
  /// Scope of a content team's token.
  public static let contentScope = "content"

  /// Published files, for players.
  public static func media(_ files: MediaFiles) -> Route {
    Route(
      .get, "/media/{path...}", access: .open, operation: "media",
      summary: "A published file: manifests, playlists, segments. Ranges are served.",
      answers: [
        (200, "The file."), (206, "The ranges asked for."), (304, "The client has it."), (404, "No such file here."),
        (416, "The range is not there."),
      ]
    ) { request in
      try await files.serve(request.parameters["path"] ?? "", request.head)
    }
  }

  /// A copy of a published file from another node, checked against its digest.
  public static func copies(_ receiver: FileReceiver, maxBytes: UInt64) -> Route {
    Route(
      .put, "/api/v1/media/{path...}", access: .scope(nodeScope), maxBodyBytes: maxBytes, operation: "mediaCopy",
      summary: "Takes a copy of a published file; the query's sha256 (64 hexadecimal digits) must be its digest.",
      body: .binary,
      answers: [(201, "Kept."), (400, "A malformed name or digest."), (422, "Another digest."), (507, "Disk full.")]
    ) { request in
      let path = request.parameters["path"] ?? ""
      guard MediaFiles.isServable(path) else { throw Problem.badRequest("The name is not one of a published file.") }
      guard let digest = request.head.target.parameter("sha256"), digest.utf8.count == 64, Hex.decode(digest) != nil
      else { throw Problem.badRequest("The query's sha256 must be 64 hexadecimal digits.") }
      let received = try await receiver.receive(
        path, body: request.body, announcedBytes: request.announcedBytes, expectedSHA256: digest)
      return WebResponse(201, json: received.json)
    }
  }

  /// Clips to be encoded: taken from content teams, handed to the node that encodes, removed when used up.
  public static func uploads(_ uploads: Uploads, maxBytes: UInt64) -> [Route] {
    [
      Route(
        .put, "/api/v1/uploads/{upload_id}", access: .scope(contentScope), maxBodyBytes: maxBytes,
        operation: "upload", summary: "Takes a clip to be encoded. upload_id is a UUID that the client draws.",
        body: .binary,
        answers: [
          (201, "Kept on this node."), (400, "Not a UUID, or empty."), (413, "Too large."), (507, "Disk full."),
        ]
      ) { request in
        let id = try uploadID(request)
        let received = try await uploads.receive(id, body: request.body, announcedBytes: request.announcedBytes)
        guard case .object(let members) = received.json else { throw Problem.inside() }
        return WebResponse(201, json: .object([JSON.Member("upload_id", .string(id.description))] + members))
      },
      Route(
        .get, "/api/v1/uploads/{upload_id}", access: .scope(nodeScope), operation: "fetchUpload",
        summary: "The clip, for the node that encodes it.",
        answers: [(200, "The clip."), (404, "No such upload here.")]
      ) { request in
        try await uploads.serve(try uploadID(request))
      },
      Route(
        .delete, "/api/v1/uploads/{upload_id}", access: .scope(nodeScope), operation: "removeUpload",
        summary: "Forgets a clip that is used up.", answers: [(204, "It is gone.")]
      ) { request in
        try await uploads.remove(try uploadID(request))
        return WebResponse(204)
      },
    ]
  }

  private static func uploadID(_ request: WebRequest) throws(Problem) -> UUID {
    guard let id = UUID(request.parameters["upload_id"] ?? "") else { throw .badRequest("upload_id is not a UUID.") }
    return id
  }
}

extension WebRequest {
  /// The body's length where the head says it.
  public var announcedBytes: UInt64? {
    if case .length(let bytes) = head.framing { bytes } else { nil }
  }
}

extension ReceivedFile {
  public var json: JSON { .object(["size_bytes": .integer(sizeBytes), "sha256": .string(sha256)]) }
}
