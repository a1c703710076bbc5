package main

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/paint"
)

// painterOptions are the flags of the workers of a process.
type painterOptions struct {
	workers int
	memory  byteSize
}

func (o *painterOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&o.workers, "workers", 1, "paintings at a time, each with its share of the processors")
	o.memory = job.DefaultMemory
	flags.Var(&o.memory, "memory", fmt.Sprintf("memory that a painting may take, `SIZE` such as 4GiB, besides %d MiB for a quick look beside it; workers of a cluster paint the jobs of servers that allow no more", job.LookMemory>>20))
}

// minMemory is enough for a painting of 512 pixels by the default recipe, in bytes.
const minMemory = 256 << 20

func (o *painterOptions) validate(least int) error {
	if most := runtime.GOMAXPROCS(0); o.workers < least || o.workers > most {
		return misused("--workers %d: expected %d to %d: a painting needs a processor of its own, and there are %d", o.workers, least, most, most)
	}
	if o.memory < minMemory {
		return misused("--memory %v: expected at least 256MiB, which a painting of 512 pixels takes", &o.memory)
	}
	return nil
}

// painters are the workers of a process.
type painters []*job.Worker

// newPainters returns workers that share the processors evenly. It logs a warning where
// they may take more memory than there is.
func (o *painterOptions) newPainters(s *storage, log *slog.Logger) painters {
	if needed, free := int64(o.workers)*(int64(o.memory)+job.LookMemory), paint.DefaultMemory(); needed > free {
		log.Warn("paintings may take more memory than is free: lower --workers or --memory",
			"workers", o.workers, "mebibytes", needed>>20, "free", free>>20)
	}
	threads := min(runtime.GOMAXPROCS(0), kernel.MaxThreads)
	var all painters
	for i := range o.workers {
		all = append(all, &job.Worker{
			Store: s.records, Blobs: s.blobs, Bus: s.bus, Software: software(), Log: log, Memory: int64(o.memory),
			Threads: (i+1)*threads/o.workers - i*threads/o.workers, Measure: true,
		})
	}
	return all
}

// answering is how many threads answer requests beside those that paint.
const answering = 2

// run paints until ctx ends and the jobs under way are put back.
func (p painters) run(ctx context.Context) {
	if len(p) > 0 {
		// Go's scheduler cannot interrupt a kernel, and a request would wait for it.
		// The operating system can interrupt the kernel's thread for another one. Quick
		// looks have as many threads as the paintings beside them.
		const lanes = 2
		runtime.GOMAXPROCS(lanes*runtime.GOMAXPROCS(0) + answering)
	}
	var all sync.WaitGroup
	for _, w := range p {
		all.Go(func() { w.Run(ctx) })
	}
	all.Wait()
}

// busy reports whether any of them is painting.
func (p painters) busy() bool { return slices.ContainsFunc(p, (*job.Worker).Busy) }

// software is what paintings name as their software.
func software() string { return "pastiche " + moduleVersion() }
