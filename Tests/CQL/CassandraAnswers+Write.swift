// What Cassandra 5.0.6 answered to these statements over the tables of `standardSchema`, asked on 2026-11-25 with its
// stock Python driver: "ok", its markers or the stored bytes; or an error code in hexadecimal and its words. Where
// Marquee differs on purpose, the statement is not here.

extension CassandraAnswers {
  static let write = #"""
    INSERT INTO t (a, b, c, d, v) VALUES (1, 2, 3, 4, 'x')
      ok
    INSERT INTO t (a, s) VALUES (1, 'x')
      ok
    INSERT INTO t (b, c, d) VALUES (1, 2, 3)
      2200 Some partition key parts are missing: a
    INSERT INTO t (a, b, v) VALUES (1, 2, 'x')
      2200 Some clustering keys are missing: c, d
    INSERT INTO t (a, b) VALUES (1)
      2200 Unmatched column names/values
    INSERT INTO kv (k, k) VALUES ('x', 'y')
      2200 The column names contains duplicates
    INSERT INTO kv (k, n) VALUES ('x', 3000000000)
      2200 Unable to make int from '3000000000'
    INSERT INTO kv (k, n) VALUES ('x', 1.5)
      2200 Invalid FLOAT constant (1.5) for "n" of type int
    INSERT INTO kv (k, n) VALUES ('x', now())
      2200 Type error: cannot assign result of function system.now (type timeuuid) to n (type int)
    INSERT INTO kv (k, n) VALUES ('x', foo())
      2200 Unknown function foo called
    INSERT INTO kv (k, n) VALUES ('x', 1 + 2)
      ok
    INSERT INTO coll (k, l) VALUES (1, {'x'})
      2200 Invalid set literal for l of type list<text>
    INSERT INTO coll (k, l) VALUES (1, [1])
      2200 Invalid list literal for l: value 1 is not of type text
    INSERT INTO coll (k, s) VALUES (1, {null})
      2200 null is not supported inside collections
    INSERT INTO coll (k, m) VALUES (1, {'a': 1})
      ok
    INSERT INTO coll (k, m) VALUES (1, {})
      ok
    INSERT INTO coll (k, t) VALUES (1, (1, 'x'))
      ok
    INSERT INTO coll (k, t) VALUES (1, (1, 'x', 2))
      2200 Invalid tuple literal for t: too many elements. Type frozen<tuple<int, text>> expects 2 but got 3
    INSERT INTO coll JSON '{"k": 1, "l": ["a"], "m": {"x": 1}}'
      ok
    INSERT INTO coll JSON '{"k": 1, "zz": 2}'
      2200 JSON values map contains unrecognized column: zz
    UPDATE t SET v = 'x' WHERE a = 1 AND b = 2 AND c = 3 AND d = 4
      ok
    UPDATE t SET s = 'x' WHERE a = 1
      ok
    UPDATE t SET v = 'x' WHERE a = 1
      2200 Some clustering keys are missing: b, c, d
    UPDATE t SET v = 'x' WHERE b = 1
      2200 Some partition key parts are missing: a
    UPDATE t SET a = 1 WHERE a = 1
      2200 PRIMARY KEY part a found in SET part
    UPDATE kv SET n = n + 1 WHERE k = 'x'
      2200 Invalid operation (n = n + 1) for non counter column n
    UPDATE coll SET f = f + [1] WHERE k = 1
      2200 Invalid operation (f = f + [1]) for frozen collection column f
    UPDATE coll SET s = s + {1}, m = m - {'x'}, l = ['a'] + l WHERE k = 1
      ok
    UPDATE coll SET s += {1}, s = {2} WHERE k = 1
      2000 Multiple incompatible setting of column s
    DELETE FROM t WHERE a = 1 AND b = 2
      ok
    DELETE FROM t WHERE a = 1 AND b > 2
      ok
    DELETE v FROM t WHERE a = 1 AND b > 2
      2200 Range deletions are not supported for specific columns
    DELETE a FROM t WHERE a = 1
      2200 Invalid identifier a for deletion (should not be a PRIMARY KEY part)
    DELETE FROM two WHERE p = 1
      2200 Some partition key parts are missing: q
    BEGIN BATCH USING TIMESTAMP 5 INSERT INTO kv (k) VALUES ('x') USING TIMESTAMP 6; APPLY BATCH
      2200 Timestamp must be set either on BATCH or individual statements
    LIST ROLES
      2100 You have to be logged in and not anonymous to perform this request
    INSERT INTO
      2000 line 0:-1 no viable alternative at input '<EOF>'
    INSERT INTO t
      2000 line 0:-1 no viable alternative at input '<EOF>'
    INSERT INTO t (a) VALUES
      2000 line 0:-1 mismatched input '<EOF>' expecting '('
    INSERT INTO t (a) VALUES (1
      2000 line 0:-1 mismatched input '<EOF>' expecting ')'
    INSERT INTO t (a) VALUES (1))
      2000 line 1:28 mismatched input ')' expecting EOF (... (a) VALUES (1)[)])
    INSERT INTO t (a) VALUE (1)
      2000 line 1:18 mismatched input 'VALUE' expecting K_VALUES (INSERT INTO t (a) [VALUE]...)
    INSERT INTO t VALUES (1)
      2000 line 1:14 no viable alternative at input 'VALUES' (INSERT INTO [t] VALUES...)
    INSERT INTO t (a, b) VALUES (1 2)
      2000 line 1:31 no viable alternative at input '2' (..., b) VALUES (1 [2]...)
    INSERT INTO t (a) VALUES ()
      2000 line 1:26 no viable alternative at input ')' (... t (a) VALUES ([)])
    INSERT t (a) VALUES (1)
      2000 line 1:7 mismatched input 't' expecting K_INTO (INSERT [t]...)
    UPDATE
      2000 line 0:-1 no viable alternative at input '<EOF>'
    UPDATE t
      2000 line 0:-1 mismatched input '<EOF>' expecting K_SET
    UPDATE t SET
      2000 line 0:-1 no viable alternative at input '<EOF>'
    UPDATE t SET a = 1
      2000 line 0:-1 mismatched input '<EOF>' expecting K_WHERE
    UPDATE t SET a WHERE b = 1
      2000 line 1:15 no viable alternative at input 'WHERE' (UPDATE t SET a [WHERE]...)
    UPDATE t SET v = 'x' WHERE
      2000 line 0:-1 no viable alternative at input '<EOF>'
    UPDATE t SET v = d + 'x' WHERE a = 1
      2000 Only expressions of the form X = X +<value> are supported.
    UPDATE coll SET l = ['a'] + s WHERE k = 1
      2000 Only expressions of the form X = <value> + X are supported.
    DELETE
      2000 line 0:-1 mismatched input '<EOF>' expecting K_FROM
    DELETE FROM t
      2000 line 0:-1 mismatched input '<EOF>' expecting K_WHERE
    DELETE FROM t WHERE
      2000 line 0:-1 no viable alternative at input '<EOF>'
    DELETE * FROM t WHERE a = 1
      2000 line 1:7 mismatched input '*' expecting K_FROM (DELETE [*]...)
    DELETE v FROM t
      2000 line 0:-1 mismatched input '<EOF>' expecting K_WHERE
    BEGIN
      2000 line 0:-1 mismatched input '<EOF>' expecting K_BATCH
    BEGIN BATCH
      2000 line 0:-1 mismatched input '<EOF>' expecting K_APPLY
    BEGIN BATCH APPLY BATCH
      ok
    BEGIN BATCH SELECT * FROM t APPLY BATCH
      2000 line 1:12 mismatched input 'SELECT' expecting K_APPLY (BEGIN BATCH [SELECT]...)
    BEGIN BATCH INSERT INTO kv (k) VALUES ('a')
      2000 line 0:-1 mismatched input '<EOF>' expecting K_APPLY
    BEGIN BATCH INSERT INTO kv (k) VALUES ('a') APPLY
      2000 line 0:-1 mismatched input '<EOF>' expecting K_BATCH
    BEGIN FOO BATCH APPLY BATCH
      2000 line 1:6 mismatched input 'FOO' expecting K_BATCH (BEGIN [FOO]...)
    BEGIN COUNTER BATCH INSERT INTO kv (k, v) VALUES ('a', 'b'); APPLY BATCH
      2200 Cannot include non-counter statement in a counter batch
    BEGIN BATCH USING TTL 5 INSERT INTO kv (k, v) VALUES ('a', 'b'); APPLY BATCH
      2200 Global TTL on the BATCH statement is not supported.
    USE
      2000 line 0:-1 no viable alternative at input '<EOF>'
    USE ?
      2000 Bind variables cannot be used for keyspace names
    TRUNCATE
      2000 line 0:-1 no viable alternative at input '<EOF>'
    DROP
      2000 line 0:-1 no viable alternative at input '<EOF>'
    DROP foo
      2000 line 1:5 no viable alternative at input 'foo' ([DROP] foo)
    DROP TABLE
      2000 line 0:-1 no viable alternative at input '<EOF>'
    CREATE
      2000 line 0:-1 no viable alternative at input '<EOF>'
    CREATE FOO
      2000 line 1:7 no viable alternative at input 'FOO' ([CREATE] FOO)
    CREATE TABLE
      2000 line 0:-1 no viable alternative at input '<EOF>'
    CREATE TABLE x
      2000 line 0:-1 mismatched input '<EOF>' expecting '('
    CREATE TABLE x ()
      2000 line 1:16 no viable alternative at input ')' (CREATE TABLE x ([)])
    CREATE TABLE x (a int
      2000 line 0:-1 mismatched input '<EOF>' expecting ')'
    CREATE TABLE x (a)
      2000 line 1:17 no viable alternative at input ')' (CREATE TABLE x (a[)])
    ALTER
      2000 line 0:-1 no viable alternative at input '<EOF>'
    ALTER TABLE t
      2000 line 0:-1 no viable alternative at input '<EOF>'
    ALTER TABLE t FOO
      2000 line 1:14 no viable alternative at input 'FOO' (ALTER TABLE [t] FOO)
    DESCRIBE
      2000 line 0:-1 no viable alternative at input '<EOF>'
    FOO BAR
      2000 line 1:0 no viable alternative at input 'FOO' ([FOO]...)
    INSERT INTO kv (k) VALUES (null)
      2200 Invalid null value in condition for column k
    INSERT INTO kv (k) VALUES ('')
      2200 Key may not be empty
    INSERT INTO t (a, b, c, d) VALUES (1, null, 3, 4)
      2200 Invalid null value in condition for column b
    INSERT INTO kv (v) VALUES ('x')
      2200 Some partition key parts are missing: k
    INSERT INTO kv (k, zzz) VALUES ('x', 1)
      2200 Undefined column name zzz in table ks.kv
    INSERT INTO kv (k, v) VALUES ('x', ?) USING TIMESTAMP ? AND TTL ?
      ok v text, [timestamp] bigint, [ttl] int
    INSERT INTO kv (k, v) VALUES ('x', :v) USING TTL :t
      ok v text, t int
    INSERT INTO kv (k, v) VALUES ('x', 'y') USING TTL -1
      2200 A TTL must be greater or equal to 0, but was -1
    INSERT INTO kv (k, v) VALUES ('x', 'y') USING TTL 630720001
      2200 ttl is too large. requested (630720001) maximum (630720000)
    INSERT INTO kv (k, v) VALUES ('x', 'y') USING TTL 5 AND TTL 6
      ok
    INSERT INTO kv (k, v) VALUES ('x', 'y') USING FOO 5
      2000 line 1:46 no viable alternative at input 'FOO' (... ('x', 'y') USING [FOO]...)
    INSERT INTO kv (k, n) VALUES ('x', 'y')
      2200 Invalid STRING constant (y) for "n" of type int
    INSERT INTO kv (k, n) VALUES ('x', true)
      2200 Invalid BOOLEAN constant (true) for "n" of type int
    INSERT INTO kv (k, n) VALUES ('x', 0x01)
      2200 Invalid HEX constant (0x01) for "n" of type int
    INSERT INTO kv (k, n) VALUES ('x', 1h)
      2200 Invalid DURATION constant (1h) for "n" of type int
    INSERT INTO kv (k, n) VALUES ('x', 123e4567-e89b-12d3-a456-426614174000)
      2200 Invalid UUID constant (123e4567-e89b-12d3-a456-426614174000) for "n" of type int
    INSERT INTO kv (k, n) VALUES ('x', [1])
      2200 Unexpected receiver type 'int'; only list and vector are expected
    INSERT INTO kv (k, n) VALUES ('x', {1})
      2200 Invalid set literal for n of type int
    INSERT INTO kv (k, n) VALUES ('x', {1: 2})
      2200 Invalid map literal for n of type int
    INSERT INTO kv (k, n) VALUES ('x', {a: 2})
      2200 Invalid user type literal for n of type int
    INSERT INTO kv (k, n) VALUES ('x', (1, 2))
      2200 Invalid tuple type literal for n of type int
    INSERT INTO kv (k, n) VALUES ('x', (1))
      ok
    INSERT INTO kv (k, n) VALUES ('x', (int)5)
      ok
    INSERT INTO kv (k, n) VALUES ('x', (text)'5')
      2200 Cannot assign value (text)'5' to n of type int
    INSERT INTO kv (k, n) VALUES ('x', (bigint)5)
      2200 Cannot assign value (bigint)5 to n of type int
    INSERT INTO kv (k, n) VALUES ('x', 1 + 2 * 3)
      ok
    INSERT INTO kv (k, n) VALUES ('x', -5)
      ok
    INSERT INTO kv (k, n) VALUES ('x', - 5)
      ok
    INSERT INTO kv (k, n) VALUES ('x', blobAsInt(0x00000005))
      ok
    INSERT INTO kv (k, n) VALUES ('x', blobAsInt(0x05))
      2200 In call to function system.blobasint, value 0x05 is not a valid binary representation for type int
    INSERT INTO kv (k, big) VALUES ('x', toUnixTimestamp(now()))
      ok
    INSERT INTO kv (k, big) VALUES ('x', token('x'))
      ok
    INSERT INTO coll (k, l) VALUES (1, ['a', null])
      2200 null is not supported inside collections
    INSERT INTO coll (k, t) VALUES (1, (?, ?))
      ok t[0] int, t[1] text
    INSERT INTO coll (k, m) VALUES (1, {'a', 'b'})
      2200 Invalid set literal for m of type map<text, int>
    INSERT INTO coll (k, m) VALUES (1, {'a': 'b'})
      2200 Invalid map literal for m: value 'b' is not of type int
    INSERT INTO coll (k, m) VALUES (1, {1: 1})
      2200 Invalid map literal for m: key 1 is not of type text
    INSERT INTO coll (k, m) VALUES (1, [1])
      2200 Unexpected receiver type 'map<text, int>'; only list and vector are expected
    INSERT INTO coll (k, s) VALUES (1, [1])
      2200 Unexpected receiver type 'set<int>'; only list and vector are expected
    INSERT INTO coll (k, s) VALUES (1, {1: 1})
      2200 Invalid map literal for s of type set<int>
    INSERT INTO coll (k, s) VALUES (1, {'a'})
      2200 Invalid set literal for s: value 'a' is not of type int
    INSERT INTO coll (k, s) VALUES (1, {})
      ok
    INSERT INTO coll (k, l) VALUES (1, {})
      2200 Invalid set literal for l of type list<text>
    INSERT INTO coll (k, l) VALUES (1, 'x')
      2200 Invalid STRING constant (x) for "l" of type list<text>
    INSERT INTO coll (k, l) VALUES (1, null)
      ok
    INSERT INTO coll (k, t) VALUES (1, ('x', 1))
      2200 Invalid tuple literal for t: component 0 is not of type int
    INSERT INTO coll (k, t) VALUES (1, (1))
      ok
    INSERT INTO coll (k, f) VALUES (1, ['x'])
      2200 Invalid list literal for f: value 'x' is not of type int
    INSERT INTO coll JSON '{"k": 1}'
      ok
    INSERT INTO coll JSON '{"k": "x"}'
      2200 Error decoding JSON value for k: Unable to make int from 'x'
    INSERT INTO coll JSON '{"l": ["x"]}'
      2200 Invalid null value in condition for column k
    INSERT INTO coll JSON '{"k": 1, "l": [null]}'
      2200 Error decoding JSON value for l: Invalid null element in list
    INSERT INTO coll JSON '{"k": 1, "m": {"a": "b"}}'
      2200 Error decoding JSON value for m: Unable to make int from 'b'
    INSERT INTO coll JSON ?
      ok [json] text
    UPDATE kv SET v = 'x' WHERE k = 'a' IF EXISTS
      ok
    UPDATE kv SET v = 'x' WHERE k = 'a' IF v = 'y'
      ok
    UPDATE kv SET v = 'x' WHERE k = 'a' IF k = 'y'
      2200 PRIMARY KEY column 'k' cannot have IF conditions
    UPDATE kv SET v = 'x' WHERE k = 'a' IF zzz = 'y'
      2200 Undefined column name zzz in table ks.kv
    UPDATE kv SET zzz = 'x' WHERE k = 'a'
      2200 Undefined column name zzz in table ks.kv
    UPDATE kv SET v = 'x' WHERE zzz = 'a'
      2200 Undefined column name zzz in table ks.kv
    UPDATE kv SET v = 'x', v = 'y' WHERE k = 'a'
      2000 Multiple incompatible setting of column v
    UPDATE kv SET k = 'x' WHERE k = 'a'
      2200 PRIMARY KEY part k found in SET part
    UPDATE kv SET v = 'x' WHERE k > 'a'
      2200 Only EQ and IN relation are supported on the partition key (unless you use the token() function) for \#
    UPDATE statements
    UPDATE kv SET v = 'x' WHERE k IN ('a', 'b')
      ok
    UPDATE kv SET v = 'x' WHERE k IN ?
      ok in(k) list<text>
    UPDATE kv SET v = 'x' WHERE token(k) > 5
      2200 The token function cannot be used in WHERE clauses for UPDATE statements
    UPDATE kv SET v += 'x' WHERE k = 'a'
      2200 Invalid operation (v = v + 'x') for non counter column v
    UPDATE kv SET v[0] = 'x' WHERE k = 'a'
      2200 Invalid operation (v[0] = 'x') for non collection column v
    UPDATE kv SET v.x = 'x' WHERE k = 'a'
      2200 Invalid operation (v.x = 'x') for non-UDT column v
    UPDATE t SET v = 'x' WHERE a = 1 AND b = 2
      2200 Some clustering keys are missing: c, d
    UPDATE t SET v = 'x' WHERE a = 1 AND b = 2 AND c = 3 AND d > 4
      2200 Slice restrictions are not supported on the clustering columns in UPDATE statements
    UPDATE t SET v = 'x' WHERE a = 1 AND b > 2
      2200 Slice restrictions are not supported on the clustering columns in UPDATE statements
    UPDATE t SET v = 'x' WHERE a = 1 AND b = 2 AND c = 3 AND d IN (4, 5)
      ok
    UPDATE t SET v = 'x' WHERE a = 1 AND (b, c, d) = (1, 2, 3)
      ok
    UPDATE t SET v = 'x' WHERE a = 1 AND (b, c, d) IN ((1, 2, 3), (4, 5, 6))
      ok
    UPDATE t SET v = 'x', s = 'y' WHERE a = 1
      2200 Some clustering keys are missing: b, c, d
    UPDATE t SET s = 'y' WHERE a = 1 AND b = 2
      2200 Invalid restrictions on clustering columns since the UPDATE statement modifies only static columns
    UPDATE t SET s = 'y' WHERE a = 1 AND b = 2 AND c = 3 AND d = 4
      2200 Invalid restrictions on clustering columns since the UPDATE statement modifies only static columns
    UPDATE t SET s = 'y' WHERE a = 1 AND b > 2
      2200 Invalid restrictions on clustering columns since the UPDATE statement modifies only static columns
    UPDATE coll SET l[?] = ?, m[?] = ? WHERE k = ?
      ok idx(l) int, value(l) text, key(m) text, value(m) int, k int key [4]
    UPDATE coll SET l = l + ?, s = s - ?, m = m + ?, m = m - ? WHERE k = ?
      ok l list<text>, s set<int>, m map<text, int>, m set<text>, k int key [4]
    UPDATE coll SET l = ? + l WHERE k = ?
      ok l list<text>, k int key [1]
    UPDATE coll SET s[1] = 2 WHERE k = 1
      2200 Invalid operation (s[1] = 2) for set column s
    UPDATE coll SET f[1] = 2 WHERE k = 1
      2200 Invalid operation (f[1] = 2) for frozen collection column f
    UPDATE coll SET t = t + (1, 'x') WHERE k = 1
      2200 Invalid operation (t = t + (1, 'x')) for tuple column t
    UPDATE coll SET m = m + {'a'} WHERE k = 1
      2200 Value for a map addition has to be a map, but was: '{'a'}'
    UPDATE coll SET m = m - {'a': 1} WHERE k = 1
      2200 Value for a map substraction has to be a set, but was: '{'a': 1}'
    UPDATE coll SET s = s + [1] WHERE k = 1
      2200 Unexpected receiver type 'set<int>'; only list and vector are expected
    UPDATE coll SET l = l + {'a'} WHERE k = 1
      2200 Invalid set literal for l of type list<text>
    UPDATE coll SET l = l - 'a' WHERE k = 1
      2200 Invalid STRING constant (a) for "l" of type list<text>
    UPDATE coll SET l += ['a'], l = ['b'] WHERE k = 1
      2000 Multiple incompatible setting of column l
    DELETE FROM kv WHERE k = 'a' IF EXISTS
      ok
    DELETE FROM kv WHERE k IN ('a', 'b')
      ok
    DELETE FROM kv WHERE k > 'a'
      2200 Only EQ and IN relation are supported on the partition key (unless you use the token() function) for \#
    DELETE statements
    DELETE FROM kv WHERE v = 'a'
      2200 Some partition key parts are missing: k
    DELETE k FROM kv WHERE k = 'a'
      2200 Invalid identifier k for deletion (should not be a PRIMARY KEY part)
    DELETE zzz FROM kv WHERE k = 'a'
      2200 Undefined column name zzz in table ks.kv
    DELETE v[1] FROM kv WHERE k = 'a'
      2200 Invalid deletion operation for non collection column v
    DELETE v.x FROM kv WHERE k = 'a'
      2200 Invalid field deletion operation for non-UDT column v
    DELETE l[?], m[?], s[?] FROM coll WHERE k = ?
      ok idx(l) int, key(m) text, value(s) int, k int key [3]
    DELETE f[0] FROM coll WHERE k = 1
      2200 Invalid deletion operation for frozen collection column f
    DELETE v FROM t WHERE a = 1
      2200 Range deletions are not supported for specific columns
    DELETE v FROM t WHERE a = 1 AND b = 2
      2200 Range deletions are not supported for specific columns
    DELETE v FROM t WHERE a = 1 AND b = 2 AND c = 3 AND d = 4
      ok
    DELETE s FROM t WHERE a = 1
      ok
    DELETE s FROM t WHERE a = 1 AND b = 2
      2200 Invalid restrictions on clustering columns since the DELETE statement modifies only static columns
    DELETE s, v FROM t WHERE a = 1
      2200 Range deletions are not supported for specific columns
    DELETE FROM t WHERE a = 1 AND c = 2
      2200 PRIMARY KEY column "c" cannot be restricted as preceding column "b" is not restricted
    DELETE FROM t WHERE a = 1 AND b > 1 AND b <= 5
      ok
    DELETE FROM t WHERE a = 1 AND b IN (1, 2)
      ok
    DELETE FROM t WHERE a = 1 AND (b, c) > (1, 2)
      ok
    DELETE FROM t USING TIMESTAMP ? WHERE a = ? AND b = ?
      ok [timestamp] bigint, a int, b int key [1]
    DELETE FROM t USING TTL 5 WHERE a = 1
      2000 line 1:20 mismatched input 'TTL' expecting K_TIMESTAMP (DELETE FROM t USING [TTL]...)
    DELETE FROM t WHERE b = 1
      2200 Some partition key parts are missing: a
    DELETE FROM two WHERE p = 1 AND q IN ?
      ok in(q) list<text>
    INSERT INTO t ("A") VALUES (1)
      2200 Undefined column name "A" in table ks.t
    UPDATE t SET "V" = 1 WHERE a = 1
      2200 Undefined column name "V" in table ks.t
    DELETE "V" FROM t WHERE a = 1
      2200 Undefined column name "V" in table ks.t
    DROP TABLE t x
      2000 line 1:13 no viable alternative at input 'x' (DROP TABLE [t] x)
    TRUNCATE t x
      2000 line 1:11 no viable alternative at input 'x' (TRUNCATE [t] x)
    TRUNCATE TABLE t x
      2000 line 1:17 no viable alternative at input 'x' (TRUNCATE TABLE [t] x)
    INSERT INTO t x (a) VALUES (1)
      2000 line 1:14 no viable alternative at input 'x' (INSERT INTO [t] x...)
    UPDATE t x SET v = 1 WHERE a = 1
      2000 line 1:9 no viable alternative at input 'x' (UPDATE [t] x...)
    DELETE FROM t x WHERE a = 1
      2000 line 1:14 no viable alternative at input 'x' (DELETE FROM [t] x...)
    CREATE KEYSPACE
      2000 line 0:-1 no viable alternative at input '<EOF>'
    CREATE KEYSPACE x
      2000 line 0:-1 mismatched input '<EOF>' expecting K_WITH
    CREATE KEYSPACE x WITH
      2000 line 0:-1 no viable alternative at input '<EOF>'
    CREATE KEYSPACE x WITH replication = {'class': ?}
      2000 Invalid property value: ? for property: 'class' (bind variables are not supported in DDL queries)
    CREATE TABLE y (a int PRIMARY KEY) WITH
      2000 line 0:-1 no viable alternative at input '<EOF>'
    CREATE TABLE y (a int PRIMARY KEY b int)
      2000 line 1:34 mismatched input 'b' expecting ')' (... (a int PRIMARY KEY [b]...)
    CREATE TABLE y (a foo PRIMARY KEY)
      ok
    CREATE TABLE y (a int PRIMARY)
      2000 line 1:29 mismatched input ')' expecting K_KEY (...TABLE y (a int PRIMARY[)])
    CREATE TABLE y (PRIMARY KEY (a))
      ok
    CREATE TABLE y a int
      2000 line 1:15 no viable alternative at input 'a' (CREATE TABLE [y] a...)
    CREATE TABLE IF NOT y (a int PRIMARY KEY)
      2000 line 1:20 mismatched input 'y' expecting K_EXISTS (CREATE TABLE IF NOT [y]...)
    CREATE TABLE select (a int PRIMARY KEY)
      2000 line 1:13 no viable alternative at input 'select' (CREATE TABLE [select]...)
    CREATE TABLE ? (a int PRIMARY KEY)
      2000 Bind variables cannot be used for table names
    ALTER TABLE t ADD
      2000 line 0:-1 no viable alternative at input '<EOF>'
    ALTER TABLE t ADD x
      2000 line 0:-1 no viable alternative at input '<EOF>'
    ALTER TABLE t DROP
      2000 line 0:-1 no viable alternative at input '<EOF>'
    ALTER TABLE t RENAME a b
      2000 line 1:23 mismatched input 'b' expecting K_TO (ALTER TABLE t RENAME a [b])
    DROP KEYSPACE
      2000 line 0:-1 no viable alternative at input '<EOF>'
    DROP KEYSPACE IF x
      2000 line 1:17 mismatched input 'x' expecting K_EXISTS (DROP KEYSPACE IF [x])
    USE ks x
      2000 line 1:7 mismatched input 'x' expecting EOF (USE ks [x])
    EXPLAIN SELECT * FROM t
      2000 line 1:0 no viable alternative at input 'EXPLAIN' ([EXPLAIN]...)
    INSERT INTO t (a, b, c, d) VALUES (1, 2, 3, 4) IF EXISTS
      2000 line 1:50 mismatched input 'EXISTS' expecting K_NOT (..., 3, 4) IF [EXISTS])
    INSERT INTO t (a, b, c, d) VALUES (1, 2, 3, 4) IF NOT
      2000 line 0:-1 mismatched input '<EOF>' expecting K_EXISTS
    INSERT INTO t (a, b, c, d) VALUES (1, 2, 3, 4) USING
      2000 line 0:-1 no viable alternative at input '<EOF>'
    INSERT INTO t (a, b, c, d) VALUES (1, 2, 3, 4) USING TTL
      2000 line 0:-1 no viable alternative at input '<EOF>'
    INSERT INTO t (a, b, c, d) VALUES (1, 2, 3, 4) USING TTL ? FOO
      2000 line 1:59 mismatched input 'FOO' expecting EOF (... 4) USING TTL ? [FOO])
    INSERT INTO t (a, b, c, d) VALUES ?
      2000 line 1:34 mismatched input '?' expecting '(' (..., c, d) VALUES [?])
    INSERT INTO ? (a) VALUES (1)
      2000 Bind variables cannot be used for table names
    INSERT INTO t (?) VALUES (1)
      2000 line 1:15 no viable alternative at input '?' (INSERT INTO t ([?]...)
    UPDATE t SET ? = 1 WHERE a = 1
      2000 line 1:13 no viable alternative at input '?' (UPDATE t SET [?]...)
    UPDATE t SET v = 1, WHERE a = 1
      2000 line 1:20 no viable alternative at input 'WHERE' (... SET v = 1, [WHERE]...)
    UPDATE t SET v == 1 WHERE a = 1
      2000 line 1:16 no viable alternative at input '=' (UPDATE t SET v =[=]...)
    UPDATE t SET v = 'x' WHERE a = 1 IF
      2000 line 0:-1 no viable alternative at input '<EOF>'
    UPDATE t SET v = 'x' WHERE a = 1 IF NOT EXISTS
      2000 line 1:36 no viable alternative at input 'NOT' (...WHERE a = 1 IF [NOT]...)
    UPDATE t SET v = 'x' WHERE a = 1 USING TTL 5
      2000 line 1:33 no viable alternative at input 'USING' (...'x' WHERE a = 1 [USING]...)
    DELETE v, FROM t WHERE a = 1
      2000 line 1:10 no viable alternative at input 'FROM' (DELETE v, [FROM]...)
    DELETE v s FROM t WHERE a = 1
      2000 line 1:9 no viable alternative at input 's' (DELETE [v] s...)
    DELETE FROM t WHERE a = 1 USING TIMESTAMP 5
      2000 line 1:26 no viable alternative at input 'USING' (...t WHERE a = 1 [USING]...)
    """#
}
