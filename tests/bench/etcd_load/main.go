// etcd_load puts or gets keys of an etcd server from many clients at once, for a time, and prints how fast
// that went, one line of name=value pairs: done, failed, seconds, and the 50th and 99th percentile and the
// maximum of the latency in microseconds. It uses etcd's own client library, as Debian packages it:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o etcd_load main.go
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"sort"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
)

var (
	endpoint = flag.String("endpoint", "", "address of the server that is asked")
	op       = flag.String("op", "put", "put, get (linearizable) or fill (each key once)")
	clients  = flag.Int("clients", 1, "clients that each wait for an answer before they ask again")
	seconds  = flag.Float64("seconds", 5, "how long puts and gets go on")
	times    = flag.Int("times", 0, "how many operations each client does; 0: as many as it can in the seconds")
	keys     = flag.Int("keys", 1000, "number of different keys")
	size     = flag.Int("size", 256, "bytes of a value")
)

// clients that share one connection: more connections cost etcd more than they give
const perConnection = 8

type tally struct {
	latencies []time.Duration
	failed    int
}

func connect(count int) []*clientv3.Client {
	var all []*clientv3.Client
	for i := 0; i < (count+perConnection-1)/perConnection; i++ {
		client, err := clientv3.New(clientv3.Config{
			Endpoints: []string{*endpoint}, DialTimeout: 10 * time.Second})
		if err != nil {
			log.Fatal(err)
		}
		all = append(all, client)
	}
	return all
}

func key(number int) string {
	return fmt.Sprintf("bench/%d", number)
}

// call does one operation; number picks the key.
func call(client *clientv3.Client, number int, value string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if *op == "get" {
		_, err := client.Get(ctx, key(number))
		return err
	}
	_, err := client.Put(ctx, key(number), value)
	return err
}

func work(client *clientv3.Client, seed int, end time.Time) tally {
	var t tally
	value := strings.Repeat("v", *size)
	random := rand.New(rand.NewSource(int64(seed)))
	next := func() int { return 1 + random.Intn(*keys) }
	if *op == "fill" {
		next = func() int { return 1 + seed + len(t.latencies)**clients }
		end = time.Now().Add(time.Hour)
	}
	if *times > 0 {
		end = time.Now().Add(time.Hour)
	}
	for *times == 0 || len(t.latencies)+t.failed < *times {
		number := next()
		begin := time.Now()
		if begin.After(end) || number > *keys {
			return t
		}
		if err := call(client, number, value); err != nil {
			t.failed++
			continue
		}
		t.latencies = append(t.latencies, time.Since(begin))
	}
	return t
}

func main() {
	flag.Parse()
	connections := connect(*clients)
	tallies := make([]tally, *clients)
	begin := time.Now()
	end := begin.Add(time.Duration(*seconds * float64(time.Second)))
	var wait sync.WaitGroup
	for i := range tallies {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			tallies[i] = work(connections[i/perConnection], i, end)
		}(i)
	}
	wait.Wait()
	took := time.Since(begin)

	var all []time.Duration
	failed := 0
	for _, t := range tallies {
		all = append(all, t.latencies...)
		failed += t.failed
	}
	if len(all) == 0 {
		log.Fatalf("nothing was done; %d calls failed", failed)
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	at := func(share float64) int64 { return all[int(share*float64(len(all)-1))].Microseconds() }
	fmt.Printf("done=%d failed=%d seconds=%.3f p50=%d p99=%d max=%d\n",
		len(all), failed, took.Seconds(), at(0.5), at(0.99), at(1))
}
