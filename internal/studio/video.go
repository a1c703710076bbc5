package studio

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/video"
	"github.com/pastiche-art/pastiche/picture"
)

// Limits of videos.
const (
	maxVideoSeconds = 30
	maxVideoFrames  = 900
	maxVideoPixels  = 1920 * 1080 // of a frame
	maxVideoTotal   = 300_000_000 // pixels of all frames
	// Opening a video, which counts its frames, may take videoTime. Reading it may take as
	// long again, frameTime for each of its frames, and the time of a picture with their
	// pixels: many times what it takes on processors that have nothing else to do.
	videoTime = 20 * time.Second
	frameTime = 100 * time.Millisecond
)

// videoLimits returns the limits of videos as clients see them.
func (s *server) videoLimits() api.VideoLimits {
	l := api.VideoLimits{
		Seconds: maxVideoSeconds, Frames: maxVideoFrames, Pixels: maxVideoPixels, TotalPixels: maxVideoTotal, FFmpeg: video.HasFFmpeg(),
	}
	for _, f := range videoFormats {
		if !f.ffmpeg || l.FFmpeg {
			l.Formats = append(l.Formats, f.name)
		}
	}
	return l
}

// headBytes is how much of the beginning of a file decides whether it is a video.
const headBytes = 64 << 10

// isVideo reports whether a file that begins with head is a video. A picture that moves
// is one, except a GIF, whose frames have to be counted.
func isVideo(head []byte) bool {
	is := func(at int, text string) bool {
		return len(head) >= at+len(text) && string(head[at:at+len(text)]) == text
	}
	switch {
	case is(0, "\x89PNG"):
		at, data := bytes.Index(head, []byte("acTL")), bytes.Index(head, []byte("IDAT"))
		return at >= 0 && (data < 0 || at < data)
	case is(0, "RIFF") && is(8, "WEBP"):
		const animated = 2
		return is(12, "VP8X") && len(head) > 20 && head[20]&animated != 0
	case is(4, "ftyp"): // HEIF pictures are of this family
		return len(head) >= 12 && !slices.Contains([]string{"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis", "miaf", "MiHE"}, string(head[8:12]))
	}
	for at, signatures := range map[int][]string{
		0: {"YUV4MPEG2", "\x1aE\xdf\xa3", "\x00\x00\x01\xba", "FLV", "OggS", "\x30\x26\xb2\x75"},
		4: {"moov", "mdat", "wide"},
		8: {"AVI "},
	} {
		if slices.ContainsFunc(signatures, func(text string) bool { return is(at, text) }) {
			return true
		}
	}
	const packet, sync = 188, 'G' // of an MPEG transport stream
	return len(head) > packet && head[0] == sync && head[packet] == sync
}

// openedVideo is a video of a request.
type openedVideo struct {
	*video.Reader
	file *os.File
	name string // that errors call it
	body *body
	done func() // gives its place to the next one
}

// newVideo returns a video of the request, whose file is kept until it is closed. The
// caller opens and closes it. The error is errBusy where another one is being read.
func (s *server) newVideo(ctx context.Context, b *body, r io.Reader, name string) (*openedVideo, error) {
	done := s.uploads.videos.take(callerOf(ctx).owner)
	if done == nil {
		return nil, errBusy
	}
	f, err := os.CreateTemp(s.uploads.spool.folder, spooledPrefix+"*")
	if err != nil {
		done()
		return nil, fmt.Errorf("the folder of uploads: %w", err)
	}
	v := &openedVideo{file: f, name: name, body: b, done: done}
	if _, err := io.Copy(f, r); err != nil {
		v.Close()
		return nil, malformed("%s: %v", name, err)
	}
	return v, nil
}

// open opens the video.
func (v *openedVideo) open(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, videoTime, malformed("opening it takes longer than %v, which is the limit: save it again as a short MP4, or as a GIF", videoTime))
	defer cancel()
	v.Reader, err = video.Open(ctx, v.file.Name(), video.ReadOptions{Limits: video.Limits{
		MaxPixels: maxVideoPixels, MaxFrames: maxVideoFrames, MaxBytes: maxBody, Untrusted: true,
	}})
	if err != nil {
		return v.explain(err)
	}
	return v.admit(max(v.Info().Frames, 1))
}

// Close closes the video and removes its file.
func (v *openedVideo) Close() {
	if v.Reader != nil {
		v.Reader.Close() //nolint:errcheck // it was only read
	}
	v.file.Close()           //nolint:errcheck // nothing of it is kept
	os.Remove(v.file.Name()) // or newSpool does
	v.done()
}

