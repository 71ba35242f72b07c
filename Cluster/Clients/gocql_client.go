// gocql at work; see steps.py, whose lines on standard output and input this program speaks too.
//
//	gocql_client [-protocol N] [-user U -password P -ca FILE] [-connect-only] KEYSPACE ADDRESS...
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"math/big"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gocql/gocql"
	"gopkg.in/inf.v0"
)

const (
	partitions, rowsAPartition = 50, 100
	rows                       = partitions * rowsAPartition
	pageRows                   = 500
	pagesBeforeTheKill         = 3
	workers                    = 8
	operationsBeforeTheKill    = 300
	operationsWithoutTheNode   = 600
	timeWithoutTheNode         = 2 * time.Second
	timeUntilUsedAgain         = 90 * time.Second
	batchPartitions            = 20
)

var (
	protocol    = flag.Int("protocol", 0, "protocol version; 0: what the driver finds")
	user        = flag.String("user", "", "user of PasswordAuthenticator")
	password    = flag.String("password", "", "its password")
	ca          = flag.String("ca", "", "PEM file of the authority that signed the nodes' certificates")
	connectOnly = flag.Bool("connect-only", false, "connect, read one row, and end")
	answers     = bufio.NewReader(os.Stdin)
)

func fail(format string, values ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}

func must(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func note(format string, values ...interface{}) { fmt.Printf("note "+format+"\n", values...) }

// ask has the test do something to a node and waits until it is done.
func ask(word, address string) {
	fmt.Printf("ask %s %s\n", word, address)
	line, err := answers.ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "done" {
		fail("asked to %s %s, told %q (%v)", word, address, line, err)
	}
}

func connect(addresses []string) *gocql.Session {
	cluster := gocql.NewCluster(addresses...)
	cluster.Consistency = gocql.Quorum
	cluster.Timeout = 20 * time.Second
	cluster.ConnectTimeout = 10 * time.Second
	cluster.ProtoVersion = *protocol
	cluster.RetryPolicy = &gocql.SimpleRetryPolicy{NumRetries: 3}
	cluster.PoolConfig.HostSelectionPolicy = gocql.TokenAwareHostPolicy(gocql.RoundRobinHostPolicy())
	cluster.ReconnectInterval = time.Second
	if *user != "" {
		cluster.Authenticator = gocql.PasswordAuthenticator{Username: *user, Password: *password}
	}
	if *ca != "" {
		cluster.SslOpts = &gocql.SslOptions{CaPath: *ca, EnableHostVerification: false}
	}
	session, err := cluster.CreateSession()
	must(err, "connect")
	return session
}

func schema(session *gocql.Session, keyspace string) {
	statements := []string{
		"DROP KEYSPACE IF EXISTS " + keyspace,
		"CREATE KEYSPACE IF NOT EXISTS " + keyspace + " WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}",
		"CREATE TABLE " + keyspace + ".types (k int PRIMARY KEY, a ascii, b bigint, c blob, d boolean, e decimal, f double, g float, " +
			"h inet, i smallint, j text, l timestamp, m timeuuid, n tinyint, o uuid, p varint, q date, r time, " +
			"s set<text>, t list<int>, u map<text, bigint>, v frozen<map<int, frozen<list<text>>>>, w tuple<int, text>)",
		"CREATE TABLE " + keyspace + ".wide (p int, c int, v text, PRIMARY KEY (p, c)) WITH CLUSTERING ORDER BY (c DESC)",
		"CREATE TABLE " + keyspace + ".kv (k bigint PRIMARY KEY, v text)",
	}
	for _, statement := range statements {
		must(session.Query(statement).Exec(), statement)
	}
	metadata, err := session.KeyspaceMetadata(keyspace)
	must(err, "metadata")
	names := []string{}
	for name := range metadata.Tables {
		names = append(names, name)
	}
	sort.Strings(names)
	if strings.Join(names, " ") != "kv types wide" {
		fail("metadata has the tables %v", names)
	}
	wide := metadata.Tables["wide"]
	if len(wide.PartitionKey) != 1 || len(wide.ClusteringColumns) != 1 || wide.ClusteringColumns[0].Order != gocql.DESC {
		fail("metadata of wide: %+v", wide)
	}
}

func types(session *gocql.Session, keyspace string) {
	decimal, _ := new(inf.Dec).SetString("-12345678901234567890.0123")
	varint, _ := new(big.Int).SetString("-1267650600228229401496703205376", 10)
	timeuuid, _ := gocql.ParseUUID("5b6962dd-3f90-11ef-8e5c-0242ac120002")
	random, _ := gocql.ParseUUID("00000000-0000-0000-0000-000000000007")
	at := time.Date(2026, 1, 2, 3, 4, 5, 678000000, time.UTC)
	day := time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)
	clock := 23*time.Hour + 59*time.Minute + 59*time.Second + 123456789
	insert := "INSERT INTO " + keyspace + ".types (k, a, b, c, d, e, f, g, h, i, j, l, m, n, o, p, q, r, s, t, u, v, w) VALUES "
	must(session.Query(insert+"(1, 'ascii', -4611686018427387904, 0x00ff, true, -12345678901234567890.0123, 1.5e300, 0.25, "+
		"'2001:db8::7', -3, 'grüße ☃', '2026-01-02T03:04:05.678Z', 5b6962dd-3f90-11ef-8e5c-0242ac120002, -128, "+
		"00000000-0000-0000-0000-000000000007, -1267650600228229401496703205376, '2026-02-28', '23:59:59.123456789', "+
		"{'x', 'y'}, [3, 1, 2], {'k': 1099511627776}, {1: ['a', 'b'], 2: []}, (7, 'seven'))").Exec(), "literals")
	must(session.Query(insert+"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (7, 'seven'))", 2, "ascii",
		int64(-4611686018427387904), []byte{0, 255}, true, decimal, 1.5e300, float32(0.25), "2001:db8::7", int16(-3), "grüße ☃", at,
		timeuuid, int8(-128), random, varint, day, clock, []string{"x", "y"}, []int{3, 1, 2}, map[string]int64{"k": 1 << 40},
		map[int][]string{1: {"a", "b"}, 2: {}}).Exec(), "bound values")
	for k := 1; k <= 2; k++ {
		var (
			ascii, text, inet, second string
			big1                      int64
			blob                      []byte
			yes                       bool
			dec                       *inf.Dec
			double                    float64
			float                     float32
			small                     int16
			tiny                      int8
			stamp, date               time.Time
			tu, u                     gocql.UUID
			vi                        *big.Int
			tod                       time.Duration
			set                       []string
			list                      []int
			table                     map[string]int64
			nested                    map[int][]string
			first                     int
		)
		must(session.Query("SELECT a, b, c, d, e, f, g, h, i, j, l, m, n, o, p, q, r, s, t, u, v, w FROM "+keyspace+".types WHERE k = ?", k).Scan(
			&ascii, &big1, &blob, &yes, &dec, &double, &float, &inet, &small, &text, &stamp, &tu, &tiny, &u, &vi, &date, &tod, &set,
			&list, &table, &nested, &first, &second), "reading the types")
		sort.Strings(set)
		same := ascii == "ascii" && big1 == -4611686018427387904 && bytes.Equal(blob, []byte{0, 255}) && yes && dec.Cmp(decimal) == 0 &&
			double == 1.5e300 && float == 0.25 && inet == "2001:db8::7" && small == -3 && text == "grüße ☃" && stamp.Equal(at) &&
			tu == timeuuid && tiny == -128 && u == random && vi.Cmp(varint) == 0 && date.Equal(day) && tod == clock &&
			reflect.DeepEqual(set, []string{"x", "y"}) && reflect.DeepEqual(list, []int{3, 1, 2}) && table["k"] == 1<<40 &&
			len(nested) == 2 && reflect.DeepEqual(nested[1], []string{"a", "b"}) && len(nested[2]) == 0 && first == 7 && second == "seven"
		if !same {
			fail("row %d: %v %v %v %v %v %v %v %v %v %v %v %v %v %v %v %v %v %v %v %v %v %v %v", k, ascii, big1, blob, yes, dec, double, float,
				inet, small, text, stamp, tu, tiny, u, vi, date, tod, set, list, table, nested, first, second)
		}
	}
}

