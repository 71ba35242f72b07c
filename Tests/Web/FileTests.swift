import Base
import HTTP
import Testing
import World

@testable import Web

@Suite struct MediaTests {
  let site = Site()

  init() {
    site.loop.disk.put("media/a1/manifest.mpd", "<MPD/>")
    site.loop.disk.put("media/a1/v0/1.m4s", "0123456789")
    site.loop.disk.put("media/.incoming-1", "secret")
    site.loop.disk.put("uploads/x", "secret")
  }

  @Test func whole() throws {
    let answer = try site.get("/media/a1/manifest.mpd")
    #expect(answer.status == 200)
    #expect(answer.text == "<MPD/>")
    #expect(answer.header("Content-Type") == "application/dash+xml")
    #expect(answer.header("Accept-Ranges") == "bytes")
    #expect(answer.header("Cache-Control")?.contains("immutable") == true)
  }

  @Test(arguments: [
    ("bytes=0-3", 206, "0123", "bytes 0-3/10"), ("bytes=7-", 206, "789", "bytes 7-9/10"),
    ("bytes=-2", 206, "89", "bytes 8-9/10"), ("bytes=4-100", 206, "456789", "bytes 4-9/10"),
    ("bytes=5-2", 200, "0123456789", nil), ("lines=1-2", 200, "0123456789", nil),
  ])
  func ranges(range: String, status: Int, text: String, contentRange: String?) throws {
    let answer = try site.get("/media/a1/v0/1.m4s", "Range: \(range)")
    #expect(answer.status == status)
    #expect(answer.text == text)
    #expect(answer.header("Content-Range") == contentRange)
    #expect(answer.header("Content-Type") == "video/iso.segment")
  }

  @Test func beyondTheEnd() throws {
    let answer = try site.get("/media/a1/v0/1.m4s", "Range: bytes=10-")
    #expect(answer.status == 416)
    #expect(answer.header("Content-Range") == "bytes */10")
  }

  @Test func severalRanges() throws {
    let answer = try site.get("/media/a1/v0/1.m4s", "Range: bytes=0-1,5-6")
    #expect(answer.status == 206)
    let type = try #require(answer.header("Content-Type"))
    let boundary = try #require(type.split(separator: "=").last)
    #expect(
      answer.text
        == "\r\n--\(boundary)\r\nContent-Type: video/iso.segment\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
        + "\r\n--\(boundary)\r\nContent-Type: video/iso.segment\r\nContent-Range: bytes 5-6/10\r\n\r\n56"
        + "\r\n--\(boundary)--\r\n")
  }

  @Test func conditions() throws {
    let tag = try #require(try site.get("/media/a1/v0/1.m4s").header("ETag"))
    #expect(try site.get("/media/a1/v0/1.m4s", "If-None-Match: \(tag)").status == 304)
    #expect(try site.get("/media/a1/v0/1.m4s", "If-None-Match: \"x\", W/\(tag)").status == 304)
    #expect(try site.get("/media/a1/v0/1.m4s", "If-None-Match: *").status == 304)
    #expect(try site.get("/media/a1/v0/1.m4s", "If-None-Match: \"x\"").status == 200)
    #expect(try site.get("/media/a1/v0/1.m4s", "Range: bytes=0-0\r\nIf-Range: \(tag)").status == 206)
    #expect(try site.get("/media/a1/v0/1.m4s", "Range: bytes=0-0\r\nIf-Range: \"x\"").status == 200)
    #expect(try site.get("/media/a1/manifest.mpd").header("ETag") != tag)
  }

  @Test(arguments: [
    "/media/none", "/media/a1", "/media/.incoming-1", "/media/a1/.x", "/media/a1//v0", "/media/uploads/x",
    "/media/a%201", "/media/%C3%A9",
  ])
  func notServed(path: String) throws {
    let answer = try site.get(path)
    #expect(answer.status == 404)
    #expect(!answer.text.contains("secret"))
  }

  @Test func filesStayOpen() throws {
    for _ in 0..<5 { _ = try site.get("/media/a1/manifest.mpd") }
    #expect(site.loop.disk.opened == 1)
    site.files.forget("a1/manifest.mpd")
    _ = try site.get("/media/a1/manifest.mpd")
    #expect(site.loop.disk.opened == 2)
  }

  @Test(arguments: [
    ("a.mpd", "application/dash+xml"), ("a.m3u8", "application/vnd.apple.mpegurl"), ("a.mp4", "video/mp4"),
    ("a.vtt", "text/vtt; charset=utf-8"), ("a", "application/octet-stream"), ("a.html", "application/octet-stream"),
  ])
  func types(path: String, type: String) { #expect(MediaFiles.contentType(path) == type) }
}

@Suite struct UploadTests {
  let site = Site()
  let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

  func put(_ path: String, scope: String, _ body: RequestBody, length: Int = 5) throws -> Read {
    let token = try token(site.loop, subject: "x", scopes: [scope])
    return try site.ask(
      "PUT \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\nContent-Length: \(length)", body: body)
  }

  /// A body in pieces, which ends with a refusal if there is one.
  func pieces(_ texts: [String], _ refusal: HTTPRefusal? = nil) -> RequestBody {
    var rest = texts[...]
    return RequestBody { completion in
      if let text = rest.popFirst() {
        completion(.success([UInt8](text.utf8)))
      } else if let refusal {
        completion(.failure(refusal))
      } else {
        completion(.success(nil))
      }
    }
  }

