// What Cassandra 5.0.6 answered to these statements over the tables of `standardSchema`, asked on 2026-11-25 with its
// stock Python driver: "ok", its markers or the stored bytes; or an error code in hexadecimal and its words. Where
// Marquee differs on purpose, the statement is not here.

extension CassandraAnswers {
  static let select = #"""
    SELECT * FROM t WHERE a = 1
      ok
    SELECT * FROM t WHERE a = 1 AND b = 2 AND c > 3
      ok
    SELECT * FROM t WHERE a = 1 AND b IN (1, 2) AND c = 3 AND d >= 1 AND d < 4
      ok
    SELECT * FROM t WHERE a = 1 AND (b, c) > (1, 2) AND (b, c, d) <= (5, 6, 7)
      ok
    SELECT * FROM t
      ok
    SELECT * FROM nope
      2200 table nope does not exist
    SELECT * FROM other.t
      2200 keyspace other does not exist
    SELECT x FROM t
      2200 Undefined column name x in table ks.t
    SELECT * FROM t WHERE x = 1
      2200 Undefined column name x in table ks.t
    SELECT * FROM t WHERE v = 'x'
      2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable \#
    performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
    SELECT * FROM t WHERE v = 'x' ALLOW FILTERING
      ok
    SELECT * FROM t WHERE a = 1 AND v = 'x'
      2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable \#
    performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
    SELECT * FROM t WHERE b = 1
      2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable \#
    performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
    SELECT * FROM t WHERE a = 1 AND c = 1
      2200 PRIMARY KEY column "c" cannot be restricted as preceding column "b" is not restricted
    SELECT * FROM t WHERE a = 1 AND b > 1 AND c = 1
      2200 Clustering column "c" cannot be restricted (preceding column "b" is restricted by a non-EQ relation)
    SELECT * FROM t WHERE a = 1 AND c = 1 ALLOW FILTERING
      ok
    SELECT * FROM t WHERE a > 1
      2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable \#
    performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
    SELECT * FROM t WHERE token(a) > 1 AND token(a) <= 100
      ok
    SELECT * FROM two WHERE token(p) > 1
      2200 The token() function must be applied to all partition key components or none of them
    SELECT * FROM two WHERE token(q, p) > 1
      2200 The token function arguments must be in the partition key order: p, q
    SELECT * FROM two WHERE p = 1
      2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable \#
    performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
    SELECT * FROM t WHERE a = 1 AND a = 2
      2200 a cannot be restricted by more than one relation if it includes an Equal
    SELECT * FROM t WHERE a = 1 AND b > 1 AND b >= 2
      2200 More than one restriction was found for the start bound on b
    SELECT * FROM t WHERE a = 1 AND b != 1
      2200 Unsupported "!=" relation: b != 1
    SELECT * FROM t WHERE a = 'x'
      2200 Invalid STRING constant (x) for "a" of type int
    SELECT * FROM kv WHERE k = 1
      2200 Invalid INTEGER constant (1) for "k" of type text
    SELECT * FROM t WHERE a = 1 ORDER BY b DESC, c DESC
      ok
    SELECT * FROM t WHERE a = 1 ORDER BY b DESC, c ASC
      2200 Unsupported order by relation
    SELECT * FROM t WHERE a = 1 ORDER BY c
      2200 Order by currently only supports the ordering of columns following their declared order in the PRIMARY \#
    KEY
    SELECT * FROM t WHERE a = 1 AND b = 2 ORDER BY c
      ok
    SELECT * FROM t ORDER BY b
      2200 ORDER BY is only supported when the partition key is restricted by an EQ or an IN.
    SELECT * FROM t WHERE a = 1 ORDER BY v
      2200 Order by is currently only supported on the clustered columns of the PRIMARY KEY, got v
    SELECT DISTINCT a, s FROM t
      ok
    SELECT DISTINCT a, v FROM t
      2200 SELECT DISTINCT queries must only request partition key columns and/or static columns (not v)
    SELECT count(*), max(v), min(b), avg(b), sum(b) FROM t
      ok
    SELECT nope(v) FROM t
      2200 Unknown function 'nope'
    SELECT writetime(a) FROM t
      2200 Cannot use selection function writetime on PRIMARY KEY part a
    SELECT * FROM coll WHERE k = 1 AND s = {1} ALLOW FILTERING
      2200 Collection column 's' (set<int>) cannot be restricted by a '=' relation
    SELECT * FROM coll WHERE s CONTAINS 1 ALLOW FILTERING
      ok
    SELECT * FROM coll WHERE m CONTAINS KEY 'x' AND m['y'] = 2 ALLOW FILTERING
      ok
    SELECT * FROM kv WHERE v CONTAINS 1 ALLOW FILTERING
      2200 Cannot use CONTAINS on non-collection column v
    SELECT * FROM kv WHERE k = 'x' LIMIT ?
      ok [limit] int
    SELECT k, toTimestamp(now()), uuid(), blobAsInt(0x00000001), token(k), token('x') FROM kv
      ok
    SELECT m['x'], l[0], cast(k AS text), (int) 5, -k, k + 1, toJson(l) FROM coll
      2200 Element selection is only allowed on sets and maps, but l is a list
    SELEC * FROM t
      2000 line 1:0 no viable alternative at input 'SELEC' ([SELEC]...)
    SELECT
      2000 line 0:-1 no viable alternative at input '<EOF>'
    SELECT * FORM t
      2000 line 1:9 mismatched input 'FORM' expecting K_FROM (SELECT * [FORM]...)
    SELECT * FROM t WHERE
      2000 line 0:-1 no viable alternative at input '<EOF>'
    SELECT * FROM t x
      2000 line 1:16 no viable alternative at input 'x' (SELECT * FROM [t] x)
    SELECT * FROM
      2000 line 0:-1 no viable alternative at input '<EOF>'
    SELECT FROM t
      2000 line 1:7 no viable alternative at input 'FROM' (SELECT [FROM]...)
    SELECT a FROM t WHERE a
      2000 line 0:-1 no viable alternative at input '<EOF>'
    SELECT a FROM t WHERE a =
      2000 line 0:-1 no viable alternative at input '<EOF>'
    SELECT a FROM t WHERE a = 1 AND
      2000 line 0:-1 no viable alternative at input '<EOF>'
    SELECT a FROM t WHERE a == 1
      2000 line 1:25 no viable alternative at input '=' (... FROM t WHERE a =[=]...)
    SELECT a FROM t LIMIT
      2000 line 0:-1 no viable alternative at input '<EOF>'
    SELECT a FROM t LIMIT x
      2000 line 1:22 no viable alternative at input 'x' (SELECT a FROM t LIMIT [x])
    SELECT a FROM t LIMIT -1
      2200 LIMIT must be strictly positive
    SELECT a FROM t LIMIT 0
      2200 LIMIT must be strictly positive
    SELECT a FROM t LIMIT 1.5
      2000 line 1:22 no viable alternative at input '1.5' (SELECT a FROM t LIMIT [1.5])
    SELECT a FROM t ORDER BY
      2000 line 0:-1 no viable alternative at input '<EOF>'
    SELECT a, FROM t
      2000 line 1:10 no viable alternative at input 'FROM' (SELECT a, [FROM]...)
    SELECT a b FROM t
      2000 line 1:9 no viable alternative at input 'b' (SELECT [a] b...)
    SELECT a FROM t WHERE a = 1 ORDER a
      2000 line 1:34 mismatched input 'a' expecting K_BY (...WHERE a = 1 ORDER [a])
    SELECT a FROM t ALLOW
      2000 line 0:-1 mismatched input '<EOF>' expecting K_FILTERING
    SELECT a FROM t ALLOW FILTERING LIMIT 5
      2000 line 1:32 mismatched input 'LIMIT' expecting EOF (...a FROM t ALLOW FILTERING [LIMIT]...)
    SELECT * FROM ks.
      2000 line 0:-1 no viable alternative at input '<EOF>'
    SELECT * FROM select
      2000 line 1:14 no viable alternative at input 'select' (SELECT * FROM [select])
    SELECT select FROM t
      2000 line 1:7 no viable alternative at input 'select' (SELECT [select]...)
    SELECT "select" FROM t
      2200 Undefined column name "select" in table ks.t
    SELECT 'abc FROM t
      2000 line 1:18 mismatched character '<EOF>' expecting '''
    SELECT # FROM t
      2000 line 1:7 no viable alternative at character '#'
    SELECT * FROM t; SELECT * FROM t
      2000 line 1:17 mismatched input 'SELECT' expecting EOF (SELECT * FROM t; [SELECT]...)
    SELECT * FROM t;
      ok
    SELECT * FROM t WHERE a IN ()
      ok
    SELECT * FROM t WHERE a IN (1,)
      2000 line 1:30 no viable alternative at input ')' (... WHERE a IN (1,[)])
    SELECT * FROM t WHERE (a, b) = (1, 2)
      2200 Multi-column relations can only be applied to clustering columns but was applied to: a
    SELECT * FROM t WHERE a = 1 AND (b, d) = (1, 2)
      2200 Clustering columns must appear in the PRIMARY KEY order in multi-column relations: (b, d) = (1, 2)
    SELECT * FROM t WHERE a = 1 AND (c, d) = (1, 2)
      2200 PRIMARY KEY column "c" cannot be restricted as preceding column "b" is not restricted
    SELECT * FROM t WHERE a = 1 AND (b, c) = (1)
      2200 Expected 2 elements in value tuple, but got 1: (1)
    SELECT * FROM t WHERE a = 1 AND (b, c) = (1, 2, 3)
      2200 Expected 2 elements in value tuple, but got 3: (1, 2, 3)
    SELECT * FROM t WHERE a = 1 AND (b, c) > (1, 2) AND b > 5
      2200 More than one restriction was found for the start bound on b
    SELECT * FROM t WHERE a = 1 AND (b, c) > (1, 2) AND (b, c) > (1, 3)
      2200 More than one restriction was found for the start bound on b ,c
    SELECT * FROM t WHERE a = 1 AND (b, c) > (1, 2) AND (b) > (1)
      2200 More than one restriction was found for the start bound on b
    SELECT * FROM t WHERE a = 1 AND (b, c) > (1, 2) AND d = 5
      2200 Clustering column "d" cannot be restricted (preceding column "b" is restricted by a non-EQ relation)
    SELECT * FROM t WHERE a = 1 AND (b, b) > (1, 2)
      2200 Column "b" appeared twice in a relation: (b, b) > (1, 2)
    SELECT * FROM t WHERE a = 1 AND (b, c) IN ((1, 2), (3, 4)) AND d > 5
      ok
    SELECT * FROM t WHERE a = 1 AND (b, c) IN ? AND d IN ?
      ok in(b,c) list<tuple<int, int>>, in(d) list<int>
    SELECT * FROM t WHERE a = 1 AND (b, c) > ?
      ok (b,c) tuple<int, int>
    SELECT * FROM t WHERE a = 1 AND (b, c) > (?, ?)
      ok b int, c int
    SELECT * FROM t WHERE a = 1 AND (b, c) != (1, 2)
      2200 Unsupported "!=" relation: (b, c) != (1, 2)
    SELECT * FROM t WHERE a = 1 AND b IS NOT NULL
      2200 Unsupported restriction: b IS NOT NULL
    SELECT * FROM t WHERE a = 1 AND b LIKE 'x'
      2200 Invalid STRING constant (x) for "b" of type int
    SELECT * FROM t WHERE a = 1 AND v LIKE 'x'
      2200 LIKE restriction is only supported on properly indexed columns. v LIKE 'x' is not valid.
    SELECT * FROM t WHERE a = 1 AND b CONTAINS 1
      2200 Cannot use CONTAINS on non-collection column b
    SELECT * FROM t WHERE a = 1 AND b IN (1) AND b = 2
      2200 b cannot be restricted by more than one relation if it includes an Equal
    SELECT * FROM t WHERE a = 1 AND b = 2 AND b IN (1)
      2200 b cannot be restricted by more than one relation if it includes an Equal
    SELECT * FROM t WHERE a = 1 AND b IN (1) AND b IN (2)
      2200 b cannot be restricted by more than one relation if it includes an Equal
    SELECT * FROM t WHERE a = 1 AND b > 2 AND b = 2
      2200 Column "b" cannot be restricted by both an equality and an inequality relation
    SELECT * FROM t WHERE a = 1 AND b = 2 AND b > 2
      2200 b cannot be restricted by more than one relation if it includes an Equal
    SELECT * FROM t WHERE a = 1 AND b < 2 AND b < 3
      2200 More than one restriction was found for the end bound on b
    SELECT * FROM t WHERE a IN (1, 2) AND b = 1
      ok
    SELECT * FROM t WHERE token(a) > 1 AND a = 1
      ok
    SELECT * FROM t WHERE token(a) > 1 AND token(a) > 2
      2200 More than one restriction was found for the start bound on a
    SELECT * FROM t WHERE token(b) > 1
      2200 The token() function must be applied to all partition key components or none of them
    SELECT * FROM t WHERE token(a) > token(5)
      ok
    SELECT * FROM t WHERE token(a) = 5
      ok
    SELECT * FROM t WHERE token(a) IN (5)
      2000 line 1:31 no viable alternative at input 'IN' (... t WHERE token(a) [IN]...)
    SELECT * FROM t WHERE token(a) > ?
      ok partition key token bigint
    SELECT * FROM t WHERE token(a) > 'x'
      2200 Invalid STRING constant (x) for "partition key token" of type bigint
    SELECT * FROM t WHERE a = 1 AND token(a) > 1
      ok
    SELECT * FROM t WHERE token(a) > 1 ORDER BY b
      2200 ORDER BY is only supported when the partition key is restricted by an EQ or an IN.
    SELECT * FROM t WHERE a = null
      2200 Invalid null value in condition for column a
    SELECT * FROM t WHERE a = 1 AND b = null
      2200 Invalid null value in condition for column b
    SELECT * FROM t WHERE v = null ALLOW FILTERING
      2200 Unsupported null value for column v
    SELECT * FROM t WHERE v IN ('a', 'b') ALLOW FILTERING
      ok
    SELECT * FROM t WHERE v IN ('a', 'b')
      2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable \#
    performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
    SELECT * FROM t WHERE v > 'a' ALLOW FILTERING
      ok
    SELECT * FROM t WHERE s = 'a'
      2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable \#
    performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
    SELECT * FROM t WHERE a = 1 AND s = 'a' ALLOW FILTERING
      ok
    SELECT * FROM t WHERE a > 1 ALLOW FILTERING
      ok
    SELECT * FROM t WHERE c = 1 ALLOW FILTERING
      ok
    SELECT * FROM t WHERE a = 1 AND c > 1 AND d = 2 ALLOW FILTERING
      ok
    SELECT * FROM t WHERE a = 1 AND b > 1 AND c > 2 ALLOW FILTERING
      ok
    SELECT * FROM two WHERE p = 1 ALLOW FILTERING
      ok
    SELECT * FROM two WHERE p = 1 AND q > 'a' ALLOW FILTERING
      ok
    SELECT * FROM two WHERE p = 1 AND q > 'a'
      2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable \#
    performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
    SELECT * FROM two WHERE p > 1 AND q = 'a'
      2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable \#
    performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
    SELECT * FROM two WHERE c = 5
      2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable \#
    performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
    SELECT * FROM two WHERE p = 1 AND q = 'x' AND c = '2011-02-03' ORDER BY c
      ok
    SELECT * FROM two WHERE p = 1 AND q = 'x' ORDER BY c ASC
      ok
    SELECT * FROM two WHERE p = 1 AND q = 'x' ORDER BY p
      2200 Order by is currently only supported on the clustered columns of the PRIMARY KEY, got p
    SELECT * FROM two WHERE p = 1 AND q = 'x' ORDER BY zzz
      2200 Undefined column name zzz in table ks.two
    SELECT * FROM two WHERE p = ? AND q IN ? AND c > ? AND c <= ? LIMIT ?
      ok p int, in(q) list<text>, c timestamp, c timestamp, [limit] int
    SELECT * FROM two WHERE p IN (?) AND q = ?
      ok p int, q text key [0, 1]
    SELECT DISTINCT a FROM t WHERE a = 1
      ok
    SELECT DISTINCT p FROM two
      2200 SELECT DISTINCT queries must request all the partition key columns (missing q)
    SELECT DISTINCT p, q FROM two WHERE p = 1 AND q = 'x'
      ok
    SELECT DISTINCT a FROM t WHERE a = 1 AND b = 1
      2200 SELECT DISTINCT with WHERE clause only supports restriction by partition key and/or static columns.
    SELECT DISTINCT a, b FROM t
      2200 SELECT DISTINCT queries must only request partition key columns and/or static columns (not b)
    SELECT DISTINCT s FROM t
      2200 SELECT DISTINCT queries must request all the partition key columns (missing a)
    SELECT DISTINCT * FROM t
      2200 SELECT DISTINCT queries must only request partition key columns and/or static columns (not b)
    SELECT DISTINCT a FROM t PER PARTITION LIMIT 1
      2200 PER PARTITION LIMIT is not allowed with SELECT DISTINCT queries
    SELECT DISTINCT a AS x FROM t LIMIT 2
      ok
    SELECT DISTINCT count(*) FROM t
      2200 SELECT DISTINCT queries must request all the partition key columns (missing a)
    SELECT count(*) FROM t
      ok
    SELECT COUNT(1) FROM t
      ok
    SELECT count(v) FROM t
      ok
    SELECT count(*) AS c, a FROM t
      ok
    SELECT max(a), min(v), avg(a), sum(d) FROM t
      ok
    SELECT avg(big), sum(big) FROM kv
      ok
    SELECT max(max(a)) FROM t
      2200 aggregate functions cannot be used as arguments of aggregate functions
    SELECT writetime(v), ttl(v) FROM kv
      ok
    SELECT writetime(k) FROM kv
      2200 Cannot use selection function writetime on PRIMARY KEY part k
    SELECT ttl(k) FROM kv
      2200 Cannot use selection function ttl on PRIMARY KEY part k
    SELECT writetime(f), ttl(t) FROM coll
      ok
    SELECT writetime(nope) FROM kv
      2200 Undefined column name nope in table ks.kv
    SELECT token(k) FROM kv
      ok
    SELECT token(p, q) FROM two
      ok
    SELECT token(p) FROM two
      2200 Invalid number of arguments in call to function system.token: 2 required but 1 provided
    SELECT now(), uuid(), toDate(now()), toTimestamp(now()), toUnixTimestamp(now()) FROM kv
      ok
    SELECT to_date(now()), to_timestamp(now()), to_unix_timestamp(now()), current_timestamp(), currentDate() FROM kv
      ok
    SELECT currentTime(), currentTimeUUID(), current_date() FROM kv
      ok
    SELECT minTimeuuid('2011-02-03'), maxTimeuuid('2011-02-03') FROM kv
      ok
    SELECT min_timeuuid('2011-02-03') FROM kv
      ok
    SELECT toDate(c) FROM two
      ok
    SELECT textAsBlob(v), bigintAsBlob(big), blobAsText(textAsBlob(v)) FROM kv
      ok
    SELECT text_as_blob(v), blob_as_text(text_as_blob(v)) FROM kv
      ok
    SELECT intAsBlob(v) FROM kv
      2200 Type error: v cannot be passed as argument 0 of function system.intasblob of type int
    SELECT intAsBlob(5) FROM kv
      ok
    SELECT nope() FROM kv
      2200 Unknown function 'nope'
    SELECT now(1) FROM kv
      2200 Invalid number of arguments in call to function system.now: 0 required but 1 provided
    SELECT token() FROM kv
      2200 Invalid number of arguments in call to function system.token: 1 required but 0 provided
    SELECT cast(n AS text), cast(n AS double), CAST(n AS bigint) AS b FROM kv
      ok
    SELECT n + big, big + n, n + 1.5 FROM kv
      ok
    SELECT v + 1 FROM kv
      2200 the '+' operation is not supported between v and 1
    SELECT (int)5, (text)'x', (bigint)5 FROM kv
      ok
    SELECT 5 FROM kv
      2200 Cannot infer type for term 5 in selection clause (try using a cast to force a type)
    SELECT 'x' FROM kv
      2200 Cannot infer type for term 'x' in selection clause (try using a cast to force a type)
    SELECT ? FROM kv
      2200 Cannot infer type for term ? in selection clause (try using a cast to force a type)
    SELECT (int)? FROM kv
      ok [selection] int
    SELECT m['a'], s[1] FROM coll
      ok
    SELECT k, m['a'] AS x FROM coll
      ok
    SELECT l FROM coll WHERE l CONTAINS 'x' ALLOW FILTERING
      ok
    SELECT l FROM coll WHERE l CONTAINS 'x'
      2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable \#
    performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
    SELECT l FROM coll WHERE m CONTAINS KEY 'x' AND m CONTAINS 5 ALLOW FILTERING
      ok
    SELECT l FROM coll WHERE s CONTAINS KEY 5 ALLOW FILTERING
      2200 Cannot use CONTAINS KEY on non-map column s
    SELECT l FROM coll WHERE m['x'] = 5
      2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable \#
    performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
    SELECT l FROM coll WHERE m['x'] > 5 ALLOW FILTERING
      2200 Only EQ relations are supported on map entries
    SELECT l FROM coll WHERE l['x'] = 5 ALLOW FILTERING
      2200 Indexes on list entries (l[index] = value) are not currently supported.
    SELECT l FROM coll WHERE m = {'a': 1} ALLOW FILTERING
      2200 Collection column 'm' (map<text, int>) cannot be restricted by a '=' relation
    SELECT l FROM coll WHERE f = [1] ALLOW FILTERING
      ok
    SELECT l FROM coll WHERE f CONTAINS 1 ALLOW FILTERING
      ok
    SELECT l FROM coll WHERE t = (1, 'x') ALLOW FILTERING
      ok
    SELECT l FROM coll WHERE m CONTAINS ? AND m CONTAINS KEY ? AND m[?] = ? ALLOW FILTERING
      ok value(m) int, key(m) text, key(m) text, value(m) int
    SELECT l FROM coll WHERE l IN (['a']) ALLOW FILTERING
      2200 Collection column 'l' (list<text>) cannot be restricted by a 'IN' relation
    SELECT toJson(l), to_json(k) FROM coll
      ok
    SELECT JSON * FROM kv
      ok
    SELECT JSON k, count(*) FROM kv
      ok
    SELECT a, b, count(*) FROM t GROUP BY a
      ok
    SELECT a, b, count(*) FROM t GROUP BY a, b
      ok
    SELECT a, count(*) FROM t GROUP BY b
      2200 Group by currently only support groups of columns following their declared order in the PRIMARY KEY
    SELECT a, count(*) FROM t GROUP BY a, c
      2200 Group by currently only support groups of columns following their declared order in the PRIMARY KEY
    SELECT a, count(*) FROM t GROUP BY v
      2200 Group by is currently only supported on the columns of the PRIMARY KEY, got v
    SELECT a, count(*) FROM t WHERE a = 1 GROUP BY b
      ok
    SELECT p, count(*) FROM two GROUP BY p
      2200 Group by is not supported on only a part of the partition key
    SELECT a FROM t PER PARTITION LIMIT 0
      2200 LIMIT must be strictly positive
    SELECT a FROM t PER PARTITION LIMIT ? LIMIT ?
      ok [per_partition_limit] int, [limit] int
    SELECT a.b FROM t
      2200 Invalid field selection: a of type int is not a user type
    SELECT k.b FROM kv
      2200 Invalid field selection: k of type text is not a user type
    SELECT a AS b, b AS a FROM t WHERE a = 1
      ok
    SELECT a AS b FROM t WHERE b = 1
      2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable \#
    performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
    SELECT kv.k FROM kv
      2200 Undefined column name kv in table ks.kv
    SELECT * FROM t WHERE a = 1 AND (b, c) > (1, 2) AND b < 5
      ok
    SELECT * FROM t WHERE a = 1 AND b < 5 AND (b, c) > (1, 2)
      ok
    SELECT * FROM t WHERE a = 1 AND b = 1 AND (b, c) > (1, 2)
      2200 b cannot be restricted by more than one relation if it includes an Equal
    SELECT * FROM t WHERE a = 1 AND (b, c) > (1, 2) AND c < 5
      2200 Column "c" cannot be restricted by two inequalities not starting with the same column
    SELECT * FROM t WHERE a = 1 AND (b, c) > (1, 2) AND (b) < (5)
      ok
    SELECT * FROM t WHERE a = 1 AND (b, c) = (1, 2) AND b = 1
      2200 b cannot be restricted by more than one relation if it includes an Equal
    SELECT * FROM t WHERE a = 1 AND (b, c) = (1, 2) AND d > 1
      ok
    SELECT * FROM t WHERE a = 1 AND (b, c) = (1, 2) AND (c, d) > (1, 2)
      2200 c cannot be restricted by more than one relation if it includes an Equal
    SELECT * FROM t WHERE a = 1 AND (b, c) > (1, 2) AND (c, d) > (1, 2)
      2200 Column "c" cannot be restricted by two inequalities not starting with the same column
    SELECT * FROM t WHERE a = 1 AND b = 1 AND (c, d) > (1, 2)
      ok
    SELECT * FROM t WHERE a = 1 AND b > 1 AND (c, d) > (1, 2)
      2200 Clustering column "c" cannot be restricted (preceding column "b" is restricted by a non-EQ relation)
    SELECT * FROM t WHERE a = 1 AND b IN (1, 2) AND b = 2
      2200 b cannot be restricted by more than one relation if it includes a IN
    SELECT * FROM t WHERE a = 1 AND b = 2 AND b IN (1, 2)
      2200 b cannot be restricted by more than one relation if it includes an Equal
    SELECT * FROM t WHERE a = 1 AND b IN (1, 2) AND b > 2
      2200 b cannot be restricted by more than one relation if it includes a IN
    SELECT * FROM t WHERE a = 1 AND b > 2 AND b IN (1, 2)
      2200 Column "b" cannot be restricted by both an equality and an inequality relation
    SELECT * FROM t WHERE a = 1 AND b IN ?
      ok in(b) list<int>
    SELECT * FROM t WHERE (a) = (1)
      2200 Multi-column relations can only be applied to clustering columns but was applied to: a
    SELECT * FROM t WHERE (b) = (1)
      2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable \#
    performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
    SELECT * FROM t WHERE (v) = ('x')
      2200 Multi-column relations can only be applied to clustering columns but was applied to: v
    SELECT * FROM t WHERE (zzz, b) = (1, 2)
      2200 Undefined column name zzz in table ks.t
    SELECT "A" FROM t
      2200 Undefined column name "A" in table ks.t
    SELECT "Foo Bar" FROM t
      2200 Undefined column name "Foo Bar" in table ks.t
    SELECT a FROM "T"
      2200 table T does not exist
    SELECT a FROM "Ks".t
      2200 keyspace Ks does not exist
    SELECT a FROM t WHERE "B" = 1
      2200 Undefined column name "B" in table ks.t
    SELECT * FROM ks.t x
      2000 line 1:19 mismatched input 'x' expecting EOF (SELECT * FROM ks.t [x])
    SELECT a, b c FROM t
      2000 line 1:12 no viable alternative at input 'c' (SELECT a, [b] c...)
    SELECT count(*) c FROM t
      2000 line 1:16 mismatched input 'c' expecting K_FROM (SELECT count(*) [c]...)
    SELECT a FROM t WHERE a = 1 b = 2
      2000 line 1:28 no viable alternative at input 'b' (...t WHERE a = 1 [b]...)
    SELECT a FROM t WHERE a = 1 OR a = 2
      2000 line 1:28 no viable alternative at input 'OR' (...t WHERE a = 1 [OR]...)
    SELECT a FROM t WHERE a <> 1
      2000 line 1:25 no viable alternative at input '>' (... FROM t WHERE a <[>]...)
    SELECT a FROM t WHERE NOT a = 1
      2000 line 1:22 no viable alternative at input 'NOT' (SELECT a FROM t WHERE [NOT]...)
    SELECT a FROM t WHERE a LIKE
      2000 line 0:-1 no viable alternative at input '<EOF>'
    SELECT a FROM t WHERE token(a > 1
      2000 line 1:30 mismatched input '>' expecting ')' (...FROM t WHERE token(a [>]...)
    SELECT a FROM t WHERE (a = 1
      2000 line 0:-1 mismatched input '<EOF>' expecting ')'
    SELECT a FROM t WHERE a = (1
      2000 line 0:-1 mismatched input '<EOF>' expecting ')'
    SELECT a FROM t WHERE a = 'x
      2000 line 1:28 mismatched character '<EOF>' expecting '''
    SELECT a FROM t WHERE a = "x
      2000 line 1:28 mismatched character '<EOF>' expecting '"'
    SELECT a FROM t WHERE a = @
      2000 line 1:26 no viable alternative at character '@'
    SELECT a FROM t WHERE a = 1 LIMIT 5 LIMIT 6
      2000 line 1:36 mismatched input 'LIMIT' expecting EOF (...a = 1 LIMIT 5 [LIMIT]...)
    SELECT a FROM t ORDER BY a LIMIT
      2000 line 0:-1 no viable alternative at input '<EOF>'
    SELECT now FROM kv
      2200 Undefined column name now in table ks.kv
    SELECT now( FROM kv
      2000 line 1:12 mismatched input 'FROM' expecting ')' (SELECT now( [FROM]...)
    SELECT count(* FROM kv
      2000 line 1:15 mismatched input 'FROM' expecting ')' (SELECT count(* [FROM]...)
    SELECT count() FROM kv
      2200 Invalid number of arguments in call to function system.count: 1 required but 0 provided
    SELECT count(*, *) FROM kv
      2000 line 1:14 mismatched input ',' expecting ')' (SELECT count(*[,]...)
    SELECT k AS FROM kv
      2000 line 1:12 no viable alternative at input 'FROM' (SELECT k AS [FROM]...)
    SELECT DISTINCT FROM kv
      2200 Undefined column name distinct in table ks.kv
    SELECT JSON FROM kv
      2200 Undefined column name json in table ks.kv
    SELECT json FROM kv
      2200 Undefined column name json in table ks.kv
    SELECT distinct FROM kv
      2200 Undefined column name distinct in table ks.kv
    SELECT ttl FROM kv
      2200 Undefined column name ttl in table ks.kv
    SELECT writetime FROM kv
      2200 Undefined column name writetime in table ks.kv
    SELECT key, value, type, language, cast FROM kv
      2200 Undefined column name key in table ks.kv
    SELECT date, time, timestamp FROM kv
      2200 Undefined column name date in table ks.kv
    SELECT * , k FROM kv
      2000 line 1:9 mismatched input ',' expecting K_FROM (SELECT * [,]...)
    SELECT k, * FROM kv
      2000 line 1:10 no viable alternative at input '*' (SELECT k, [*]...)
    """#
}
