// The MPD (ISO/IEC 23009-1), on-demand profile: each representation is one file whose sidx the player
// reads, so the manifest stays small whatever the title's length.

extension PublishedTitle {
  /// The MPD's text.
  public var dashManifest: String {
    let duration = "PT\(decimalSeconds(microseconds: presentationMicroseconds))S"
    let buffer = "PT\(decimalSeconds(microseconds: segmentMicroseconds))S"
    var lines = [
      #"<?xml version="1.0" encoding="UTF-8"?>"#,
      #"<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" "#
        + #"type="static" mediaPresentationDuration="\#(duration)" minBufferTime="\#(buffer)">"#,
      #"  <Period id="0" start="PT0S" duration="\#(duration)">"#,
    ]
    lines += videoSet
    for (index, audio) in audios.enumerated() { lines += audioSet(audio, id: index + 1) }
    lines += ["  </Period>", "</MPD>", ""]
    return lines.joined(separator: "\n")
  }

  /// 10 to 20 ms more than the picture's length, in whole hundredths. A player may watch the clock beside the media
  /// element (dash.js does, every 200 ms) and stops it when the time that the manifest says has come: were the two
  /// equal, now and then it would be stopped just before it has ended.
  var presentationMicroseconds: Int64 { (durationMicroseconds / 10_000 + 2) * 10_000 }

  private var videoSet: [String] {
    let largest = videos[0].rung.size
    let aspect =
      Rational(Int64(largest.width), Int64(largest.height)).map { "\($0.numerator):\($0.denominator)" } ?? "1:1"
    var lines = [
      #"    <AdaptationSet id="0" contentType="video" mimeType="video/mp4" subsegmentAlignment="true" "#
        + #"subsegmentStartsWithSAP="1" startWithSAP="1" maxWidth="\#(largest.width)" maxHeight="\#(largest.height)" "#
        + #"frameRate="\#(rate)" par="\#(aspect)">"#
    ]
    for (index, video) in videos.enumerated() {
      let size = video.rung.size
      lines.append(
        #"      <Representation id="v\#(index)" bandwidth="\#(video.track.peakBitrate)" "#
          + #"codecs="\#(video.track.header.codec)" width="\#(size.width)" height="\#(size.height)" "#
          + #"frameRate="\#(rate)" sar="1:1">"#)
      lines += base(video.name, video.track)
      lines.append("      </Representation>")
    }
    return lines + ["    </AdaptationSet>"]
  }

  private func audioSet(_ audio: PublishedAudio, id: Int) -> [String] {
    [
      #"    <AdaptationSet id="\#(id)" contentType="audio" mimeType="audio/mp4" lang="\#(audio.plan.language)" "#
        + #"subsegmentAlignment="true" subsegmentStartsWithSAP="1" startWithSAP="1">"#,
      #"      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="\#(id == 1 ? "main" : "alternate")"/>"#,
      #"      <Representation id="a\#(id - 1)" bandwidth="\#(audio.track.peakBitrate)" "#
        + #"codecs="\#(audio.track.header.codec)" audioSamplingRate="\#(AudioPlan.sampleRate)">"#,
      #"        <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" "#
        + #"value="\#(audio.plan.channels)"/>"#,
    ] + base(audio.name, audio.track) + ["      </Representation>", "    </AdaptationSet>"]
  }

  private func base(_ name: String, _ track: PackedTrack) -> [String] {
    [
      "        <BaseURL>\(name)</BaseURL>",
      #"        <SegmentBase indexRange="\#(track.index.offset)-\#(track.index.end - 1)" "#
        + #"timescale="\#(track.timescale)">"#,
      #"          <Initialization range="\#(track.initialisation.offset)-\#(track.initialisation.end - 1)"/>"#,
      "        </SegmentBase>",
    ]
  }
}
