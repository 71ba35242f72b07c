// The encoding service over HTTP: a job is made of an upload, and looked at until it is published.

import Base
import Encoding
import HTTP
import World

extension Problem {
  /// What the encoding service says.
  public init(_ failure: EncodingFailure) {
    switch failure {
    case .malformed(let pointer, let reason): self = .badRequest(reason, pointer: pointer)
    case .noUpload:
      self.init(
        404, "no-upload", "No such upload", "This node has no such upload: make the job where the clip was sent.",
        pointer: "/upload_id")
    case .noJob: self.init(404, "no-job", "No such job")
    case .store(let failure): self.init(failure)
    }
  }

  init(_ failure: StoreFailure) {
    switch failure {
    case .query(let failure): self.init(failure)
    default: self = .notFound()
    }
  }
}

/// Routes of the encoding service.
public enum EncodingRoutes {
  public static func routes(_ service: EncodingService) -> [Route] {
    [
      Route(
        .post, "/api/v1/encodes", access: .scope(MediaRoutes.contentScope), operation: "createEncode",
        summary: "Makes a job of a clip that was uploaded to this node.",
        body: .json([
          RouteField("video_id", .string), RouteField("upload_id", .string, format: "uuid"),
          RouteField("title", .string, isRequired: false, "The title's name in the catalog."),
        ]),
        answers: [
          (202, "The job, as GET shows it."), (400, "The request is malformed."),
          (404, "This node has no such upload."),
          (503, "The schema is not loaded, or too few nodes are up."),
        ]
      ) { request in
        let json = try await request.json()
        try checkMembers(json, ["video_id", "upload_id", "title"])
        let videoID = try text(json, "video_id")
        let title = json["title"] == nil || json["title"] == .null ? nil : try text(json, "title")
        guard let uploadID = UUID(try text(json, "upload_id")) else {
          throw Problem.badRequest("A UUID is needed.", pointer: "/upload_id")
        }
        let job = try await service.createJob(videoID: videoID, title: title, uploadID: uploadID)
        var response = WebResponse(202, json: job.json)
        response.head.add("Location", "/api/v1/encodes/\(job.id)")
        return response
      },
      Route(
        .get, "/api/v1/encodes/{job_id}", access: .scope(MediaRoutes.contentScope), operation: "encode",
        summary: "How far a job is: its state, progress_percent, and the reason of a failure.",
        answers: [(200, "The job."), (404, "No such job."), (503, "Too few nodes are up.")]
      ) { request in
        guard let id = UUID(request.parameters["job_id"] ?? "") else { throw Problem(EncodingFailure.noJob) }
        return WebResponse(json: try await service.job(id).json)
      },
    ]
  }

  private static func checkMembers(_ json: JSON, _ allowed: [String]) throws(Problem) {
    for member in json.members ?? [] where !allowed.contains(member.key) {
      throw .badRequest("This member is not known.", pointer: "/\(member.key)")
    }
  }

  private static func text(_ json: JSON, _ name: String) throws(Problem) -> String {
    guard let text = json[name]?.string else { throw .badRequest("A text is needed.", pointer: "/\(name)") }
    return text
  }
}
