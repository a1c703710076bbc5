package kernel

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestNumberOfThreads(t *testing.T) {
	for _, threads := range []int{-1, MaxThreads + 1} {
		if _, err := NewPool(threads); err == nil || !strings.Contains(err.Error(), "expected 1 to 1024") {
			t.Errorf("%d threads: error %v", threads, err)
		}
	}
	p, err := NewPool(MaxThreads)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var calls atomic.Int64
	p.Run(5000, func(_, _ int) { calls.Add(1) })
	if calls.Load() != 5000 {
		t.Errorf("%d calls of 5000 tasks", calls.Load())
	}
}

func TestRunCallsEachTaskOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 5, 20} {
		p := newPool(threads, portable)
		for _, n := range []int{0, 1, 2, 3, 100} {
			calls := make([]int, n)
			p.Run(n, func(worker, i int) {
				if worker < 0 || worker >= threads {
					t.Errorf("worker %d of %d", worker, threads)
				}
				calls[i]++
			})
			if slices.ContainsFunc(calls, func(c int) bool { return c != 1 }) {
				t.Errorf("%d threads, %d tasks: calls %v", threads, n, calls)
			}
		}
		p.Close()
	}
}

// TestBatchesInTurn starts batches while helpers are awake, asleep or about to sleep.
func TestBatchesInTurn(t *testing.T) {
	for _, threads := range []int{2, 3, 9} {
		p := newPool(threads, portable)
		defer p.Close()
		r := rand.New(rand.NewPCG(1, uint64(threads)))
		for batch := range 2000 {
			n := r.IntN(3 * threads)
			places := make([]int, n)
			p.Run(n, func(_, i int) { places[i] += batch })
			if slices.ContainsFunc(places, func(v int) bool { return v != batch }) {
				t.Fatalf("%d threads, batch %d: %v", threads, batch, places)
			}
			if batch%50 == 0 {
				time.Sleep(time.Duration(r.IntN(200)) * time.Microsecond)
			}
		}
	}
}

// TestWorkersRunTasksAtOnce has one task for each worker; each waits for all others.
func TestWorkersRunTasksAtOnce(t *testing.T) {
	for _, threads := range []int{2, 3, 8} {
		p := newPool(threads, portable)
		defer p.Close()
		for range 20 {
			var all sync.WaitGroup
			all.Add(threads)
			var workers sync.Map
			p.Run(threads, func(worker, _ int) {
				workers.Store(worker, true)
				all.Done()
				all.Wait()
			})
			for w := range threads {
				if _, ok := workers.Load(w); !ok {
					t.Errorf("worker %d of %d had no task", w, threads)
				}
			}
		}
	}
}

// panicOf returns what f panics with.
func panicOf(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

func failingTask() { panic(io.ErrUnexpectedEOF) }

func TestPanicOfATaskReachesTheCaller(t *testing.T) {
	for _, threads := range []int{1, 2, 7} {
		p := newPool(threads, portable)
		defer p.Close()
		for _, who := range []string{"caller", "helper", "everyone", "the last task", "a pool of one thread"} {
			if who == "helper" && threads == 1 {
				continue
			}
			var begun, under atomic.Int64
			met := panicOf(func() {
				const n = 1000
				run := func(worker, i int) {
					under.Add(1)
					defer under.Add(-1)
					// The others leave tasks to the one that panics.
					for (who == "helper" && worker == 0 || who == "caller" && worker > 0) && begun.Load() == 0 {
						time.Sleep(time.Microsecond)
					}
					if who == "everyone" || who == "caller" && worker == 0 || who == "helper" && worker > 0 || who == "the last task" && i == n-1 {
						begun.Add(1)
						failingTask()
					}
				}
				if who == "a pool of one thread" {
					p.Each(n, func(one *Pool, _ int) { one.Run(2, func(_, _ int) { failingTask() }) })
				}
				p.Run(n, run)
			})
			p.Each(3, func(one *Pool, _ int) { one.Run(3, func(_, _ int) {}) }) // as before
			v, ok := met.(*PanicError)
			if !ok {
				t.Fatalf("%d threads, %s: panic with %v, want a PanicError", threads, who, met)
			}
			if !errors.Is(v, io.ErrUnexpectedEOF) {
				t.Errorf("%d threads, %s: value %v", threads, who, v.Value)
			}
			if !strings.Contains(string(v.Stack), "failingTask") || !strings.Contains(v.Error(), "failingTask") {
				t.Errorf("%d threads, %s: the stack does not name the task: %s", threads, who, v.Stack)
			}
			if under.Load() != 0 {
				t.Errorf("%d threads, %s: %d tasks still run", threads, who, under.Load())
			}
		}
	}
}

func TestTaskThatUsesItsPoolPanics(t *testing.T) {
	p := newPool(3, portable)
	defer p.Close()
	for _, n := range []int{1, 5} {
		if v := panicOf(func() { p.Run(n, func(_, _ int) { p.Chunks(1, func(_, _ int) {}) }) }); v == nil {
			t.Errorf("%d tasks: no panic", n)
		}
	}
}

// TestEachGivesWhatThePoolDoes compares operations of different shapes that run in
// parallel with those of the whole pool, before and after Release.
func TestEachGivesWhatThePoolDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 6
	var (
		maps   [n]*Tensor
		convs  [n]*Conv
		scales [n]*Matrix
	)
	for i := range n {
		c, h, w := 3+15*i, 9+r.IntN(30), 9+r.IntN(30)
		maps[i] = FromCHW(c, h, w, randoms(r, c*h*w))
		convs[i] = NewConv(Float32, c, c, randoms(r, c*c*kernelArea), randoms(r, c))
		scales[i] = FromRows(c, c, randoms(r, c*c))
	}
	compute := func(p *Pool, i int) []float32 {
		f := maps[i]
		out := NewTensor(f.C, f.H, f.W)
		p.Conv(convs[i], out, nil, f)
		gram, product := NewMatrix(f.C, f.C), NewMatrix(f.C, f.C)
		p.Gram(gram, out)
		p.Multiply(product, scales[i], gram)
		p.AddProduct(out, gram, f, nil)
		return slices.Concat(product.RowMajor(), out.CHW(), []float32{float32(p.Dot(out.CHW(), f.CHW()))})
	}
	for _, impl := range implementations() {
		for _, threads := range []int{1, 2, 5} {
			p := newPool(threads, impl)
			defer p.Close()
			var want [n][]float32
			for i := range n {
				want[i] = compute(p, i)
			}
			for range 2 {
				p.Each(n, func(one *Pool, i int) {
					if one.Threads() != 1 || one.Implementation() != impl.name {
						t.Errorf("%s, %d threads: a pool of %d threads of %s", impl.name, threads, one.Threads(), one.Implementation())
					}
					if !slices.Equal(compute(one, i), want[i]) {
						t.Errorf("%s, %d threads: operations %d differ", impl.name, threads, i)
					}
				})
				p.Release()
			}
			for _, q := range append(p.views, p) {
				if q.partials != nil || q.weights != nil || q.scratch[0].buffers[scratchInput] != nil {
					t.Errorf("%s, %d threads: memory left after Release", impl.name, threads)
				}
			}
		}
	}
}
