import Testing

@testable import Media

/// A fraction of two positive numbers.
func ratio(_ numerator: Int64, _ denominator: Int64) -> Rational {
  guard let rational = Rational(numerator, denominator) else { preconditionFailure("\(numerator)/\(denominator)") }
  return rational
}

/// A clip of 1280x720 with some sound, at any rate.
func clip(
  rate: Rational = Rational(24), frames: Int = 100, channels: [Int] = [2], startMicroseconds: Int64 = 0,
  isConstant: Bool = true
) -> (SourceInfo, FrameTiming) {
  let video = VideoSource(
    index: 0, codec: "h264", storedSize: PixelSize(1280, 720), sampleAspect: Rational(1), rotation: 0,
    pixelFormat: "yuv420p", isInterlaced: false, isHighDynamicRange: false, averageRate: rate, nominalRate: rate,
    timeBase: ratio(1, 90_000), startMicroseconds: startMicroseconds)
  let audio = channels.enumerated().map {
    AudioSource(index: $0.offset + 1, codec: "aac", channels: $0.element, sampleRate: 44_100, language: "en")
  }
  let info = SourceInfo(
    format: "mov", startMicroseconds: 0, durationMicroseconds: nil, video: video, audio: audio, subtitleCount: 0)
  let span = Int64((Double(frames) / rate.double * 1e6).rounded())
  return (info, FrameTiming(frameCount: frames, rate: rate, isConstant: isConstant, spanMicroseconds: span))
}

@Suite struct PlanTests {
  private let tools = MediaTools(ffmpegPath: "/opt/ffmpeg", ffprobePath: "/opt/ffprobe")

  @Test func timescalesAndSegmentsAreWholeFrames() throws {
    let cases: [(Rational, Int64, Int64, Int)] = [
      (Rational(24), 24_000, 1000, 48), (ratio(24000, 1001), 24_000, 1001, 48), (Rational(25), 25_000, 1000, 50),
      (ratio(30000, 1001), 30_000, 1001, 60), (ratio(60000, 1001), 60_000, 1001, 120),
      (ratio(25, 2), 25_000, 2000, 25), (Rational(1), 1000, 1000, 2), (ratio(2997, 100), 29_970, 1000, 60),
    ]
    for (rate, timescale, ticks, frames) in cases {
      let (info, timing) = clip(rate: rate)
      let plan = try EncodePlan(info, timing)
      #expect(plan.timescale == timescale && plan.frameTicks == ticks && plan.segmentFrames == frames, "\(rate)")
      // A frame's time is whole: timescale over ticks is the rate.
      #expect(Rational(plan.timescale, plan.frameTicks) == rate)
    }
    let (info, timing) = clip(rate: Rational(240))
    #expect(throws: MediaFailure.self) { try EncodePlan(info, timing) }
  }

  @Test func soundLastsAsLongAsThePicture() throws {
    let (info, timing) = clip(rate: ratio(30000, 1001), frames: 150)
    let plan = try EncodePlan(info, timing)
    #expect(plan.audioSamples(frames: 150) == 240_240)
    #expect(plan.audioSamples(frames: 1) == 1602)
    #expect(plan.audio.map(\.bitrateKbps) == [128])
    let (many, _) = clip(channels: [1, 2, 3, 6, 8])
    #expect(try EncodePlan(many, timing).audio.map(\.formatName) == ["mono", "stereo", "stereo", "5.1", "5.1"])
  }

  @Test func settingsStayWithinBounds() {
    let wild = EncodeSettings(constantRateFactor: -5, threads: 4000, segmentSeconds: 0)
    #expect(wild.constantRateFactor == 16 && wild.threads == 16 && wild.segmentSeconds == 1)
  }

  @Test func theCommandIsAnArgumentListWithLimits() throws {
    let (info, timing) = clip()
    let plan = try EncodePlan(info, timing)
    let command = plan.command(tools, input: "/data/up load;rm", directory: "/data/work/1")
    let arguments = command.arguments
    #expect(arguments[0] == "/opt/ffmpeg")
    #expect(arguments.contains("-nostdin"))
    #expect(arguments.contains("file:/data/up load;rm"))
    let input = try #require(arguments.firstIndex(of: "-i"))
    #expect(try #require(arguments.firstIndex(of: "-protocol_whitelist")) < input)
    #expect(try #require(arguments.firstIndex(of: "-format_whitelist")) < input)
    #expect(arguments.filter { $0 == "expr:eq(mod(n,48),0)" }.count == 3)
    #expect(arguments.filter { $0.hasSuffix(".mp4") } == ["v0.mp4", "v1.mp4", "v2.mp4", "a0.mp4"])
    #expect(command.workingDirectory == "/data/work/1")
    #expect(command.inherited.isEmpty)
    #expect(command.limits.cpuSeconds != nil && command.limits.fileSizeBytes != nil && command.limits.wallTime != nil)
  }

  @Test func theGraphDecodesOnceAndNumbersFrames() throws {
    let (info, timing) = clip(rate: ratio(24000, 1001), frames: 48)
    let graph = try EncodePlan(info, timing).filterGraph
    #expect(
      graph == """
        [0:0]settb=1001/24000,setpts=N,fps=24000/1001,split=3[s0][s1][s2];\
        [s0]scale=1280:720:flags=bicubic:out_range=tv,setsar=1,format=yuv420p[v0];\
        [s1]scale=640:360:flags=bicubic:out_range=tv,setsar=1,format=yuv420p[v1];\
        [s2]scale=426:240:flags=bicubic:out_range=tv,setsar=1,format=yuv420p[v2];\
        [0:1]aresample=48000:async=1:first_pts=0,aformat=channel_layouts=stereo,apad=whole_len=96096,\
        atrim=end_sample=96096[a0]
        """)
    let (late, _) = clip(channels: [1], startMicroseconds: 500_000)
    #expect(try EncodePlan(late, timing).filterGraph.contains("[0:1]asetpts=PTS-500000/1000000/TB,aresample"))
    let (silent, variable) = clip(channels: [], isConstant: false)
    let plan = try EncodePlan(silent, variable)
    #expect(plan.filterGraph.hasPrefix("[0:0]setpts=PTS-STARTPTS,fps=24,split=3"))
    #expect(!plan.filterGraph.contains("[a0]"))
  }

  @Test func progressCountsFrames() {
    var progress = EncodeProgress()
    for line in ["frame=10", "fps=24.0", "frame= 50", "frame=abc", "out_time=N/A", "frame=40", "="] {
      _ = progress.take(line: line)
    }
    #expect(progress.frames == 50)
    #expect(progress.percent(of: 100) == 50)
    #expect(progress.percent(of: 50) == 99)
    #expect(progress.percent(of: 0) == 0)
    let goesOn = progress.take(line: "progress=continue")
    let ends = progress.take(line: "progress=end")
    #expect(!goesOn && ends)
    #expect(progress.percent(of: 100) == 100)
  }
}
