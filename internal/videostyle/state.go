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

// A State is a folder with the paintings of a film that are done, a PNG each, and what it
// takes to continue. A frame counts once state.json says so, which is written last.
type State struct {
	folder string
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

// stateVersion is that of the folder's format and of what is computed.
const stateVersion = 1

// ErrState is wrapped by the error of a folder that is not the state of a film, or is
// that of another one.
var ErrState = errors.New("unusable folder")

// OpenState opens a folder, and creates it where it does not exist. inputs is a digest of
// what is painted and how: the state of other inputs is refused, as is a folder with
// anything else.
func OpenState(folder, inputs string) (*State, error) {
	s := &State{folder: folder, at: position{Version: stateVersion, Inputs: inputs}}
	data, err := os.ReadFile(s.positionFile())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, s.create()
	case err != nil:
		return nil, err
	}
	var at position
	if json.Unmarshal(data, &at) != nil || at.Version != stateVersion || at.Done < 0 || at.Shot < 0 || at.Shot > at.Done {
		return nil, fmt.Errorf("%w: %s is not the state of a film of this version: choose another folder", ErrState, folder)
	}
	if at.Inputs != inputs {
		return nil, fmt.Errorf("%w: %s holds the paintings of another film or of other settings: choose another folder, or remove it", ErrState, folder)
	}
	s.at = at
	return s, nil
}

func (s *State) create() error {
	if err := os.MkdirAll(s.folder, 0o777); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%w: %s holds other files: choose a new one", ErrState, s.folder)
	}
	return s.write()
}

// Done returns the number of frames that are painted.
func (s *State) Done() int { return s.at.Done }

// Painting returns the painting of a frame that is done. Frames are counted from 0.
func (s *State) Painting(ctx context.Context, frame int) (*picture.Picture, error) {
	return s.open(ctx, s.PaintingFile(frame))
}

// Remove removes the folder and all that is in it.
func (s *State) Remove() error { return os.RemoveAll(s.folder) }

// save adds the last frame of a painter.
func (s *State) save(p *painter) error {
	n, last := p.next-1, p.past[0]
	if err := picture.Save(s.PaintingFile(n), last.painting, picture.SaveOptions{}); err != nil {
		return err
	}
	if err := picture.Save(s.baseFile(n), p.base, picture.SaveOptions{}); err != nil {
		return err
	}
	s.at.Done, s.at.Shot, s.at.Frame = p.next, p.shot, last.digest()
	if err := s.write(); err != nil {
		return err
	}
	if n > 0 {
		if err := os.Remove(s.baseFile(n - 1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (s *State) write() error {
	data, err := json.Marshal(s.at)
	if err != nil {
		panic(err) // only for values that JSON does not have
	}
	return atomicfile.Write(s.positionFile(), func(w io.Writer) error {
		_, err := w.Write(append(data, '\n'))
		return err
	})
}

func (s *State) base(ctx context.Context, frame int) (*picture.Picture, error) {
	return s.open(ctx, s.baseFile(frame))
}

func (s *State) open(ctx context.Context, path string) (*picture.Picture, error) {
	f, err := picture.Open(ctx, path, picture.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	return f.SRGB(), nil
}

func (s *State) positionFile() string { return filepath.Join(s.folder, "state.json") }

// PaintingFile returns the file of the painting of a frame.
func (s *State) PaintingFile(frame int) string {
	return filepath.Join(s.folder, fmt.Sprintf("painting-%06d.png", frame+1))
}

// baseFile returns the file of the levels with which pixels were last painted.
func (s *State) baseFile(frame int) string {
	return filepath.Join(s.folder, fmt.Sprintf("base-%06d.png", frame+1))
}
