package studio

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestLimitsAreBounded: many callers take no more memory than the bound, and one that
// asks all the time is not forgotten among them.
func TestLimitsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(0.001, 5)
		let := 0
		for i := range 5 * maxLimits {
			if l.take(fmt.Sprint("caller ", i)) > 0 {
				t.Fatalf("caller %d has to wait at its first request", i)
			}
			if i%100 == 0 && l.take("the busy one") == 0 {
				let++
			}
			if n := len(l.young) + len(l.old); n > 2*maxLimits {
				t.Fatalf("%d callers are remembered, expected at most %d", n, 2*maxLimits)
			}
		}
		if let != 5 {
			t.Errorf("the busy caller was let in %d times, expected its burst of 5", let)
		}
	})
}

// TestCharges: what is charged beyond the burst is waited for.
func TestCharges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(1, 2)
		for range 4 {
			l.charge("a")
		}
		if wait := l.wait("a"); wait <= 2*time.Second || wait > 3*time.Second {
			t.Errorf("wait %v, expected 3 s", wait)
		}
		if wait := l.wait("b"); wait != 0 {
			t.Errorf("another caller waits %v", wait)
		}
		time.Sleep(3 * time.Second)
		if wait := l.wait("a"); wait != 0 {
			t.Errorf("3 s later, wait %v", wait)
		}
	})
}

func TestShares(t *testing.T) {
	s := newQuota(3, 2)
	a, b := s.take("a"), s.take("a")
	if a == nil || b == nil || s.take("a") != nil {
		t.Fatal("an owner does not have exactly its share")
	}
	c := s.take("b")
	if c == nil || s.take("c") != nil || s.taken() != 3 {
		t.Fatal("there are not exactly 3 places")
	}
	a()
	a() // is released once
	if s.taken() != 2 || s.take("a") == nil {
		t.Error("a place that was released is not free")
	}
	b()
	c()
	if len(s.of) != 1 {
		t.Errorf("owners without a place are remembered: %v", s.of)
	}
}
