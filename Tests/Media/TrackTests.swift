import Base
import Testing

@testable import Media

@Suite struct TrackTests {
  private func plan(frames: Int = 100, channels: [Int] = [2]) throws -> EncodePlan {
    let (info, timing) = clip(frames: frames, channels: channels)
    return try EncodePlan(info, timing)
  }

  @Test func readsAPictureTrack() throws {
    let plan = try plan()
    let file = try Fixture.scan(Fixture.video(plan, plan.rungs[0], frames: 100))
    #expect(file.header.kind == .video(PixelSize(1280, 720)))
    #expect(file.header.codec == "avc1.64001f")
    #expect(file.header.timescale == 24_000)
    #expect(file.sampleCount == 100 && file.durationTicks == 100_000)
    #expect(file.fragments.map(\.contents.samples.count) == [48, 48, 4])
    #expect(file.fragments.allSatisfy { $0.contents.startsWithSync && $0.contents.syncCount == 1 })
  }

  @Test func readsASoundTrack() throws {
    let file = try Fixture.scan(Fixture.sound(channels: 6, frames: 200))
    #expect(file.header.kind == .audio(channels: 6, sampleRate: 48_000))
    #expect(file.header.codec == "mp4a.40.2")
    #expect(file.header.skippedTicks == 1024)
    #expect(file.fragments.map(\.contents.samples.count) == [94, 94, 12])
  }

  @Test func packsThePictureWithAnIndexInFront() throws {
    let plan = try plan()
    let source = Fixture.video(plan, plan.rungs[0], frames: 100)
    let track = try Fixture.scan(source).packedVideo(plan, rung: plan.rungs[0], expectedFrames: nil)
    let packed = Fixture.carryOut(track, source)
    #expect(Int64(packed.count) == track.sizeBytes)
    #expect(track.segments.map(\.startTicks) == [0, 48_000, 96_000])
    #expect(track.segments.map(\.durationTicks) == [48_000, 48_000, 4000])
    #expect(track.index.offset == track.initialisation.end)
    #expect(track.segments[0].range.offset == track.index.end)
    #expect(track.segments.last?.range.end == track.sizeBytes)
    for segment in track.segments {
      #expect(Array(packed[Int(segment.range.offset) + 4..<Int(segment.range.offset) + 8]) == Array("styp".utf8))
      let at = Int(segment.fragment.offset)
      #expect(Array(packed[at + 4..<at + 8]) == Array("moof".utf8))
      #expect(segment.fragment.end == segment.range.end)
    }
    #expect(track.averageBitrate > 0 && track.peakBitrate >= track.averageBitrate)
  }

