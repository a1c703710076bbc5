package kernel

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// A PanicError is what [Pool.Run] panics with where a task panicked.
type PanicError struct {
	Value any    // of the task's panic
	Stack []byte // of the goroutine that ran the task, as [debug.Stack] formats it
}

// Error returns the value and the stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("kernel: panic in a task: %v\n\n%s", e.Value, e.Stack)
}

// Unwrap returns the value where it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// workers run the tasks of one batch at a time. Worker 0 is the caller; the helpers
// are goroutines. A helper takes part in a batch that is open when it comes to
// look, and the caller waits for those that take part, not for those that sleep:
// where other programs keep a helper from a processor, the rest do its tasks.
type workers struct {
	helpers []sleeper
	stopped sync.WaitGroup
	caller  sleeper
	running bool

	// The batch: written by the caller while it is closed and nobody is in it.
	n      int64
	task   func(worker, i int)
	failed atomic.Pointer[PanicError]
	// Where stop is not nil and becomes true, no more tasks of a batch begin. The caller
	// changes the pointer between batches.
	stop *atomic.Bool

	_     [cacheLine]byte
	state atomic.Uint64 // see state
	_     [cacheLine]byte
	next  atomic.Int64 // task
	_     [cacheLine]byte
}

// state is the number of helpers in a batch, in the lower half, and the number of
// times that a batch was opened or closed, in the upper half: it is open where that is odd.
type state uint64

const epochStep = 1 << 32

func (s state) open() bool      { return s/epochStep%2 == 1 }
func (s state) helpers() uint32 { return uint32(s) }
func (s state) epoch() uint64   { return uint64(s) / epochStep }

func (w *workers) load() state { return state(w.state.Load()) }

// begin starts the helpers.
func (w *workers) begin(number int) {
	threads.Add(int64(number))
	processors.Store(int64(runtime.GOMAXPROCS(0)))
	w.caller.token = make(chan struct{}, 1)
	w.helpers = make([]sleeper, number-1)
	for i := range w.helpers {
		w.helpers[i].token = make(chan struct{}, 1)
		w.stopped.Go(func() { w.helperLoop(i + 1) })
	}
}

// end stops the helpers and waits for them.
func (w *workers) end() {
	if w.caller.token == nil {
		return
	}
	w.caller.token = nil
	for i := range w.helpers {
		close(w.helpers[i].token)
	}
	w.stopped.Wait()
	threads.Add(-1 - int64(len(w.helpers)))
}

func (w *workers) run(n int, task func(worker, i int)) {
	if w.running {
		panic("kernel: a task called an operation of the pool that runs it")
	}
	w.running, w.n, w.task = true, int64(n), task
	w.next.Store(0)
	if n > 1 && len(w.helpers) > 0 {
		w.state.Add(epochStep)
		defer w.join()
		w.wake(0)
	} else {
		defer w.finish()
	}
	w.work(0)
}

// wake wakes the helpers below a worker in a binary tree of as many workers as
// there are tasks for. Each wakes those below it.
func (w *workers) wake(worker int) {
	for i := 2*worker + 1; i <= 2*worker+2 && i <= len(w.helpers) && i < int(w.n); i++ {
		w.helpers[i-1].wake()
	}
}

// work does tasks until there are no more.
func (w *workers) work(worker int) {
	defer w.recover()
	for {
		i := w.next.Add(1) - 1
		if i >= w.n || w.stop != nil && w.stop.Load() {
			return
		}
		w.task(worker, int(i))
	}
}

// recover keeps the first panic of a batch and keeps further tasks from beginning.
func (w *workers) recover() {
	v := recover()
	if v == nil {
		return
	}
	w.next.Store(w.n)
	p, ok := v.(*PanicError) // of a pool of one thread
	if !ok {
		p = &PanicError{Value: v, Stack: debug.Stack()}
	}
	w.failed.CompareAndSwap(nil, p)
}

// join closes the batch and waits for the helpers in it.
func (w *workers) join() {
	w.state.Add(epochStep)
	w.caller.sleep(func() bool { return w.load().helpers() == 0 })
	w.finish()
}

// settle ends a batch, with the panic of a task if there was one.
func (w *workers) finish() {
	w.running, w.task = false, nil
	if p := w.failed.Swap(nil); p != nil {
		panic(p)
	}
}

// help takes part in one batch after another until the pool is closed.
func (w *workers) helperLoop(worker int) {
	var last uint64 // turns of the batch it took part in
	fresh := func(s state) bool { return s.open() && s.epoch() != last }
	for w.helpers[worker-1].sleep(func() bool { return fresh(w.load()) }) {
		s := w.load()
		if fresh(s) && w.state.CompareAndSwap(uint64(s), uint64(s+1)) {
			last = s.epoch()
			w.helpBatch(worker)
		}
	}
}

// assist runs tasks of the batch that a helper has entered. Then the helper leaves the
// batch.
func (w *workers) helpBatch(worker int) {
	defer func() {
		if s := state(w.state.Add(^uint64(0))); !s.open() && s.helpers() == 0 {
			w.caller.wake()
		}
	}()
	w.wake(worker)
	w.work(worker)
}

// sleeper is a goroutine that waits for a condition.
type sleeper struct {
	asleep atomic.Bool
	token  chan struct{} // holds one
	_      [cacheLine]byte
}

// sleep waits until ready returns true, and returns true. It returns false where the
// channel of the token is closed first. A goroutine that changes what ready reads calls
// wake afterwards.
func (s *sleeper) sleep(ready func() bool) bool {
	for !poll(ready) {
		s.asleep.Store(true)
		if ready() && s.asleep.CompareAndSwap(true, false) {
			return true
		}
		if _, open := <-s.token; !open {
			return false
		}
	}
	return true
}

// wake makes the goroutine, if it sleeps, call ready again.
func (s *sleeper) wake() {
	if s.asleep.CompareAndSwap(true, false) {
		s.token <- struct{}{}
	}
}

// pollTime is how long a worker polls before it sleeps: about as long as it takes to
// wake a sleeping worker.
const pollTime = 20 * time.Microsecond

// poll calls ready for pollTime, or until it returns true, and returns its last result.
// Where other threads need the processor, it calls ready once.
func poll(ready func() bool) bool {
	const often = 64 // calls of ready that take about as long as one of time.Since
	if ready() {
		return true
	}
	if oversubscribed() {
		return false
	}
	for begin := time.Now(); time.Since(begin) < pollTime; {
		for range often {
			if ready() {
				return true
			}
		}
	}
	return false
}

// threads is the number of threads of all pools, processors how many of them can
// run at once, as of the last pool.
var threads, processors atomic.Int64

// crowded reports whether there are more threads than processors: polling would keep
// one that has work to do from running.
func oversubscribed() bool { return threads.Load() > processors.Load() }
