package main

import (
	"bytes"
	"flag"
	"image"
	"image/jpeg"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/examples"
)

// all makes TestCommittedPaintingsAreFresh paint all paintings.
var all = flag.Bool("all", false, "paint all paintings, which takes a minute of processor time")

// TestCommittedPaintingsAreFresh paints every fifteenth painting again, with -all every
// painting, as .ci/run does. The pixels may differ by what another compiler's fused multiply-adds or another release's
// JPEG encoder make of the same strokes, and by no more.
func TestCommittedPaintingsAreFresh(t *testing.T) {
	if testing.Short() {
		t.Skip("painting takes seconds, with the race detector a minute")
	}
	const tolerance = 0.5 // mean difference, in 8-bit levels
	for i, p := range paintings {
		if !*all && i%15 != 0 {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			committed, err := os.ReadFile(filepath.Join("..", "paintings", p.name))
			if err != nil {
				t.Fatal(err)
			}
			fresh, err := p.encode()
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(committed, fresh) {
				return
			}
			if d := difference(t, committed, fresh); d > tolerance {
				t.Errorf("mean difference %.2f levels, want at most %v; repaint with: go run ./examples/strokes -o examples/paintings", d, tolerance)
			}
		})
	}
}

// difference is the mean over all components of how far two JPEG files'
// pixels are apart, in levels.
func difference(t *testing.T, a, b []byte) float64 {
	t.Helper()
	decode := func(file []byte) image.Image {
		img, err := jpeg.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	x, y := decode(a), decode(b)
	if x.Bounds() != y.Bounds() {
		t.Fatalf("size %v, want %v", x.Bounds(), y.Bounds())
	}
	sum, n := 0., 0.
	for v := range x.Bounds().Dy() {
		for u := range x.Bounds().Dx() {
			r, g, b, _ := x.At(u, v).RGBA()
			rr, gg, bb, _ := y.At(u, v).RGBA()
			for _, d := range [][2]uint32{{r, rr}, {g, gg}, {b, bb}} {
				sum += math.Abs(float64(d[0])-float64(d[1])) / 0x101
				n++
			}
		}
	}
	return sum / n
}

// TestExamplePicturesAreListedAndSmall holds the example pictures to what
// examples/README.md promises.
func TestExamplePicturesAreListedAndSmall(t *testing.T) {
	const budget = 5_000_000 // bytes, all pictures together
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, folder := range []string{"photos", "paintings"} {
		err := fs.WalkDir(os.DirFS(".."), folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			if !strings.Contains(string(readme), "`"+path+"`") {
				t.Errorf("README.md does not say where %s comes from", path)
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			total += info.Size()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if total > budget {
		t.Errorf("the pictures take %d bytes, want at most %d", total, budget)
	}
}

func TestRunNeedsItsFolder(t *testing.T) {
	t.Parallel()
	if err := run(filepath.Join(t.TempDir(), "absent"), "bars.jpg"); err == nil {
		t.Error("no error for a folder that does not exist")
	}
}

func TestRunPaintsTheOnlyOne(t *testing.T) {
	folder := t.TempDir()
	if err := run(folder, "bars.jpg"); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 1 || files[0].Name() != "bars.jpg" {
		t.Errorf("painted %v, %v; want bars.jpg", files, err)
	}
	if err := run(folder, "absent.jpg"); err == nil {
		t.Error("no error for a painting that does not exist")
	}
}

// TestPaintingsAreListed compares the program with the list that the page shows.
func TestPaintingsAreListed(t *testing.T) {
	listed := map[string]bool{}
	for _, p := range examples.Paintings() {
		listed[filepath.Base(p.File)] = p.Source == "examples/strokes"
	}
	for _, p := range paintings {
		if !listed[p.name] {
			t.Errorf("examples.Paintings() does not say that strokes paints %s", p.name)
		}
	}
}

func TestTessellationBelongsToTheNearestSite(t *testing.T) {
	cells := tessellation{noise(3), 0.1}
	const step = 1e-4
	for i := range 400 {
		p := point{0.031 * float64(i%20), 0.047 * float64(i/20)}
		here := cells.at(p)
		if here.edge < 0 {
			t.Fatalf("%v lies %v outside its own cell", p, -here.edge)
		}
		if again := cells.at(here.site); again.site != here.site || again.id != here.id {
			t.Fatalf("the site of %v is in another cell", p)
		}
		if next := cells.at(point{p.x + step, p.y}); here.edge > 2*step && next.site != here.site {
			t.Fatalf("at %v the border is %v away, but the next cell begins within %v", p, here.edge, step)
		}
	}
}

func TestSpiralWindsInwards(t *testing.T) {
	s := spiral{centre: point{0.5, 0.5}, radius: 0.3, turns: 2.5, start: 0.4, sense: 1, width: 0.02}
	if end := s.centre.along(s.start, 1.01*s.radius); s.at(end) <= 0 {
		t.Errorf("the outer end at %v is not on the branch", end)
	}
	windings := 0
	for r, inside := 0.02, false; r < 1; r += 0.001 {
		on := s.at(s.centre.along(s.start+1, r*s.radius)) > 0
		if on && !inside {
			windings++
		}
		inside = on
	}
	if windings < 2 || windings > 3 {
		t.Errorf("a line from the centre crosses %d windings, want 2 or 3", windings)
	}
}

func TestDropPushesThePaintAside(t *testing.T) {
	// a second drop in the middle of the first leaves a ring of the same area
	first := drop{point{0.6, 0.5}, 0.2, hex(0xff0000)}
	second := drop{point{0.6, 0.5}, 0.1, hex(0x0000ff)}
	c := marble(rand.New(rand.NewPCG(1, 0)), hex(0xffffff), []drop{first, second}, nil)
	areas := map[string]float64{}
	for _, paint := range c.paint {
		switch {
		case paint[0]-paint[1] > 0.5:
			areas["first"] += sq(c.cell())
		case paint[2]-paint[1] > 0.5:
			areas["second"] += sq(c.cell())
		}
	}
	for name, d := range map[string]drop{"first": first, "second": second} {
		if want := math.Pi * sq(d.radius); math.Abs(areas[name]-want) > 0.01*want {
			t.Errorf("the %s drop covers %v, want %v", name, areas[name], want)
		}
	}
}

func TestNoise(t *testing.T) {
	n, other := noise(1), noise(2)
	const step = 1e-3
	var sum float64
	const side = 60
	for i := range side * side {
		x, y := float64(i%side)*0.37-9, float64(i/side)*0.29-7
		v := n.at(x, y)
		if v < 0 || v > 1 {
			t.Fatalf("at(%v, %v) = %v, outside 0..1", x, y, v)
		}
		if d := math.Abs(n.at(x+step, y) - v); d > 2*step { // smooth is steepest, 1.5, in the middle
			t.Fatalf("at jumps by %v within %v of (%v, %v)", d, step, x, y)
		}
		if x != math.Floor(x) && v == other.at(x, y) {
			t.Fatalf("two seeds agree at (%v, %v)", x, y)
		}
		sum += v
	}
	if mean := sum / (side * side); math.Abs(mean-0.5) > 0.03 {
		t.Errorf("mean %v, want about 0.5", mean)
	}
}

func TestTraceFollowsTheStream(t *testing.T) {
	s := &stream{wind: 0.3, waves: 1, waviness: 0.02, vortices: []vortex{{point{0.5, 0.5}, 0.2, 0.4}}}
	for _, from := range []point{{0.6, 0.5}, {0.2, 0.3}, {1.1, 0.9}} {
		path := trace(from, 0.3, 1e-3, func(p point) (float64, bool) { return s.angle(p), true })
		if len(path) < 300 {
			t.Fatalf("from %v: %d points, want 300 steps", from, len(path))
		}
		for _, p := range path {
			if d := math.Abs(s.value(p) - s.value(from)); d > 5e-3 {
				t.Fatalf("from %v: the stream function changes by %v on the way to %v", from, d, p)
			}
		}
	}
}

func TestTraceEndsWhereItMust(t *testing.T) {
	path := trace(point{0.1, 0.5}, 1, 0.01, func(p point) (float64, bool) { return 0, p.x < 0.2 })
	if last := path[len(path)-1]; last.x >= 0.2 || last.x < 0.185 {
		t.Errorf("the path ends at x = %v, want the last step short of 0.2", last.x)
	}
}

func TestNearest(t *testing.T) {
	hook := []point{{0, 0}, {4, 0}, {4, 3}} // right, then down
	for _, tc := range []struct {
		name        string
		p           point
		along, side float64
		ok          bool
	}{
		{"on the right hand", point{2, 1}, 2, 1, true},
		{"on the left hand", point{2, -1}, 2, -1, true},
		{"second segment", point{5, 2}, 6, -1, true},
		{"before the start", point{-0.5, 0}, -0.5, 0, true},
		{"past the end", point{4, 3.5}, 7.5, 0, true},
		{"outside the corner", point{4.6, -0.8}, 4, -1, true},
		{"out of reach", point{2, 1.6}, 0, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			along, side, ok := nearest(hook, tc.p, 1.5)
			if ok != tc.ok || ok && (math.Abs(along-tc.along) > 1e-12 || math.Abs(side-tc.side) > 1e-12) {
				t.Errorf("nearest = %v, %v, %v, want %v, %v, %v", along, side, ok, tc.along, tc.side, tc.ok)
			}
		})
	}
}

func TestPullStaysUnderItsBrush(t *testing.T) {
	c := newCanvas(colour{1, 1, 1})
	a, b := point{0.3, 0.4}, point{0.8, 0.6}
	const width = 0.1
	c.pull(rand.New(rand.NewPCG(1, 0)), stroke{path: []point{a, b}, width: width, paint: colour{}, second: colour{}, body: 3, opacity: 1})
	painted := 0
	for i, paint := range c.paint {
		if paint == (colour{1, 1, 1}) {
			continue
		}
		painted++
		if _, _, ok := nearest([]point{a, b}, c.centre(i), width/2); !ok {
			t.Fatalf("paint at %v, beside the stroke", c.centre(i))
		}
	}
	if most := a.distance(b) * width / sq(c.cell()); float64(painted) < 0.8*most {
		t.Errorf("%d cells painted, want most of %.0f", painted, most)
	}
}

func TestDividedColoursMixBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for _, want := range []colour{hex(0x3366a8), hex(0xc9c94c), hex(0x2f6b4a), hex(0xf79a6c)} {
		const dots = 4000
		var sum colour
		for range dots {
			c := divide(rng, want, 0.2)
			for k := range sum {
				sum[k] += clamp(c[k], 0, 1) / dots
			}
		}
		for k := range sum {
			if d := math.Abs(sum[k] - want[k]); d > 0.09 {
				t.Errorf("%v: the dots mix to %v", want, sum)
				break
			}
		}
	}
}

func TestBlurredSpreadsAndKeeps(t *testing.T) {
	c := newCanvas(colour{})
	v := make([]float64, len(c.paint))
	const x, y, radius = 200, 300, 4
	v[y*c.width+x] = 1
	total := 0.
	for i, b := range c.blurred(v, radius) {
		total += b
		far := max(abs(i%c.width-x), abs(i/c.width-y)) > radius
		if far != (b < 1e-12) {
			t.Fatalf("%v at %d, %d", b, i%c.width-x, i/c.width-y)
		}
	}
	if math.Abs(total-1) > 1e-9 {
		t.Errorf("the sum went from 1 to %v", total)
	}
}

func abs(v int) int { return max(v, -v) }
