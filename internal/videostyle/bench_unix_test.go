//go:build unix

package videostyle

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/paint"
)

// BenchmarkFrame paints a frame of 640 x 360 that follows four others, on two threads, as
// pastiche video does. cpu-s/op is the processor time of a frame.
func BenchmarkFrame(b *testing.B) {
	recipe := paint.Fine()
	recipe.Size = 640
	style := open(b, painting)
	opts := Options{
		Paint:    paint.Options{Recipe: &recipe, Threads: 2},
		Regions:  func(context.Context, int) ([]paint.Region, error) { return paint.InMannerOf(style), nil },
		Temporal: DefaultTemporal, Iterations: DefaultIterations, OneShot: true,
	}
	first := opts
	quick := recipe
	quick.Iterations, quick.FirstIterations = 2, 2
	first.Paint.Recipe = &quick
	p, err := newPainter(first)
	if err != nil {
		b.Fatal(err)
	}
	defer p.close()
	s := pan(b, photo, 640, 360, 2.7, -1.3)
	next := func(k int) {
		f, _ := s.frame(k)
		if _, err := p.paint(b.Context(), shown{Picture: f, begins: k == 0}); err != nil {
			b.Fatal(err)
		}
	}
	k := 0
	for ; k < farthest; k++ {
		next(k)
	}
	p.opts = opts
	used := processorTime(b)
	for b.Loop() {
		next(k)
		k++
	}
	b.ReportMetric((processorTime(b)-used).Seconds()/float64(b.N), "cpu-s/op")
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
