package kernel

import (
	"fmt"
	"testing"
)

// BenchmarkRun reports the time of a batch whose tasks together make the given number
// of dependent additions: 10,000 take some 10 microseconds.
func BenchmarkRun(b *testing.B) {
	for _, threads := range []int{1, 2, 4} {
		for _, tasks := range []int{2, 8, 64} {
			for _, additions := range []int{0, 10_000, 100_000} {
				b.Run(fmt.Sprintf("threads=%d/tasks=%d/additions=%d", threads, tasks, additions), func(b *testing.B) {
					p := newPool(threads, portable)
					defer p.Close()
					sums := make([]float32, tasks*lanes) // a cache line each
					for b.Loop() {
						p.Run(tasks, func(_, i int) {
							var sum float32
							for range additions / tasks {
								sum++
							}
							sums[i*lanes] = sum
						})
					}
				})
			}
		}
	}
}
