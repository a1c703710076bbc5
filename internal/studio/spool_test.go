package studio

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// trickle is a body that brings a first byte and no more until its context ends.
type trickle struct {
	ctx   context.Context //nolint:containedctx // it is the body's life
	begun bool
}

func (r *trickle) Read(p []byte) (int, error) {
	if !r.begun {
		r.begun = true
		p[0] = 'x'
		return 1, nil
	}
	<-r.ctx.Done()
	return 0, r.ctx.Err()
}

// TestTricklesBlockNobodyElse checks that the uploads of one owner, however many and
// slow, leave another owner room, and that the owner's next one is told so.
func TestTricklesBlockNobodyElse(t *testing.T) {
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newSpool(folder, newQuota(8, 4))
		ctx, stop := context.WithCancel(t.Context())
		failed := make(chan error)
		for range 9 {
			go func() {
				_, err := s.receive(ctx, "alice", &trickle{ctx: ctx})
				failed <- err
			}()
		}
		synctest.Wait()
		begun := time.Now()
		f, err := s.receive(t.Context(), "bob", strings.NewReader("a picture"))
		if err != nil || time.Since(begun) != 0 {
			t.Fatalf("another owner's upload waited for %v: %v", time.Since(begun), err)
		}
		defer f.discard()
		for range 5 {
			if err := <-failed; !errors.Is(err, errBusy) || time.Since(begun) != spoolWait {
				t.Errorf("error %v after %v, expected %v after %v", err, time.Since(begun), errBusy, spoolWait)
			}
		}
		stop()
		for range 4 {
			if err := <-failed; !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, expected that of the client that left", err)
			}
		}
	})
}

// TestSpoolTakesWhatArrives checks that an upload takes room for the bytes that came,
// and gives it back.
func TestSpoolTakesWhatArrives(t *testing.T) {
	blocks := newQuota(3, 3)
	s := newSpool(t.TempDir(), blocks)
	data := bytes.Repeat([]byte("0123456789abcdef"), (block+block/2)/16)
	f, err := s.receive(t.Context(), "", iotest.HalfReader(bytes.NewReader(data)))
	if err != nil {
		t.Fatal(err)
	}
	if n := blocks.taken(); n != 2 {
		t.Errorf("an upload of 1.5 blocks took %d", n)
	}
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, data) || f.size != int64(len(data)) {
		t.Errorf("%d of %d bytes came back: %v", len(got), len(data), err)
	}
	f.discard()
	if _, err := s.receive(t.Context(), "", iotest.ErrReader(errSlow)); !errors.Is(err, errSlow) {
		t.Errorf("error %v, expected %v", err, errSlow)
	}
	if n := blocks.taken(); n != 0 {
		t.Errorf("%d blocks are still taken", n)
	}
	if left, err := os.ReadDir(s.folder); err != nil || len(left) != 0 {
		t.Errorf("%v remain: %v", left, err)
	}
}

// TestSpoolIsCleaned checks that a spool removes the uploads of a process that was
// killed, and nothing else.
func TestSpoolIsCleaned(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{spooledPrefix + "123", "other"} {
		if err := os.WriteFile(folder+"/"+name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	newSpool(folder, newQuota(1, 1))
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 1 || left[0].Name() != "other" {
		t.Errorf("%v remain, expected other alone: %v", left, err)
	}
}

// TestPlacesAreShared checks that the next free place goes to the owner who holds the
// fewest, and that one who waited in vain holds none.
func TestPlacesAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newQuota(2, 2)
		first, second := s.take("alice"), s.take("alice")
		if s.take("bob") != nil {
			t.Fatal("a third place of 2 was given")
		}
		got := make(chan string, 3)
		for _, owner := range []string{"alice", "bob"} {
			go func() {
				if _, err := s.wait(t.Context(), owner); err == nil {
					got <- owner
				}
			}()
			synctest.Wait()
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			_, err := s.wait(ctx, "carol")
			got <- err.Error()
		}()
		synctest.Wait()
		cancel(errBusy)
		if cause := <-got; cause != errBusy.Error() {
			t.Errorf("error %q, expected %q", cause, errBusy)
		}
		first()
		if owner := <-got; owner != "bob" {
			t.Errorf("%s got the place, expected bob, who holds none", owner)
		}
		second()
		if owner := <-got; owner != "alice" || s.taken() != 2 {
			t.Errorf("%s got the place, %d are taken; expected alice and 2", owner, s.taken())
		}
	})
}

// TestDecodingEnds checks that a picture whose decoding takes too long is refused in
// words that say so.
func TestDecodingEnds(t *testing.T) {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 3000, 3000))); err != nil {
		t.Fatal(err)
	}
	b := &body{left: maxRequestPixels, limit: func(int) time.Duration { return 1 }}
	_, err := b.decode(t.Context(), bytes.NewReader(file.Bytes()), "content")
	if !errors.Is(err, errForm) || !strings.Contains(err.Error(), "content: ") || !strings.Contains(err.Error(), "takes longer") {
		t.Errorf("error %v, expected that decoding takes too long", err)
	}
	b.limit = decodeTime
	if _, err = b.decode(t.Context(), &file, "content"); err != nil || b.left != maxRequestPixels-9_000_000 {
		t.Errorf("%d pixels are left: %v", b.left, err)
	}
}
