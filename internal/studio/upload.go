package studio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/pastiche-art/pastiche/picture"
)

const (
	maxBody = 64 << 20
	// maxJSON bounds a body of JSON, which is decoded in memory.
	maxJSON   = 16 << 20
	maxPixels = 24_000_000
	// maxRequestPixels holds four photos of the greatest size, or a content and
	// eight styles with masks of 4 megapixels. Decoding and encoding them takes a
	// processor 5 to 15 seconds.
	maxRequestPixels = 100_000_000
	// Decoding a picture may take pictureTime and megapixelTime for each of its
	// megapixels: five times what the slowest format takes, for processors that
	// paint, too.
	pictureTime   = time.Second
	megapixelTime = 500 * time.Millisecond
	// places is the number of uploads that are decoded at a time. A picture of the
	// greatest size takes 600 to 1,000 MB.
	places = 2
	// videoPlaces is the number of videos that are read at a time. The other places are for
	// pictures, as a video may take minutes.
	videoPlaces = places - 1
	// largePixels is the size of pictures before which the garbage of the picture
	// before is collected, so that a request never needs memory for two.
	largePixels = 4_000_000
	// placeWait bounds the wait of a received upload for its place.
	placeWait = 2 * time.Minute
	mediaForm = "multipart/form-data"
)

var (
	errForm   = errors.New("the request is malformed") // of [malformed] requests
	errPixels = errors.New("too many pixels")
)

// formError is an errForm with a message of its own.
type formError string

func (e formError) Error() string { return string(e) }

func (e formError) Is(target error) bool { return target == errForm }

func malformed(format string, args ...any) error { return formError(fmt.Sprintf(format, args...)) }

// uploads receives uploads, and bounds how many are decoded at a time.
type uploads struct {
	spool  *spool
	places *quota
	videos *quota
}

// newUploads returns the uploads of a server with one owner, or with several. Of
// several, each gets at most half of everything.
func newUploads(folder string, several bool) *uploads {
	part := 1
	if several {
		part = 2
	}
	return &uploads{newSpool(folder, newQuota(spoolBlocks, spoolBlocks/part)), newQuota(places, places/part), newQuota(videoPlaces, videoPlaces)}
}

// A body is the body of a request that was received and has its place.
type body struct {
	*spooled
	media    string // such as multipart/form-data
	boundary string
	// done removes the body and gives its place to the next one. It may be called
	// again.
	done func()
	// left is how many pixels the request's pictures may still have.
	left int
	// frames is how many pixels the frames of videos had.
	frames int
	// limit returns how long decoding a picture of so many pixels may take.
	limit func(pixels int) time.Duration
}

func decodeTime(pixels int) time.Duration {
	return pictureTime + time.Duration(pixels)*megapixelTime/1_000_000
}

type bodyKey struct{}

// receiving registers an operation whose request is an upload of one of some media
// types; none is any type. The operation's function begins when the body was
// received and has its place.
func receiving[I, O any](s *server, humaAPI huma.API, op huma.Operation, media []string, do func(ctx context.Context, in *I, b *body) (*O, error)) {
	op.Errors = append(op.Errors, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity, http.StatusInsufficientStorage)
	op.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		b, err := s.receive(w, r, media)
		if err == nil {
			defer b.done()
			next(huma.WithValue(ctx, bodyKey{}, b))
			return
		}
		s.metrics.refused.Inc()
		answerProblem(w, s.fail(err))
	}}
	huma.Register(humaAPI, op, func(ctx context.Context, in *I) (*O, error) {
		b, _ := ctx.Value(bodyKey{}).(*body)
		out, err := do(ctx, in, b)
		if err != nil {
			s.metrics.refused.Inc()
			err = s.fail(err)
		}
		return out, err
	})
}

