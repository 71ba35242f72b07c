import Testing

@testable import Media

@Suite struct ProbeTests {
  private let trailer = """
    {"programs":[],"streams":[{"index":0,"codec_name":"h264","codec_type":"video","width":1280,"height":720,
    "pix_fmt":"yuv420p","field_order":"progressive","r_frame_rate":"24/1","avg_frame_rate":"24/1",
    "time_base":"1/12288","start_time":"0.000000","disposition":{"attached_pic":0}},
    {"index":1,"codec_name":"mp3","codec_type":"audio","sample_rate":"44100","channels":2,"r_frame_rate":"0/0",
    "avg_frame_rate":"0/0","time_base":"1/44100","tags":{"language":"eng"}}],
    "format":{"format_name":"mov,mp4,m4a,3gp,3g2,mj2","start_time":"0.000000","duration":"55.125000"}}
    """

  @Test func readsAClip() throws {
    let info = try SourceInfo(ffprobe: trailer)
    #expect(info.video.storedSize == PixelSize(1280, 720))
    #expect(info.video.displaySize == PixelSize(1280, 720))
    #expect(info.video.averageRate == Rational(24))
    #expect(info.video.timeBase == Rational(1, 12288))
    #expect(info.durationMicroseconds == 55_125_000)
    #expect(info.audio == [AudioSource(index: 1, codec: "mp3", channels: 2, sampleRate: 44_100, language: "en")])
  }

