// HLS (RFC 8216bis): a multivariant playlist, and a media playlist a track that names byte ranges of the
// track's one file. Version 7: fragmented MP4 with EXT-X-MAP.

extension PublishedTitle {
  /// The group that all sound tracks are in; they have one codec and one set of rates.
  private static let audioGroup = "audio"

  /// The multivariant playlist.
  /// - Parameters:
  ///   - videoPlaylists, audioPlaylists: the media playlists' names, in the tracks' order.
  public func multivariantPlaylist(videoPlaylists: [String], audioPlaylists: [String]) -> String {
    precondition(videoPlaylists.count == videos.count && audioPlaylists.count == audios.count, "a playlist a track")
    var lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS", ""]
    for (index, audio) in audios.enumerated() {
      let isFirst = index == 0 ? "YES" : "NO"
      lines.append(
        #"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="\#(Self.audioGroup)",NAME="\#(audio.plan.language)-\#(index)","#
          + #"LANGUAGE="\#(audio.plan.language)",DEFAULT=\#(isFirst),AUTOSELECT=YES,"#
          + #"CHANNELS="\#(audio.plan.channels)",URI="\#(audioPlaylists[index])""#)
    }
    let audioPeak = audios.map(\.track.peakBitrate).max() ?? 0
    let audioAverage = audios.map(\.track.averageBitrate).max() ?? 0
    let audioCodecs = Set(audios.map(\.track.header.codec)).sorted()
    for (index, video) in videos.enumerated() {
      let codecs = ([video.track.header.codec] + audioCodecs).joined(separator: ",")
      let size = video.rung.size
      let milliRate = scaled(rate.numerator, by: 1000, over: rate.denominator)
      var line =
        "#EXT-X-STREAM-INF:BANDWIDTH=\(video.track.peakBitrate + audioPeak),"
        + "AVERAGE-BANDWIDTH=\(video.track.averageBitrate + audioAverage),CODECS=\"\(codecs)\","
        + "RESOLUTION=\(size.width)x\(size.height),FRAME-RATE=\(decimal(milliRate, unit: 1000))"
      if !audios.isEmpty { line += ",AUDIO=\"\(Self.audioGroup)\"" }
      lines += [line + ",CLOSED-CAPTIONS=NONE", videoPlaylists[index]]
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension PackedTrack {
  /// The track's media playlist.
  /// - Parameter name: its file, relative to the playlist.
  public func mediaPlaylist(name: String) -> String {
    let longest = segments.map(\.durationTicks).max() ?? 0
    // Every duration, rounded to the nearest whole second, must be at most the target.
    let target = max(1, (longest * 2 + timescale) / (timescale * 2))
    var lines = [
      "#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:\(target)", "#EXT-X-MEDIA-SEQUENCE:0",
      "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS",
      #"#EXT-X-MAP:URI="\#(name)",BYTERANGE="\#(initialisation.count)@\#(initialisation.offset)""#,
    ]
    for segment in segments {
      let microseconds = scaled(segment.durationTicks, by: 1_000_000, over: timescale)
      lines += [
        "#EXTINF:\(decimalSeconds(microseconds: microseconds)),",
        "#EXT-X-BYTERANGE:\(segment.fragment.count)@\(segment.fragment.offset)", name,
      ]
    }
    return lines.joined(separator: "\n") + "\n#EXT-X-ENDLIST\n"
  }
}
