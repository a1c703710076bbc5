package kernel

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// A PanicError is the value with which [Pool.Run] panics after a panic in a task.
type PanicError struct {
	Value any    // the value of the task's panic
	Stack []byte // the stack of the goroutine that ran the task, as [debug.Stack] formats it
}

// Error returns the value and the stack as text.
func (e *PanicError) Error() string {
	return fmt.Sprintf("kernel: panic in a task: %v\n\n%s", e.Value, e.Stack)
}

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// workers runs the tasks of one batch at a time. Worker 0 is the goroutine that calls
// run; the others are helper goroutines. A helper joins a batch only while the batch is
// open. The caller waits for the helpers that have joined, not for all: where other
// programs occupy a processor, the remaining workers take its tasks.
type workers struct {
	helpers []sleeper
	stopped sync.WaitGroup
	caller  sleeper
	running bool

	// The batch. The caller writes these fields while the batch is closed and empty.
	n      int64
	task   func(worker, i int)
	failed atomic.Pointer[PanicError]
	// Once *stop is true, no more tasks of a batch begin. stop may be nil. The caller
	// sets it between batches.
	stop *atomic.Bool

	_     [cacheLine]byte
	state atomic.Uint64 // a value of type state
	_     [cacheLine]byte
	next  atomic.Int64 // index of the next task
	_     [cacheLine]byte
}

// state packs two numbers. The lower half is the number of helpers in the batch. The
// upper half, the epoch, counts how often a batch was opened or closed: it is odd while
// a batch is open.
type state uint64

const epochStep = 1 << 32

func (s state) open() bool      { return s/epochStep%2 == 1 }
func (s state) helpers() uint32 { return uint32(s) }
func (s state) epoch() uint64   { return uint64(s) / epochStep }

func (w *workers) load() state { return state(w.state.Load()) }

// begin starts number-1 helpers.
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

// wake wakes the children of a worker in a binary tree. The tree has no more workers
// than the batch has tasks. Each helper that wakes calls wake in turn.
func (w *workers) wake(worker int) {
	for i := 2*worker + 1; i <= 2*worker+2 && i <= len(w.helpers) && i < int(w.n); i++ {
		w.helpers[i-1].wake()
	}
}

// work runs tasks until none is left.
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

// recover keeps the first panic of a batch and stops further tasks from beginning.
func (w *workers) recover() {
	v := recover()
	if v == nil {
		return
	}
	w.next.Store(w.n)
	p, ok := v.(*PanicError) // a one-thread pool of Each has already caught the panic
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

// finish ends a batch. It panics if a task panicked.
func (w *workers) finish() {
	w.running, w.task = false, nil
	if p := w.failed.Swap(nil); p != nil {
		panic(p)
	}
}

// helperLoop joins one batch after another until the pool is closed.
func (w *workers) helperLoop(worker int) {
	var last uint64 // epoch of the last batch that it joined
	fresh := func(s state) bool { return s.open() && s.epoch() != last }
	for w.helpers[worker-1].sleep(func() bool { return fresh(w.load()) }) {
		s := w.load()
		if fresh(s) && w.state.CompareAndSwap(uint64(s), uint64(s+1)) {
			last = s.epoch()
			w.helpBatch(worker)
		}
	}
}

// helpBatch runs tasks of the batch that a helper has joined, and leaves the batch.
func (w *workers) helpBatch(worker int) {
	defer func() {
		if s := state(w.state.Add(^uint64(0))); !s.open() && s.helpers() == 0 {
			w.caller.wake()
		}
	}()
	w.wake(worker)
	w.work(worker)
}

// sleeper lets one goroutine wait for a condition.
type sleeper struct {
	asleep atomic.Bool
	token  chan struct{} // has a buffer of one
	_      [cacheLine]byte
}

// sleep waits until ready returns true, and returns true. It returns false where token
// is closed first. A goroutine that changes the result of ready then calls wake.
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

// pollTime is how long a worker polls before it sleeps: about the time that waking a
// sleeping worker takes.
const pollTime = 20 * time.Microsecond

// poll calls ready until it returns true, for at most pollTime, and returns its last
// result. Where there are more threads than processors it calls ready once.
func poll(ready func() bool) bool {
	const often = 64 // calls of ready that take about as long as time.Since
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

// threads is the number of threads of all pools. processors is GOMAXPROCS when the last
// pool was created.
var threads, processors atomic.Int64

// oversubscribed reports whether there are more threads than processors. Polling would
// then take a processor from a thread that has work.
func oversubscribed() bool { return threads.Load() > processors.Load() }
