// One attempt at a job, on the worker: fetch the clip, look at it, encode it, package it, copy it, publish it.
//
// Everything stands in a directory of the attempt's own until it is whole; a published file's name is its
// content's SHA-256, so an attempt that runs twice, or on two nodes, writes the same names. Only the last step
// changes anything that anybody sees.

import Base
import Crypto
import Media
import Query
import World

/// Why an attempt ended without a title.
struct AttemptFailure: Error, Hashable, Sendable {
  var reason: String
  /// Whether another attempt would meet the same.
  var isFinal: Bool

  init(_ reason: String, isFinal: Bool = false) {
    self.reason = reason
    self.isFinal = isFinal
  }

  init(_ failure: MediaFailure) { self.init("\(failure)", isFinal: failure.isFinal) }
  init(_ failure: DiskFailure) { self.init("\(failure)") }

  static let cancelled = AttemptFailure("another worker has the job")
}

/// Where an attempt's node keeps its files, below the disk's root.
public struct EncodingPaths: Hashable, Sendable {
  /// Clips that came in, by upload id.
  public var uploads: String
  /// Published files, by content name.
  public var media: String
  /// Work in progress, a directory an attempt; emptied at the start.
  public var work: String

  public init(uploads: String = "uploads", media: String = "media", work: String = "work") {
    self.uploads = uploads
    self.media = media
    self.work = work
  }
}

/// A published file on this node.
struct PublishedFile: Hashable, Sendable {
  /// Below the media directory.
  var name: String
  /// 64 hexadecimal digits.
  var sha256: String
  var sizeBytes: Int64
}

/// An attempt under way. Loop-bound.
final class Attempt {
  /// Bytes read and hashed at once.
  private static let pieceBytes = 256 << 10
  /// ffprobe's longest answer, bytes.
  private static let maxProbeBytes = 1 << 20
  /// Lines of a tool's errors that are kept.
  private static let maxErrorLines = 20

  let job: JobRecord
  let assignment: Assignment
  let service: EncodingService
  private(set) var state = JobState.probing
  private(set) var percent = 0
  private var child: (any ChildProcess)?
  private var isCancelled = false

  private var world: World { service.world }
  private var directory: String { "\(service.paths.work)/\(assignment.attemptID)" }

  init(_ job: JobRecord, _ assignment: Assignment, service: EncodingService) {
    self.job = job
    self.assignment = assignment
    self.service = service
  }

  /// Ends it as soon as may be: its tool is killed, nothing is published.
  func cancel() {
    isCancelled = true
    child?.kill()
  }

  /// Runs it to its end, and removes what it left in work.
  /// - Returns: the published title.
  func run() async throws(AttemptFailure) -> Publication {
    let result: Result<Publication, AttemptFailure>
    do throws(AttemptFailure) {
      result = .success(try await steps())
    } catch {
      result = .failure(isCancelled ? .cancelled : error)
    }
    try? await world.disk.remove(directory)
    return try result.get()
  }

  private func steps() async throws(AttemptFailure) -> Publication {
    try await disk { () throws(DiskFailure) in try await self.world.disk.makeDirectories(self.directory) }
    try await step(.probing, 0)
    let input = try await fetchInput()
    let plan = try await probe(input)
    try await step(.encoding, 1)
    try await encode(plan, input)
    try await step(.packaging, 90)
    let (title, files) = try await package(plan)
    try await step(.copying, 96)
    let holders = try await service.copies.spread(files)
    try await step(.copying, 99)
    return publication(plan, title, files, holders)
  }

  private func step(_ next: JobState, _ percent: Int) async throws(AttemptFailure) {
    if isCancelled { throw .cancelled }
    state = next
    self.percent = percent
    await service.beat(self)
    if isCancelled { throw .cancelled }
  }

  private func disk<T>(_ body: () async throws(DiskFailure) -> T) async throws(AttemptFailure) -> T {
    do throws(DiskFailure) { return try await body() } catch { throw AttemptFailure(error) }
  }

  // MARK: the clip

  /// The clip's absolute path: where it was uploaded, or a copy in the attempt's directory.
  private func fetchInput() async throws(AttemptFailure) -> String {
    let upload = "\(service.paths.uploads)/\(job.uploadID)"
    if job.uploadNode == service.localHostID {
      let status = try await disk { () throws(DiskFailure) in try await self.world.disk.status(upload) }
      guard let status, !status.isDirectory else { throw AttemptFailure("the uploaded clip is gone", isFinal: true) }
      return try await disk { () throws(DiskFailure) in try self.world.disk.absolutePath(upload) }
    }
    let copy = try await disk { () throws(DiskFailure) in try self.world.disk.absolutePath("\(self.directory)/input") }
    try await service.copies.fetchUpload(job.uploadID, from: job.uploadNode, to: copy)
    return copy
  }

