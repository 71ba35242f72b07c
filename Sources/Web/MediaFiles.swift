// Published media over HTTP: whole files and ranges (RFC 9110 section 14), sent by the kernel from the page cache.
//
// What is published never changes: a name is the name of a content or of an attempt, and another attempt has
// another name. So answers may be kept for ever, and open files are kept open in a small cache, since opening is a
// hop to a worker thread and back.

import Base
import Crypto
import HTTP
import World

/// The node's media directory, served. Loop-bound.
public final class MediaFiles {
  /// Files kept open.
  public static let maxOpenFiles = 64

  private let disk: any Disk
  /// Below the disk's root.
  private let directory: String
  private var open: BoundedCache<String, any DiskFile>

  public init(disk: any Disk, directory: String) {
    self.disk = disk
    self.directory = directory
    open = BoundedCache(capacity: Self.maxOpenFiles)
  }

  /// The answer to a GET or HEAD of one file.
  public func serve(_ path: String, _ head: RequestHead) async throws(Problem) -> WebResponse {
    let file = try await opened(path)
    let sizeBytes = file.sizeBytes
    let tag = Self.entityTag(path, sizeBytes: sizeBytes)
    var answer = ResponseHead(200)
    answer.add("ETag", tag)
    answer.add("Accept-Ranges", "bytes")
    answer.add("Cache-Control", "public, max-age=31536000, immutable")
    let contentType = Self.contentType(path)
    if Self.matches(head.value(of: "if-none-match"), tag) {
      answer.status = 304
      return WebResponse(head: answer)
    }
    // A range of another representation than the client has is of no use to it: it gets the whole.
    let condition = head.value(of: "if-range")
    let wanted = condition == nil || condition == tag ? head.value(of: "range") : nil
    switch RangeRequest(head.method == .get || head.method == .head ? wanted : nil, sizeBytes: sizeBytes) {
    case .whole:
      answer.add("Content-Type", contentType)
      return WebResponse(head: answer, parts: [.file(file, offset: 0, count: sizeBytes)])
    case .unsatisfiable:
      var response = Problem(416, "range", "The range is not there", "The file has \(sizeBytes) bytes.").response
      response.head.add("Content-Range", "bytes */\(sizeBytes)")
      return response
    case .ranges(let ranges) where ranges.count == 1:
      answer.status = 206
      answer.add("Content-Type", contentType)
      answer.add("Content-Range", "bytes \(ranges[0].lowerBound)-\(ranges[0].upperBound - 1)/\(sizeBytes)")
      return WebResponse(
        head: answer, parts: [.file(file, offset: ranges[0].lowerBound, count: Int64(ranges[0].count))])
    case .ranges(let ranges):
      answer.status = 206
      return Self.multipart(answer, file, ranges, contentType: contentType, sizeBytes: sizeBytes)
    }
  }

  /// Several ranges as multipart/byteranges (RFC 9110 section 14.6). The boundary need not be random: ranges of
  /// a file cannot be told from a boundary by guessing, since each part has its length.
  private static func multipart(
    _ head: ResponseHead, _ file: any DiskFile, _ ranges: [Range<Int64>], contentType: String, sizeBytes: Int64
  ) -> WebResponse {
    let boundary = "marquee-byteranges-5f2b8c1d"
    var head = head
    head.add("Content-Type", "multipart/byteranges; boundary=\(boundary)")
    var parts: [WebBodyPart] = []
    for range in ranges {
      let text =
        "\r\n--\(boundary)\r\nContent-Type: \(contentType)\r\n"
        + "Content-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/\(sizeBytes)\r\n\r\n"
      parts.append(.bytes([UInt8](text.utf8)))
      parts.append(.file(file, offset: range.lowerBound, count: Int64(range.count)))
    }
    parts.append(.bytes([UInt8]("\r\n--\(boundary)--\r\n".utf8)))
    return WebResponse(head: head, parts: parts)
  }

  private func opened(_ path: String) async throws(Problem) -> any DiskFile {
    guard Self.isServable(path) else { throw .notFound() }
    if let file = open.get(path) { return file }
    do throws(DiskFailure) {
      let file = try await disk.open("\(directory)/\(path)", .read)
      open.set(path, file)
      return file
    } catch {
      throw Problem(error)
    }
  }

  /// Forgets a file that is going to be removed.
  public func forget(_ path: String) { open.remove(path) }

  /// Names as they are given to published files: nothing hidden, nothing that is not ours.
  static func isServable(_ path: String) -> Bool {
    guard path.utf8.count <= 256 else { return false }
    return path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { name in
      !name.isEmpty && !name.hasPrefix(".")
        && name.utf8.allSatisfy { byte in
          (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
        }
    }
  }

  /// The same on every holder, so that a player may go on at another node.
  static func entityTag(_ path: String, sizeBytes: Int64) -> String {
    "\"" + Hex.encode(SHA256.digest([UInt8]("\(path)|\(sizeBytes)".utf8)).prefix(12)) + "\""
  }

  private static func matches(_ field: String?, _ tag: String) -> Bool {
    guard let field else { return false }
    return field.split(separator: ",").contains { text in
      let trimmed = String(text.drop { $0 == " " }.prefix { $0 != " " })
      return trimmed == "*" || trimmed == tag || trimmed == "W/" + tag
    }
  }

  /// By the name's ending.
  static func contentType(_ path: String) -> String {
    switch path.split(separator: ".").last {
    case "mpd": "application/dash+xml"
    case "m3u8": "application/vnd.apple.mpegurl"
    case "m4s", "cmfv", "cmfa": "video/iso.segment"
    case "mp4", "m4v": "video/mp4"
    case "m4a": "audio/mp4"
    case "vtt": "text/vtt; charset=utf-8"
    case "jpg", "jpeg": "image/jpeg"
    case "webp": "image/webp"
    case "json": "application/json"
    default: "application/octet-stream"
    }
  }
}

extension Problem {
  /// What the disk said, without its paths.
  public init(_ failure: DiskFailure) {
    switch failure {
    case .badPath, .notFound, .notDirectory, .isDirectory: self = .notFound()
    case .exists: self.init(409, "exists", "It is there already")
    case .full: self.init(507, "disk-full", "The node's disk is full", "Another node may have room.")
    case .busy: self = .busy("Too many file operations are waiting.")
    case .tooShort, .system: self = .inside("A file operation failed.")
    }
  }
}
