// libuv's handles: memory that Swift does not move, owned by libuv until its close callback.
//
// A handle's `data` holds its owner with one reference, given back in the close callback, where the memory
// is freed too: never before, since libuv still uses it.

import CUV
import Glibc

/// What owns handles and must end when its loop does.
protocol LoopResource: AnyObject {
  /// libuv let go of one of its handles.
  func handleClosed()
  /// The loop ends: close the handles, tell nobody above.
  func abandon()
}

enum Handle {
  /// Zeroed memory for a handle whose `data` is `owner`.
  static func make<T>(_ type: T.Type, owner: any LoopResource) -> UnsafeMutablePointer<T> {
    let handle = unsafe allocate(type)
    unsafe setOwner(of: handle, owner)
    return unsafe handle
  }

  /// Zeroed memory for a handle that gets its owner by `setOwner`.
  static func allocate<T>(_ type: T.Type) -> UnsafeMutablePointer<T> {
    let handle = UnsafeMutablePointer<T>.allocate(capacity: 1)
    unsafe memset(handle, 0, MemoryLayout<T>.size)
    return unsafe handle
  }

  static func setOwner<T>(of handle: UnsafeMutablePointer<T>, _ owner: any LoopResource) {
    unsafe base(handle).pointee.data = Unmanaged.passRetained(owner as AnyObject).toOpaque()
  }

  /// The part all handles begin with.
  static func base<T>(_ handle: UnsafeMutablePointer<T>) -> UnsafeMutablePointer<uv_handle_t> {
    unsafe UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)
  }

  static func owner<T, Owner: AnyObject>(_ handle: UnsafeMutablePointer<T>?, as type: Owner.Type) -> Owner {
    guard let data = unsafe handle.flatMap({ unsafe base($0).pointee.data }) else {
      preconditionFailure("libuv called back for a handle without an owner")
    }
    return unsafe Unmanaged<Owner>.fromOpaque(data).takeUnretainedValue()
  }

  /// Closes a handle that was initialised; its memory and its reference to the owner go later.
  static func close<T>(_ handle: UnsafeMutablePointer<T>) {
    unsafe uv_close(base(handle)) { handle in
      guard let handle = unsafe handle, let data = unsafe handle.pointee.data else { return }
      let owner = unsafe Unmanaged<AnyObject>.fromOpaque(data).takeRetainedValue()
      unsafe UnsafeMutableRawPointer(handle).deallocate()
      (owner as? any LoopResource)?.handleClosed()
    }
  }

  /// Frees a handle whose initialisation failed.
  static func discard<T>(_ handle: UnsafeMutablePointer<T>) {
    if let data = unsafe base(handle).pointee.data { unsafe Unmanaged<AnyObject>.fromOpaque(data).release() }
    unsafe handle.deallocate()
  }
}
