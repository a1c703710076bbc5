package kernel

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
)

// MaxThreads is the largest number of threads of a [Pool].
const MaxThreads = 1024

// A Pool runs operations on a fixed number of worker threads with one implementation.
// Its workers live until [Pool.Close].
//
// One goroutine at a time uses a Pool, and each operation returns before the next
// begins. Therefore a task of [Pool.Run], [Pool.Chunks], [Pool.SumTasks] or
// [Pool.SumChunks] may call only [Pool.Threads], [Pool.Implementation], [Pool.Check],
// [Pool.Dots64], [Pool.Variation], [Pool.PatchDifference], [Pool.Linearise] and
// [Pool.Relax] of its own pool; a method that starts tasks inside
// a task panics. A task of [Pool.Each] receives a pool for itself and may call every
// method of that pool except Close.
type Pool struct {
	impl     *implementation
	threads  int
	scratch  []scratch // of each worker
	partials []float32 // partial sums of a Gram matrix
	weights  []float32 // transformed weights of a convolution
	inputs   []float32 // transformed input of a convolution
	workers  workers
	views    []*Pool // the one-thread pools of Each, one for each worker; nil where there is one thread
}

// NewPool returns a pool with the given number of threads, or with one thread for each
// processor where threads is 0. It uses the implementation that the environment selects
// (see [Implementations]). It fails where threads is negative or more than
// [MaxThreads], and returns an [*UnavailableError] where the selected implementation
// does not exist or cannot run on this machine.
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

// Close stops the workers and waits for them. The pool cannot be used afterwards.
func (p *Pool) Close() { p.workers.end() }

// Release frees the buffers that the pool and the pools of [Pool.Each] keep between
// operations.
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

// Check returns a [*PrecisionError] where the implementation does not support a
// precision.
func (p *Pool) Check(precision Precision) error { return p.impl.check(precision) }

// Run calls task for each i from 0 to n-1 on all workers, and returns when all calls
// have returned. Any worker may run any task, so each task writes only to memory of its
// own.
//
// Where a task panics, no more tasks begin. Run waits for the running ones, then panics
// with a [*PanicError]. The pool can be used afterwards.
func (p *Pool) Run(n int, task func(worker, i int)) { p.workers.run(n, task) }

// Interruptible calls do and returns its error. Once ctx is done, the operations of the
// pool start no more tasks, so that even a long operation ends soon. Its results are
// then undefined, and Interruptible returns context.Cause(ctx).
func (p *Pool) Interruptible(ctx context.Context, do func() error) error {
	// Each call has its own flag, so that a late AfterFunc cannot stop a later call.
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

// Each calls task for each i from 0 to n-1 on all workers, as [Pool.Run] does, and
// passes it a pool of one thread. Whole operations, of different costs for example, run
// in parallel this way. Their results are the same to the bit as with this pool. Each
// worker has one such pool, which keeps its buffers until [Pool.Release].
func (p *Pool) Each(n int, task func(one *Pool, i int)) {
	if p.threads == 1 {
		for i := range n {
			task(p, i)
		}
		return
	}
	p.Run(n, func(worker, i int) { task(p.views[worker], i) })
}

// scratch holds the buffers of one worker, which are kept between operations.
type scratch struct {
	buffers [scratchUses][]float32
	bf16s   [scratchUses][]bfloat16
}

// The uses of scratch buffers within one operation.
const (
	scratchTransform = iota
	scratchInput
	scratchWeights
	scratchOutput
	scratchPooling
	scratchUses
)

// get returns n elements for a use, aligned to a cache line, with undefined contents.
func (s *scratch) get(use, n int) []float32 {
	s.buffers[use] = grow(s.buffers[use], n)
	return s.buffers[use]
}

// bf16 is get for bfloat16.
func (s *scratch) bf16(use, n int) []bfloat16 {
	s.bf16s[use] = grow(s.bf16s[use], n)
	return s.bf16s[use]
}
