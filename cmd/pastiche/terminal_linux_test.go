package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// keepOutput makes a pseudo-terminal keep what a command has written when it is
// interrupted. Otherwise Linux sends the signal first and then drops what was not
// read yet, which may be the answer to the signal.
func keepOutput(terminal *os.File) error {
	conn, err := terminal.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		var t *unix.Termios
		if t, failed = unix.IoctlGetTermios(int(fd), unix.TCGETS); failed == nil {
			t.Lflag |= unix.NOFLSH
			failed = unix.IoctlSetTermios(int(fd), unix.TCSETS, t)
		}
	})
	if err != nil {
		return err
	}
	return failed
}
