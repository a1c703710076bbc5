package studio

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/picture"
)

const (
	// maxConverting is how many pixels of paintings are converted at a time. A
	// pixel takes about 20 bytes of memory meanwhile.
	maxConverting = 24_000_000
	// maxConverted is how many bytes of converted copies are kept in memory.
	maxConverted = 64 << 20
	// convertFor bounds the time of a conversion, with the wait for its turn.
	convertFor = 30 * time.Second
	// convertShare is the share of one processor that conversions may take while a
	// picture is painted in the same process.
	convertShare = 0.06
	// makeFor bounds the time in which the file of a video is made, with the wait for its
	// turn, and videoShare the share of one processor that this may take while a picture
	// is painted in the same process.
	makeFor    = 10 * time.Minute
	videoShare = 0.25
	// maxConvertRest bounds the pause after a conversion.
	maxConvertRest = 5 * time.Second
)

var errConverting = newProblem(http.StatusServiceUnavailable, api.CodeBusy,
	"too many conversions wait: try again soon, or ask for the stored file, without format and width").after(retryAfter)

// variant names a converted copy of a painting.
type variant struct {
	digest string // SHA-256 of the stored file
	pixels int64  // of the stored file
	format picture.Format
	width  int
}

func (v variant) String() string {
	return fmt.Sprintf("%s-%s-%d", v.digest, strings.ToLower(string(v.format)), v.width)
}

// converter makes copies of paintings in other formats and sizes. Clients that ask
// for many of them share what painting leaves: an owner's copies are made one after
// the other, and conversions rest while the process paints.
type converter struct {
	painting func() bool
	copies   *cache[variant]
	flights  singleflight.Group
	pixels   *semaphore.Weighted
	videos   *semaphore.Weighted

	mu    sync.Mutex
	turns map[string]*turn // by owner
}

// turn lets the conversions of an owner pass one by one.
type turn struct {
	place chan struct{}
	users int // that hold the place or wait for it
}

func newConverter(painting func() bool) *converter {
	return &converter{
		painting: painting, copies: newCache[variant](maxConverted),
		pixels: semaphore.NewWeighted(maxConverting), videos: semaphore.NewWeighted(1), turns: make(map[string]*turn),
	}
}

// get returns a copy of an owner's painting, whose file open opens. The error is
// errConverting where its turn did not come in time.
func (c *converter) get(ctx context.Context, owner string, v variant, open func(context.Context) (*storedFile, error)) ([]byte, error) {
	if copied, found := c.copies.get(v); found {
		return copied, nil
	}
	// The conversion goes on when the first client that asked for it has left.
	made := c.flights.DoChan(v.String(), func() (any, error) {
		ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), convertFor, errConverting)
		defer cancel()
		copied, err := c.convert(ctx, owner, v, open)
		if err == nil {
			c.copies.put(v, copied)
		}
		return copied, err
	})
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case m := <-made:
		copied, _ := m.Val.([]byte)
		return copied, m.Err
	}
}

func (c *converter) convert(ctx context.Context, owner string, v variant, open func(context.Context) (*storedFile, error)) ([]byte, error) {
	leave, err := c.wait(ctx, owner)
	if err != nil {
		return nil, err
	}
	defer leave()
	weight := min(v.pixels, maxConverting)
	painting := c.painting()
	if painting {
		weight = maxConverting // one at a time
	}
	if err := c.pixels.Acquire(ctx, weight); err != nil {
		return nil, context.Cause(ctx)
	}
	begun := time.Now()
	defer func() {
		rest := time.Duration(0)
		if painting {
			rest = min(time.Duration(float64(time.Since(begun))*(1/convertShare-1)), maxConvertRest)
		}
		time.AfterFunc(rest, func() { c.pixels.Release(weight) })
	}()
	f, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	decoded, err := picture.Decode(ctx, f, "the painting", picture.Limits{MaxPixels: v.pixels})
	if err != nil {
		return nil, err
	}
	p := decoded.SRGB()
	if v.width < p.W {
		p = p.Resize(v.width, max(1, (p.H*v.width+p.W/2)/p.W))
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	var b bytes.Buffer
	err = picture.Encode(&b, p, v.format, picture.SaveOptions{})
	return b.Bytes(), err
}

// makeVideo makes the file of an owner's video, whose name is unique. One is made at a
// time. It is finished even where all clients that asked for it leave.
func (c *converter) makeVideo(ctx context.Context, owner, name string, do func(context.Context) error) error {
	ended := c.flights.DoChan(name, func() (any, error) {
		ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), makeFor, errConverting)
		defer cancel()
		leave, err := c.wait(ctx, owner)
		if err != nil {
			return nil, err
		}
		defer leave()
		if err := c.videos.Acquire(ctx, 1); err != nil {
			return nil, context.Cause(ctx)
		}
		defer c.videos.Release(1)
		return nil, do(ctx)
	})
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case m := <-ended:
		return m.Err
	}
}

// rest waits for a time. The error is that of the context's end.
func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// wait waits for the owner's turn, which leave ends.
func (c *converter) wait(ctx context.Context, owner string) (leave func(), err error) {
	c.mu.Lock()
	t := c.turns[owner]
	if t == nil {
		t = &turn{place: make(chan struct{}, 1)}
		c.turns[owner] = t
	}
	t.users++
	c.mu.Unlock()
	forget := func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(c.turns, owner)
		}
	}
	select {
	case t.place <- struct{}{}:
		return func() { <-t.place; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, context.Cause(ctx)
	}
}
