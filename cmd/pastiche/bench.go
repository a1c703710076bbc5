package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/paint"
)

func newBenchCommand() *cobra.Command {
	var opts benchOptions
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast this machine paints",
		Long: `Measure iterations of the recipe classic on pictures that the program makes up:
the network forward to conv5_1, five Gram matrices, the content cost at conv4_2,
backward to the pixels, and a step of Adam. One more comes first and is not
counted. vgg16-random and vgg19-random are networks with random weights, which
cost what the real ones cost.

GFLOP/s count the convolutions alone, directly: two operations for each weight
and position, forward and backward. Faster algorithms than the direct one get
more than the processor's peak.

With --json, the last line is one object:
  {"network":…,"size":…,"threads":…,"kernel":…,"precision":…,"parts":…,
   "iterations":…,
   "seconds_per_iteration":{"min":…,"median":…},
   "share":{"forward":…,"backward":…,"costs":…,"optimizer":…},
   "gflops_per_second":…,"peak_memory_bytes":…}`,
		Example: `  pastiche bench
  pastiche bench --network vgg19-random --size 512 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBench(cmd.Context(), &opts) },
	}
	opts.AddFlags(cmd)
	return cmd
}

type benchOptions struct {
	network                   string
	size, iterations, threads int
	precision                 kernel.Precision
	memory                    byteSize
	json                      bool
}

func (o *benchOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.network, "network", "builtin", "network: builtin, vgg16-random, vgg19-random, or a safetensors `FILE`")
	flags.IntVar(&o.size, "size", 512, "width and height of the picture in pixels")
	flags.IntVar(&o.iterations, "iterations", 5, "iterations to measure")
	flags.IntVar(&o.threads, "threads", 0, threadsUsage)
	addPrecision(cmd, &o.precision)
	flags.Var(&o.memory, "memory", memoryHelp)
	flags.BoolVar(&o.json, "json", false, "print one object")
}

// benchResult is what --json prints.
type benchResult struct {
	Network    string           `json:"network"`
	Size       int              `json:"size"`
	Threads    int              `json:"threads"`
	Kernel     string           `json:"kernel"`
	Precision  kernel.Precision `json:"precision"`
	Parts      int              `json:"parts"`
	Iterations int              `json:"iterations"`
	Seconds    struct {
		Min    float64 `json:"min"`
		Median float64 `json:"median"`
	} `json:"seconds_per_iteration"`
	Share struct {
		Forward   float64 `json:"forward"`
		Backward  float64 `json:"backward"`
		Costs     float64 `json:"costs"`
		Optimizer float64 `json:"optimizer"`
	} `json:"share"`
	GFLOPS float64 `json:"gflops_per_second"`
	Peak   int64   `json:"peak_memory_bytes"`
}

func runBench(ctx context.Context, opts *benchOptions) error {
	engine := engineOptions{network: opts.network, threads: opts.threads, memory: opts.memory, maxPixels: 1}
	if err := engine.validate(); err != nil {
		return err
	}
	network, err := engine.openNetwork()
	if err != nil {
		return err
	}
	report, err := paint.Bench(ctx, paint.BenchOptions{
		Network: network, Size: opts.size, Iterations: opts.iterations,
		Threads: opts.threads, Precision: opts.precision, Memory: engine.limitMemory(),
	})
	if err != nil {
		return inFlags(err)
	}
	result := opts.result(network, report)
	if opts.json {
		return cli.PrintJSON([]benchResult{result})
	}
	return cli.PrintText(fmt.Appendf(nil, `network    %s, %d x %d pixels, in %s
kernel     %s, %s, %s
iteration  %.4g s median of %d, %.4g s least
shares     forward %.0f %%, backward %.0f %%, costs %.0f %%, optimizer %.0f %%
speed      %.0f GFLOP/s, counted directly
memory     %s at most
`,
		result.Network, result.Size, result.Size, plural(result.Parts, "part"),
		result.Kernel, result.Precision, plural(result.Threads, "thread"),
		result.Seconds.Median, result.Iterations, result.Seconds.Min,
		100*result.Share.Forward, 100*result.Share.Backward, 100*result.Share.Costs, 100*result.Share.Optimizer,
		result.GFLOPS, humanize.IBytes(uint64(result.Peak))))
}

func (o *benchOptions) result(network *paint.Network, report *paint.BenchReport) benchResult {
	sorted := slices.Sorted(slices.Values(report.Iterations))
	r := benchResult{
		Network: network.Name, Size: o.size, Threads: report.Threads, Kernel: report.Kernel, Precision: report.Precision,
		Parts: report.Parts, Iterations: len(sorted), Peak: peakMemory(),
	}
	r.Seconds.Min = sorted[0].Seconds()
	r.Seconds.Median = ((sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2).Seconds()
	var total time.Duration
	for _, d := range sorted {
		total += d
	}
	share := func(d time.Duration) float64 { return d.Seconds() / total.Seconds() }
	r.Share.Forward, r.Share.Backward = share(report.Spent.Forward), share(report.Spent.Backward)
	r.Share.Costs, r.Share.Optimizer = share(report.Spent.Costs), share(report.Spent.Optimizer)
	r.GFLOPS = report.Operations / r.Seconds.Median / 1e9
	return r
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
