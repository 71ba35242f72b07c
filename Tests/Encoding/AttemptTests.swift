import Base
import TestWorld
import Testing
import World

@testable import Encoding

private let probeAnswer = """
  {"streams":[{"index":0,"codec_name":"h264","codec_type":"video","width":640,"height":360,"pix_fmt":"yuv420p",
  "r_frame_rate":"25/1","avg_frame_rate":"25/1","time_base":"1/25"}],"format":{"format_name":"mov"}}
  """

@Suite struct AttemptTests {
  private func attempt(_ bed: Bed, upload node: String = "a") -> Attempt {
    let job = JobRecord(
      id: UUID(high: 1, low: 2), videoID: "film", title: nil, uploadID: UUID(high: 3, low: 4), uploadNode: node,
      createdAt: 0)
    bed.seams.files.insert("uploads/\(job.uploadID)")
    return Attempt(job, Assignment(job: job.id, attemptID: UUID(high: 5, low: 6)), service: bed.service)
  }

  private func failure(_ bed: Bed, _ attempt: Attempt) throws -> AttemptFailure {
    do {
      _ = try bed.run { try await attempt.run() }
    } catch let failure as AttemptFailure {
      // Whatever happened, nothing stays in work.
      #expect(bed.seams.removed.contains("work/\(attempt.assignment.attemptID)"))
      return failure
    }
    throw NeverEnded()
  }

  @Test func aClipThatCannotBeReadIsAtFaultItself() throws {
    let bed = Bed()
    let attempt = attempt(bed)
    let path = "/bed/uploads/\(attempt.job.uploadID)"
    bed.seams.tools = { _, _ in
      (["{", "}"], ["[mov @ 0x1] moov atom not found", "file:\(path): Invalid data found"], .exited(code: 1))
    }
    #expect(
      try failure(bed, attempt)
        == AttemptFailure("the clip cannot be read: Invalid data found", isFinal: true))
    #expect(bed.seams.commands.count == 1 && bed.seams.commands[0].arguments.contains("file:\(path)"))
  }

  @Test func anEncoderThatFailsMayDoBetterElsewhere() throws {
    let bed = Bed()
    bed.seams.tools = { command, number in
      switch number {
      case 1: (probeAnswer.split(separator: "\n").map(String.init), [], .exited(code: 0))
      case 2: (["0|K__", "1|___", "2|___"], [], .exited(code: 0))
      default: (["frame=1"], ["No space left on device"], .exited(code: 1))
      }
    }
    let attempt = attempt(bed)
    #expect(try failure(bed, attempt) == AttemptFailure("the encoder failed: No space left on device"))
    #expect(bed.seams.commands.map { $0.arguments[0] } == ["/t/ffprobe", "/t/ffprobe", "/t/ffmpeg"])
    #expect(bed.seams.commands[2].workingDirectory == "/bed/work/\(attempt.assignment.attemptID)")
    // The first of three frames is a third of what the encoder's share of the work is.
    #expect(attempt.state == .encoding && attempt.percent == 1 + 33 * 88 / 100)
  }

  @Test func anEncoderWithoutOutputIsNoTitle() throws {
    let bed = Bed()
    bed.seams.tools = { _, number in
      switch number {
      case 1: (probeAnswer.split(separator: "\n").map(String.init), [], .exited(code: 0))
      case 2: (["0|K__"], [], .exited(code: 0))
      default: ([], [], .exited(code: 0))
      }
    }
    let failure = try failure(bed, attempt(bed))
    #expect(!failure.isFinal && failure.reason.hasPrefix("no such file"))
  }

  @Test func aKilledToolAndAMissingOneAreSaid() throws {
    let bed = Bed()
    bed.seams.tools = { _, _ in ([], [], .timedOut) }
    #expect(try failure(bed, attempt(bed)).reason == "the clip cannot be read: killed after its time limit")
    bed.seams.missingTool = true
    #expect(
      try failure(bed, attempt(bed))
        == AttemptFailure("the encoder cannot be started: cannot execute /t/ffprobe"))
  }

  @Test func cancellingKillsTheTool() throws {
    let bed = Bed()
    let attempt = attempt(bed)
    // The tool does not end by itself.
    bed.seams.tools = { _, _ in ([], [], nil) }
    _ = bed.timers.schedule(after: .seconds(1)) { attempt.cancel() }
    #expect(try failure(bed, attempt) == .cancelled)
    #expect(bed.seams.killed == 1)
  }

  @Test func anUploadThatIsGoneIsFinal() throws {
    let bed = Bed()
    let here = attempt(bed)
    bed.seams.files = []
    #expect(try failure(bed, here) == AttemptFailure("the uploaded clip is gone", isFinal: true))
    let there = attempt(bed, upload: "b")
    bed.seams.answer = { _ in .success(FetchResponse(status: 404, headers: [], body: [], bodyBytes: 0)) }
    #expect(try failure(bed, there) == AttemptFailure("the uploaded clip is gone", isFinal: true))
    #expect(bed.seams.requests[0].url == "http://b:8080/api/v1/uploads/\(there.job.uploadID)")
    bed.members.nodes[1].isLive = false
    #expect(try failure(bed, attempt(bed, upload: "b")) == AttemptFailure(AssignCore.clipIsAway))
  }
}

