// The real Fetch: libcurl's easy interface, a request a thread of a small pool.
//
// Node-to-node media and the CLI make few and large requests; a thread each costs nothing beside them, and
// files are read and written where blocking is allowed. Redirects, proxies, cookies, netrc and every
// scheme but http are off: a URL that came out of the store leads nowhere else.

import Base
import CCurl
import Glibc
import Synchronization
import World

/// An HTTP client on threads of its own.
public final class CurlFetch: Fetch {
  /// Requests that run at once.
  static let maxTransfers = 4
  /// Requests that wait for one of those to end.
  static let maxWaiting = 256

  private static let isStarted: Bool = ccurl_start() == 0

  private let loop: Loop
  private let pool: ThreadPool

  public init(loop: Loop) {
    self.loop = loop
    pool = ThreadPool(threads: Self.maxTransfers, maxQueued: Self.maxWaiting)
    let transfers = transfers
    loop.whenShutDown { [pool] in
      for transfer in transfers.all.values { transfer.cancel() }
      pool.stop()
    }
  }

  /// Those under way, so that the loop's end can cancel them.
  private final class Transfers {
    var all: [ObjectIdentifier: Transfer] = [:]
  }

  private let transfers = Transfers()

  @discardableResult
  public func start(
    _ request: FetchRequest, progress: ((FetchProgress) -> Void)?,
    completion: @escaping (Result<FetchResponse, FetchFailure>) -> Void
  ) -> any FetchTransfer {
    precondition(Self.isStarted, "libcurl does not start")
    let transfer = Transfer(request)
    let mailbox = loop.mailbox
    let progressNumber = progress.map { report in
      loop.register(once: false) { if let now = transfer.shared.progress.take() { report(now) } }
    }
    transfers.all[ObjectIdentifier(transfer)] = transfer
    let number = loop.register { [loop, transfers] in
      if let progressNumber { loop.forget(progressNumber) }
      transfers.all[ObjectIdentifier(transfer)] = nil
      completion(transfer.shared.result.take() ?? .failure(.cancelled))
    }
    let shared = transfer.shared
    if let progressNumber { shared.reportProgress.put { mailbox.post(progressNumber) } }
    let isQueued = pool.submit {
      shared.result.put(CurlRequest(request, shared).run())
      mailbox.post(number)
    }
    if !isQueued {
      shared.result.put(.failure(.busy))
      mailbox.post(number)
    }
    return transfer
  }
}

/// What the loop and a transfer's thread share.
final class SharedTransfer: Sendable {
  let isCancelled = Atomic<Bool>(false)
  let progress = Drop<FetchProgress>()
  let reportProgress = Drop<@Sendable () -> Void>()
  let result = Drop<Result<FetchResponse, FetchFailure>>()
}

private final class Transfer: FetchTransfer {
  let shared = SharedTransfer()

  init(_ request: FetchRequest) {}

  func cancel() { shared.isCancelled.store(true, ordering: .relaxed) }
}

/// One request on its thread. Never leaves it.
@safe private final class CurlRequest {
  /// Bytes of an answer's body kept for the failure when it was to go to a file.
  static let maxFailureBodyBytes = 65_536
  static let maxHeaderBytes = 65_536
  static let progressInterval = 200_000_000

  private let request: FetchRequest
  private let shared: SharedTransfer
  private var headers: [FetchHeader] = []
  private var headerBytes = 0
  private var body: [UInt8] = []
  private var bodyBytes: Int64 = 0
  private var input: (file: Descriptor, offset: Int64, size: Int64)?
  private var inputBytes: (bytes: [UInt8], offset: Int)?
  private var output: Descriptor?
  private var failure: FetchFailure?
  private var handle: UnsafeMutableRawPointer
  private var lastReport = 0
  private let report: (@Sendable () -> Void)?

  init(_ request: FetchRequest, _ shared: SharedTransfer) {
    self.request = request
    self.shared = shared
    guard let handle = unsafe curl_easy_init() else { preconditionFailure("curl_easy_init failed") }
    unsafe self.handle = unsafe handle
    report = shared.reportProgress.take()
  }

  deinit {
    unsafe curl_easy_cleanup(handle)
  }

