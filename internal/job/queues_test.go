package job

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
)

// crowd returns a service that knows 10,000 queued jobs of 50 owners and 100 workers
// that ask for work and have none of the networks.
func crowd(tb testing.TB, asking int) (*Service, []*Record) {
	tb.Helper()
	s := New(Config{Bus: &LocalBus{}, Queue: 10_000})
	var all []*Record
	for i := range 10_000 {
		r := &Record{
			ID: fmt.Sprintf("%026d", i), Owner: fmt.Sprintf("owner-%d", i%50), State: api.Queued,
			Created: time.Unix(int64(i), 0), Network: "vgg19", Digest: "abcdef", Memory: 1 << 30, Revision: uint64(i) + 1, //nolint:gosec // i is small
		}
		all = append(all, r)
		s.index.apply(Change{Record: r, Revision: r.Revision})
	}
	s.index.apply(Change{Synced: true, Revision: 10_000})
	for i := range asking {
		p := &presence{Worker: fmt.Sprint(i), Networks: map[string]string{"imagenet": "123456"}, Memory: 2 << 30}
		s.dispatcher.register(p)
		s.dispatcher.asking[make(chan offer, 1)] = p
	}
	return s, all
}

func BenchmarkMatch(b *testing.B) {
	s, _ := crowd(b, 100)
	for b.Loop() {
		s.dispatcher.match()
	}
}

func BenchmarkViewPage(b *testing.B) {
	s, all := crowd(b, 100)
	for b.Loop() {
		for _, r := range all[5000:5100] {
			s.View(r)
		}
	}
}

func BenchmarkList(b *testing.B) {
	s, _ := crowd(b, 0)
	for b.Loop() {
		s.active(Listing{Owner: "owner-7"}, &Page{})
	}
}

// TestMatchServesEveryWorker offers a job to the one worker that can paint it, among
// many that cannot.
func TestMatchServesEveryWorker(t *testing.T) {
	s, _ := crowd(t, 100)
	offers := make(chan offer, 1)
	s.dispatcher.asking[offers] = &presence{Networks: map[string]string{"vgg19": "abcdef"}, Memory: 1 << 30}
	s.dispatcher.match()
	select {
	case <-offers:
	default:
		t.Error("the worker was offered nothing")
	}
	if n := len(s.dispatcher.asking); n != 100 {
		t.Errorf("%d workers wait, expected 100", n)
	}
}

// TestRunningJobsAreCountedOnce finishes jobs that were running. An owner whose count
// became negative would be served before all others.
func TestRunningJobsAreCountedOnce(t *testing.T) {
	s := New(Config{Bus: &LocalBus{}})
	for revision, state := range []api.State{api.Queued, api.Running, api.Done, api.Queued, api.Running, api.Cancelled} {
		r := &Record{ID: "a", State: state, Finished: new(time.Time), Revision: uint64(revision) + 1} //nolint:gosec // it is small
		s.index.apply(Change{Record: r, Revision: r.Revision})
		want := 0
		if state == api.Running {
			want = 1
		}
		if n := s.Stats().Running; n != want {
			t.Errorf("%d jobs are running after one became %s, expected %d", n, state, want)
		}
	}
}

// TestClaimedWhileTheWatchWasBroken claims a job while a watch begins anew. Its worker
// counts as heard when the claim was told of, not when the process began to lead.
func TestClaimedWhileTheWatchWasBroken(t *testing.T) {
	s, all := crowd(t, 0)
	s.index.begin()
	claimed := *all[0]
	claimed.State, claimed.Fence, claimed.Revision = api.Running, 1, 20_000
	s.index.apply(Change{Record: &claimed, Revision: claimed.Revision})
	if e := s.index.entries[nameOf(&claimed)]; e.changed.IsZero() {
		t.Error("the worker would count as silent since the process leads")
	}
}

// TestPreviewsForSubscribers keeps receiving the previews of an owner to whom somebody
// subscribes.
func TestPreviewsForSubscribers(t *testing.T) {
	s := New(Config{Bus: &LocalBus{}})
	defer s.previews.close()
	received := func() bool {
		s.previews.mu.Lock()
		defer s.previews.mu.Unlock()
		return s.previews.of["a"] != nil
	}
	sub := s.Subscribe("a", "")
	later := time.Now()
	for range 3 {
		later = later.Add(2 * previewFeedFor)
		s.previews.forget(later)
		if !received() {
			t.Fatal("previews are not received although somebody subscribes")
		}
	}
	sub.Close()
	s.previews.forget(later.Add(2 * previewFeedFor))
	if received() {
		t.Error("previews are received that nobody wants")
	}
}

// TestOneCallOfAWebhook calls a webhook while the index does not know yet that it was
// called, and the webhooks of one owner with many.
func TestOneCallOfAWebhook(t *testing.T) {
	called := make(chan string, 100)
	goOn := make(chan struct{})
	s := New(Config{Bus: &LocalBus{}, Store: noted{}, Webhooks: func(_ context.Context, r *Record, _ api.State) error {
		called <- r.ID
		<-goOn
		return nil
	}})
	for i := range 20 {
		r := &Record{ID: fmt.Sprint(i), State: api.Done, Undelivered: []api.State{api.Done}, Revision: 1}
		s.index.apply(Change{Record: r, Revision: 1})
	}
	c := calls{wake: s.leaderDue, of: make(map[name]*callState)}
	s.call(t.Context(), &c)
	s.call(t.Context(), &c)
	for range callsOfOwner {
		<-called
	}
	if n := len(called); n > 0 {
		t.Errorf("%d calls at a time, expected %d", n+callsOfOwner, callsOfOwner)
	}
	close(goOn)
	for range 10 { // the index still has the records as they were
		c.all.Wait()
		s.call(t.Context(), &c)
	}
	c.all.Wait()
	if n := len(called) + callsOfOwner; n != 20 {
		t.Errorf("%d calls of 20 webhooks", n)
	}
}

// noted is a store whose records change as they are told to.
type noted struct{ Store }

func (noted) Load(_ context.Context, owner, id string) (*Record, error) {
	return &Record{ID: id, Owner: owner, State: api.Done, Undelivered: []api.State{api.Done}, Revision: 1}, nil
}

func (noted) Replace(_ context.Context, r *Record) error { r.Revision = 2; return nil }
