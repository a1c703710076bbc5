package job

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// Workers are the workers of one process. They share its processors evenly.
type Workers []*Worker

// NewWorkers returns n workers like w, each with its share of the threads.
func NewWorkers(n int, w *Worker) Workers {
	threads := min(runtime.GOMAXPROCS(0), kernel.MaxThreads)
	all := make(Workers, n)
	for i := range all {
		all[i] = &Worker{
			Store: w.Store, Blobs: w.Blobs, Bus: w.Bus, Memory: w.Memory, Software: w.Software, Log: w.Log,
			Paint: w.Paint, Measure: w.Measure, Threads: (i+1)*threads/n - i*threads/n,
		}
	}
	return all
}

// requestThreads is the number of threads that answer requests while the others paint.
const requestThreads = 2

// Run paints until ctx ends and the jobs under way are put back.
func (ws Workers) Run(ctx context.Context) {
	if len(ws) > 0 {
		// Go's scheduler cannot interrupt a kernel, so a request would wait for it. The
		// operating system interrupts the kernel's thread for another one. Quick looks
		// have as many threads as the paintings beside them.
		const lanes = 2
		runtime.GOMAXPROCS(lanes*runtime.GOMAXPROCS(0) + requestThreads)
	}
	var all sync.WaitGroup
	for _, w := range ws {
		all.Go(func() { w.Run(ctx) })
	}
	all.Wait()
}

// Busy reports whether any of them is painting a job.
func (ws Workers) Busy() bool { return slices.ContainsFunc(ws, (*Worker).Busy) }
