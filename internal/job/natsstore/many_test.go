package natsstore_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/natsstore"
	"github.com/pastiche-art/pastiche/internal/job/storetest"
)

// child starts a NATS server in a process of its own and returns its address.
func child(t *testing.T) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverVariable+"="+t.TempDir())
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(url)
}

// TestMany lists the records of owners with very many and with a few, and logs how
// long that takes: 20,000 records, or a million where PASTICHE_MILLION is 1.
func TestMany(t *testing.T) {
	if testing.Short() {
		t.Skip("storing many records takes a while")
	}
	const few, middle = 50, 1000
	many := 20_000
	if os.Getenv("PASTICHE_MILLION") == "1" {
		many = 1_000_000
	}
	c := natsstore.Config{URL: child(t), Prefix: fresh(), Create: true}
	s := open(t, c)
	js, err := jetstream.New(s.Conn(), jetstream.WithPublishAsyncMaxPending(1000))
	if err != nil {
		t.Fatal(err)
	}
	put := func(owner string, i int) {
		t.Helper()
		r := storetest.Record(owner, fmt.Sprintf("job-%07d", i), storetest.In(api.Done))
		data, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		m := nats.NewMsg(c.Prefix + ".finished." + owner + ".done." + r.ID)
		m.Data = data
		m.Header.Set(jetstream.MsgTTLHeader, "90000")
		if _, err := js.PublishMsgAsync(m, jetstream.WithStallWait(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	for i := range many {
		put("large", i)
		if i%(many/few) == 0 {
			put("small", i)
		}
		if i%(many/middle) == 0 && i < many/2 { // not lately
			put("middle", i)
		}
	}
	<-js.PublishAsyncComplete()
	t.Logf("%d records stored in %v", many+few+middle/2, time.Since(begun))

	measure := func(what string, do func()) {
		begun := time.Now()
		do()
		t.Logf("%s: %v", what, time.Since(begun))
	}
	var other *natsstore.Store
	measure("Open", func() { other = open(t, c) })
	page := func(q job.Query) *job.Page {
		t.Helper()
		page, err := other.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	measure("the records of the owner with 50", func() {
		if p := page(job.Query{Owner: "small", Limit: 100}); len(p.Records) != few || p.Total != few || p.Next != "" {
			t.Errorf("%d records of %d, next %q", len(p.Records), p.Total, p.Next)
		}
	})
	q := job.Query{Owner: "large", Limit: 100}
	next := many - 1
	for _, what := range []string{"the first page of the owner with all", "the next page", "the next page"} {
		measure(what, func() {
			p := page(q)
			if len(p.Records) != 100 || p.Total != many || p.Next == "" {
				t.Fatalf("%d records of %d, next %q", len(p.Records), p.Total, p.Next)
			}
			for _, r := range p.Records {
				if want := fmt.Sprintf("job-%07d", next); r.ID != want {
					t.Fatalf("record %s, want %s", r.ID, want)
				}
				next--
			}
			q.After = p.Next
		})
	}
	measure("a page of the owner with 500", func() {
		p := page(job.Query{Owner: "middle", Limit: 100})
		if len(p.Records) != 100 || p.Total != middle/2 || p.Next == "" {
			t.Fatalf("%d records of %d, next %q", len(p.Records), p.Total, p.Next)
		}
		for i, r := range p.Records {
			if want := fmt.Sprintf("job-%07d", many/2-(i+1)*(many/middle)); r.ID != want {
				t.Fatalf("record %s, want %s", r.ID, want)
			}
		}
	})
	r := storetest.Record("large", "new", storetest.WithKey("new"))
	measure("Create", func() {
		if err := other.Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	})
	storetest.In(api.Done)(r)
	measure("Replace, from active to finished", func() {
		if err := other.Replace(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	})
	measure("Load of a finished record", func() {
		if _, err := other.Load(t.Context(), "large", "job-0000000"); err != nil {
			t.Fatal(err)
		}
	})
	measure("Sweep with nothing due", func() {
		if err := other.Sweep(t.Context(), time.Now(), func(_, id string) error { t.Error(id, "is due"); return nil }); err != nil {
			t.Fatal(err)
		}
	})
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	t.Logf("heap of this process: %.1f MB", float64(memory.HeapAlloc)/1e6)
}
