//go:build !noasm

package kernel

import (
	"sync"
	"syscall"
)

// tilesPermitted asks the kernel, once, to let this process use the tiles of AMX
// (arch_prctl(2), Documentation/arch/x86/xstate.rst): whoever uses them without is
// killed. A kernel that does not know them, or a container that may not, says no.
var tilesPermitted = sync.OnceValue(func() bool {
	const (
		requestPermission = 0x1023 // ARCH_REQ_XCOMP_PERM
		tileData          = 18     // XFEATURE_XTILE_DATA
	)
	_, _, errno := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, requestPermission, tileData, 0)
	return errno == 0
})