  private func probe(_ input: String) async throws(AttemptFailure) -> EncodePlan {
    var answer = ""
    let asked = try await tool(Probe.streams(service.tools, input: input), input) { line in
      if answer.utf8.count + line.utf8.count < Self.maxProbeBytes { answer += line + "\n" }
    }
    if let reason = asked { throw AttemptFailure(.unreadable(reason)) }
    do throws(MediaFailure) {
      let info = try SourceInfo(ffprobe: answer)
      var scan = PacketScan()
      let packets = Probe.packets(service.tools, input: input, stream: info.video.index)
      let counted: String?
      do throws(AttemptFailure) {
        counted = try await tool(packets, input) { scan.take(line: $0) }
      } catch {
        throw .toolMissing(error.reason)
      }
      if let reason = counted { throw .unreadable(reason) }
      return try EncodePlan(info, try scan.finish(info.video), service.settings)
    } catch {
      throw AttemptFailure(error)
    }
  }

  private func encode(_ plan: EncodePlan, _ input: String) async throws(AttemptFailure) {
    let path = try await disk { () throws(DiskFailure) in try self.world.disk.absolutePath(self.directory) }
    var progress = EncodeProgress()
    let failed = try await tool(plan.command(service.tools, input: input, directory: path), input) { line in
      if progress.take(line: line) { self.percent = 1 + progress.percent(of: plan.expectedFrames) * 88 / 100 }
    }
    if let failed { throw AttemptFailure(.encoderFailed(failed)) }
  }

  /// Runs a tool; nil if it ended well, else its last words.
  private func tool(
    _ command: ProcessCommand, _ input: String, output: @escaping (String) -> Void
  ) async throws(AttemptFailure) -> String? {
    if isCancelled { throw .cancelled }
    var errors: [String] = []
    let result: Result<ProcessStatus, ProcessFailure> = await suspend { resume in
      do throws(ProcessFailure) {
        child = try world.processes.spawn(command) { channel, line in
          if channel == .output {
            output(line)
          } else {
            errors.append(line)
            if errors.count > Self.maxErrorLines { errors.removeFirst() }
          }
        } exited: { status in
          self.child = nil
          resume(.success(status))
        }
      } catch {
        resume(.failure(error))
      }
    }
    if isCancelled { throw .cancelled }
    do throws(ProcessFailure) {
      let status = try result.get()
      if status.isSuccess { return nil }
      if status != .exited(code: 1), errors.isEmpty { return "\(status)" }
      return Probe.reason(errors.joined(separator: "\n"), input: input)
    } catch {
      throw AttemptFailure(.toolMissing("\(error)"))
    }
  }

  // MARK: packaging

  private func package(_ plan: EncodePlan) async throws(AttemptFailure) -> (PublishedTitle, [PublishedFile]) {
    try await disk { () throws(DiskFailure) in try await self.world.disk.makeDirectories(self.service.paths.media) }
    var files: [PublishedFile] = []
    var videos: [PublishedVideo] = []
    for (index, rung) in plan.rungs.enumerated() {
      let name = plan.videoFile(index)
      let expected = videos.first?.track.frameCount
      let file = try await scan(name)
      let track = try checked(name) { () throws(TrackError) in
        try file.packedVideo(plan, rung: rung, expectedFrames: expected)
      }
      let published = try await write(track.pieces, from: name)
      files.append(published)
      videos.append(PublishedVideo(name: published.name, rung: rung, track: track))
    }
    let picture = videos[0].track
    try Self.check(picture.frameCount, against: plan)
    let starts = picture.segments.map(\.startTicks) + [picture.durationTicks]
    var audios: [PublishedAudio] = []
    for (index, sound) in plan.audio.enumerated() {
      let name = plan.audioFile(index)
      let file = try await scan(name)
      let track = try checked(name) { () throws(TrackError) in
        try file.packedAudio(sound, starts: starts, timescale: picture.timescale)
      }
      let published = try await write(track.pieces, from: name)
      files.append(published)
      audios.append(PublishedAudio(name: published.name, plan: sound, track: track))
    }
    let title = PublishedTitle(rate: plan.timing.rate, videos: videos, audios: audios)
    files += try await manifests(title)
    return (title, files)
  }

  /// A clip of which a hundredth cannot be decoded is a broken clip; one that loses a frame at a cut is not.
  private static func check(_ frames: Int, against plan: EncodePlan) throws(AttemptFailure) {
    let expected = plan.expectedFrames
    guard abs(frames - expected) * 100 <= expected else {
      throw AttemptFailure(.unreadable("only \(frames) of its \(expected) frames can be decoded"))
    }
  }

  private func checked<T>(_ name: String, _ body: () throws(TrackError) -> T) throws(AttemptFailure) -> T {
    do throws(TrackError) { return try body() } catch { throw AttemptFailure(.badOutput("\(name): \(error)")) }
  }

  private func scan(_ name: String) async throws(AttemptFailure) -> TrackFile {
    let path = "\(directory)/\(name)"
    let file = try await disk { () throws(DiskFailure) in try await self.world.disk.open(path, .read) }
    defer { file.close() }
    var scan = TrackScan(sizeBytes: file.sizeBytes)
    while let wanted = scan.wanted {
      let bytes = try await disk { () throws(DiskFailure) in
        try await file.read(at: wanted.offset, count: Int(wanted.count))
      }
      do throws(TrackError) { try scan.take(bytes) } catch { throw AttemptFailure(.badOutput("\(name): \(error)")) }
    }
    do throws(TrackError) { return try scan.finish() } catch { throw AttemptFailure(.badOutput("\(name): \(error)")) }
  }

