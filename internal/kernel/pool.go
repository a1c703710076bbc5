package kernel

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
)

// MaxThreads is the largest number of threads of a [Pool].
const MaxThreads = 1024

// A Pool carries out operations on a fixed number of threads under one
// implementation. Its workers live until [Pool.Close].
//
// A Pool is used by one goroutine at a time, and each operation returns before the
// next begins: a task of [Pool.Run], [Pool.Chunks], [Pool.SumTasks] or
// [Pool.SumChunks] calls no method of its pool but [Pool.Threads],
// [Pool.Implementation] and [Pool.Check]. What tries to run tasks inside a task
// panics. A task of [Pool.Each] has a pool of its own and may call every method of
// that but Close.
type Pool struct {
	impl     *implementation
	threads  int
	scratch  []scratch // one for each worker
	partials []float32 // of Gram matrices
	weights  []float32 // of a convolution, transformed
	inputs   []float32 // of a convolution, transformed
	workers  workers
	views    []*Pool // of each worker alone, for Each; none where there is one thread
}

// NewPool returns a pool of the given number of threads, as many as there are
// processors where threads is 0, under the implementation that
// [Implementations] says is in force. It fails where threads is negative or more
// than [MaxThreads], and where that environment names an implementation that does
// not exist or that this machine lacks.
func NewPool(threads int) (*Pool, error) {
	impl, err := selected()
	if err != nil {
		return nil, err
	}
	if threads < 0 || threads > MaxThreads {
		return nil, fmt.Errorf("%d threads: expected 1 to %d, or 0 for one on each processor", threads, MaxThreads)
	}
	if threads == 0 {
		threads = min(runtime.GOMAXPROCS(0), MaxThreads)
	}
	return newPool(threads, impl), nil
}

func newPool(threads int, impl *implementation) *Pool {
	p := &Pool{impl: impl, threads: threads, scratch: make([]scratch, threads)}
	if threads > 1 {
		for w := range threads {
			p.views = append(p.views, &Pool{impl: impl, threads: 1, scratch: p.scratch[w : w+1]})
		}
	}
	p.workers.begin(threads)
	return p
}

// Close ends the workers. The pool cannot be used afterwards.
func (p *Pool) Close() { p.workers.end() }

// Release gives back the memory that operations, and the pools of [Pool.Each], keep for
// the operations after them.
func (p *Pool) Release() {
	clear(p.scratch)
	p.partials, p.weights, p.inputs = nil, nil, nil
	for _, view := range p.views {
		view.Release()
	}
}

// Threads returns the number of threads.
func (p *Pool) Threads() int { return p.threads }

// Implementation returns the name of the implementation.
func (p *Pool) Implementation() string { return p.impl.name }

// Check returns a [*PrecisionError] where the implementation lacks a precision.
func (p *Pool) Check(precision Precision) error { return p.impl.check(precision) }

// Run calls task for each i from 0 to n-1, on all workers, and returns when
// all are done. Which worker gets which task is left to chance: tasks write to
// places of their own.
//
// Where a task panics, no more tasks begin, and once those that began are done,
// Run panics with a [*PanicError]. The pool can be used afterwards.
func (p *Pool) Run(n int, task func(worker, i int)) { p.workers.run(n, task) }

// Interruptible calls do and returns its error. Once ctx is done, operations of the pool
// begin no more tasks, so that even a long one ends soon; what they were to compute is
// undefined, and Interruptible returns context.Cause(ctx).
func (p *Pool) Interruptible(ctx context.Context, do func() error) error {
	// A flag of its own: one that is set late concerns nobody any more.
	stop := new(atomic.Bool)
	p.workers.stop = stop
	release := context.AfterFunc(ctx, func() { stop.Store(true) })
	defer func() {
		release()
		p.workers.stop = nil
	}()
	err := do()
	if stop.Load() {
		return context.Cause(ctx)
	}
	return err
}

// Each calls task for each i from 0 to n-1, on all workers, as [Pool.Run] does,
// and gives it a pool of one thread. Whole operations of different costs run
// beside each other like this; their results are the same to the bit as those of
// this pool. The pool is one of as many as there are workers, and keeps its
// memory until [Pool.Release].
func (p *Pool) Each(n int, task func(one *Pool, i int)) {
	if p.threads == 1 {
		for i := range n {
			task(p, i)
		}
		return
	}
	p.Run(n, func(worker, i int) { task(p.views[worker], i) })
}

// scratch is the memory of one worker, kept from one operation to the next.
type scratch struct {
	buffers [scratchUses][]float32
	bf16s   [scratchUses][]bfloat16
}

// The uses of scratch memory within one operation.
const (
	scratchTransform = iota
	scratchInput
	scratchWeights
	scratchOutput
	scratchPooling
	scratchUses
)

// get returns n elements for a use, on a cache line, with any contents.
func (s *scratch) get(use, n int) []float32 {
	s.buffers[use] = grow(s.buffers[use], n)
	return s.buffers[use]
}

// bf16 is get of bfloat16.
func (s *scratch) bf16(use, n int) []bfloat16 {
	s.bf16s[use] = grow(s.bf16s[use], n)
	return s.bf16s[use]
}
