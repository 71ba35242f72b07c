// The command line.
@main struct Marquee { static func main() {} }