// admit returns an error where a video has too many frames.
func (v *openedVideo) admit(frames int) error {
	info := v.Info()
	seconds := float64(frames) / info.Rate.Float()
	switch {
	case frames > maxVideoFrames:
		return tooLong("%s: the video has %d frames: expected at most %d: make it shorter", v.name, frames, maxVideoFrames)
	case seconds > maxVideoSeconds:
		return tooLong("%s: the video has %.1f seconds: expected at most %d: make it shorter", v.name, seconds, maxVideoSeconds)
	case frames*info.Width*info.Height > maxVideoTotal:
		return fmt.Errorf("%w: %s: %d frames of %d x %d pixels have more than %d megapixels together: make it smaller or shorter",
			errPixels, v.name, frames, info.Width, info.Height, maxVideoTotal/1_000_000)
	}
	return nil
}

// lengthError is an errPixels with a message of its own.
type lengthError string

func (e lengthError) Error() string { return string(e) }

func (e lengthError) Is(target error) bool { return target == errPixels }

func tooLong(format string, args ...any) error { return lengthError(fmt.Sprintf(format, args...)) }

// videoError is an error of reading a video, which names it as the client does.
type videoError struct {
	text string
	err  error
}

func (e *videoError) Error() string { return e.text }
func (e *videoError) Unwrap() error { return e.err }

// explain distinguishes a bad video from a fault of the server.
func (v *openedVideo) explain(err error) error {
	text := strings.ReplaceAll(err.Error(), v.file.Name(), v.name)
	text = strings.TrimSuffix(text, " or raise the limit")
	for _, known := range []error{errForm, context.Canceled, picture.ErrFormat, picture.ErrTooLarge, picture.ErrCorrupt} {
		if errors.Is(err, known) {
			return &videoError{text, err}
		}
	}
	return malformed("%s", text)
}

// store gives the video to add, which reads it.
func (v *openedVideo) store(ctx context.Context, add func(context.Context, job.Clip) error) error {
	info, frames := v.Info(), 0
	most := maxVideoFrames
	if info.Frames >= 0 {
		most = info.Frames
	}
	limit := videoTime + decodeTime(min(most*info.Width*info.Height, maxVideoTotal)) + time.Duration(most)*frameTime
	ctx, cancel := context.WithTimeoutCause(ctx, limit, malformed("reading it takes longer than %v, which is the limit for a video of this size: make it smaller or shorter", limit.Round(time.Second)))
	defer cancel()
	clip := job.Clip{Width: info.Width, Height: info.Height, Rate: info.Rate, Next: func(ctx context.Context) (*picture.Picture, error) {
		frame, err := v.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if err != nil {
			return nil, v.explain(err)
		}
		frames++
		v.body.frames += info.Width * info.Height
		return frame, v.admit(frames)
	}}
	for _, w := range info.Warnings {
		clip.Warnings = append(clip.Warnings, strings.TrimPrefix(w, v.file.Name()+": "))
	}
	if info.Sound {
		clip.Sound = io.NewSectionReader(v.file, 0, maxBody)
	}
	err := add(ctx, clip)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errForm) {
		return cause
	}
	return err
}

// addVideo adds a video of the request to a draft. name is what errors call it.
func (s *server) addVideo(ctx context.Context, draft *job.Draft, b *body, r io.Reader, name string) error {
	v, err := s.newVideo(ctx, b, r, name)
	if err != nil {
		return err
	}
	defer v.Close()
	if err := v.open(ctx); err != nil {
		return err
	}
	return v.store(ctx, func(ctx context.Context, clip job.Clip) error { return draft.AddVideo(ctx, api.Content, clip) })
}

// addVideoSource adds the video that a source names to a draft.
func (s *server) addVideoSource(ctx context.Context, draft *job.Draft, b *body, src *api.Source) error {
	const name = "video"
	switch {
	case src == nil:
		return nil
	case src.Data != nil && src.File == "" && src.Job == nil:
		return s.addVideo(ctx, draft, b, bytes.NewReader(src.Data), name)
	case src.Job != nil && src.Job.Role != api.VideoRole:
		return malformed("video: the picture %s of a job: expected the role %s", src.Job.Role, api.VideoRole)
	}
	r, err := s.storedRecord(ctx, name, *src)
	if err != nil {
		return err
	}
	if r.Video == nil {
		return malformed("video: %s is a picture: send it as the content", r.ID)
	}
	return draft.AddVideoFrom(ctx, api.Content, r)
}