  func run() -> Result<FetchResponse, FetchFailure> {
    if shared.isCancelled.load(ordering: .relaxed) { return .failure(.cancelled) }
    guard request.url.hasPrefix("http://"), !request.url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
      return .failure(.badURL(request.url))
    }
    for header in request.headers where (header.name + header.value).utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      return .failure(.broken("a control character in header \(header.name)"))
    }
    do throws(SystemFailure) {
      try openFiles()
    } catch {
      return .failure(.file("\(error.call) failed with errno \(error.code)"))
    }
    let code = perform()
    if let failure = failure ?? Self.failure(code, request) {
      removeOutput()
      return .failure(failure)
    }
    let status = unsafe Int(ccurl_status(handle))
    let response = FetchResponse(status: status, headers: headers, body: body, bodyBytes: bodyBytes)
    if let output {
      if !response.isSuccess {
        removeOutput()
      } else {
        do throws(SystemFailure) {
          try Files.sync(output)
        } catch {
          removeOutput()
          return .failure(.file("\(error.call) failed with errno \(error.code)"))
        }
      }
    }
    return .success(response)
  }

  private func openFiles() throws(SystemFailure) {
    switch request.body {
    case .none: break
    case .bytes(let bytes): inputBytes = (bytes, 0)
    case .file(let path):
      let file = try Files.open(path, O_RDONLY)
      guard let status = try Files.status(path), !status.isDirectory else { throw SystemFailure("open", EISDIR) }
      input = (file, 0, status.sizeBytes)
    }
    if case .file(let path) = request.sink { output = try Files.open(path, O_WRONLY | O_CREAT | O_EXCL) }
  }

  private func removeOutput() {
    if output != nil, case .file(let path) = request.sink { unsafe unlink(path) }
  }

  private func perform() -> CURLcode {
    var list: UnsafeMutablePointer<curl_slist>?
    // A file is only sent once the other side says that it may come, so that a refusal is read and not lost in a
    // reset (curl waits a second for a server that does not answer). Small bodies go at once.
    let asksFirst = if case .file = request.body { true } else { false }
    for line in [asksFirst ? "Expect: 100-continue" : "Expect:"] + request.headers.map({ "\($0.name): \($0.value)" }) {
      unsafe list = unsafe curl_slist_append(list, line)
    }
    defer { unsafe curl_slist_free_all(list) }
    setOptions()
    unsafe ccurl_set_list(handle, CURLOPT_HTTPHEADER, list)
    return unsafe curl_easy_perform(handle)
  }

  private func set(_ option: CURLoption, _ value: Int) { unsafe ccurl_set_long(handle, option, value) }

  private func setOptions() {
    unsafe ccurl_set_text(handle, CURLOPT_URL, request.url)
    unsafe ccurl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http")
    unsafe ccurl_set_text(handle, CURLOPT_PROXY, "")
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(request.connectTimeout))
    if let timeout = request.timeout { set(CURLOPT_TIMEOUT_MS, Self.milliseconds(timeout)) }
    set(CURLOPT_LOW_SPEED_LIMIT, 1)
    set(CURLOPT_LOW_SPEED_TIME, max(1, Self.milliseconds(request.idleTimeout) / 1000))
    unsafe ccurl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    if request.method == .head { set(CURLOPT_NOBODY, 1) }
    if let size = input?.size ?? inputBytes.map({ Int64($0.bytes.count) }) {
      set(CURLOPT_UPLOAD, 1)
      unsafe ccurl_set_size(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(size))
    } else if request.method == .post || request.method == .put {
      set(CURLOPT_UPLOAD, 1)
      unsafe ccurl_set_size(handle, CURLOPT_INFILESIZE_LARGE, 0)
      inputBytes = ([], 0)
    }
    let me = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe ccurl_set_bytes(
      handle, CURLOPT_READFUNCTION, { unsafe CurlRequest.of($3).send($0, $1 * $2) }, CURLOPT_READDATA, me)
    unsafe ccurl_set_bytes(
      handle, CURLOPT_WRITEFUNCTION, { unsafe CurlRequest.of($3).receive($0, $1 * $2) }, CURLOPT_WRITEDATA, me)
    unsafe ccurl_set_bytes(
      handle, CURLOPT_HEADERFUNCTION, { unsafe CurlRequest.of($3).header($0, $1 * $2) }, CURLOPT_HEADERDATA, me)
    unsafe ccurl_set_progress(handle, { unsafe CurlRequest.of($0).moved($1, $2, $3, $4) }, me)
  }

  /// At least 1: to libcurl 0 means for ever.
  private static func milliseconds(_ duration: Duration) -> Int { Int(max(1, duration.wholeMilliseconds)) }

  private static func of(_ context: UnsafeMutableRawPointer?) -> CurlRequest {
    guard let context = unsafe context else { preconditionFailure("libcurl called back without a context") }
    return unsafe Unmanaged<CurlRequest>.fromOpaque(context).takeUnretainedValue()
  }

  // MARK: libcurl's callbacks

  private func send(_ space: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    guard let space = unsafe space else { return 0 }
    if let input {
      let part: [UInt8]
      do throws(SystemFailure) {
        part = try Files.read(input.file, at: input.offset, count: min(count, Int(input.size - input.offset)))
      } catch {
        failure = .file("\(error.call) failed with errno \(error.code)")
        return Int(CURL_READFUNC_ABORT)
      }
      self.input?.offset += Int64(part.count)
      unsafe part.withUnsafeBytes { bytes in
        if let base = bytes.baseAddress { unsafe memcpy(space, base, bytes.count) }
      }
      return part.count
    }
    guard let (bytes, offset) = inputBytes else { return 0 }
    let size = min(count, bytes.count - offset)
    unsafe bytes.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { unsafe memcpy(space, base + offset, size) }
    }
    inputBytes?.offset += size
    return size
  }

  private func receive(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    guard let bytes = unsafe bytes else { return 0 }
    let part = unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
    bodyBytes += Int64(count)
    if bodyBytes > request.maxBodyBytes {
      failure = .tooLarge(maxBodyBytes: request.maxBodyBytes)
      return 0
    }
    let isSuccess = unsafe (200..<300).contains(ccurl_status(handle))
    guard let output, isSuccess else {
      if output == nil || body.count + count <= Self.maxFailureBodyBytes { body += part }
      return count
    }
    do throws(SystemFailure) {
      try Files.write(part, to: output, at: bodyBytes - Int64(count))
    } catch {
      failure = .file("\(error.call) failed with errno \(error.code)")
      return 0
    }
    return count
  }

  private func header(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    guard let bytes = unsafe bytes else { return 0 }
    headerBytes += count
    if headerBytes > Self.maxHeaderBytes {
      failure = .broken("the answer's head is longer than \(Self.maxHeaderBytes) bytes")
      return 0
    }
    let line = unsafe String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      headers.removeAll()
    } else if let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) {
      let value = line[line.utf8.index(after: colon)...]
      headers.append(FetchHeader(String(line[..<colon]), Self.trimmed(value)))
    }
    return count
  }

  private static func trimmed(_ text: Substring) -> String {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r\n" || $0 == "\n" || $0 == "\r" }
    var text = text.drop(while: isSpace)
    while let last = text.last, isSpace(last) { text.removeLast() }
    return String(text)
  }

  private func moved(
    _ receiveTotal: curl_off_t, _ received: curl_off_t, _ sendTotal: curl_off_t, _ sent: curl_off_t
  ) -> Int32 {
    if shared.isCancelled.load(ordering: .relaxed) {
      failure = .cancelled
      return 1
    }
    guard let report else { return 0 }
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    let now = time.tv_sec * 1_000_000_000 + time.tv_nsec
    if now - lastReport >= Self.progressInterval {
      lastReport = now
      shared.progress.put(
        FetchProgress(
          sentBytes: Int64(sent), sentTotalBytes: Int64(sendTotal), receivedBytes: Int64(received),
          receivedTotalBytes: Int64(receiveTotal)))
      report()
    }
    return 0
  }

  private static func failure(_ code: CURLcode, _ request: FetchRequest) -> FetchFailure? {
    if code == CURLE_OK { return nil }
    let words = unsafe String(cString: curl_easy_strerror(code))
    switch code {
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT: return .badURL(request.url)
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT: return .unreachable(words)
    case CURLE_OPERATION_TIMEDOUT: return .timedOut
    case CURLE_ABORTED_BY_CALLBACK: return .cancelled
    default: return .broken(words)
    }
  }
}
