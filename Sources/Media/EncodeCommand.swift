// ffmpeg's command line: one run decodes the clip once, scales it to every rung and encodes all of them
// and the sound, each track into a fragmented MP4 of its own.
//
// What makes the segments exact: the frames are numbered anew in a time base of one tick a frame, a GOP is
// a fixed number of frames (closed, no scene cuts, key frames forced), and the muxer starts a fragment at
// each key frame: fragment = GOP = segment, at the same frame in every rung.
//
// The sound is shifted as the picture was, padded with silence or cut to the picture's length: a title's
// tracks all end together. The muxer's edit list says how much the encoder's priming is.
//
// argv only; nothing in it comes from a request but numbers that the plan has bounded.

import World

extension EncodePlan {
  /// The run that writes `videoFile` and `audioFile` of each track into `directory`.
  /// - Parameters:
  ///   - input: the clip's absolute path.
  ///   - directory: an empty directory of the attempt's own, absolute.
  public func command(_ tools: MediaTools, input: String, directory: String) -> ProcessCommand {
    var arguments = [
      tools.ffmpegPath, "-nostdin", "-hide_banner", "-loglevel", "error", "-nostats", "-progress", "pipe:1", "-y",
      "-threads", "\(settings.threads)",
    ]
    arguments += tools.input(input)
    arguments += ["-filter_complex_threads", "1", "-filter_complex", filterGraph]
    for (index, rung) in rungs.enumerated() { arguments += output(rung, index) }
    for (index, track) in audio.enumerated() { arguments += output(track, index) }
    return tools.command(
      arguments, directory: directory, cpuSeconds: tools.maxEncodeCPUSeconds, wallTime: tools.maxEncodeTime)
  }

  /// The whole graph: picture to `[v0]`, `[v1]`, ...; sound to `[a0]`, ....
  var filterGraph: String {
    let splits = rungs.indices.map { "[s\($0)]" }.joined()
    var chains = ["[0:\(source.video.index)]\(pictureFilters),split=\(rungs.count)\(splits)"]
    for (index, rung) in rungs.enumerated() {
      let size = rung.size
      chains.append(
        "[s\(index)]scale=\(size.width):\(size.height):flags=bicubic:out_range=tv,setsar=1,format=yuv420p[v\(index)]")
    }
    for (index, track) in audio.enumerated() {
      chains.append("[0:\(track.sourceIndex)]\(soundFilters(track))[a\(index)]")
    }
    return chains.joined(separator: ";")
  }

  private var pictureFilters: String {
    let rate = timing.rate
    var filters: [String] = []
    if source.video.isInterlaced { filters.append("bwdif=mode=send_frame") }
    if timing.isConstant {
      // One tick a frame, numbered: what a container rounded or started late is gone. The fps filter then
      // passes every frame and tells the encoder the rate.
      filters += ["settb=\(rate.denominator)/\(rate.numerator)", "setpts=N", "fps=\(rate)"]
    } else {
      filters += ["setpts=PTS-STARTPTS", "fps=\(rate)"]
    }
    if source.video.isHighDynamicRange {
      filters += [
        "zscale=t=linear:npl=100", "format=gbrpf32le", "zscale=p=bt709", "tonemap=tonemap=hable:desat=0",
        "zscale=t=bt709:m=bt709:r=tv", "format=yuv420p",
      ]
    }
    return filters.joined(separator: ",")
  }

  private func soundFilters(_ track: AudioPlan) -> String {
    let samples = audioSamples(frames: expectedFrames)
    var filters: [String] = []
    let late = source.video.startMicroseconds - source.startMicroseconds
    if late > 0 { filters.append("asetpts=PTS-\(late)/1000000/TB") }
    filters += [
      "aresample=\(AudioPlan.sampleRate):async=1:first_pts=0", "aformat=channel_layouts=\(track.formatName)",
      "apad=whole_len=\(samples)", "atrim=end_sample=\(samples)",
    ]
    return filters.joined(separator: ",")
  }

  private func output(_ rung: Rung, _ index: Int) -> [String] {
    let cap = rung.maxBitrateKbps
    let threads = index == 0 ? settings.threads : 1
    return [
      "-map", "[v\(index)]", "-map_metadata", "-1", "-map_chapters", "-1", "-c:v", "libx264",
      "-preset", settings.preset.rawValue, "-profile:v", "high", "-crf", "\(settings.constantRateFactor)",
      "-maxrate", "\(cap)k", "-bufsize", "\(cap * 2)k", "-g", "\(segmentFrames)", "-keyint_min", "\(segmentFrames)",
      "-sc_threshold", "0", "-x264-params", "open-gop=0:scenecut=0:threads=\(threads)",
      "-force_key_frames", "expr:eq(mod(n,\(segmentFrames)),0)", "-flags:v", "+bitexact", "-fps_mode", "passthrough",
      "-video_track_timescale", "\(timescale)", "-fflags", "+bitexact",
      // No edit list for the picture: it starts at 0 with signed composition offsets (CMAF).
      "-use_editlist", "0", "-movflags", "+cmaf+frag_keyframe+delay_moov+skip_trailer", "-f", "mp4", videoFile(index),
    ]
  }

  private func output(_ track: AudioPlan, _ index: Int) -> [String] {
    [
      "-map", "[a\(index)]", "-map_metadata", "-1", "-map_chapters", "-1", "-c:a", "aac",
      "-b:a", "\(track.bitrateKbps)k", "-flags:a", "+bitexact", "-fflags", "+bitexact",
      "-movflags", "+cmaf+delay_moov+skip_trailer", "-frag_duration", "2000000", "-f", "mp4", audioFile(index),
    ]
  }
}

/// How far a run is, from its `-progress` lines.
public struct EncodeProgress: Hashable, Sendable {
  public private(set) var frames = 0
  /// Whether ffmpeg said that it is done.
  public private(set) var isEnded = false

  public init() {}

  /// Takes one `key=value` line; says whether it changed anything.
  public mutating func take(line: String) -> Bool {
    let parts = line.split(separator: "=", maxSplits: 1)
    guard parts.count == 2 else { return false }
    let value = parts[1].drop { $0 == " " }
    if parts[0] == "frame", let count = Int(value), count > frames {
      frames = count
      return true
    }
    if parts[0] == "progress", value == "end", !isEnded {
      isEnded = true
      return true
    }
    return false
  }

  /// 0 to 100, of the frames planned; never 100 before the end.
  public func percent(of expectedFrames: Int) -> Int {
    if isEnded { return 100 }
    guard expectedFrames > 0 else { return 0 }
    return min(99, frames * 100 / expectedFrames)
  }
}
