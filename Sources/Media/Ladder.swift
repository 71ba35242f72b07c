// The fixed ladder: which sizes a clip is offered in. A rung is a box (2160p = 3840x2160, ...) that the
// picture is fitted into whatever its shape, so a 1920x800 film is a 1080p title and a phone's portrait
// clip keeps its shape. Never above the source: the top rung is the source's own size.

/// One rendition's size and bitrate cap.
public struct Rung: Hashable, Sendable {
  public var size: PixelSize
  /// `4k`, `1080p`, `720p`, ...: the box it fits.
  public var label: String
  /// VBV cap, kilobits a second.
  public var maxBitrateKbps: Int

  public init(size: PixelSize, label: String, maxBitrateKbps: Int) {
    self.size = size
    self.label = label
    self.maxBitrateKbps = maxBitrateKbps
  }
}

public enum Ladder {
  /// The boxes' shorter sides, pixels.
  static let boxes = [2160, 1080, 720, 360, 240]

  /// Caps by box at up to 30 frames a second, kbit/s. x264 at the default CRF stays below on most content.
  private static let caps = [(240, 400), (360, 900), (480, 1600), (720, 3500), (1080, 6500), (1440, 10_000)]
  private static let topCap = 18_000

  /// The rungs for a picture, largest first, at least one.
  public static func rungs(for source: PixelSize, rate: Rational) -> [Rung] {
    let top = box(of: source)
    var rungs: [Rung] = []
    if top <= boxes[0] { rungs.append(rung(even(source, 1, 1), box: top, rate)) }
    // A box that is nearly the source's own would only double the top rung.
    for box in boxes where top > boxes[0] ? box <= top : box * 10 < top * 9 {
      rungs.append(rung(fit(source, into: box), box: box, rate))
    }
    return rungs
  }

  /// The shorter side of the smallest 16:9 box, lying or standing, that holds the picture; one of `boxes` if
  /// it is within 2% of it.
  static func box(of size: PixelSize) -> Int {
    let long = max(size.width, size.height)
    let exact = max(min(size.width, size.height), (long * 9 + 8) / 16)
    return boxes.first { abs($0 - exact) * 50 <= $0 } ?? exact
  }

  private static func fit(_ size: PixelSize, into box: Int) -> PixelSize {
    let long = max(size.width, size.height)
    let short = min(size.width, size.height)
    // The box is box*16/9 by box; the side that binds decides the scale.
    return long * 9 >= short * 16 ? even(size, box * 16, long * 9) : even(size, box, short)
  }

  /// Both sides times a ratio, to the nearest even number: 4:2:0 has no odd sizes. At ratio 1 it never grows.
  private static func even(_ size: PixelSize, _ numerator: Int, _ denominator: Int) -> PixelSize {
    func side(_ pixels: Int) -> Int {
      if numerator == denominator { return max(2, pixels & ~1) }
      return max(2, (pixels * numerator + denominator) / (2 * denominator) * 2)
    }
    return PixelSize(side(size.width), side(size.height))
  }

  private static func rung(_ size: PixelSize, box: Int, _ rate: Rational) -> Rung {
    let base = caps.first { box <= $0.0 }?.1 ?? topCap
    let cap = rate.double > 33 ? base * 3 / 2 : base
    return Rung(size: size, label: box == 2160 ? "4k" : "\(box)p", maxBitrateKbps: cap)
  }
}
