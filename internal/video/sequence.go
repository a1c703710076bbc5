package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/picture"
)

// A pattern names numbered pictures: prefix, number, suffix.
type pattern struct {
	prefix, suffix string
	digits         int // at least; numbers are padded with zeros
}

// numberVerb matches the number in a pattern, as printf and ffmpeg write it.
var numberVerb = regexp.MustCompile(`%(?:0([0-9]))?d`)

// parsePattern reads a pattern such as frames/%04d.png; ok is false for other paths.
func parsePattern(path string) (p pattern, ok bool) {
	dir, name := filepath.Split(path)
	found := numberVerb.FindAllStringSubmatchIndex(name, -1)
	if len(found) != 1 {
		return pattern{}, false
	}
	at := found[0]
	if at[2] >= 0 {
		p.digits = int(name[at[2]] - '0')
	}
	p.prefix, p.suffix = dir+name[:at[0]], name[at[1]:]
	return p, true
}

func (p pattern) path(n int) string {
	return fmt.Sprintf("%s%0*d%s", p.prefix, p.digits, n, p.suffix)
}

// numbered matches the last number in the name of a picture.
var numbered = regexp.MustCompile(`^(.*?)(\d+)(\D*)$`)

// maxNumberLen is the longest number of a picture.
const maxNumberLen = 9

// sequenceFolderName is the names of pictures in a folder.
const sequenceFolderName = "%06d.png"

// sequenceRate is the rate of a sequence, as in FFmpeg.
var sequenceRate = Rational{25, 1}

// numberedFile is a picture of a sequence.
type numberedFile struct {
	number int
	path   string
}

// openSequence opens numbered pictures; ok is false if the path names none.
func openSequence(ctx context.Context, path string, lim Limits, opt ReadOptions) (st stored, ok bool, err error) {
	info, err := os.Stat(path)
	folder := err == nil && info.IsDir()
	p, isPattern := parsePattern(path)
	if !folder && (!isPattern || err == nil) {
		return stored{}, false, nil
	}
	dir := path
	if !folder {
		dir = filepath.Dir(p.path(0))
	}
	groups, err := numberedFiles(dir, lim)
	if err != nil {
		return stored{}, true, err
	}
	var files []numberedFile
	if folder {
		if files, err = onlyGroup(groups); err != nil {
			return stored{}, true, err
		}
	} else {
		base := filepath.Base(p.prefix + "0")
		key := [2]string{base[:len(base)-1], p.suffix}
		// A pattern of four digits means neither 1.png nor 00001.png.
		for _, f := range groups[key] {
			if filepath.Base(f.path) == filepath.Base(p.path(f.number)) {
				files = append(files, f)
			}
		}
	}
	if len(files) == 0 {
		return stored{}, true, unsupported("name a pattern of pictures that exist", "no picture has such a name (expected, for instance, %s)", p.path(1))
	}
	slices.SortFunc(files, func(a, b numberedFile) int { return a.number - b.number })
	for i := 1; i < len(files); i++ {
		if files[i].number == files[i-1].number {
			return stored{}, true, unsupported("remove one", "%s and %s have the same number", filepath.Base(files[i-1].path), filepath.Base(files[i].path))
		}
	}
	rate := opt.Rate
	if !rate.valid() {
		rate = sequenceRate
	}
	st.info = Info{Format: "numbered pictures", Rate: rate, Frames: len(files), First: files[0].number, Warnings: gaps(files)}
	first, err := picture.Open(ctx, files[0].path, lim.picture())
	if err != nil {
		return stored{}, true, sentence{err}
	}
	st.info.Width, st.info.Height = first.Picture.W, first.Picture.H
	st.source = &sequenceSource{files: files, lim: lim, w: st.info.Width, h: st.info.Height}
	return st, true, nil
}

