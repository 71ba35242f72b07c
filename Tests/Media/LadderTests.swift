import Testing

@testable import Media

@Suite struct LadderTests {
  private func sizes(_ width: Int, _ height: Int) -> [String] {
    Ladder.rungs(for: PixelSize(width, height), rate: Rational(24)).map { "\($0.size) \($0.label)" }
  }

  @Test func standardSizes() {
    #expect(sizes(3840, 2160) == ["3840x2160 4k", "1920x1080 1080p", "1280x720 720p", "640x360 360p", "426x240 240p"])
    #expect(sizes(1920, 1080) == ["1920x1080 1080p", "1280x720 720p", "640x360 360p", "426x240 240p"])
    #expect(sizes(1280, 720) == ["1280x720 720p", "640x360 360p", "426x240 240p"])
    #expect(sizes(640, 360) == ["640x360 360p", "426x240 240p"])
    #expect(sizes(426, 240) == ["426x240 240p"])
  }

  @Test func sizesBetweenTwoBoxesKeepTheirOwnOnTop() {
    #expect(
      sizes(2560, 1440) == ["2560x1440 1440p", "1920x1080 1080p", "1280x720 720p", "640x360 360p", "426x240 240p"])
    #expect(sizes(854, 480) == ["854x480 480p", "640x360 360p", "426x240 240p"])
    #expect(sizes(176, 144) == ["176x144 144p"])
  }

  @Test func aboveTheLargestBoxIsBroughtIntoIt() {
    #expect(sizes(7680, 4320).first == "3840x2160 4k")
    #expect(sizes(7680, 4320).count == 5)
  }

  @Test func otherShapesKeepTheirs() {
    #expect(sizes(1920, 800) == ["1920x800 1080p", "1280x534 720p", "640x266 360p", "426x178 240p"])
    #expect(sizes(640, 272) == ["640x272 360p", "426x182 240p"])
    #expect(sizes(768, 576) == ["768x576 576p", "480x360 360p", "320x240 240p"])
    // A phone held upright; 1088 is 1080 in whole macroblocks.
    #expect(sizes(1088, 1920) == ["1088x1920 1080p", "720x1270 720p", "360x636 360p", "240x424 240p"])
    #expect(sizes(272, 640) == ["272x640 360p", "182x426 240p"])
  }

  @Test func oddSizesBecomeEvenAndNeverGrow() {
    #expect(sizes(641, 361).first == "640x360 360p")
    #expect(sizes(1279, 719).first == "1278x718 720p")
    for width in stride(from: 16, through: 4200, by: 97) {
      for height in stride(from: 16, through: 2400, by: 89) {
        for rung in Ladder.rungs(for: PixelSize(width, height), rate: Rational(25)) {
          #expect(rung.size.width <= width && rung.size.height <= height)
          #expect(rung.size.width % 2 == 0 && rung.size.height % 2 == 0)
          #expect(rung.size.width >= 2 && rung.size.height >= 2)
        }
      }
    }
  }

  @Test func capsFallWithTheRungsAndRiseWithTheRate() {
    let slow = Ladder.rungs(for: PixelSize(3840, 2160), rate: Rational(30)).map(\.maxBitrateKbps)
    let fast = Ladder.rungs(for: PixelSize(3840, 2160), rate: Rational(60)).map(\.maxBitrateKbps)
    #expect(slow == [18_000, 6500, 3500, 900, 400])
    #expect(fast == slow.map { $0 * 3 / 2 })
  }
}

@Suite struct RationalTests {
  @Test func parses() {
    #expect(Rational(parsing: "48000/2002") == Rational(24000, 1001))
    #expect(Rational(parsing: "16:9") == Rational(16, 9))
    #expect(Rational(parsing: "25")?.description == "25")
    for text in ["0/0", "0/1", "1/0", "-1/2", "", "a/b", "1/2/3", "1.5", "99999999999999999999/1"] {
      #expect(Rational(parsing: text) == nil, "\(text)")
    }
  }

  @Test func scalesWithoutOverflow() {
    #expect(scaled(1 << 50, by: 1_000_000, over: 90_000) == (1 << 50) / 9 * 100 + (1 << 50) % 9 * 100 / 9)
    #expect(scaled(7, by: 3, over: 2) == 10)
  }
}
