package videostyle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/picture"
)

// Files are where the state of a video is kept: whole files by their names.
type Files interface {
	// Read opens a file. The error is fs.ErrNotExist where there is none.
	Read(ctx context.Context, name string) (io.ReadCloser, error)
	// Write stores what write writes as a file, whole or not at all, in the place of one
	// of that name.
	Write(ctx context.Context, name string, write func(io.Writer) error) error
	// Remove removes a file, if there is one.
	Remove(ctx context.Context, name string) error
}

// A State holds the paintings of a video that are done, a PNG each, and what it takes to
// continue. A frame counts once state.json says so, which is written last.
type State struct {
	files  Files
	folder string // "" for files that are not in a folder
	at     position
}

// position is the content of state.json.
type position struct {
	Version int    `json:"version"`
	Inputs  string `json:"inputs"` // a digest of what is painted and how
	Done    int    `json:"done"`   // the number of frames that are painted
	Shot    int    `json:"shot"`   // the first frame of the last shot, counted from 0
	Frame   string `json:"frame"`  // the digest of the last frame
}

// stateVersion is that of the format and of what is computed.
const stateVersion = 1

// PositionFile is the name of the file that says what is done.
const PositionFile = "state.json"

// ErrState is wrapped by the error of files that are not the state of a video, or are
// that of another one.
var ErrState = errors.New("unusable folder")

// OpenState opens a state in a folder, and creates it where it does not exist. inputs is
// a digest of what is painted and how: paintings of other inputs are refused, as is a
// folder with anything else.
func OpenState(folder, inputs string) (*State, error) {
	ctx := context.Background()
	s, found, err := openFiles(ctx, folderFiles(folder), folder, inputs)
	if err != nil {
		return nil, err
	}
	if !found {
		return s, s.create(ctx)
	}
	return s, nil
}

// OpenFiles opens the state in files, which has no frame where there are none.
func OpenFiles(ctx context.Context, files Files, inputs string) (*State, error) {
	s, _, err := openFiles(ctx, files, "", inputs)
	return s, err
}

func openFiles(ctx context.Context, files Files, folder, inputs string) (s *State, found bool, err error) {
	s = &State{files: files, folder: folder, at: position{Version: stateVersion, Inputs: inputs}}
	f, err := files.Read(ctx, PositionFile)
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, false, err
	}
	var at position
	if json.Unmarshal(data, &at) != nil || at.Version != stateVersion || at.Done < 0 || at.Shot < 0 || at.Shot > at.Done {
		return nil, false, fmt.Errorf("%w: %s is not the state of a video of this version: choose another folder", ErrState, folder)
	}
	if at.Done == 0 {
		return s, true, nil // of any inputs
	}
	if at.Inputs != inputs {
		return nil, false, fmt.Errorf("%w: %s holds the paintings of another video or of other settings: choose another folder, or remove it", ErrState, folder)
	}
	s.at = at
	return s, true, nil
}

// create makes the folder.
func (s *State) create(ctx context.Context) error {
	if err := os.MkdirAll(s.folder, 0o777); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !atomicfile.Temporary(e.Name()) { // of a process that was killed here
			return fmt.Errorf("%w: %s holds other files: choose a new one", ErrState, s.folder)
		}
	}
	return s.write(ctx)
}

// Done returns the number of frames that are painted.
func (s *State) Done() int { return s.at.Done }

// Painting returns the painting of a frame that is done. Frames are counted from 0.
func (s *State) Painting(ctx context.Context, frame int) (*picture.Picture, error) {
	return s.open(ctx, PaintingName(frame))
}

// Remove removes the folder and all that is in it. A process that is killed meanwhile
// leaves a folder in which no frame is done.
func (s *State) Remove() error {
	s.at = position{Version: stateVersion, Inputs: s.at.Inputs}
	if err := s.write(context.Background()); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return err
	}
	for _, e := range entries { // the position is removed last
		if e.Name() == PositionFile {
			continue
		}
		if err := os.RemoveAll(filepath.Join(s.folder, e.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(s.folder)
}

// save adds the last frame of a painter.
func (s *State) save(ctx context.Context, p *painter) error {
	n, last := p.next-1, p.past[0]
	for name, picture := range map[string]*picture.Picture{PaintingName(n): last.painting, BaseName(n): p.base} {
		if err := s.files.Write(ctx, name, encode(picture)); err != nil {
			return err
		}
	}
	s.at.Done, s.at.Shot, s.at.Frame = p.next, p.shot, last.digest()
	if err := s.write(ctx); err != nil {
		return err
	}
	if n > 0 {
		return s.files.Remove(ctx, BaseName(n-1))
	}
	return nil
}

func encode(p *picture.Picture) func(io.Writer) error {
	return func(w io.Writer) error { return picture.Encode(w, p, picture.PNG, picture.SaveOptions{}) }
}

func (s *State) write(ctx context.Context) error {
	data, err := json.Marshal(s.at)
	if err != nil {
		panic(err) // only for values that JSON does not have
	}
	return s.files.Write(ctx, PositionFile, func(w io.Writer) error {
		_, err := w.Write(append(data, '\n'))
		return err
	})
}

func (s *State) base(ctx context.Context, frame int) (*picture.Picture, error) {
	return s.open(ctx, BaseName(frame))
}

func (s *State) open(ctx context.Context, name string) (*picture.Picture, error) {
	r, err := s.files.Read(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f, err := picture.Decode(ctx, r, filepath.Join(s.folder, name), picture.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	return f.SRGB(), nil
}

// PaintingName returns the name of the file of the painting of a frame.
func PaintingName(frame int) string { return fmt.Sprintf("painting-%06d.png", frame+1) }

// BaseName returns the name of the file of the levels with which pixels were last painted.
func BaseName(frame int) string { return fmt.Sprintf("base-%06d.png", frame+1) }

// ParseName returns the frame of a result of [PaintingName] or [BaseName], and whether it
// is of the former.
func ParseName(name string) (painting bool, frame int, err error) {
	if _, err = fmt.Sscanf(name, "painting-%06d.png", &frame); err == nil {
		return true, frame - 1, nil
	}
	if _, err = fmt.Sscanf(name, "base-%06d.png", &frame); err == nil {
		return false, frame - 1, nil
	}
	return false, 0, fmt.Errorf("%q is no file of the state of a video", name)
}

// PaintingFile returns the path of the painting of a frame in the folder.
func (s *State) PaintingFile(frame int) string { return filepath.Join(s.folder, PaintingName(frame)) }

// folderFiles are the files of a folder.
type folderFiles string

// Read implements [Files].
func (f folderFiles) Read(_ context.Context, name string) (io.ReadCloser, error) {
	return os.Open(filepath.Join(string(f), name))
}

// Write implements [Files].
func (f folderFiles) Write(_ context.Context, name string, write func(io.Writer) error) error {
	return atomicfile.Write(filepath.Join(string(f), name), write)
}

// Remove implements [Files].
func (f folderFiles) Remove(_ context.Context, name string) error {
	err := os.Remove(filepath.Join(string(f), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