// numberedFiles returns the pictures in a folder by what stands before and after their
// numbers.
func numberedFiles(dir string, lim Limits) (map[[2]string][]numberedFile, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	groups := make(map[[2]string][]numberedFile)
	for n := 0; ; {
		entries, err := d.ReadDir(1024)
		for _, e := range entries {
			m := numbered.FindStringSubmatch(e.Name())
			if m == nil || len(m[2]) > maxNumberLen || e.IsDir() || !pictureExtension(m[3]) {
				continue
			}
			if n++; n > lim.MaxFrames {
				return nil, lim.tooLong()
			}
			number, err := strconv.Atoi(m[2])
			if err != nil {
				continue
			}
			key := [2]string{m[1], m[3]}
			groups[key] = append(groups[key], numberedFile{number, filepath.Join(dir, e.Name())})
		}
		if errors.Is(err, io.EOF) {
			return groups, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// pictureExtension reports whether what follows a number ends like a picture.
func pictureExtension(suffix string) bool {
	switch strings.ToLower(filepath.Ext(suffix)) {
	case ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp":
		return true
	}
	return false
}

// onlyGroup returns the pictures of a folder that holds one sequence.
func onlyGroup(groups map[[2]string][]numberedFile) ([]numberedFile, error) {
	var names []string
	var files []numberedFile
	for _, group := range groups {
		files = group
		names = append(names, filepath.Base(slices.MinFunc(group, func(a, b numberedFile) int { return a.number - b.number }).path))
	}
	slices.Sort(names)
	switch len(names) {
	case 0:
		return nil, unsupported("name a video or a folder of numbered pictures", "the folder holds no numbered pictures")
	case 1:
		return files, nil
	}
	return nil, unsupported("name one, as in frames/%04d.png", "the folder holds several sequences, such as those of %.60s and %.60s", names[0], names[1])
}

// gaps describes the missing numbers of a sorted sequence.
func gaps(files []numberedFile) []string {
	missing, holes := 0, 0
	var from, to int
	for i := 1; i < len(files); i++ {
		if n := files[i].number - files[i-1].number - 1; n > 0 {
			if holes == 0 {
				from, to = files[i-1].number+1, files[i].number-1
			}
			missing += n
			holes++
		}
	}
	if holes == 0 {
		return nil
	}
	which := fmt.Sprintf("number %d is missing", from)
	if to > from {
		which = fmt.Sprintf("numbers %d to %d are missing", from, to)
	}
	if holes > 1 {
		which += fmt.Sprintf(", and %d more elsewhere", missing-(to-from+1))
	}
	return []string{which + ": the video goes on without"}
}

// sequenceSource reads pictures.
type sequenceSource struct {
	files []numberedFile
	lim   Limits
	w, h  int
}

func (s *sequenceSource) next(ctx context.Context) (*picture.Picture, error) {
	if len(s.files) == 0 {
		return nil, io.EOF
	}
	path := s.files[0].path
	s.files = s.files[1:]
	f, err := picture.Open(ctx, path, s.lim.picture())
	if err != nil {
		return nil, sentence{err}
	}
	p := f.SRGB()
	if p.W != s.w || p.H != s.h {
		return nil, corrupt("%s has %dx%d pixels; expected %dx%d, as the first picture", filepath.Base(path), p.W, p.H, s.w, s.h)
	}
	return p, nil
}

func (s *sequenceSource) skip(_ context.Context, n int) error {
	s.files = s.files[min(n, len(s.files)):]
	return nil
}

func (s *sequenceSource) Close() error { return nil }

// sequenceSink writes pictures.
type sequenceSink struct {
	pattern pattern
	number  int
	opt     picture.SaveOptions
}

// newSequenceSink checks the name; the folder of the pictures is made if it is missing.
func newSequenceSink(p pattern, info Info, opt WriteOptions) (*sequenceSink, error) {
	format, err := picture.FormatOf(p.path(info.First))
	if err != nil {
		return nil, sentence{err}
	}
	s := &sequenceSink{pattern: p, number: info.First}
	if format == picture.JPEG {
		s.opt.Quality = opt.Quality
	}
	dir := filepath.Dir(p.path(0))
	if err := os.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, atomicfile.Failed(dir, err)
	}
	return s, nil
}

func (s *sequenceSink) write(p *picture.Picture) error {
	s.number++
	if err := picture.Save(s.pattern.path(s.number-1), p, s.opt); err != nil {
		return sentence{err}
	}
	return nil
}

func (s *sequenceSink) close() error { return nil }

func (s *sequenceSink) abort() {}