func fillWide(session *gocql.Session, keyspace string) {
	for p := 0; p < partitions; p++ {
		batch := session.NewBatch(gocql.UnloggedBatch)
		for c := 0; c < rowsAPartition; c++ {
			batch.Query("INSERT INTO "+keyspace+".wide (p, c, v) VALUES (?, ?, ?)", p, c, strconv.Itoa(c))
		}
		must(session.ExecuteBatch(batch), "filling")
	}
}

// pages reads every row by pages; the node that answered the page before dies on the way.
func pages(session *gocql.Session, keyspace string) {
	type key struct{ p, c int }
	var found []key
	var state []byte
	count, victim := 0, ""
	for {
		query := session.Query("SELECT p, c FROM " + keyspace + ".wide").PageSize(pageRows).PageState(state).Idempotent(true)
		iter := query.Iter()
		var k key
		for iter.Scan(&k.p, &k.c) {
			found = append(found, k)
		}
		host, next := iter.Host().ConnectAddress().String(), iter.PageState()
		state = append([]byte(nil), next...)
		must(iter.Close(), "a page")
		count++
		if len(state) == 0 {
			break
		}
		if count == pagesBeforeTheKill {
			victim = host
			ask("kill", victim)
		}
	}
	seen := map[key]bool{}
	for n, k := range found {
		if seen[k] || k.c != rowsAPartition-1-n%rowsAPartition || (n%rowsAPartition != 0 && k.p != found[n-1].p) {
			fail("row %d is %v, after %v", n, k, found[:n][len(found[:n])-1])
		}
		seen[k] = true
	}
	if len(found) != rows {
		fail("%d of %d rows came in %d pages", len(found), rows, count)
	}
	ask("start", victim)
	note("%d rows in %d pages, %s killed after page %d", len(found), count, victim, pagesBeforeTheKill)
}

