// ffprobe's command lines. Nothing in them comes from outside but the clip's path, which is ours (an
// opaque name in the node's own directory) and carries the `file:` scheme so that it is nothing else.

import World

/// Where the tools are, and what they may use.
public struct MediaTools: Hashable, Sendable {
  /// Absolute paths, from the configuration only.
  public var ffmpegPath: String
  public var ffprobePath: String
  /// Seconds of CPU for one encode.
  public var maxEncodeCPUSeconds: Int
  /// Wall time of one encode.
  public var maxEncodeTime: Duration
  /// Bytes of one output file.
  public var maxFileBytes: Int
  /// Bytes of address space of one tool.
  public var maxAddressSpaceBytes: Int
  /// Added to the nice value: requests come first.
  public var nice: Int
  /// A program, and its words, that starts each tool: `setpriv --pdeathsig KILL`, say, so that a tool does not
  /// outlive a node that was killed. Empty: the tool is started itself.
  public var launcher: [String]

  public init(
    ffmpegPath: String, ffprobePath: String, maxEncodeCPUSeconds: Int = 86_400,
    maxEncodeTime: Duration = .seconds(86_400),
    maxFileBytes: Int = 256 << 30, maxAddressSpaceBytes: Int = 16 << 30, nice: Int = 5, launcher: [String] = []
  ) {
    self.ffmpegPath = ffmpegPath
    self.ffprobePath = ffprobePath
    self.maxEncodeCPUSeconds = maxEncodeCPUSeconds
    self.maxEncodeTime = maxEncodeTime
    self.maxFileBytes = maxFileBytes
    self.maxAddressSpaceBytes = maxAddressSpaceBytes
    self.nice = nice
    self.launcher = launcher
  }

  /// Demuxers a clip may need. What reads other files or addresses by itself (hls, dash, concat, image
  /// sequences, ...) is not among them, and text is no clip.
  static let formats =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,mpegvideo,avi,flv,ogg,mxf,asf,ivf,yuv4mpegpipe,nut,h264,hevc"

  /// What every input gets: local files only, of those formats.
  func input(_ absolutePath: String) -> [String] {
    ["-protocol_whitelist", "file", "-format_whitelist", Self.formats, "-i", "file:" + absolutePath]
  }

  func command(_ arguments: [String], directory: String?, cpuSeconds: Int, wallTime: Duration) -> ProcessCommand {
    ProcessCommand(
      arguments: launcher + arguments, environment: ["LC_ALL": "C", "AV_LOG_FORCE_NOCOLOR": "1"], inherited: [],
      workingDirectory: directory,
      limits: ProcessLimits(
        cpuSeconds: cpuSeconds, addressSpaceBytes: maxAddressSpaceBytes, fileSizeBytes: maxFileBytes, descriptors: 128,
        wallTime: wallTime),
      nice: nice)
  }
}

/// The two questions asked of a clip.
public enum Probe {
  static let streamEntries =
    "format=format_name,start_time,duration:stream=index,codec_type,codec_name,width,height,sample_aspect_ratio,"
    + "pix_fmt,field_order,color_transfer,r_frame_rate,avg_frame_rate,time_base,start_time,channels,sample_rate:"
    + "stream_tags=language:stream_disposition=attached_pic,timed_thumbnails:stream_side_data=rotation"

  /// Its streams, as JSON.
  public static func streams(_ tools: MediaTools, input: String) -> ProcessCommand {
    tools.command(
      [tools.ffprobePath, "-v", "error", "-show_entries", streamEntries, "-of", "json"] + tools.input(input),
      directory: nil, cpuSeconds: 120, wallTime: .seconds(120))
  }

  /// Its video's packets, one `pts|flags` a line.
  public static func packets(_ tools: MediaTools, input: String, stream: Int) -> ProcessCommand {
    tools.command(
      [
        tools.ffprobePath, "-v", "error", "-select_streams", "\(stream)", "-show_entries", "packet=pts,flags",
        "-of", "compact=p=0:nk=1",
      ] + tools.input(input),
      directory: nil, cpuSeconds: 1800, wallTime: .seconds(3600))
  }

  /// What a tool said last, for the person who sent the clip: without our path, and without the tool's own prefix.
  public static func reason(_ standardError: String, input: String) -> String {
    let lines = standardError.split(whereSeparator: \.isNewline).map(String.init).filter { !$0.isEmpty }
    if let refused = lines.first(where: { $0.contains("Format not on whitelist") }),
      let name = refused.dropFirst().split(separator: " ").first
    {
      return "its format (\(name)) is not accepted"
    }
    guard var line = lines.last else { return "the tool gave no reason" }
    let path = "file:\(input): "
    if line.hasPrefix(path) { line.removeFirst(path.count) }
    if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
      line = String(line[line.index(after: end)...].drop { $0 == " " })
    }
    return String(line.prefix(maxReasonCharacters))
  }

  /// Characters of a tool's words that are kept.
  static let maxReasonCharacters = 300
}
