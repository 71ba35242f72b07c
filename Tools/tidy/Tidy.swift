@main struct Tidy { static func main() {} }