// storeVideo makes a video an uploaded file.
func (s *server) storeVideo(ctx context.Context, v *openedVideo) (*job.Record, error) {
	draft, err := s.Jobs.BeginFile(ctx, callerOf(ctx).owner)
	if err != nil {
		return nil, err
	}
	defer draft.Discard()
	err = v.store(ctx, func(ctx context.Context, clip job.Clip) error { return draft.AddVideo(ctx, fileRole, clip) })
	if err != nil {
		return nil, err
	}
	return draft.Store(ctx, fileRetention)
}

// storeEither makes a file of the request an uploaded file: a video where it is one, and
// a picture otherwise.
func (s *server) storeEither(ctx context.Context, b *body, file io.Reader) (*job.Record, error) {
	const name = "file"
	r := bufio.NewReaderSize(file, headBytes)
	head, err := r.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, malformed("%v", err)
	}
	gif := bytes.HasPrefix(head, []byte("GIF8")) // its frames have to be counted
	if !gif && !isVideo(head) {
		return s.store(ctx, b, r, name)
	}
	v, err := s.newVideo(ctx, b, r, name)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	err = v.open(ctx)
	if gif && (errors.Is(err, picture.ErrFormat) || err == nil && v.Info().Frames == 1) {
		return s.store(ctx, b, io.NewSectionReader(v.file, 0, maxBody), name)
	}
	if err != nil {
		return nil, err
	}
	return s.storeVideo(ctx, v)
}

// videoFormat is a format in which painted videos are sent.
type videoFormat struct {
	name, mime string
	ffmpeg     bool // whether it needs FFmpeg
}

var videoFormats = []videoFormat{
	{"avi", "video/x-msvideo", false},
	{"webp", mimeWebP, false},
	{"y4m", "video/x-yuv4mpeg", false},
	{"mp4", "video/mp4", true},
}

// FramePath is the path of a frame of a video.
type FramePath struct {
	JobPath
	Conditions
	Number int    `path:"n" minimum:"0" maximum:"899" doc:"which frame, from 0"`
	Size   string `query:"size" enum:"full,small" default:"full" doc:"full is the PNG file, small a JPEG of at most 512 pixels"`
}

type videoQuery struct {
	JobPath
	Conditions
	Format   string `query:"format" enum:"avi,webp,y4m,mp4" default:"avi" doc:"avi is Motion JPEG, webp is animated, y4m is raw; mp4 needs FFmpeg on the server, see the session. avi and mp4 keep the sound"`
	Download string `query:"download" maxLength:"200" doc:"file name: the response is sent as an attachment" example:"dancers.mp4"`
}

