package paint

import (
	"fmt"
	"runtime/debug"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// An InternalError reports a panic, which is a bug in this program or in a callback.
// The process can continue: all memory and threads of the call have been released.
type InternalError struct {
	Value any    // the value of the panic
	Stack []byte // the stack of the goroutine that panicked, as [debug.Stack] formats it
}

func (e *InternalError) Error() string {
	return fmt.Sprintf("internal error: %v; this is a bug", e.Value)
}

// Unwrap returns the value of the panic where it is an error.
func (e *InternalError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// catch turns a panic of the function that defers it, or of a task of its pool, into an
// [*InternalError].
func catch(err *error) {
	v := recover()
	if v == nil {
		return
	}
	internal := &InternalError{Value: v, Stack: debug.Stack()}
	if task, ok := v.(*kernel.PanicError); ok {
		internal.Value, internal.Stack = task.Value, task.Stack
	}
	*err = internal
}
