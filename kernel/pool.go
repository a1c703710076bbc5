package kernel

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// A Pool carries out operations on a fixed number of threads under one
// implementation. Its workers live until [Pool.Close]. A Pool is used by one
// goroutine at a time.
type Pool struct {
	impl     *implementation
	threads  int
	scratch  []scratch // one for each worker
	partials []float32 // of Gram matrices
	weights  []float32 // of a convolution, transformed
	passing  [precisions][2]Tensor
	start    []chan *batch
	stopped  sync.WaitGroup
}

// NewPool returns a pool of the given number of threads, as many as there are
// processors where threads is 0, under the implementation that
// [Implementations] says is in force. It fails where that environment names
// an implementation that does not exist or that this machine lacks.
func NewPool(threads int) (*Pool, error) {
	impl, err := selected()
	if err != nil {
		return nil, err
	}
	if threads < 0 {
		return nil, fmt.Errorf("%d threads: expected a positive number, or 0 for one on each processor", threads)
	}
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return newPool(threads, impl), nil
}

func newPool(threads int, impl *implementation) *Pool {
	p := &Pool{impl: impl, threads: threads, scratch: make([]scratch, threads)}
	// The caller is worker 0.
	for w := 1; w < threads; w++ {
		start := make(chan *batch)
		p.start = append(p.start, start)
		p.stopped.Go(func() {
			for b := range start {
				b.work(w)
			}
		})
	}
	return p
}

// Close ends the workers. The pool cannot be used afterwards.
func (p *Pool) Close() {
	for _, start := range p.start {
		close(start)
	}
	p.start = nil
	p.stopped.Wait()
}

// Passing returns two tensors, of any shape, for what one operation hands on to
// the next, so that networks that run in turn share the memory.
func (p *Pool) Passing(precision Precision) (a, b *Tensor) {
	t := &p.passing[precision]
	t[0].Precision, t[1].Precision = precision, precision
	return &t[0], &t[1]
}

// Release gives back the memory that operations keep for those after them, whatever
// is in the tensors of [Pool.Passing].
func (p *Pool) Release() {
	clear(p.scratch)
	p.partials, p.weights = nil, nil
	for precision := range p.passing {
		for i := range p.passing[precision] {
			t := &p.passing[precision][i]
			*t = Tensor{Precision: t.Precision}
		}
	}
}

// Threads returns the number of threads.
func (p *Pool) Threads() int { return p.threads }

// Implementation returns the name of the implementation.
func (p *Pool) Implementation() string { return p.impl.name }

// Check returns a [*PrecisionError] where the implementation lacks a precision.
func (p *Pool) Check(precision Precision) error { return p.impl.check(precision) }

// batch is n tasks that workers take one after another.
type batch struct {
	n    int64
	next atomic.Int64
	task func(worker, i int)
	done sync.WaitGroup
}

func (b *batch) work(worker int) {
	for {
		i := b.next.Add(1) - 1
		if i >= b.n {
			break
		}
		b.task(worker, int(i))
	}
	b.done.Done()
}

// Run calls task for each i from 0 to n-1, on all workers, and returns when
// all are done. Which worker gets which task is left to chance: tasks write to
// places of their own.
func (p *Pool) Run(n int, task func(worker, i int)) {
	if p.threads == 1 || n <= 1 {
		for i := range n {
			task(0, i)
		}
		return
	}
	b := &batch{n: int64(n), task: task}
	helpers := p.start[:min(n, p.threads)-1]
	b.done.Add(len(helpers) + 1)
	for _, start := range helpers {
		start <- b
	}
	b.work(0)
	b.done.Wait()
}

// scratch is the memory of one worker, kept from one operation to the next.
type scratch struct {
	buffers [scratchUses][]float32
	halves  [scratchUses][]bfloat16
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

// half is get of bfloat16.
func (s *scratch) half(use, n int) []bfloat16 {
	s.halves[use] = grow(s.halves[use], n)
	return s.halves[use]
}