  @Test func anUploadIsKeptAndHashed() throws {
    let answer = try put("/api/v1/uploads/\(userID)", scope: "content", pieces(["he", "ll", "o"]))
    #expect(answer.status == 201)
    #expect(
      answer.json
        == .object([
          "upload_id": .string(userID), "size_bytes": 5, "sha256": .string(hello),
        ]))
    #expect(site.loop.disk.text("uploads/\(userID)") == "hello")
    #expect(site.loop.disk.files.count == 1)
  }

  @Test func aBrokenUploadLeavesNothing() throws {
    let answer = try put(
      "/api/v1/uploads/\(userID)", scope: "content", pieces(["he"], HTTPRefusal(408, "too slow")))
    #expect(answer.status == 408)
    #expect(site.loop.disk.files.isEmpty)
  }

  @Test func aFullDiskLeavesNothing() throws {
    site.loop.disk.fullAfterBytes = 3
    #expect(try put("/api/v1/uploads/\(userID)", scope: "content", pieces(["he", "llo"])).problem == "disk-full")
    #expect(site.loop.disk.files.isEmpty)
    site.loop.disk.fullAfterBytes = 100
    #expect(try put("/api/v1/uploads/\(userID)", scope: "content", pieces(["hello"])).status == 201)
  }

  @Test func whatCannotFitIsRefusedAtOnce() throws {
    site.loop.disk.freeBytes = 4
    let body = RequestBody { _ in Issue.record("the body was read") }
    #expect(try put("/api/v1/uploads/\(userID)", scope: "content", body).status == 507)
  }

  @Test(arguments: ["/api/v1/uploads/x", "/api/v1/uploads/..x", "/api/v1/uploads/a/b"])
  func namesAreUUIDs(path: String) throws {
    let status = try put(path, scope: "content", pieces(["hello"])).status
    #expect(status == 400 || status == 404)
    #expect(site.loop.disk.files.isEmpty)
  }

  @Test func nodesFetchAndRemoveUploads() throws {
    site.loop.disk.put("uploads/\(userID)", "clip")
    func ask(_ method: String, scope: String) throws -> Read {
      let token = try token(site.loop, subject: "x", scopes: [scope])
      return try site.ask(
        "\(method) /api/v1/uploads/\(userID) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)")
    }
    #expect(try ask("GET", scope: "content").status == 403)
    #expect(try ask("GET", scope: "node").text == "clip")
    #expect(try ask("DELETE", scope: "content").status == 403)
    #expect(try ask("DELETE", scope: "node").status == 204)
    #expect(try ask("DELETE", scope: "node").status == 204)
    #expect(try ask("GET", scope: "node").status == 404)
  }

  @Test func anEmptyUploadIsRefused() throws {
    #expect(try put("/api/v1/uploads/\(userID)", scope: "content", .empty, length: 0).status == 400)
    #expect(site.loop.disk.files.isEmpty)
  }

  @Test func copiesAreCheckedAgainstTheirDigest() throws {
    let path = "/api/v1/media/a1/v0/1.m4s?sha256="
    #expect(try put(path + hello, scope: "node", pieces(["hello"])).status == 201)
    #expect(site.loop.disk.text("media/a1/v0/1.m4s") == "hello")
    #expect(try put(path + hello, scope: "node", pieces(["jello"])).status == 422)
    #expect(try put(path + "ab", scope: "node", pieces(["hello"])).status == 400)
    #expect(try put(path + hello, scope: "content", pieces(["hello"])).status == 403)
    #expect(try put("/api/v1/media/.x?sha256=" + hello, scope: "node", pieces(["hello"])).status == 400)
    #expect(site.loop.disk.text("media/a1/v0/1.m4s") == "hello")
    #expect(site.loop.disk.files.count == 1)
  }

  @Test func whatNeverEndedIsSwept() throws {
    site.loop.disk.put("uploads/.incoming-1", "x")
    site.loop.disk.put("uploads/\(userID)", "x")
    let receiver = FileReceiver(world: site.loop.world, directory: "uploads")
    try site.loop.run { await receiver.sweep() }
    #expect(Array(site.loop.disk.files.keys) == ["uploads/\(userID)"])
  }
}

@Suite struct JSONBodyTests {
  func ask(_ body: String, type: String? = "application/json") throws -> Read {
    let site = Site(routes: [
      Route(.post, "/echo", access: .open, operation: "echo", summary: "", answers: []) { request in
        WebResponse(json: try await request.json())
      }
    ])
    let field = type.map { "Content-Type: \($0)\r\n" } ?? ""
    return try site.ask(
      "POST /echo HTTP/1.1\r\nHost: a\r\n\(field)Content-Length: 1\r\n\r\n", body: RequestBody([UInt8](body.utf8)))
  }

  @Test func objectsAreRead() throws {
    #expect(try ask(#"{"a":1}"#).text == #"{"a":1}"#)
    #expect(try ask("{}", type: "Application/JSON; charset=utf-8").status == 200)
    #expect(try ask("{}", type: nil).status == 200)
  }

  @Test(arguments: ["", "[]", "1", "{", #"{"a":1,"a":2}"#, "{} x", "{\"a\":\u{1}}"])
  func others(body: String) throws { #expect(try ask(body).status == 400) }

  @Test func otherTypesAndSizes() throws {
    #expect(try ask("{}", type: "text/plain").status == 415)
    #expect(try ask("a=b", type: "application/x-www-form-urlencoded").status == 415)
    #expect(try ask(#"{"a":""# + String(repeating: "x", count: 70_000) + #""}"#).status == 413)
  }
}
