//go:build unix

package video

import (
	"syscall"
	"testing"
)

// TestOwnGroup keeps the signal of Ctrl-C in a terminal from child processes.
func TestOwnGroup(t *testing.T) {
	cmd, _ := child(t.Context(), "/bin/sleep", []string{"60"})
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	group, err := syscall.Getpgid(cmd.Process.Pid)
	if err != nil || group != cmd.Process.Pid {
		t.Errorf("group %d of process %d, %v", group, cmd.Process.Pid, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}
