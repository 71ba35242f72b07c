// Files that come in by HTTP: streamed to the disk piece by piece, bounded, hashed as they pass, and given their name
// only when they are whole and on the disk. A broken upload leaves nothing.

import Base
import Crypto
import HTTP
import World

/// A file that was received.
public struct ReceivedFile: Equatable, Sendable {
  public var sizeBytes: Int64
  /// 64 hexadecimal digits.
  public var sha256: String
}

/// Receives files into one directory below the disk's root. Loop-bound.
public final class FileReceiver {
  private let world: World
  private let directory: String

  public init(world: World, directory: String) {
    self.world = world
    self.directory = directory
  }

  /// Streams a body into `directory/path`, replacing what was there.
  /// - Parameters:
  ///   - path: below the directory; slashes make directories.
  ///   - announcedBytes: the body's length where the client said it, to be refused before it comes.
  ///   - expectedSHA256: where given, a body with another digest is refused with 422.
  /// - Throws: a problem; then nothing is left of the body.
  public func receive(
    _ path: String, body: RequestBody, announcedBytes: UInt64?, expectedSHA256: String? = nil
  ) async throws(Problem) -> ReceivedFile {
    do {
      let temporary = "\(directory)/.incoming-\(Hex.encode(world.entropy.bytes(12)))"
      try await world.disk.makeDirectories(directory)
      if let announcedBytes {
        let space = try await world.disk.space()
        guard announcedBytes <= UInt64(max(0, space.freeBytes)) else { throw DiskFailure.full(path) }
      }
      let file = try await world.disk.open(temporary, .create)
      do {
        let received = try await copy(body, to: file)
        file.close()
        if let expectedSHA256, expectedSHA256.lowercased() != received.sha256 {
          throw Problem(422, "digest", "Not the bytes that were meant", "The body's SHA-256 is \(received.sha256).")
        }
        if let slash = path.lastIndex(of: "/") {
          try await world.disk.makeDirectories("\(directory)/\(path[..<slash])")
        }
        try await world.disk.rename(temporary, to: "\(directory)/\(path)")
        return received
      } catch {
        file.close()
        try? await world.disk.remove(temporary)
        throw error
      }
    } catch {
      throw WebService.problem(error)
    }
  }

  private func copy(_ body: RequestBody, to file: any DiskFile) async throws -> ReceivedFile {
    var hash = SHA256()
    var sizeBytes: Int64 = 0
    while let piece = try await body.next() {
      hash.update(piece)
      try await file.write(piece, at: sizeBytes)
      sizeBytes += Int64(piece.count)
    }
    try await file.sync()
    return ReceivedFile(sizeBytes: sizeBytes, sha256: Hex.encode(hash.finish()))
  }

  /// Removes what uploads that never ended left behind; for the node's start.
  public func sweep() async {
    guard let names = try? await world.disk.list(directory) else { return }
    for name in names where name.hasPrefix(".incoming-") {
      try? await world.disk.remove("\(directory)/\(name)")
    }
  }
}

/// Uploaded clips, each under its UUID. Loop-bound.
public final class Uploads {
  private let disk: any Disk
  private let directory: String
  private let receiver: FileReceiver

  /// - Parameter directory: below the disk's root.
  public init(world: World, directory: String) {
    disk = world.disk
    self.directory = directory
    receiver = FileReceiver(world: world, directory: directory)
  }

  /// Streams a clip in; see `FileReceiver.receive`. An empty one is refused.
  public func receive(
    _ id: UUID, body: RequestBody, announcedBytes: UInt64?
  ) async throws(Problem) -> ReceivedFile {
    let received = try await receiver.receive(id.description, body: body, announcedBytes: announcedBytes)
    guard received.sizeBytes > 0 else {
      try await remove(id)
      throw .badRequest("The upload is empty.")
    }
    return received
  }

  /// The whole clip.
  public func serve(_ id: UUID) async throws(Problem) -> WebResponse {
    do throws(DiskFailure) {
      let file = try await disk.open("\(directory)/\(id)", .read)
      var head = ResponseHead(200)
      head.add("Content-Type", "application/octet-stream")
      head.add("Cache-Control", "no-store")
      return WebResponse(head: head, parts: [.file(file, offset: 0, count: file.sizeBytes)])
    } catch {
      throw Problem(error)
    }
  }

  /// Removes a clip; one that is not there is fine.
  public func remove(_ id: UUID) async throws(Problem) {
    do throws(DiskFailure) { try await disk.remove("\(directory)/\(id)") } catch { throw Problem(error) }
  }

  public func sweep() async { await receiver.sweep() }
}