func (s *server) videoOperations(humaAPI huma.API) {
	frame := func(path, id, summary string, blobOf func(ctx context.Context, r *job.Record, n int, small bool) (string, error)) {
		huma.Register(humaAPI, fileOperation(path, id, summary, mimePNG, mimeJPEG), func(ctx context.Context, in *FramePath) (*huma.StreamResponse, error) {
			r, err := s.Jobs.Get(ctx, callerOf(ctx).owner, in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			small := in.Size == "small"
			name, err := blobOf(ctx, r, in.Number, small)
			if err != nil {
				return nil, s.fail(err)
			}
			kind := mimePNG
			if small {
				kind = mimeJPEG
			}
			return s.send(s.storedFile(r, name, kind, blob.Info{})), nil
		})
	}
	frame("/jobs/{id}/frames/{n}", "getFrame", "Get the painting of a frame of a video", s.Jobs.Painting)
	frame("/jobs/{id}/frames/{n}/original", "getOriginalFrame", "Get a frame of a video as it was sent",
		func(_ context.Context, r *job.Record, n int, small bool) (string, error) { return r.Frame(n, small) })

	kinds := make([]string, 0, len(videoFormats))
	for _, f := range videoFormats {
		kinds = append(kinds, f.mime)
	}
	op := fileOperation("/jobs/{id}/video", "getVideo", "Get the painted video", kinds...)
	op.Description = "The file is made when it is asked for first, which may take minutes. The status is 409 until the job is done."
	op.Errors = append(op.Errors, http.StatusConflict, http.StatusUnprocessableEntity)
	huma.Register(humaAPI, op, func(ctx context.Context, in *videoQuery) (*huma.StreamResponse, error) {
		r, err := s.done(ctx, in.ID)
		if err == nil && r.Video == nil {
			err = job.ErrNotFound
		}
		if err != nil {
			return nil, s.fail(err)
		}
		i := slices.IndexFunc(videoFormats, func(f videoFormat) bool { return f.name == in.Format })
		format := videoFormats[i]
		if format.ffmpeg && !video.HasFFmpeg() {
			return nil, s.fail(malformed("format %s: this server has no FFmpeg: expected avi, webp or y4m", format.name))
		}
		f := s.videoFile(r, format.name, format.mime)
		if in.Download != "" {
			f.name = fileName(in.Download, "."+format.name)
		}
		return s.send(f), nil
	})
}

// videoFile returns the answer that sends a painted video. The file is made once, and
// kept as a blob of the job.
func (s *server) videoFile(r *job.Record, format, mime string) fileAnswer {
	name := fmt.Sprintf("%s/video-%d.%s", r.ID, r.Video.Division, format)
	return fileAnswer{kind: mime, etag: name, cache: immutable, open: func(ctx context.Context) (fileContent, error) {
		b, err := s.Jobs.Open(ctx, name)
		if errors.Is(err, blob.ErrNotFound) {
			if err := s.converter.makeVideo(ctx, r.Owner, name, func(ctx context.Context) error { return s.makeVideo(ctx, r, name, format) }); err != nil {
				return nil, err
			}
		} else if err == nil {
			b.Close() //nolint:errcheck // it was not read
		}
		f, err := s.open(ctx, r, name, blob.Info{})
		if err != nil {
			return nil, err
		}
		return f, nil
	}}
}

// makeVideo makes the file of a painted video and stores it.
func (s *server) makeVideo(ctx context.Context, r *job.Record, name, format string) (err error) {
	defer func() {
		if errors.Is(err, picture.ErrFormat) { // FFmpeg failed, and the request is as it should be
			err = fmt.Errorf("the painted video: %v", err) //nolint:errorlint // its kind is that of a bad request
		}
	}()
	folder, err := os.MkdirTemp(s.uploads.spool.folder, spooledPrefix+"*")
	if err != nil {
		return fmt.Errorf("the folder of uploads: %w", err)
	}
	defer os.RemoveAll(folder) //nolint:errcheck // or newSpool does
	path := filepath.Join(folder, "painted."+format)
	info := video.Info{Width: r.Result.Width, Height: r.Result.Height, Rate: r.Video.Rate, Frames: r.Video.Frames}
	opts := video.WriteOptions{}
	if r.Video.Sound != "" && video.HoldsSound(path) && video.HasFFmpeg() {
		opts.Sound = &video.Sound{Path: filepath.Join(folder, "video"), Frames: r.Video.Frames, Untrusted: true}
		if err := s.copyBlob(ctx, r.Video.Sound, opts.Sound.Path); err != nil {
			return err
		}
	}
	w, err := video.Create(ctx, path, info, opts)
	if err != nil && opts.Sound != nil { // the format does not hold this sound
		opts.Sound = nil
		w, err = video.Create(ctx, path, info, opts)
	}
	if err != nil {
		return err
	}
	for n := range r.Video.Frames {
		if err := s.writeFrame(ctx, w, r, n); err != nil {
			w.Abort()
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.Jobs.Keep(ctx, r, name, f)
}

// writeFrame writes the painting of a frame.
func (s *server) writeFrame(ctx context.Context, w *video.Writer, r *job.Record, n int) error {
	begun := time.Now()
	name, err := s.Jobs.Painting(ctx, r, n, false)
	if err != nil {
		return err
	}
	f, err := s.open(ctx, r, name, blob.Info{})
	if err != nil {
		return err
	}
	defer f.Close()
	decoded, err := picture.Decode(ctx, f, "the painting", picture.Limits{})
	if err == nil {
		err = w.Write(decoded.SRGB())
	}
	if err == nil && s.Painting() {
		err = rest(ctx, time.Duration(float64(time.Since(begun))*(1/videoShare-1)))
	}
	return err
}

// copyBlob copies a blob to a file.
func (s *server) copyBlob(ctx context.Context, name, path string) error {
	b, err := s.Jobs.Open(ctx, name)
	if err != nil {
		return err
	}
	defer b.Close()
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, b); err != nil {
		f.Close() //nolint:errcheck // it is of no use
		return err
	}
	return f.Close()
}