  @Test func holdsThePictureAgainstThePlan() throws {
    let plan = try plan()
    let rung = plan.rungs[0]
    let good = try Fixture.scan(Fixture.video(plan, rung, frames: 100))
    #expect(throws: TrackError.self) { try good.packedVideo(plan, rung: plan.rungs[1], expectedFrames: nil) }
    #expect(throws: TrackError.self) { try good.packedVideo(plan, rung: rung, expectedFrames: 99) }
    let head = Fixture.header(timescale: 24_000, entry: Fixture.avc1(1280, 720))
    let sizes = [Int](repeating: 50, count: 48)
    let wrong: [String: [UInt8]] = [
      "a short segment in the middle": Fixture.pictureFragment(Array(sizes.prefix(40)), duration: 1000, at: 0)
        + Fixture.pictureFragment(sizes, duration: 1000, at: 40_000),
      "another frame duration": Fixture.pictureFragment(sizes, duration: 999, at: 0),
      "no key frame first": Fixture.fragment(sizes, duration: 1000, at: 0, isSync: false),
    ]
    for (what, fragments) in wrong {
      #expect(throws: TrackError.self, "\(what)") {
        try Fixture.scan(head + fragments).packedVideo(plan, rung: rung, expectedFrames: nil)
      }
    }
  }

  @Test func soundIsCutWhereThePictureIs() throws {
    let plan = try plan(frames: 100)
    // 100 frames at 24 are 200,000 samples: 196 AAC frames behind the priming one, the last cut off in playing.
    let source = Fixture.sound(channels: 2, frames: 230)
    let track = try Fixture.scan(source).packedAudio(
      plan.audio[0], starts: [0, 48_000, 96_000, 100_000], timescale: 24_000)
    #expect(track.segments.count == 3)
    for (segment, start) in zip(track.segments, [Int64(0), 96_000, 192_000]) {
      #expect(segment.startTicks <= start && start - segment.startTicks < 1024)
    }
    for (a, b) in zip(track.segments, track.segments.dropFirst()) {
      #expect(a.startTicks + a.durationTicks == b.startTicks && a.range.end == b.range.offset)
    }
    let end = track.segments[2].startTicks + track.segments[2].durationTicks
    #expect(end >= 200_000 && end - 200_000 < 1024)
    // What was written can be read again, sample for sample.
    let packed = Fixture.carryOut(track, source)
    let media = Array(packed[Int(track.index.end)...]).split(styp: FragmentWriter.segmentType)
    let again = try Fixture.scan(Array(packed.prefix(Int(track.initialisation.end))) + media)
    let before = try Fixture.scan(source).fragments.flatMap(\.contents.samples)
    #expect(again.fragments.flatMap(\.contents.samples) == Array(before.prefix(again.sampleCount)))
    #expect(
      again.fragments.map(\.contents.decodeTime) == track.segments.map { $0.startTicks == 0 ? 0 : $0.startTicks + 1024 }
    )
  }

  @Test func soundOfTheWrongKindIsRefused() throws {
    let plan = try plan(channels: [6])
    let stereo = try Fixture.scan(Fixture.sound(channels: 2, frames: 50))
    #expect(throws: TrackError.self) { try stereo.packedAudio(plan.audio[0], starts: [0, 100], timescale: 24_000) }
    let picture = try Fixture.scan(Fixture.video(plan, plan.rungs[0], frames: 48))
    #expect(throws: TrackError.self) { try picture.packedAudio(plan.audio[0], starts: [0, 100], timescale: 24_000) }
  }

  // MARK: hostile bytes

  /// Reads whatever it is; only typed errors may come out.
  private func survives(_ file: [UInt8]) {
    do throws(TrackError) {
      let track = try Fixture.scan(file)
      let (info, timing) = clip()
      guard let plan = try? EncodePlan(info, timing) else { return }
      _ = try track.packedVideo(plan, rung: plan.rungs[0], expectedFrames: nil)
    } catch {
      #expect(!error.reason.isEmpty)
    }
  }

  @Test func everyTruncationIsAnError() throws {
    let plan = try plan()
    let file = Fixture.video(plan, plan.rungs[0], frames: 50)
    let small = file.count - 6000
    for count in Array(0..<small) + [file.count - 1] {
      #expect(throws: TrackError.self, "\(count)") { try Fixture.scan(Array(file.prefix(count))) }
    }
  }

  @Test func noChangedByteTraps() throws {
    let plan = try plan(channels: [1])
    for file in [Fixture.video(plan, plan.rungs[0], frames: 50), Fixture.sound(channels: 1, frames: 3)] {
      for index in 0..<min(file.count, 1400) {
        for value in [0, 1, 0x7F, 0x80, 0xFF, file[index] ^ 1] as [UInt8] where value != file[index] {
          var changed = file
          changed[index] = value
          survives(changed)
        }
      }
    }
  }

  @Test func randomDamageDoesNotTrap() throws {
    let seed: UInt64 = 0x6D65_6469_61
    var random = seed
    func next() -> UInt64 {
      random ^= random << 13
      random ^= random >> 7
      random ^= random << 17
      return random
    }
    let plan = try plan()
    let file = Fixture.video(plan, plan.rungs[0], frames: 20)
    for _ in 0..<2000 {
      var changed = file
      for _ in 0..<(next() % 6 + 1) { changed[Int(next() % UInt64(min(1000, file.count)))] = UInt8(next() & 0xFF) }
      if next() % 4 == 0 { changed.removeLast(Int(next() % UInt64(file.count))) }
      survives(changed)
    }
    #expect(random != seed, "seed \(seed)")
  }

  @Test func liesAboutLengthsAreErrors() throws {
    let head = Fixture.header(timescale: 24_000, entry: Fixture.avc1(64, 64))
    let cases: [String: [UInt8]] = [
      "a box to the file's end": Fixture.be32(0) + Array("mdat".utf8),
      "a box of 2^63 bytes": Fixture.be32(1) + Array("moof".utf8) + [0x7F] + [UInt8](repeating: 0xFF, count: 7),
      "a box smaller than its header": Fixture.be32(7) + Array("moof".utf8),
      "mdat without moof": Fixture.box("mdat", Fixture.zeros(4)),
      "a second moov": Fixture.header(timescale: 1, entry: Fixture.avc1(64, 64)),
      "samples that are not there": Fixture.box(
        "moof",
        Fixture.box(
          "traf", Fixture.box("tfhd", Fixture.be32(0x2_0000), Fixture.be32(1)),
          Fixture.box("tfdt", Fixture.be32(0), Fixture.be32(0)),
          Fixture.box("trun", Fixture.be32(0x201), Fixture.be32(0x7FFF_FFFF), Fixture.be32(0)))),
    ]
    for (what, bytes) in cases { #expect(throws: TrackError.self, "\(what)") { try Fixture.scan(head + bytes) } }
    #expect(throws: TrackError.self) { try Fixture.scan(head) }
    #expect(throws: TrackError.self) { try Fixture.scan([]) }
  }
}

extension [UInt8] {
  /// The bytes without any styp of that text.
  fileprivate func split(styp: [UInt8]) -> [UInt8] {
    var rest: [UInt8] = []
    var at = 0
    while at < count {
      if self[at...].starts(with: styp) {
        at += styp.count
      } else {
        rest.append(self[at])
        at += 1
      }
    }
    return rest
  }
}