func batches(session *gocql.Session, keyspace string) {
	for kind, first := range map[gocql.BatchType]int{gocql.LoggedBatch: 1000, gocql.UnloggedBatch: 2000} {
		batch := session.NewBatch(kind)
		for k := first; k < first+batchPartitions; k++ {
			batch.Query("INSERT INTO "+keyspace+".kv (k, v) VALUES (?, ?)", k, fmt.Sprint("batch ", k))
		}
		batch.Query(fmt.Sprintf("DELETE FROM %s.kv WHERE k = %d", keyspace, first-1))
		must(session.ExecuteBatch(batch), "batch")
		for k := first; k < first+batchPartitions; k++ {
			var v string
			must(session.Query("SELECT v FROM "+keyspace+".kv WHERE k = ?", k).Scan(&v), "a batch's row")
			if v != fmt.Sprint("batch ", k) {
				fail("batch row %d: %q", k, v)
			}
		}
	}
}

func trace(session *gocql.Session, keyspace string) {
	var text bytes.Buffer
	var v string
	tracer := gocql.NewTraceWriter(session, &text)
	must(session.Query("SELECT v FROM "+keyspace+".kv WHERE k = 1000").Trace(tracer).Scan(&v), "a traced read")
	said := text.String()
	if !strings.Contains(said, "Tracing session") || strings.Count(said, "\n") < 3 || strings.Contains(said, "error") {
		fail("the trace is %q", said)
	}
	note("a trace of %d lines", strings.Count(said, "\n"))
}

// work writes and reads while a node is killed, comes back and serves again.
func work(session *gocql.Session, keyspace, victim string) {
	var done, stop int64
	failures := make(chan error, workers)
	var group sync.WaitGroup
	for n := 0; n < workers; n++ {
		group.Add(1)
		go func(k int) {
			defer group.Done()
			for atomic.LoadInt64(&stop) == 0 {
				k += workers
				var v string
				err := session.Query("INSERT INTO "+keyspace+".kv (k, v) VALUES (?, ?)", k, fmt.Sprint("work ", k)).Idempotent(true).Exec()
				if err == nil {
					err = session.Query("SELECT v FROM "+keyspace+".kv WHERE k = ?", k).Idempotent(true).Scan(&v)
				}
				if err == nil && v != fmt.Sprint("work ", k) {
					err = fmt.Errorf("key %d was written and acknowledged; read %q", k, v)
				}
				if err != nil {
					failures <- err
					return
				}
				atomic.AddInt64(&done, 1)
			}
		}(10000 + n)
	}
	until := func(what string, limit time.Duration, condition func() bool) {
		deadline := time.Now().Add(limit)
		for !condition() {
			select {
			case err := <-failures:
				fail("%s: an operation failed after %d: %v", what, atomic.LoadInt64(&done), err)
			case <-time.After(20 * time.Millisecond):
			}
			if time.Now().After(deadline) {
				fail("%s: not within %v", what, limit)
			}
		}
	}
	until("before the kill", time.Minute, func() bool { return atomic.LoadInt64(&done) >= operationsBeforeTheKill })
	ask("kill", victim)
	mark, began := atomic.LoadInt64(&done), time.Now()
	until("without the node", time.Minute, func() bool {
		return atomic.LoadInt64(&done)-mark >= operationsWithoutTheNode && time.Since(began) >= timeWithoutTheNode
	})
	ask("start", victim)
	began = time.Now()
	until("the node is used again", timeUntilUsedAgain, func() bool {
		iter := session.Query("SELECT rpc_address FROM system.local").Consistency(gocql.One).Idempotent(true).Iter()
		host := iter.Host()
		must(iter.Close(), "asking who answers")
		return host != nil && host.ConnectAddress().String() == victim
	})
	note("%s is used again %.1f s after it came back", victim, time.Since(began).Seconds())
	atomic.StoreInt64(&stop, 1)
	group.Wait()
	select {
	case err := <-failures:
		fail("at the end: an operation failed after %d: %v", done, err)
	default:
	}
	note("%d writes and reads at QUORUM, none failed", done)
}

func main() {
	flag.Parse()
	keyspace, addresses := flag.Arg(0), flag.Args()[1:]
	session := connect(addresses)
	if !*connectOnly {
		schema(session, keyspace)
		types(session, keyspace)
		fillWide(session, keyspace)
		pages(session, keyspace)
		batches(session, keyspace)
		work(session, keyspace, addresses[0])
		trace(session, keyspace)
	} else {
		var name string
		must(session.Query("SELECT cluster_name FROM system.local").Scan(&name), "one row")
		note("cluster %s", name)
	}
	fmt.Println("passed")
}
