package service_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/internal/service"
	"github.com/pastiche-art/pastiche/paint"
)

// TestMoreWorkersThanProcessors is refused.
func TestMoreWorkersThanProcessors(t *testing.T) {
	for n, refused := range map[int]bool{runtime.GOMAXPROCS(0): false, runtime.GOMAXPROCS(0) + 1: true} {
		w := &service.Worker{
			Storage: service.Storage{NATS: "nats://127.0.0.1:1", Prefix: service.DefaultPrefix, Replicas: 1},
			Workers: service.Workers{Count: n, Memory: service.MinMemory},
		}
		if err := w.Validate(); (err != nil) != refused {
			t.Errorf("%d workers: %v", n, err)
		}
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
	content, style := drawn(1), drawn(4)
	check := func(memory int64) error {
		return paint.Check(content, image.Point{}, paint.InMannerOf(style), paint.Options{Recipe: &recipe, Network: network, Memory: memory})
	}
	if recipe.Size != 512 {
		t.Errorf("the default size is %d", recipe.Size)
	}
	if err := check(service.MinMemory); err != nil {
		t.Error(err)
	}
	if err := check(service.MinMemory / 2); !errors.As(err, new(*paint.MemoryError)) {
		t.Errorf("half as much: %v", err)
	}
}

// drawn returns a picture whose colours change with both coordinates.
func drawn(seed int) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, 96, 64))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * seed >> 3) //nolint:gosec // any pattern will do
	}
	for y := range m.Rect.Max.Y {
		for x := range m.Rect.Max.X {
			c := m.NRGBAAt(x, y)
			m.SetNRGBA(x, y, color.NRGBA{c.R, c.G, c.B, 255})
		}
	}
	return m
}

// TestLogFormats: a log has the chosen format and level, and durations that people can
// read.
func TestLogFormats(t *testing.T) {
	for format, want := range map[string]string{"text": "level=WARN msg=late after=1.5s\n", "json": `"level":"WARN","msg":"late","after":"1.5s"}` + "\n"} {
		var b bytes.Buffer
		log, err := service.NewLog(&b, format, "warn")
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
