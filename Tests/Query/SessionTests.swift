import Base
import Data
import Query
import TestWorld
import Testing
import World

@Suite struct SessionTests {
  static func session() -> (TestBed, Session) {
    let bed = TestBed(
      """
      CREATE TABLE videos (video_id text PRIMARY KEY, title text, id uuid, year int, length bigint, made timestamp,
        seen boolean, rating double, genres set<text>, cast list<text>, artwork map<text, text>, raw blob,
        size smallint)
      """)
    return (bed, Session(runner: EngineRunner(engine: bed.engine, keyspace: "k")))
  }

  private func run(_ session: Session, _ cql: String, _ values: [CQLValue] = []) -> Result<Rows, QueryFailure> {
    var answer: Result<Rows, QueryFailure>?
    session.execute(cql, values, consistency: .one) { answer = $0 }
    return answer ?? .failure(.server("no answer"))
  }

  @Test func typedValuesGoInAndComeOut() throws {
    let (_, session) = Self.session()
    let id = UUID(random: 1, 2)
    _ = try run(
      session,
      """
      INSERT INTO videos (video_id, title, id, year, length, made, seen, rating, genres, cast, artwork, raw, size)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        "v1", "Título", .uuid(id), 1999, 8_000_000_000, .timestamp(1_234), true,
        .double(1.5),
        .texts(set: ["drama", "action"]), .texts(list: ["b", "a"]), .texts(map: ["poster": "p.jpg"]), .blob([1, 2]),
        -3,
      ]
    ).get()
    let rows = try run(session, "SELECT * FROM videos WHERE video_id = ?", ["v1"]).get()
    #expect(rows.count == 1)
    let row = try #require(rows.first)
    #expect(row.text("title") == "Título")
    #expect(row.uuid("id") == id)
    #expect(row.int("year") == 1999)
    #expect(row.bigint("length") == 8_000_000_000)
    #expect(row.timestamp("made") == 1_234)
    #expect(row.boolean("seen") == true)
    #expect(row.double("rating") == 1.5)
    #expect(row.texts("genres") == ["action", "drama"])
    #expect(row.texts("cast") == ["b", "a"])
    #expect(row.textMap("artwork") == ["poster": "p.jpg"])
    #expect(row.blob("raw") == [1, 2])
    #expect(row.int("size") == -3)
    #expect(row.text("nope") == nil)
    #expect(row.int("title") == nil)
  }

  @Test func failuresAreTheEngines() {
    let (_, session) = Self.session()
    func message(_ cql: String, _ values: [CQLValue] = []) -> String {
      if case .failure(let failure) = run(session, cql, values) { failure.message } else { "" }
    }
    #expect(message("SELECT * FROM nope") == "table nope does not exist")
    #expect(
      message("SELECT * FROM videos WHERE video_id = ?") == "there were 1 markers(?) in CQL but 0 bound variables")
    #expect(
      message("INSERT INTO videos (video_id, year) VALUES ('a', ?)", [8_000_000_000])
        == "8000000000 is out of range for type int")
    #expect(message("SELECT * FROM videos WHERE video_id = ?", [1]).hasPrefix("A value of type text cannot be made"))
  }

  @Test func aSessionSurvivesChangesOfTheSchema() throws {
    let (bed, session) = Self.session()
    _ = try run(session, "INSERT INTO videos (video_id) VALUES (?)", ["a"]).get()
    _ = bed.rows("ALTER TABLE videos ADD extra int")
    #expect(try run(session, "SELECT * FROM videos").get().columns.index(of: "extra") != nil)
    _ = bed.rows("TRUNCATE videos")
    #expect(try run(session, "SELECT * FROM videos").get().isEmpty)
  }

  @Test func pagesByOptions() throws {
    let (_, session) = Self.session()
    for number in 0..<5 {
      _ = try run(session, "INSERT INTO videos (video_id) VALUES (?)", [.text("v\(number)")]).get()
    }
    var seen: Set<String> = []
    var state: [UInt8]?
    repeat {
      var page: Result<Rows, QueryFailure>?
      session.execute(
        "SELECT video_id FROM videos", options: SessionOptions(consistency: .one, pageSize: 2, pagingState: state)
      ) { page = $0 }
      let rows = try #require(page).get()
      for row in rows { seen.insert(row.text("video_id") ?? "") }
      state = rows.pagingState
    } while state != nil
    #expect(seen.count == 5)
  }

  @Test func asyncCodeGetsRowsAndFailures() {
    let (bed, session) = Self.session()
    let executor = LoopExecutor(isCurrent: { true }, wake: {})
    let spawner = Spawner(executor: executor, timers: TestTimers())
    var titles: [String?] = []
    var message = ""
    spawner.spawn {
      do throws(QueryFailure) {
        _ = try await session.execute(
          "INSERT INTO videos (video_id, title) VALUES (?, ?)", ["v", "T"], consistency: .one)
        titles = try await session.execute("SELECT title FROM videos", consistency: .one).map { $0.text("title") }
        _ = try await session.execute("SELECT nope FROM videos", consistency: .one)
      } catch { message = error.message }
    }
    while executor.run() {}
    #expect(titles == ["T"])
    #expect(message == "Undefined column name nope in table k.videos")
    #expect(bed.replica.writes.map(\.consistency) == [.one])
  }
}
