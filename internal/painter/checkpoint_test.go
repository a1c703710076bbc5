package painter

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/internal/cli"
)

// TestCheckpointOfAnother: a file that another program puts in the checkpoint's place is
// neither written over nor removed.
func TestCheckpointOfAnother(t *testing.T) {
	own := &checkpoints{path: filepath.Join(t.TempDir(), "checkpoint")}
	put := func(w io.Writer) error { _, err := io.WriteString(w, "own"); return err }
	for range 2 { // a new file, and the same again
		if err := own.save(put); err != nil {
			t.Fatal(err)
		}
	}
	const written = "another program's"
	if err := os.WriteFile(own.path, []byte(written), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := own.save(put); cli.ExitCode(err) != cli.ExitOutput || !strings.Contains(err.Error(), "is not written over") {
		t.Errorf("over another's file: %v", err)
	}
	own.drop()
	if text, err := os.ReadFile(own.path); string(text) != written {
		t.Errorf("written over, or removed: %v", err)
	}
	os.Remove(own.path)
	if err := own.save(put); err != nil {
		t.Errorf("where the file has gone: %v", err)
	}
	own.drop()
	if cli.Exists(own.path) {
		t.Error("its own file stays")
	}
}