@Suite struct CopiesTests {
  private let files = ["1.mp4", "2.m3u8"].map { PublishedFile(name: $0, sha256: "abcd", sizeBytes: 1) }
  private static let kept = Result<FetchResponse, FetchFailure>.success(
    FetchResponse(status: 201, headers: [], body: [], bodyBytes: 0))

  @Test func allFilesGoToOneOtherNode() throws {
    let bed = Bed()
    let files = files
    bed.seams.answer = { _ in Self.kept }
    let holders = try bed.run { try await bed.service.copies.spread(files) }
    #expect(holders.count == 2 && holders[0] == "a" && ["b", "c"].contains(holders[1]))
    #expect(
      bed.seams.requests.map(\.url) == files.map { "http://\(holders[1]):8080/api/v1/media/\($0.name)?sha256=abcd" })
    #expect(bed.seams.requests.allSatisfy { $0.method == .put })
  }

  @Test func aNodeThatDoesNotTakeThemIsPassedOver() throws {
    let bed = Bed()
    let files = files
    bed.seams.answer = { request in
      request.url.hasPrefix("http://c") ? Self.kept : .failure(.unreachable("refused"))
    }
    for _ in 0..<8 {
      let holders = try bed.run { try await bed.service.copies.spread(files) }
      #expect(holders == ["a", "c"])
    }
  }

  @Test func aClusterOfOneHoldsItsOwn() throws {
    let bed = Bed()
    let files = files
    bed.members.nodes = [bed.members.nodes[0]]
    let holders = try bed.run { try await bed.service.copies.spread(files) }
    #expect(holders == ["a"])
  }

  @Test func withoutASecondNodeTheAttemptFails() throws {
    let bed = Bed()
    let files = files
    bed.members.nodes[1].isLive = false
    bed.seams.answer = { _ in .success(FetchResponse(status: 507, headers: [], body: [], bodyBytes: 0)) }
    #expect(throws: AttemptFailure("no second node took the files: c:8080 answered 507 to a copy of 1.mp4")) {
      try bed.run { try await bed.service.copies.spread(files) }
    }
    #expect(bed.seams.requests.count == 6)
  }
}

@Suite struct ServiceTests {
  @Test func jobsAreCheckedBeforeTheyAreMade() throws {
    let bed = Bed()
    let upload = UUID(high: 9, low: 9)
    bed.seams.files = ["uploads/\(upload)"]
    let job = try bed.run { try await bed.service.createJob(videoID: "film", title: "Film", uploadID: upload) }
    #expect(job.state == .queued && job.uploadNode == "a" && job.videoID == "film")
    #expect(throws: EncodingFailure.noUpload) {
      try bed.run {
        try await bed.service.createJob(videoID: "film", title: nil, uploadID: UUID(high: 9, low: 8))
      }
    }
    for bad in ["", String(repeating: "x", count: 129), "a\nb"] {
      #expect(throws: EncodingFailure.self) {
        try bed.run { try await bed.service.createJob(videoID: bad, title: nil, uploadID: upload) }
      }
    }
    #expect(throws: EncodingFailure.noJob) { try bed.run { try await bed.service.job(UUID(high: 1, low: 1)) } }
  }
}
