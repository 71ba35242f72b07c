// The cases of RFC 9112 and of known smuggling attacks as tables: bytes, and what must come of them. A second
// request behind a refusal must never appear.

import Base
import Testing

@testable import HTTP

private let behind = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

@Suite struct RequestParserTests {
  func check(_ text: String, _ expected: String, limits: HTTPLimits = HTTPLimits(), bodyLimit: UInt64? = nil) {
    #expect(
      outcomeHoweverCut(text, limits: limits, bodyLimit: bodyLimit) == [expected],
      "\(text.prefix(200).debugDescription)")
  }

  @Test func served() {
    check("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / .")
    check("GET /a?b=c HTTP/1.1\r\nhOsT:a:80\r\nX:\r\nY: \t v w \t\r\n\r\n", "GET /a .")
    check("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / .")
    check("GET / HTTP/1.0\r\n\r\n", "GET / .")
    check("HEAD /x HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "HEAD /x .")
    check("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * .")
    check("GET http://b.example:80/x?y HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x .")
    check("GET HTTP://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET / .")
    check("GET http://b?q=1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET / .")
    check("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "PUT /x [hello] .")
    check("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "PUT /x .")
    check("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 005\r\n\r\nhello" + behind, "PUT /x [hello] . GET /smuggled .")
    check("GET / HTTP/1.1\r\nHost: a\r\nX: \u{e9}\u{ff}\r\n\r\n", "GET / .")
    check("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a . GET /b .")
    check("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" + behind, "POST /a [hi] . GET /smuggled .")
  }

  @Test func incomplete() {
    check("", "")
    check("GET / HTTP/1.1\r\nHost: a\r\n", "")
    check("GET / HTTP/1.1\r\nHost: a\r\n\r", "")
    check("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell", "PUT / [hell]")
    check("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "PUT / [hello]")
    check("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "PUT /")
  }

  @Test(arguments: [
    "5, 6", "5, 5", "5 5", "5abc", "+5", "-1", "0x5", "", "18446744073709551621", "5.0", "5;", "\"5\"", "٥",
    "5\r\nContent-Length: 6", "5\r\nContent-Length: 5", "5\r\ncontent-length: 6", "99999999999999999999",
  ])
  func contentLengths(value: String) {
    check("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(value)\r\n\r\nhello" + behind, "400")
  }

  @Test(arguments: [
    ("xchunked", "501"), ("chunked, identity", "400"), ("identity, chunked", "400"), ("chunked, chunked", "400"),
    ("gzip, chunked", "400"), ("\u{0b}chunked", "400"), ("chunked\u{0b}", "400"), ("identity", "501"),
    ("gzip", "501"), ("chunked\r\nTransfer-Encoding: chunked", "400"), ("", "501"), ("\"chunked\"", "501"),
    ("chunked;q=1", "501"), ("chunked\r\nContent-Length: 5", "400"), ("\r\n chunked", "400"),
    ("chunked\r\nTransfer-Encoding: identity", "400"), ("chunked\u{0}", "400"),
  ])
  func transferEncodings(value: String, status: String) {
    check(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \(value)\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + behind, status)
  }

  @Test func framingInTwoWays() {
    check("POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\nhello", "400")
    check("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400")
    check("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400")
    check("POST / HTTP/1.1\r\nHost: a\r\n Content-Length: 5\r\n\r\nhello", "400")
  }

  private func chunked(_ body: String) -> String {
    "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n" + body
  }

  @Test(arguments: [
    ("0\r\n\r\n", "POST /c ."), ("000\r\n\r\n", "POST /c ."), ("5\r\nhello\r\n0\r\n\r\n", "POST /c [hello] ."),
    ("A\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n", "POST /c [0123456789x] ."),
    ("5;a=b\r\nhello\r\n0;x\r\n\r\n", "POST /c [hello] ."),
    ("5;a=\"q;\\\" \"; b ; c=d\r\nhello\r\n0\r\n\r\n", "POST /c [hello] ."),
    ("5 ;a\r\nhello\r\n0\r\n\r\n", "POST /c [hello] ."),
    ("5\r\nhello\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n", "POST /c [hello] ."),
    // Refused.
    ("10000000000000005\r\nhello\r\n0\r\n\r\n", "POST /c 400"), ("8000000000000000\r\nhello\r\n", "POST /c 400"),
    ("7FFFFFFFFFFFFFF\r\nhello\r\n", "POST /c 413"), ("+5\r\nhello\r\n", "POST /c 400"),
    (" 5\r\nhello\r\n", "POST /c 400"), ("5 \r\nhello\r\n", "POST /c 400"), ("0x5\r\nhello\r\n", "POST /c 400"),
    ("5_0\r\nhello\r\n", "POST /c 400"), ("-5\r\nhello\r\n", "POST /c 400"), ("5\nhello\r\n", "POST /c 400"),
    ("5\rhello\r\n", "POST /c 400"), ("\r\nhello\r\n", "POST /c 400"), ("g\r\nhello\r\n", "POST /c 400"),
    ("5;a=b\nhello\r\n", "POST /c 400"), ("5;\r\nhello\r\n", "POST /c 400"), ("5;=b\r\nhello\r\n", "POST /c 400"),
    ("5;a=\"b\r\nhello\r\n", "POST /c 400"), ("5;a=\u{0}\r\nhello\r\n", "POST /c 400"),
    ("5;a\u{0b}=b\r\nhello\r\n", "POST /c 400"), ("5\r\nhelloXX\r\n0\r\n\r\n", "POST /c [hello] 400"),
    ("5\r\nhello0\r\n\r\n", "POST /c [hello] 400"), ("5\r\nhello\n0\r\n\r\n", "POST /c [hello] 400"),
    ("5\r\nhello\r0\r\n\r\n", "POST /c [hello] 400"), ("3\r\nhello\r\n0\r\n\r\n", "POST /c [hel] 400"),
    ("0\r\nContent-Length: 5\r\n\r\n", "POST /c 400"), ("0\r\nTransfer-Encoding: chunked\r\n\r\n", "POST /c 400"),
    ("0\r\nHost: b\r\n\r\n", "POST /c 400"), ("0\r\n X: y\r\n\r\n", "POST /c 400"),
    ("0\r\nX : y\r\n\r\n", "POST /c 400"),
    ("0\r\nX: y\n\r\n", "POST /c 400"), ("0\r\nX\r\n\r\n", "POST /c 400"), ("0\r\n\n", "POST /c 400"),
  ])
  func chunks(body: String, expected: String) {
    let isServed = expected.hasSuffix(".")
    check(chunked(body) + behind, expected + (isServed ? " GET /smuggled ." : ""))
  }

  @Test func longChunkLinesAndTrailers() {
    let long = String(repeating: "a", count: 100_000)
    check(chunked("5;x=\(long)\r\nhello\r\n0\r\n\r\n" + behind), "POST /c 400")
    check(chunked("0\r\nX: \(long)\r\n\r\n" + behind), "POST /c 431")
    check(chunked("0\r\n" + String(repeating: "X: y\r\n", count: 20_000) + "\r\n" + behind), "POST /c 431")
    check(chunked(String(repeating: "0", count: 500) + "\r\n\r\n" + behind), "POST /c 400")
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\nHost: a\n\n", "400"), ("GET / HTTP/1.1\r\nHost: a\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: a\r\n\n", "400"), ("GET / HTTP/1.1\rHost: a\r\r", "400"),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n", "400"), ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400"), ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: a\r\nX\u{0}: b\r\n\r\n", "400"), ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{1}\r\n\r\n", "400"), ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{7f}\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: a\r\nX\u{1}: b\r\n\r\n", "400"), ("GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: a\r\nX\u{ff}: b\r\n\r\n", "400"), ("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", "400"), ("GET / HTTP/1.1\r\nHost: a\r\nX y: b\r\n\r\n", "400"),
  ])
  func lines(text: String, status: String) { check(text + behind, status) }

  @Test(arguments: [
    ("GET /\r\n\r\n", "400"), ("GET / \r\n\r\n", "400"), ("GET / HTTP/0.9\r\n\r\n", "505"),
    ("GET / HTTP/9.9\r\nHost: a\r\n\r\n", "505"), ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"),
    ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", "505"), ("GET / HTTP/1.1x\r\nHost: a\r\n\r\n", "400"),
    ("GET / HTTP/01.1\r\nHost: a\r\n\r\n", "400"), ("GET / HTTP/1.01\r\nHost: a\r\n\r\n", "400"),
    ("GET / http/1.1\r\nHost: a\r\n\r\n", "400"), ("GET / HTTP/1,1\r\nHost: a\r\n\r\n", "400"),
    ("GET / HTTP/1.\r\nHost: a\r\n\r\n", "400"), ("GET / HTTP/11\r\nHost: a\r\n\r\n", "400"),
    ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400"), ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
    (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"), ("GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", "400"),
    ("get / HTTP/1.1\r\nHost: a\r\n\r\n", "501"), ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "501"),
    ("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "501"), ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "501"),
    ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "400"), ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"), ("\u{16}\u{3}\u{1}\u{2}\n", "400"),
  ])
  func requestLines(text: String, status: String) { check(text + behind, status) }

  @Test(arguments: [
    ("/%00", "400"), ("/a%0d%0aX:%20y", "400"), ("/..", "400"), ("/a/../b", "400"), ("/%2e%2e/b", "400"),
    ("/a/..%2fb", "400"),
    ("/a/%2E.", "400"), ("/.", "400"), ("/a/./b", "400"), ("/a%2fb", "400"), ("/a%5cb", "400"), ("/a\\b", "400"),
    ("/a%", "400"),
    ("/a%4", "400"), ("/a%4g", "400"), ("/%ff", "400"), ("/%c0%ae%c0%ae/", "400"), ("/a#b", "400"), ("/a\u{0}", "400"),
    ("/a\u{1}", "400"), ("/a\u{80}", "400"), ("/a\"b", "400"), ("/<a>", "400"), ("a", "400"), ("*", "400"), ("", "400"),
    ("/?a=%00", "400"), ("/?a=%", "400"), ("?a", "400"), ("ftp://a/", "400"), ("http://", "400"), ("http:///a", "400"),
    ("http://u@a/", "400"), ("http://a:x/", "400"), ("http://a b/", "400"), ("//a", "GET //a ."),
    ("/...", "GET /... ."),
    ("/a%20b%C3%A9", "GET /a bé ."), ("/%41", "GET /A ."), ("/a+b", "GET /a+b ."), ("/a?b=/../c", "GET /a ."),
  ])
  func targets(target: String, expected: String) {
    check("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n", expected)
  }

  @Test(arguments: [
    ("", "400"), ("Host: a\r\nHost: a\r\n", "400"), ("Host: a\r\nhost: b\r\n", "400"), ("Host: a b/@c\r\n", "400"),
    ("Host: a/b\r\n", "400"), ("Host: u@a\r\n", "400"), ("Host:\r\n", "400"), ("Host: :80\r\n", "400"),
    ("Host: a:b\r\n", "400"), ("Host: a:123456\r\n", "400"), ("Host: a, b\r\n", "400"), ("Host: [::1\r\n", "400"),
    ("Host: []\r\n", "400"), ("Host: [g]\r\n", "400"), ("Host: [::1]x\r\n", "400"), ("Host: a\u{e9}\r\n", "400"),
    ("Host: a:\r\n", "GET / ."), ("Host: 127.0.0.1:8080\r\n", "GET / ."),
    ("Host: a\r\nAuthorization: Bearer x\r\nAuthorization: Bearer y\r\n", "400"),
    ("Host: a\r\nExpect: 200-ok\r\n", "417"),
  ])
  func hosts(fields: String, expected: String) { check("GET / HTTP/1.1\r\n\(fields)\r\n", expected) }

  @Test func tooLong() {
    let long = String(repeating: "a", count: 100_000)
    check("GET /\(long.prefix(65_536)) HTTP/1.1\r\nHost: a\r\n\r\n" + behind, "414")
    check(String(long), "414")
    check("GET / HTTP/1.1\r\nHost: a\r\nX: \(long)\r\n\r\n" + behind, "431")
    check("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 10_000) + "\r\n" + behind, "431")
    check("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: \(long.prefix(4000))\r\n", count: 10), "431")
    check("GET /?\(String(repeating: "a&", count: 65)) HTTP/1.1\r\nHost: a\r\n\r\n", "400")
  }

  @Test func limitsAreExact() {
    var limits = HTTPLimits()
    limits.maxRequestLineBytes = 16
    limits.maxHeaderCount = 2
    limits.maxHeaderLineBytes = 10
    check("GET /12 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /12 .", limits: limits)
    check("GET /123 HTTP/1.1\r\nHost: a\r\n\r\n", "414", limits: limits)
    check("GET / HTTP/1.1\r\nHost: a\r\nX: 1234567\r\n\r\n", "GET / .", limits: limits)
    check("GET / HTTP/1.1\r\nHost: a\r\nX: 12345678\r\n\r\n", "431", limits: limits)
    check("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nY: 2\r\n\r\n", "431", limits: limits)
  }

  @Test func bodyLimits() {
    let fixed = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    check(fixed, "PUT / [hello] .", bodyLimit: 5)
    check(fixed + behind, "PUT / 413", bodyLimit: 4)
    let pieces = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"
    check(pieces, "PUT / [abcdef] .", bodyLimit: 6)
    check(pieces, "PUT / [abc] 413", bodyLimit: 5)
    check("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n", "PUT / 413", bodyLimit: 5)
    var limits = HTTPLimits()
    limits.maxBodyBytes = 4
    check(fixed, "PUT / 413", limits: limits)
  }

  @Test func refusesForEver() throws {
    var parser = RequestParser()
    parser.feed(latin1("get / HTTP/1.1\r\nHost: a\r\n\r\n").span.bytes)
    for _ in 0..<3 {
      #expect(throws: HTTPRefusal.self) { try parser.next() }
      parser.feed(latin1(behind).span.bytes)
      #expect(parser.bufferedBytes == 0)
    }
  }

  @Test func headsAreRead() throws {
    let head = try #require(
      parsedHead(
        "PUT http://b:81/x?a=1&b=x+y%26&a=2&c HTTP/1.1\r\nHOST: a\r\nX-One: 1\r\nx-one:  2 \r\nExpect: 100-Continue\r\n"
          + "Content-Length: 3\r\n\r\n"))
    #expect(head.method == .put)
    #expect(head.authority == "b:81")
    #expect(head.value(of: "x-ONE") == "1")
    #expect(head.values(of: "X-One") == ["1", "2"])
    #expect(head.value(of: "x") == nil)
    #expect(head.framing == .length(3))
    #expect(head.expectsContinue)
    #expect(head.target.parameter("b") == "x y&")
    #expect(head.target.parameter("a") == nil)
    #expect(head.target.parameter("c") == "")
  }

  @Test(arguments: [
    ("1.1", "", true), ("1.1", "Connection: close\r\n", false), ("1.1", "Connection: x , CLOSE \r\n", false),
    ("1.0", "", false), ("1.0", "Connection: keep-alive\r\n", true),
    ("1.0", "Connection: keep-alive, close\r\n", false),
    ("1.1", "Connection: x\r\nConnection: close\r\n", false), ("1.1", "Connection: closed\r\n", true),
  ])
  func keepAlive(version: String, fields: String, keeps: Bool) throws {
    #expect(try #require(parsedHead("GET / HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n")).keepsAlive == keeps)
  }

  @Test func expectationsCountOnlyWithABody() throws {
    #expect(
      try #require(parsedHead("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")).expectsContinue == false)
    let old = try #require(parsedHead("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"))
    #expect(!old.expectsContinue)
  }

  /// Damaged requests: never a trap, and the same whatever pieces they come in, since where a request ends must not
  /// depend on the network.
  @Test func damage() {
    let seed: UInt64 = 20_261_125
    var generator = SeededGenerator(seed: seed)
    let seeds = [
      "GET /a?b=c%20d HTTP/1.1\r\nHost: a:80\r\nX: y\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n0\r\nT: u\r\n\r\n",
      "PUT /p HTTP/1.1\r\nContent-Length: 5\r\nHost: a\r\nExpect: 100-continue\r\n\r\nhello",
      "GET http://b/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ].map(latin1)
    let odd: [UInt8] = [0, 9, 10, 13, 32, 34, 37, 43, 44, 45, 46, 47, 48, 58, 59, 61, 92, 127, 128, 255]
    for round in 0..<600 {
      var bytes = seeds[generator.below(seeds.count)] + seeds[generator.below(seeds.count)]
      for _ in 0..<(1 + generator.below(3)) {
        let at = generator.below(bytes.count)
        switch generator.below(4) {
        case 0: bytes[at] = odd[generator.below(odd.count)]
        case 1: bytes.remove(at: at)
        case 2: bytes.insert(odd[generator.below(odd.count)], at: at)
        default: bytes[at] ^= 1 << UInt8(generator.below(8))
        }
      }
      let whole = outcome(of: bytes)
      for split in [1, 2, 5, 1 + generator.below(bytes.count)] {
        #expect(outcome(of: bytes, split: split) == whole, "seed \(seed), round \(round), split \(split)")
      }
    }
  }
}
