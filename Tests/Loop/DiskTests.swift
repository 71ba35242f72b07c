import Base
import Testing
import World

@testable import Loop

@Suite struct DiskTests {
  private func on<Value>(
    _ loop: Loop, _ world: World, _ body: @escaping () async throws(DiskFailure) -> Value
  ) throws -> Value {
    let result = runAsync(loop, world) { () async -> Result<Value, DiskFailure> in
      do throws(DiskFailure) {
        return .success(try await body())
      } catch {
        return .failure(error)
      }
    }
    return try #require(result).get()
  }

  @Test(arguments: ["/etc/passwd", "..", "../x", "a/../../b", "a/./b", "", "a//b", "a/", "/", "a/..", "x\0y"])
  func pathsOutOfTheRootAreRefused(_ path: String) throws {
    try withWorld { loop, world in
      #expect(throws: DiskFailure.badPath(path)) {
        try on(loop, world) { () async throws(DiskFailure) in _ = try await world.disk.open(path, .write) }
      }
      #expect(throws: DiskFailure.badPath(path)) {
        try on(loop, world) { () async throws(DiskFailure) in try await world.disk.remove(path) }
      }
      #expect(throws: DiskFailure.badPath(path)) {
        try on(loop, world) { () async throws(DiskFailure) in try await world.disk.makeDirectories(path) }
      }
      #expect(throws: DiskFailure.badPath(path)) {
        try on(loop, world) { () async throws(DiskFailure) in
          try await world.disk.replace("here", with: [1])
          try await world.disk.rename("here", to: path)
        }
      }
      #expect(throws: DiskFailure.badPath(path)) { _ = try world.disk.absolutePath(path) }
    }
  }

  @Test func aFilesLife() throws {
    try withWorld { loop, world in
      let disk = world.disk
      try on(loop, world) { () async throws(DiskFailure) in
        try await disk.makeDirectories("a/b")
        try await disk.makeDirectories("a/b")
        let file = try await disk.open("a/b/part", .create)
        try await file.append(Array("hello ".utf8))
        try await file.append(Array("world".utf8))
        try await file.write(Array("W".utf8), at: 6)
        try await file.sync()
        #expect(file.sizeBytes == 11)
        #expect(try await file.read(at: 0, count: 100) == Array("hello World".utf8))
        #expect(try await file.read(at: 6, count: 2) == Array("Wo".utf8))
        file.close()
        try await disk.rename("a/b/part", to: "a/whole")
        #expect(try await disk.status("a/b/part") == nil)
        let status = try await disk.status("a/whole")
        #expect(status?.sizeBytes == 11)
        #expect(status?.isDirectory == false)
        #expect(try await disk.list("a") == ["b", "whole"])
        try await disk.replace("a/whole", with: [1, 2, 3])
        #expect(try await disk.status("a/whole")?.sizeBytes == 3)
        #expect(try await disk.list("a") == ["b", "whole"])
        let space = try await disk.space()
        #expect(space.freeBytes > 0 && space.totalBytes >= space.freeBytes)
        try await disk.remove("a")
        try await disk.remove("a")
        #expect(try await disk.status("a") == nil)
      }
    }
  }

  @Test func failuresAreNamed() throws {
    try withWorld { loop, world in
      let disk = world.disk
      try on(loop, world) { () async throws(DiskFailure) in
        try await disk.replace("file", with: [1])
        try await disk.makeDirectories("directory")
      }
      func failure(_ body: @escaping () async throws(DiskFailure) -> Void) -> DiskFailure? {
        do {
          try on(loop, world, body)
          return nil
        } catch {
          return error as? DiskFailure
        }
      }
      #expect(failure { () async throws(DiskFailure) in _ = try await disk.open("none", .read) } == .notFound("none"))
      #expect(failure { () async throws(DiskFailure) in _ = try await disk.open("file", .create) } == .exists("file"))
      #expect(
        failure { () async throws(DiskFailure) in _ = try await disk.open("directory", .read) }
          == .isDirectory("directory"))
      #expect(
        failure { () async throws(DiskFailure) in try await disk.makeDirectories("file/x") } == .notDirectory("file/x"))
      #expect(failure { () async throws(DiskFailure) in _ = try await disk.list("none") } == .notFound("none"))
    }
  }
}