  /// Writes a track from its pieces, hashing as it goes, and gives it its content's name.
  private func write(_ pieces: [PackPiece], from name: String) async throws(AttemptFailure) -> PublishedFile {
    let source = try await disk { () throws(DiskFailure) in
      try await self.world.disk.open("\(self.directory)/\(name)", .read)
    }
    defer { source.close() }
    let temporary = "\(directory)/\(name).packed"
    let target = try await disk { () throws(DiskFailure) in try await self.world.disk.open(temporary, .create) }
    defer { target.close() }
    var hash = SHA256()
    var buffer: [UInt8] = []
    for piece in pieces {
      switch piece {
      case .bytes(let bytes): buffer += bytes
      case .source(let range):
        var at = range.offset
        while at < range.end {
          let count = Int(min(Int64(Self.pieceBytes), range.end - at))
          let bytes = try await disk { () throws(DiskFailure) in try await source.read(at: at, count: count) }
          guard bytes.count == count else { throw AttemptFailure(.badOutput("\(name) became shorter")) }
          buffer += bytes
          at += Int64(count)
          if buffer.count >= Self.pieceBytes { try await flush(&buffer, &hash, target) }
        }
      }
      if isCancelled { throw .cancelled }
    }
    try await flush(&buffer, &hash, target)
    try await disk { () throws(DiskFailure) in try await target.sync() }
    let digest = Hex.encode(hash.finish())
    let published = PublishedFile(name: "\(digest).mp4", sha256: digest, sizeBytes: target.sizeBytes)
    let path = "\(service.paths.media)/\(published.name)"
    try await disk { () throws(DiskFailure) in try await self.world.disk.rename(temporary, to: path) }
    return published
  }

  private func flush(
    _ buffer: inout [UInt8], _ hash: inout SHA256, _ file: any DiskFile
  ) async throws(AttemptFailure) {
    guard !buffer.isEmpty else { return }
    let bytes = buffer
    buffer.removeAll(keepingCapacity: true)
    hash.update(bytes)
    try await disk { () throws(DiskFailure) in try await file.append(bytes) }
  }

  /// The media playlists, then what names them. The last two are the MPD and the multivariant playlist.
  private func manifests(_ title: PublishedTitle) async throws(AttemptFailure) -> [PublishedFile] {
    var files: [PublishedFile] = []
    for video in title.videos {
      files.append(try await publish(video.track.mediaPlaylist(name: video.name), "m3u8"))
    }
    for audio in title.audios {
      files.append(try await publish(audio.track.mediaPlaylist(name: audio.name), "m3u8"))
    }
    let names = files.map(\.name)
    let playlist = title.multivariantPlaylist(
      videoPlaylists: Array(names.prefix(title.videos.count)),
      audioPlaylists: Array(names.dropFirst(title.videos.count)))
    files.append(try await publish(title.dashManifest, "mpd"))
    files.append(try await publish(playlist, "m3u8"))
    return files
  }

  private func publish(_ text: String, _ type: String) async throws(AttemptFailure) -> PublishedFile {
    let bytes = [UInt8](text.utf8)
    let digest = Hex.encode(SHA256.digest(bytes))
    let file = PublishedFile(name: "\(digest).\(type)", sha256: digest, sizeBytes: Int64(bytes.count))
    let path = "\(service.paths.media)/\(file.name)"
    try await disk { () throws(DiskFailure) in try await self.world.disk.replace(path, with: bytes) }
    return file
  }

  private func publication(
    _ plan: EncodePlan, _ title: PublishedTitle, _ files: [PublishedFile], _ holders: [String]
  ) -> Publication {
    let playlists = files.suffix(title.videos.count + title.audios.count + 2).prefix(title.videos.count)
    let segment = title.segmentMicroseconds / 1000
    let variants = zip(title.videos, playlists).map { video, playlist in
      JSON.object([
        "bitrate": .integer((video.track.averageBitrate + 999) / 1000), "resolution": .string(video.rung.label),
        "codec": "h264", "manifest_url": .string("/media/\(playlist.name)"), "segment_duration_ms": .integer(segment),
        "width": .integer(Int64(video.rung.size.width)), "height": .integer(Int64(video.rung.size.height)),
        "peak_bitrate": .integer((video.track.peakBitrate + 999) / 1000),
      ])
    }
    let sounds = title.audios.map { audio in
      JSON.object([
        "language": .string(audio.plan.language), "format": .string(audio.plan.formatName), "codec": "aac",
        "bitrate": .integer((audio.track.averageBitrate + 999) / 1000),
      ])
    }
    return Publication(
      videoID: job.videoID, title: job.title, jobID: job.id, attemptID: assignment.attemptID,
      dashPath: files[files.count - 2].name, hlsPath: files[files.count - 1].name, variants: .array(variants),
      audioTracks: .array(sounds), subtitleTracks: .array([]), segmentMilliseconds: segment,
      durationMilliseconds: title.durationMicroseconds / 1000, holders: holders)
  }
}
