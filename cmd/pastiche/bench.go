package main

import (
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/paint"
)

func newBenchCommand() *cobra.Command {
	var e painter.Engine
	size, iterations, asJSON := 512, 5, false
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
   "gflops":…,"peak_memory_bytes":…}`,
		Example: `  pastiche bench
  pastiche bench --network vgg19-random --size 512 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := e.Validate(); err != nil {
				return err
			}
			network, err := e.OpenNetwork()
			if err != nil {
				return err
			}
			report, err := paint.Bench(cmd.Context(), size, iterations, e.Options(nil, network))
			if err != nil {
				return painter.InFlags(err)
			}
			return printBench(report, peakMemory(), asJSON)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&e.Network, "network", painter.BuiltinNetwork, "network: builtin, vgg16-random, vgg19-random, or a safetensors `FILE`")
	flags.IntVar(&size, "size", size, "width and height of the picture in pixels")
	flags.IntVar(&iterations, "iterations", iterations, "iterations to measure")
	flags.IntVar(&e.Threads, "threads", 0, threadsUsage)
	addPrecision(cmd, &e.Precision)
	cli.BytesVar(flags, &e.Memory, "memory", memoryHelp)
	flags.BoolVar(&asJSON, "json", false, "print one object")
	return cmd
}

// benchReport is what --json prints.
type benchReport struct {
	*paint.BenchReport
	Peak int64 `json:"peak_memory_bytes"`
}

func printBench(report *paint.BenchReport, peak int64, asJSON bool) error {
	if asJSON {
		return cli.PrintJSON([]benchReport{{report, peak}})
	}
	return cli.PrintText(fmt.Appendf(nil, `network    %s, %d x %d pixels, in %s
kernel     %s, %s, %s
iteration  %.4g s median of %d, %.4g s least
shares     forward %.0f %%, backward %.0f %%, costs %.0f %%, optimizer %.0f %%
speed      %.0f GFLOP/s, counted directly
memory     %s at most
`,
		report.Network, report.Size, report.Size, plural(report.Parts, "part"),
		report.Kernel, report.Precision, plural(report.Threads, "thread"),
		report.Seconds.Median, report.Iterations, report.Seconds.Min,
		100*report.Share.Forward, 100*report.Share.Backward, 100*report.Share.Costs, 100*report.Share.Optimizer,
		report.GFLOPS, humanize.IBytes(uint64(peak))))
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
