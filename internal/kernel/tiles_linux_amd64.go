//go:build !noasm

package kernel

import (
	"sync"
	"syscall"
)

// tilesPermitted reports whether Linux lets this process use AMX tiles. It asks once,
// with arch_prctl(2) (Documentation/arch/x86/xstate.rst): Linux kills a process that
// uses tiles without permission. Old kernels and some containers refuse.
var tilesPermitted = sync.OnceValue(func() bool {
	const (
		requestPermission = 0x1023 // ARCH_REQ_XCOMP_PERM
		tileData          = 18     // XFEATURE_XTILE_DATA
	)
	_, _, errno := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, requestPermission, tileData, 0)
	return errno == 0
})