// receive stores the body of a request and waits for its place.
func (s *server) receive(w http.ResponseWriter, r *http.Request, media []string) (_ *body, err error) {
	ctx := r.Context()
	if err := s.Jobs.Ready(ctx); err != nil {
		return nil, err
	}
	b := &body{left: maxRequestPixels, limit: decodeTime}
	if b.media, b.boundary, err = mediaOf(r, media); err != nil {
		return nil, err
	}
	most := int64(maxBody)
	if b.media == mimeJSON {
		most = maxJSON
	}
	if r.ContentLength > most {
		return nil, &http.MaxBytesError{Limit: most}
	}
	owner := callerOf(ctx).owner
	if b.spooled, err = s.uploads.spool.receive(ctx, owner, newSteady(w, r, most)); err != nil {
		return nil, receiveError(err)
	}
	wait, cancel := context.WithTimeoutCause(ctx, placeWait, errBusy)
	defer cancel()
	release, err := s.uploads.places.wait(wait, owner)
	if err != nil {
		b.discard()
		return nil, err
	}
	begun := time.Now()
	b.done = sync.OnceFunc(func() {
		b.discard()
		s.rest(maxRequestPixels-b.left+b.frames, time.Since(begun), release)
	})
	return b, nil
}

// mediaOf returns the media type of a request, and the boundary of a form.
func mediaOf(r *http.Request, allowed []string) (media, boundary string, err error) {
	text := r.Header.Get("Content-Type")
	media, params, err := mime.ParseMediaType(text)
	if len(allowed) == 0 && media != mediaForm {
		return media, "", nil
	}
	for _, m := range allowed {
		if err == nil && m == media && media != mediaForm {
			return media, "", nil
		}
	}
	if err != nil || media != mediaForm || params["boundary"] == "" {
		if len(allowed) == 0 {
			allowed = []string{mediaForm}
		}
		return "", "", malformed("Content-Type %q: expected %s", text, strings.Join(allowed, " or "))
	}
	return media, params["boundary"], nil
}

// While a picture is painted in the same process, an upload holds its place for at
// least timePerPixel. Painting waits for the slowest of its threads at every layer, so
// that what one processor does besides holds up all. An upload takes 55 ns a pixel, so
// that the places take a fifth of a processor together.
const (
	timePerPixel = 550 * time.Nanosecond
	maxRest      = 5 * time.Second
)

// rest calls then when a place has rested for an upload of so many pixels, which took
// so long.
func (s *server) rest(pixels int, took time.Duration, then func()) {
	rest := min(time.Duration(pixels)*timePerPixel-took, maxRest)
	if rest <= 0 || !s.Painting() {
		then()
		return
	}
	time.AfterFunc(rest, then)
}

// receiveError distinguishes a body that is too large, too slow or incomplete from a
// fault of the server.
func receiveError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return malformed("the upload broke off: send it again")
	}
	return err
}

// decode reads a picture of the request. name is what errors call it.
func (b *body) decode(ctx context.Context, r io.Reader, name string) (*picture.File, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var clock *time.Timer
	f, err := picture.Decode(ctx, r, name, picture.Limits{
		MaxPixels: maxPixels, MaxBytes: maxBody, Untrusted: true,
		Size: func(w, h int) error {
			if w*h >= largePixels {
				runtime.GC()
			}
			if clock == nil {
				limit := b.limit(w * h)
				clock = time.AfterFunc(limit, func() {
					cancel(malformed("reading takes longer than %v, which is the limit for a picture of this size: save it again as a plain JPEG or PNG", limit.Round(time.Millisecond)))
				})
			}
			return b.admit(w, h)
		},
	})
	if clock != nil {
		clock.Stop()
	}
	if err != nil {
		return nil, decodeError(name, err)
	}
	b.left -= f.Picture.W * f.Picture.H
	return f, nil
}

// admit returns an error where the request has no pixels left for a picture.
func (b *body) admit(w, h int) error {
	if w*h > b.left {
		return fmt.Errorf("%w: the pictures of a request may have %d megapixels together, and %d x %d pixels are more than is left: make the pictures smaller",
			errPixels, maxRequestPixels/1_000_000, w, h)
	}
	return nil
}

// decodeError distinguishes a bad picture from a fault of the server.
func decodeError(name string, err error) error {
	for _, known := range []error{errForm, errPixels, context.Canceled, picture.ErrFormat, picture.ErrTooLarge, picture.ErrCorrupt} {
		if errors.Is(err, known) {
			return err
		}
	}
	return malformed("%s: %v", name, err)
}
