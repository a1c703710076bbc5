package studio

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pastiche-art/pastiche/picture"
)

func TestCacheForgetsTheOldest(t *testing.T) {
	c := newCache[int](10)
	for key, n := range []int{4, 4, 11} {
		c.put(key, make([]byte, n))
	}
	if _, found := c.get(2); found {
		t.Error("a value that is larger than the cache was kept")
	}
	c.get(0) // which makes 1 the oldest
	c.put(3, make([]byte, 4))
	for key, expected := range map[int]bool{0: true, 1: false, 3: true} {
		if _, found := c.get(key); found != expected {
			t.Errorf("value %d is kept: %v, expected %v", key, found, expected)
		}
	}
	c.put(0, make([]byte, 10)) // in the place of the value before
	if value, found := c.get(0); !found || len(value) != 10 || c.bytes != 10 {
		t.Errorf("the new value has %d bytes of %d in all", len(value), c.bytes)
	}
}

// blocked returns a way to open a file that fails when release is closed. opened
// counts the calls.
func blocked(release <-chan struct{}, opened *atomic.Int32) func(context.Context) (*storedFile, error) {
	return func(ctx context.Context) (*storedFile, error) {
		opened.Add(1)
		select {
		case <-release:
			return nil, errors.New("released")
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func small(digest string) variant { return variant{digest, 100, picture.JPEG, 10} }

func TestConversionsOfAnOwnerTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConverter(func() bool { return false })
		release := make(chan struct{})
		var opened atomic.Int32
		for _, ask := range []struct{ owner, digest string }{{"a", "1"}, {"a", "1"}, {"a", "2"}, {"a", "3"}, {"b", "4"}} {
			go c.get(t.Context(), ask.owner, small(ask.digest), blocked(release, &opened)) //nolint:errcheck // its end is all that counts
		}
		synctest.Wait()
		if n := opened.Load(); n != 2 {
			t.Errorf("%d conversions at a time, expected one of each of the 2 owners", n)
		}
		close(release)
		synctest.Wait()
		if n := opened.Load(); n != 4 {
			t.Errorf("%d conversions for 5 requests, 2 of which ask for the same copy; expected 4", n)
		}
		if len(c.turns) != 0 {
			t.Errorf("%d owners are remembered, expected none", len(c.turns))
		}
	})
}

func TestConversionsAreRefusedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConverter(func() bool { return false })
		var opened atomic.Int32
		begun := time.Now()
		_, err := c.get(t.Context(), "a", small("1"), blocked(nil, &opened))
		if !errors.Is(err, errConverting) || time.Since(begun) != convertFor {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
	})
}

func TestConversionsRestWhilePainting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConverter(func() bool { return true })
		var opened atomic.Int32
		slow := func(context.Context) (*storedFile, error) { //nolint:unparam // it never finds a file
			opened.Add(1)
			time.Sleep(100 * time.Millisecond)
			return nil, errors.New("done")
		}
		begun := time.Now()
		for _, owner := range []string{"a", "b", "c"} {
			go c.get(t.Context(), owner, small(owner), slow) //nolint:errcheck // its end is all that counts
		}
		synctest.Wait()
		if n := opened.Load(); n != 1 {
			t.Errorf("%d conversions at a time while the process paints, expected 1", n)
		}
		for opened.Load() < 3 {
			time.Sleep(10 * time.Millisecond)
		}
		if share := float64(200*time.Millisecond) / float64(time.Since(begun)); share > convertShare*1.1 {
			t.Errorf("conversions take %.2f of a processor, expected %.2f", share, convertShare)
		}
		time.Sleep(maxConvertRest)
	})
}

func TestEventsAreMadeOnce(t *testing.T) {
	c := newCache[textKey](maxTexts)
	made := 0
	for range 1000 {
		text := c.getOr(textKey{id: "a", preview: 1}, func() []byte { made++; return []byte("text") })
		if !bytes.Equal(text, []byte("text")) {
			t.Fatalf("text %q", text)
		}
	}
	if made != 1 {
		t.Errorf("the text was made %d times", made)
	}
}