  private func video(_ members: String) throws -> VideoSource {
    let base = #""index":0,"codec_type":"video","codec_name":"h264","time_base":"1/1000""#
    return try SourceInfo(ffprobe: #"{"streams":[{\#(base),\#(members)}],"format":{}}"#).video
  }

  @Test func displaySizeFollowsPixelShapeAndRotation() throws {
    let wide = try video(#""width":720,"height":576,"sample_aspect_ratio":"64:45""#)
    #expect(wide.displaySize == PixelSize(1024, 576))
    let turned = try video(#""width":1920,"height":1080,"side_data_list":[{"rotation":-90}]"#)
    #expect(turned.rotation == 90 && turned.displaySize == PixelSize(1080, 1920))
    let other = try video(#""width":1920,"height":1080,"side_data_list":[{},{"rotation":90}]"#)
    #expect(other.rotation == 270 && other.displaySize == PixelSize(1080, 1920))
    let absurd = try video(#""width":64,"height":48,"sample_aspect_ratio":"1000:1""#)
    #expect(absurd.sampleAspect == Rational(1))
    #expect(try video(#""width":64,"height":48,"field_order":"tt""#).isInterlaced)
    #expect(try video(#""width":64,"height":48,"color_transfer":"arib-std-b67""#).isHighDynamicRange)
  }

  @Test func refusesWhatIsNoClip() {
    func streams(_ members: String) -> String { #"{"streams":[{"index":0,\#(members)}],"format":{}}"# }
    let cases: [(String, MediaFailure?)] = [
      ("", nil), ("{}", nil), ("[1]", nil), (#"{"streams":[],"format":{}}"#, .noVideo),
      (streams(#""codec_type":"audio","codec_name":"aac""#), .noVideo),
      // A cover image is no picture.
      (streams(#""codec_type":"video","codec_name":"mjpeg","disposition":{"attached_pic":1}"#), .noVideo),
      (streams(#""codec_type":"video","width":8,"height":8"#), nil),
      (streams(#""codec_type":"video","codec_name":"x""#), nil),
      (streams(#""codec_type":"video","codec_name":"x","width":99999,"height":720,"time_base":"1/1""#), nil),
      (
        streams(#""codec_type":"video","codec_name":"x","width":640,"height":360"#),
        .unreadable("its video has no time base")
      ),
    ]
    for (text, expected) in cases {
      do throws(MediaFailure) {
        _ = try SourceInfo(ffprobe: text)
        Issue.record("accepted: \(text)")
      } catch {
        #expect(error.isFinal)
        if let expected { #expect(error == expected) }
      }
    }
  }

  @Test func languagesAreTagsOrUndetermined() {
    #expect(Language.tag("eng") == "en" && Language.tag("DEU") == "de" && Language.tag("pt-br") == "pt-br")
    for text in [nil, "", "x", "en\"><x", "a very long language name"] { #expect(Language.tag(text) == "und") }
  }

  @Test func reasonsHaveNoPaths() {
    let input = "/srv/media/uploads/1234"
    #expect(
      Probe.reason("[mov @ 0x1] moov atom not found\nfile:\(input): Invalid data found\n", input: input)
        == "Invalid data found")
    #expect(
      Probe.reason("[concat @ 0x7f] Format not on whitelist 'mov'\nfile:\(input): Invalid argument", input: input)
        == "its format (concat) is not accepted")
    #expect(Probe.reason("[libx264 @ 0x55] broken", input: input) == "broken")
    #expect(Probe.reason("\n", input: input) == "the tool gave no reason")
    #expect(Probe.reason(String(repeating: "x", count: 9999), input: input).count == 300)
  }
}

@Suite struct FrameTimingTests {
  private func source(average: Rational?, nominal: Rational?, timeBase: Rational) -> VideoSource {
    VideoSource(
      index: 0, codec: "h264", storedSize: PixelSize(640, 360), sampleAspect: Rational(1), rotation: 0,
      pixelFormat: "yuv420p", isInterlaced: false, isHighDynamicRange: false, averageRate: average,
      nominalRate: nominal, timeBase: timeBase, startMicroseconds: 0)
  }

  private func timing(_ lines: [String], _ video: VideoSource) throws(MediaFailure) -> FrameTiming {
    var scan = PacketScan()
    for line in lines { scan.take(line: line) }
    return try scan.finish(video)
  }

  @Test func constantRatesAreSeenThroughReorderingAndRounding() throws {
    let film = source(average: Rational(24000, 1001), nominal: nil, timeBase: ratio(1, 24000))
    let order = [0, 3, 1, 2, 6, 4, 5]
    let exact = try timing(order.map { "\($0 * 1001 + 2002)|K__" }, film)
    #expect(
      exact == FrameTiming(frameCount: 7, rate: ratio(24000, 1001), isConstant: true, spanMicroseconds: 291_958))
    // Matroska's milliseconds: 0, 42, 83, 125, ... are 24000/1001 all the same.
    let rounded = (0..<500).map { "\((Double($0) * 1001 / 24).rounded().formatted)|___" }
    let matroska = source(average: Rational(24000, 1001), nominal: nil, timeBase: ratio(1, 1000))
    #expect(try timing(rounded, matroska).isConstant)
    #expect(try timing(rounded, matroska).encodedFrames == 500)
    // A wrong average is overruled by the timestamps.
    let wrong = source(average: Rational(17), nominal: Rational(90_000), timeBase: ratio(1, 1000))
    #expect(try timing((0..<100).map { "\($0 * 40)|___" }, wrong).rate == Rational(25))
  }

  @Test func discardedPacketsDoNotCount() throws {
    let video = source(average: Rational(25), nominal: Rational(25), timeBase: ratio(1, 25))
    let result = try timing(["-1|KD_", "0|K__", "1|___", "nonsense", ""], video)
    #expect(result.frameCount == 2)
  }

  @Test func aMissingFrameMakesItVariable() throws {
    let video = source(average: Rational(24), nominal: Rational(25), timeBase: ratio(1, 1000))
    let lines = (0..<50).filter { $0 != 20 }.map { "\($0 * 40)|___" }
    let result = try timing(lines, video)
    #expect(!result.isConstant && result.rate == Rational(25) && result.frameCount == 49)
    #expect(result.encodedFrames == 50)
  }

  @Test func withoutTimestampsTheContainersRateCounts() throws {
    let video = source(average: nil, nominal: Rational(30), timeBase: ratio(1, 30))
    #expect(try timing(["N/A|K__", "N/A|___"], video).frameCount == 2)
    #expect(throws: MediaFailure.self) { try timing([], video) }
    let unknown = source(average: nil, nominal: nil, timeBase: ratio(1, 30))
    #expect(throws: MediaFailure.self) { try timing(["N/A|K__"], unknown) }
  }
}

extension Double {
  fileprivate var formatted: String { String(Int(self)) }
}
