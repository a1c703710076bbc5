package videostyle

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestUsableFolders opens folders in which no frame is done, as a process that was killed
// leaves them, and refuses the paintings of others.
func TestUsableFolders(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	write := func(name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte("{"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	opened := func(inputs string) *State {
		t.Helper()
		s, err := OpenState(folder, inputs)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	write(".pastiche-0123abcd.tmp") // of the first state.json
	s := opened("inputs")
	write(PaintingName(0)) // before state.json says so
	opened("others")
	s.at.Done, s.at.Shot = 1, 0
	if err := s.write(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := opened("inputs").Done(); got != 1 {
		t.Errorf("%d frames are done, expected 1", got)
	}
	if _, err := OpenState(folder, "others"); !errors.Is(err, ErrState) {
		t.Errorf("paintings of other inputs: %v", err)
	}
	if err := s.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}
