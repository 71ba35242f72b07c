import Testing

@testable import Media

@Suite struct ManifestTests {
  /// Two seconds and a half at 24 frames a second, two rungs, one sound.
  private func title(channels: [Int] = [2]) throws -> PublishedTitle {
    let (info, timing) = clip(frames: 60, channels: channels)
    let plan = try EncodePlan(info, timing)
    var videos: [PublishedVideo] = []
    for (index, rung) in plan.rungs.prefix(2).enumerated() {
      let file = try Fixture.scan(Fixture.video(plan, rung, frames: 60))
      let track = try file.packedVideo(plan, rung: rung, expectedFrames: nil)
      videos.append(PublishedVideo(name: "video\(index).mp4", rung: rung, track: track))
    }
    var audios: [PublishedAudio] = []
    for (index, sound) in plan.audio.enumerated() {
      let file = try Fixture.scan(Fixture.sound(channels: sound.channels, frames: 130))
      let track = try file.packedAudio(sound, starts: [0, 48_000, 60_000], timescale: 24_000)
      audios.append(PublishedAudio(name: "audio\(index).mp4", plan: sound, track: track))
    }
    return PublishedTitle(rate: timing.rate, videos: videos, audios: audios)
  }

  @Test func lengths() throws {
    let title = try title()
    #expect(title.durationMicroseconds == 2_500_000)
    #expect(title.segmentMicroseconds == 2_000_000)
    #expect(decimalSeconds(microseconds: 2_002_000) == "2.002000")
    #expect(decimalSeconds(microseconds: 41) == "0.000041")
    #expect(decimal(23_976, unit: 1000) == "23.976")
  }

  @Test func theMPD() throws {
    let title = try title()
    let expected = """
      <?xml version="1.0" encoding="UTF-8"?>
      <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" \
      type="static" mediaPresentationDuration="PT2.520000S" minBufferTime="PT2.000000S">
        <Period id="0" start="PT0S" duration="PT2.520000S">
          <AdaptationSet id="0" contentType="video" mimeType="video/mp4" subsegmentAlignment="true" \
      subsegmentStartsWithSAP="1" startWithSAP="1" maxWidth="1280" maxHeight="720" frameRate="24" par="16:9">
            <Representation id="v0" bandwidth="26496" codecs="avc1.64001f" width="1280" height="720" \
      frameRate="24" sar="1:1">
              <BaseURL>video0.mp4</BaseURL>
              <SegmentBase indexRange="447-510" timescale="24000">
                <Initialization range="0-446"/>
              </SegmentBase>
            </Representation>
            <Representation id="v1" bandwidth="26496" codecs="avc1.64001f" width="640" height="360" \
      frameRate="24" sar="1:1">
              <BaseURL>video1.mp4</BaseURL>
              <SegmentBase indexRange="447-510" timescale="24000">
                <Initialization range="0-446"/>
              </SegmentBase>
            </Representation>
          </AdaptationSet>
          <AdaptationSet id="1" contentType="audio" mimeType="audio/mp4" lang="en" subsegmentAlignment="true" \
      subsegmentStartsWithSAP="1" startWithSAP="1">
            <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
            <Representation id="a0" bandwidth="80195" codecs="mp4a.40.2" audioSamplingRate="48000">
              <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" \
      value="2"/>
              <BaseURL>audio0.mp4</BaseURL>
              <SegmentBase indexRange="459-522" timescale="48000">
                <Initialization range="0-458"/>
              </SegmentBase>
            </Representation>
          </AdaptationSet>
        </Period>
      </MPD>

      """
    #expect(title.dashManifest == expected)
  }

  @Test func theMultivariantPlaylist() throws {
    let title = try title(channels: [2, 6])
    let text = title.multivariantPlaylist(
      videoPlaylists: ["v0.m3u8", "v1.m3u8"], audioPlaylists: ["a0.m3u8", "a1.m3u8"])
    let expected = """
      #EXTM3U
      #EXT-X-VERSION:7
      #EXT-X-INDEPENDENT-SEGMENTS

      #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="en-0",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",\
      URI="a0.m3u8"
      #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="en-1",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="6",\
      URI="a1.m3u8"
      #EXT-X-STREAM-INF:BANDWIDTH=106691,AVERAGE-BANDWIDTH=106691,CODECS="avc1.64001f,mp4a.40.2",\
      RESOLUTION=1280x720,FRAME-RATE=24.000,AUDIO="audio",CLOSED-CAPTIONS=NONE
      v0.m3u8
      #EXT-X-STREAM-INF:BANDWIDTH=106691,AVERAGE-BANDWIDTH=106691,CODECS="avc1.64001f,mp4a.40.2",\
      RESOLUTION=640x360,FRAME-RATE=24.000,AUDIO="audio",CLOSED-CAPTIONS=NONE
      v1.m3u8

      """
    #expect(text == expected)
    let silent = try self.title(channels: [])
    let alone = silent.multivariantPlaylist(videoPlaylists: ["v0.m3u8", "v1.m3u8"], audioPlaylists: [])
    #expect(!alone.contains("AUDIO") && alone.contains("CODECS=\"avc1.64001f\""))
    #expect(!silent.dashManifest.contains("audio"))
  }

  @Test func theMediaPlaylist() throws {
    let title = try title()
    let text = title.videos[0].track.mediaPlaylist(name: "video0.mp4")
    let ranges = title.videos[0].track.segments.map { "\($0.fragment.count)@\($0.fragment.offset)" }
    let expected = """
      #EXTM3U
      #EXT-X-VERSION:7
      #EXT-X-TARGETDURATION:2
      #EXT-X-MEDIA-SEQUENCE:0
      #EXT-X-PLAYLIST-TYPE:VOD
      #EXT-X-INDEPENDENT-SEGMENTS
      #EXT-X-MAP:URI="video0.mp4",BYTERANGE="447@0"
      #EXTINF:2.000000,
      #EXT-X-BYTERANGE:\(ranges[0])
      video0.mp4
      #EXTINF:0.500000,
      #EXT-X-BYTERANGE:\(ranges[1])
      video0.mp4
      #EXT-X-ENDLIST

      """
    #expect(text == expected)
  }
}
