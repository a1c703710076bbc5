package main

import (
	"bytes"
	"errors"
	"image"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/paint"
)

// TestPaintersShareProcessors: paintings at a time have as many threads together as
// one has alone.
func TestPaintersShareProcessors(t *testing.T) {
	const processors = 7
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
	for n := 1; n <= processors; n++ {
		o := &painterOptions{workers: n, memory: minMemory}
		if err := o.validate(1); err != nil {
			t.Error(err)
		}
		sum, least, most := 0, processors, 0
		for _, w := range o.newPainters(&storage{}, slog.New(slog.DiscardHandler)) {
			sum, least, most = sum+w.Threads, min(least, w.Threads), max(most, w.Threads)
		}
		if sum != processors || least < 1 || most-least > 1 {
			t.Errorf("%d workers have %d threads together, from %d to %d each", n, sum, least, most)
		}
	}
	if (&painterOptions{workers: processors + 1, memory: minMemory}).validate(1) == nil {
		t.Error("there are more workers than processors")
	}
}

// TestLeastMemory: the least --memory is enough for the default recipe, and the next
// smaller power of two is not.
func TestLeastMemory(t *testing.T) {
	recipe := paint.Fine()
	network, err := paint.OpenNetwork("builtin")
	if err != nil {
		t.Fatal(err)
	}
	content, style := drawn(96, 64, 1).Image(), drawn(96, 64, 4).Image()
	check := func(memory int64) error {
		return paint.Check(content, image.Point{}, []paint.Region{{Styles: []paint.Style{{Picture: style}}}},
			paint.Options{Recipe: &recipe, Network: network, Memory: memory})
	}
	if recipe.Size != 512 {
		t.Errorf("the default size is %d", recipe.Size)
	}
	if err := check(minMemory); err != nil {
		t.Error(err)
	}
	if err := check(minMemory / 2); !errors.As(err, new(*paint.MemoryError)) {
		t.Errorf("half as much: %v", err)
	}
}

// TestLogFormats: a log has the chosen format and level, and durations that people can
// read.
func TestLogFormats(t *testing.T) {
	for format, want := range map[string]string{"text": "level=WARN msg=late after=1.5s\n", "json": `"level":"WARN","msg":"late","after":"1.5s"}` + "\n"} {
		var b bytes.Buffer
		log, err := (&logOptions{format, "warn"}).logger(&b)
		if err != nil {
			t.Fatal(err)
		}
		log.Info("early")
		log.Warn("late", "after", 1500*time.Millisecond)
		if !strings.HasSuffix(b.String(), want) || strings.Count(b.String(), "\n") != 1 {
			t.Errorf("%s: %s", format, b.String())
		}
	}
}
