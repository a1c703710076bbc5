package job_test

import (
	"runtime"
	"testing"

	"github.com/pastiche-art/pastiche/internal/job"
)

// TestWorkersShareProcessors: several workers have as many threads together as one has.
func TestWorkersShareProcessors(t *testing.T) {
	const processors = 7
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
	for n := 1; n <= processors; n++ {
		sum, least, most := 0, processors, 0
		for _, w := range job.NewWorkers(n, &job.Worker{}) {
			sum, least, most = sum+w.Threads, min(least, w.Threads), max(most, w.Threads)
		}
		if sum != processors || least < 1 || most-least > 1 {
			t.Errorf("%d workers have %d threads together, from %d to %d each", n, sum, least, most)
		}
	}
}
