package paint

import (
	"context"
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/optim"
	"github.com/pastiche-art/pastiche/internal/planar"
	"github.com/pastiche-art/pastiche/picture"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// photo returns a picture of a sky that darkens upwards, a hill and a sun, with grain.
func photo(w, h int) *picture.Picture {
	r := rand.New(rand.NewPCG(1, 2))
	return draw(w, h, func(x, y float64) [3]float64 {
		grain := 15 * r.NormFloat64()
		switch {
		case y > 0.65+0.15*math.Sin(5*x):
			return [3]float64{80 + 60*x + grain, 110 - 40*y + grain, 50 + grain}
		case math.Hypot(x-0.7, y-0.3) < 0.12:
			return [3]float64{200 + grain, 180 + grain, 140 + grain}
		}
		return [3]float64{90 + 80*y + grain, 120 + 60*y + grain, 190 + grain}
	})
}

// strokes returns a picture of diagonal bands in a number of colours, up to three.
func strokes(w, h int, bands float64) *picture.Picture {
	return draw(w, h, func(x, y float64) [3]float64 {
		v := math.Sin(2 * math.Pi * bands * (x + 0.6*y))
		return [3]float64{140 + 100*v, 90 + 60*v*v, 120 - 90*v}
	})
}

// draw colours every pixel by its position, from 0 to 1 across and down.
func draw(w, h int, colour func(x, y float64) [3]float64) *picture.Picture {
	p := picture.New(w, h)
	for y := range h {
		for x := range w {
			for c, v := range colour(float64(x)/float64(w), float64(y)/float64(h)) {
				p.RGB[(c*h+y)*w+x] = float32(v)
			}
		}
	}
	return p
}

// usesHypercolumns reports whether the style cost of any scale compares hypercolumns.
func (r *Recipe) usesHypercolumns() bool {
	return slices.ContainsFunc(r.Schedule(), func(s Scale) bool {
		return s.StyleCost == NearestCost || s.StyleCost == SplitCost || s.StyleCost == EarthMoverCost
	})
}

// recipeNames returns the names of all recipes; with -short, only those without a
// search for nearest neighbours. Tests of a single painting run on these as well.
func recipeNames() []string {
	if !testing.Short() {
		return RecipeNames()
	}
	return slices.DeleteFunc(RecipeNames(), func(name string) bool {
		r, err := RecipeNamed(name)
		return err != nil || r.usesHypercolumns()
	})
}

// small returns the named recipe reduced to a short painting, at two scales where it
// has several. Recipes with hypercolumns get a smaller canvas, because they compare
// every place with every place, and no deep layers. Recipes that sample points take
// few of them, see takePoints. With -short, which the race detector uses, Wasserstein
// costs get no deep layers either.
func small(t testing.TB, name string) *Recipe {
	t.Helper()
	r, err := RecipeNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	r.Size, r.Iterations, r.FinalIterations = 96, 4, min(r.FinalIterations, 2)
	if r.FirstSize > 0 {
		r.FirstSize, r.FirstIterations, r.ScaleStep = 64, 5, 1.5
	}
	shallow := []Layer{{"conv1_1", 0.5}, {"conv2_1", 0.3}, {"conv3_1", 0.2}}
	if r.StyleCost == WassersteinCost && testing.Short() {
		r.StyleLayers = shallow
	}
	if r.usesHypercolumns() { // hypercolumns are as long as all layers have channels
		r.Size, r.FirstSize = 48, min(r.FirstSize, 32)
		r.StyleLayers = shallow
		if len(r.ContentLayers) > 0 {
			r.ContentLayers = shallow
		}
	}
	if r.samplesPoints() {
		takePoints(t, 256)
	}
	return &r
}

// takePoints sets the number of points that recipes sample until the test ends. With
// the number of [sampledPoints] paint TestPaint, TestStyleWeights and TestResident.
func takePoints(t testing.TB, n int) {
	before := sampledPoints
	t.Cleanup(func() { sampledPoints = before })
	sampledPoints = n
}

func one(style image.Image) []Region { return InMannerOf(style) }

// mustPaint paints and fails the test on an error.
func mustPaint(t testing.TB, content image.Image, regions []Region, opts Options) *Painting {
	t.Helper()
	p, err := Paint(t.Context(), content, regions, opts)
	if err != nil {
		t.Fatal(err)
	}
	checkWhole(t, p.Picture, opts.Recipe)
	return p
}

// checkWhole fails the test unless all levels of the picture are finite and visible.
func checkWhole(t testing.TB, p *picture.Picture, r *Recipe) {
	t.Helper()
	if len(p.RGB) != 3*p.W*p.H || !planar.Finite(p.RGB) {
		t.Errorf("a picture of %d x %d with %d values, finite: %t", p.W, p.H, len(p.RGB), planar.Finite(p.RGB))
	}
	if lo, hi := slices.Min(p.RGB), slices.Max(p.RGB); r.Clamp && (lo < 0 || hi > maxLevel) {
		t.Errorf("levels from %g to %g, want them clamped to 0 to %d", lo, hi, maxLevel)
	}
}

func TestPaint(t *testing.T) {
	content, style := photo(90, 60), strokes(50, 70, 5)
	points := sampledPoints
	for _, name := range RecipeNames() {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, name)
			if !testing.Short() {
				takePoints(t, points)
			}
			if recipe.Init == InitNoise { // the noise must fade first
				recipe.Iterations = 16
			}
			var events []Progress
			painting := mustPaint(t, content, one(style), Options{
				Recipe: recipe, Seed: 3, Progress: func(p Progress) { events = append(events, p) },
			})
			w, h := recipe.Size, recipe.Size*2/3
			if painting.W != w || painting.H != h {
				t.Errorf("a painting of %d x %d of a content of 90 x 60, want %d x %d", painting.W, painting.H, w, h)
			}
			checkEvents(t, recipe, events)
			last := events[len(events)-1]
			if painting.Costs != last.Costs || painting.Steps != last.Steps {
				t.Errorf("painting after step %d with %+v, the last event says %d and %+v",
					painting.Steps, painting.Costs, last.Steps, last.Costs)
			}
			first := events[slices.IndexFunc(events, func(p Progress) bool { return p.Scale == last.Scale })]
			if !(last.Costs.Total < first.Costs.Total) {
				t.Errorf("total cost %g after the last iteration, not below the %g after the first of its scale",
					last.Costs.Total, first.Costs.Total)
			}
			// The painting must be nearer to the style than the photograph is.
			if before := mustScore(t, content, one(style), content.Resize(w, h), Options{Recipe: recipe}); !recipe.usesHypercolumns() && !(last.Costs.Style < before.Costs.Style) {
				t.Errorf("style cost %g, not below the photograph's %g", last.Costs.Style, before.Costs.Style)
			}
		})
	}
}

// checkEvents fails the test unless the events count scales, iterations and steps
// without gaps.
func checkEvents(t *testing.T, r *Recipe, events []Progress) {
	t.Helper()
	var want []Progress
	scales := r.Schedule()
	for i, s := range scales {
		for n := range s.Iterations {
			want = append(want, Progress{
				Scale: i + 1, Scales: len(scales), Iteration: n + 1, Iterations: s.Iterations,
				Step: len(want) + 1, Width: s.Size, Height: int(math.Round(float64(s.Size) * 60 / 90)),
			})
		}
	}
	for i := range want {
		want[i].Steps = len(want)
	}
	got := slices.Clone(events)
	for i := range got {
		c := got[i].Costs
		if sum := scales[got[i].Scale-1].ContentWeight*c.Content + r.StyleWeight*c.Style + r.VariationWeight*c.Variation; !near(c.Total, sum, 1e-9) {
			t.Errorf("step %d: total cost %g, the weighted sum of the others is %g", i+1, c.Total, sum)
		}
		if v := got[i].view; v.snapshot != nil || v.checkpoint != nil {
			t.Errorf("step %d: what was kept of it keeps the scale", i+1)
		}
		got[i].Costs, got[i].view = Costs{}, nil
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Progress{})); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// near reports whether two numbers differ by at most a share of the second.
func near(a, b, by float64) bool { return math.Abs(a-b) <= by*math.Abs(b) }

// TestProgressPicture compares pictures of intermediate steps with paintings that end
// there.
func TestProgressPicture(t *testing.T) {
	content, style := photo(40, 30), strokes(40, 40, 4)
	for _, name := range recipeNames() {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, name)
			recipe.FirstSize, recipe.Size, recipe.Iterations, recipe.FinalIterations = 0, 32, 5, 0
			recipe.FinalRate = 0 // a falling rate would depend on the number of iterations
			var taken []*picture.Picture
			opts := Options{Recipe: recipe, Progress: func(p Progress) { taken = append(taken, p.Picture()) }}
			mustPaint(t, content, one(style), opts)
			for _, n := range []int{1, 3, 5} {
				recipe.Iterations, opts.Progress = n, nil
				if ending := mustPaint(t, content, one(style), opts); !slices.Equal(ending.RGB, taken[n-1].RGB) {
					t.Errorf("the picture taken after iteration %d is not the painting of %d iterations", n, n)
				}
			}
			clear(taken[0].RGB) // it is a copy, which the caller may change
		})
	}
}

func TestInputsStayAsTheyAre(t *testing.T) {
	content, style := photo(32, 32), strokes(32, 32, 4)
	wasContent, wasStyle := slices.Clone(content.RGB), slices.Clone(style.RGB)
	recipe := small(t, "fine")
	recipe.Size, recipe.FirstSize, recipe.Init = 32, 0, InitPicture
	before := *recipe
	mustPaint(t, content, one(style), Options{Recipe: recipe, Init: content})
	if !slices.Equal(content.RGB, wasContent) || !slices.Equal(style.RGB, wasStyle) {
		t.Error("painting changed its inputs")
	}
	if diff := cmp.Diff(before, *recipe); diff != "" {
		t.Errorf("painting changed its recipe:\n%s", diff)
	}
}

func TestThreadsAndSeeds(t *testing.T) {
	content, style := photo(90, 60), strokes(50, 70, 5)
	for _, name := range recipeNames() {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, name)
			paint := func(threads int, seed uint64) []float32 {
				return mustPaint(t, content, one(style), Options{Recipe: recipe, Threads: threads, Seed: seed}).RGB
			}
			want := paint(1, 7)
			for _, threads := range []int{2, 3} {
				if !slices.Equal(paint(threads, 7), want) {
					t.Errorf("%d threads paint another picture than one", threads)
				}
			}
			if same := slices.Equal(paint(2, 8), want); same != (recipe.Init != InitNoise && !recipe.samplesPoints()) {
				t.Errorf("another seed paints the same picture: %t, beginning with %s", same, recipe.Init)
			}
		})
	}
}

// TestConcurrentPaintings runs paintings that share a network and pictures.
func TestConcurrentPaintings(t *testing.T) {
	network := builtin(t)
	content, style := photo(32, 24), strokes(32, 32, 4)
	recipe := small(t, "fine")
	var (
		wait      sync.WaitGroup
		paintings [3]*Painting
	)
	for i := range paintings {
		wait.Go(func() {
			paintings[i], _ = Paint(t.Context(), content, one(style), Options{Recipe: recipe, Network: network, Threads: 1})
		})
	}
	wait.Wait()
	for _, p := range paintings {
		if p == nil || !slices.Equal(p.RGB, paintings[0].RGB) {
			t.Fatal("paintings that are painted at the same time differ")
		}
	}
}

func builtin(t testing.TB) *Network {
	t.Helper()
	n, err := builtinNetwork()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCancelled(t *testing.T) {
	content, style := photo(90, 60), strokes(50, 70, 5)
	reason := errors.New("the model has left")
	tests := []struct {
		name string
		// context returns the context and a function for the third event.
		context func(context.Context) (context.Context, func())
		want    error
		steps   int
	}{
		{"before work", func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, nil
		}, context.Canceled, 0},
		{"past the deadline", func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithDeadline(ctx, time.Unix(0, 0))
			return ctx, cancel
		}, context.DeadlineExceeded, 0},
		{"during work", func(ctx context.Context) (context.Context, func()) {
			return context.WithCancel(ctx)
		}, context.Canceled, 3},
		{"for a reason", func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(ctx)
			return ctx, func() { cancel(reason) }
		}, reason, 3},
	}
	for _, name := range recipeNames() {
		for _, test := range tests {
			t.Run(name+"/"+test.name, func(t *testing.T) {
				defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
				ctx, cancel := test.context(t.Context())
				if cancel != nil {
					defer cancel()
				}
				var last *picture.Picture
				recipe := small(t, name)
				painting, err := Paint(ctx, content, one(style), Options{Recipe: recipe, Progress: func(p Progress) {
					if last = p.Picture(); p.Step == 3 {
						cancel()
					}
				}})
				if !errors.Is(err, test.want) {
					t.Errorf("error %v, want %v", err, test.want)
				}
				if painting == nil {
					t.Fatal("no painting")
				}
				checkWhole(t, painting.Picture, recipe)
				if painting.Steps != test.steps {
					t.Errorf("painting after %d steps, want %d", painting.Steps, test.steps)
				}
				if last != nil && !slices.Equal(painting.RGB, last.RGB) {
					t.Error("the painting is not the picture that the last event showed")
				}
			})
		}
	}
}

func TestDiverged(t *testing.T) {
	content, style := photo(40, 30), strokes(40, 40, 4)
	tests := []struct {
		name    string
		recipe  string
		change  func(*Recipe)
		network func(t testing.TB) *Network
		step    int
	}{
		{"steps beyond all measure", "classic", func(r *Recipe) { r.LearningRate = 1e36 }, builtin, 1},
		{"weights beyond all measure", "classic", func(r *Recipe) { r.StyleWeight = 1e200 }, builtin, 1},
		{"weights and L-BFGS", "gatys", func(r *Recipe) { r.ContentWeight = 1e200 }, builtin, 1},
		{"costs that are infinite", "classic", func(*Recipe) {}, hugeNetwork, 1},
		{"infinite costs and L-BFGS", "gatys", func(*Recipe) {}, hugeNetwork, 1},
		{"infinite costs over scales", "fine", func(*Recipe) {}, hugeNetwork, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			recipe := small(t, test.recipe)
			test.change(recipe)
			painting, err := Paint(t.Context(), content, one(style), Options{Recipe: recipe, Network: test.network(t)})
			var diverged *DivergedError
			if !errors.As(err, &diverged) || diverged.Step != test.step {
				t.Fatalf("error %v, want a DivergedError at iteration %d", err, test.step)
			}
			var cause *optim.DivergedError
			if !errors.As(err, &cause) {
				t.Errorf("error %v does not wrap the optimiser's", err)
			}
			if painting == nil {
				t.Fatal("no painting")
			}
			checkWhole(t, painting.Picture, recipe)
			if painting.Steps != test.step-1 {
				t.Errorf("painting after %d steps, want %d", painting.Steps, test.step-1)
			}
		})
	}
}

// spoiled is a cost that becomes infinite after some evaluations.
type spoiled struct {
	cost.Cost
	left int
}

func (s *spoiled) Evaluate(p *kernel.Pool, weight float64) float64 {
	if s.left--; s.left < 0 {
		return math.Inf(1)
	}
	return s.Cost.Evaluate(p, weight)
}

// TestDivergedLater makes a painting diverge after it has begun: the result so far is
// returned.
func TestDivergedLater(t *testing.T) {
	for _, name := range recipeNames() {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, name)
			recipe.FirstSize = 0
			var events []Progress
			var last *picture.Picture
			s, err := newSession(photo(40, 30), one(strokes(40, 40, 4)), Options{Recipe: recipe, Progress: func(p Progress) {
				events, last = append(events, p), p.Picture()
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer s.pool.Close()
			at := &progress{canvas: s.begin()}
			s.prepareProgress(at)
			st, err := s.newStage(t.Context(), s.content.Resize(at.canvas.W, at.canvas.H), at.canvas, s.scales[0])
			if err != nil {
				t.Fatal(err)
			}
			st.terms[0].Cost = &spoiled{st.terms[0].Cost, 4}
			err = s.paintScale(t.Context(), st, at)
			var diverged *DivergedError
			if !errors.As(err, &diverged) || len(events) == 0 || diverged.Step != len(events)+1 {
				t.Fatalf("error %v after %d iterations, want a DivergedError at the next", err, len(events))
			}
			if !slices.Equal(s.output(st, s.average(st, at, at.canvas)).RGB, last.RGB) {
				t.Error("the painting is not that of the last good iteration")
			}
		})
	}
}

func TestInitPicture(t *testing.T) {
	content, style, init := photo(60, 40), strokes(40, 40, 4), strokes(30, 30, 2)
	recipe := small(t, "classic")
	recipe.Init, recipe.LearningRate, recipe.Iterations = InitPicture, 0.01, 2
	painting := mustPaint(t, content, one(style), Options{Recipe: recipe, Init: init})
	want := init.Resize(96, 64)
	for i, v := range painting.RGB {
		if math.Abs(float64(v-want.RGB[i])) > 0.021 {
			t.Fatalf("level %g after two steps of a hundredth, far from the %g of the picture to begin with", v, want.RGB[i])
		}
	}
}

func TestStyles(t *testing.T) {
	content := photo(48, 32)
	a, b := strokes(40, 60, 5), strokes(70, 30, 2)
	recipe := small(t, "fine")
	recipe.FirstSize = 0
	paint := func(blend []float64, styles ...image.Image) *Painting {
		t.Helper()
		regions := InMannerOf(styles...)
		for i, b := range blend {
			regions[0].Styles[i].Weight = b
		}
		return mustPaint(t, content, regions, Options{Recipe: recipe})
	}
	first, second := paint(nil, a), paint(nil, b)
	if got := paint([]float64{1, 0}, a, b); !slices.Equal(got.RGB, first.RGB) {
		t.Error("a blend of all of one style and none of another is not the painting in the first's manner")
	}
	if got := paint([]float64{0, 5}, a, b); !slices.Equal(got.RGB, second.RGB) {
		t.Error("shares do not matter relative to their sum")
	}
	even := paint(nil, a, b)
	if got := paint([]float64{2, 2}, a, b); !slices.Equal(got.RGB, even.RGB) {
		t.Error("styles without a blend do not count alike")
	}
	if slices.Equal(even.RGB, first.RGB) || slices.Equal(even.RGB, second.RGB) {
		t.Error("a blend is the painting in one style's manner")
	}
	recipe.StyleScale = 0.5
	if got := paint(nil, a); slices.Equal(got.RGB, first.RGB) {
		t.Error("the size of the style makes no difference")
	}
}

// TestOpacity checks that the painting has the content's opacity, at its own size.
func TestOpacity(t *testing.T) {
	content := photo(60, 40)
	content.Alpha = make([]float32, 60*40)
	for i := range content.Alpha {
		content.Alpha[i] = float32(i%60) / 59
	}
	recipe := small(t, "fine")
	painting := mustPaint(t, content, one(strokes(40, 40, 4)), Options{Recipe: recipe, Progress: func(p Progress) {
		if got := p.Picture(); len(got.Alpha) != p.Width*p.Height {
			t.Errorf("step %d: %d opacities for %d x %d", p.Step, len(got.Alpha), p.Width, p.Height)
		}
	}})
	if want := content.Resize(96, 64).Alpha; !slices.Equal(painting.Alpha, want) {
		t.Error("the painting has not the content's opacity")
	}
}

// TestOnePixel paints a single pixel.
func TestOnePixel(t *testing.T) {
	recipe := small(t, "fine")
	dot := strokes(1, 1, 1)
	for _, test := range []struct {
		name           string
		content, style image.Image
	}{{"content", dot, strokes(40, 40, 4)}, {"style", photo(40, 40), strokes(minStyleSide, minStyleSide, 1)}} {
		t.Run(test.name, func(t *testing.T) {
			painting := mustPaint(t, test.content, one(test.style), Options{Recipe: recipe})
			if painting.W != 96 || painting.H != 96 {
				t.Errorf("%d x %d, want 96 x 96", painting.W, painting.H)
			}
		})
	}
}

// TestFirstStep checks that the first step of Adam moves every level by the learning
// rate, on small and large canvases. The gradients have the root mean square of Fine's:
// 3e-7 on a canvas of 91 pixels, inversely proportional to the number of pixels.
func TestFirstStep(t *testing.T) {
	pool, err := kernel.NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, r := range []Recipe{Fine(), nnst(), strotss()} {
		for _, side := range []float64{64, 2048} {
			length := float32(3e-7 * 91 * 91 / (side * side))
			random := rand.New(rand.NewPCG(1, 1))
			gradient := make([]float32, 1000)
			for i := range gradient {
				gradient[i] = length * float32(random.NormFloat64())
			}
			x := slices.Repeat([]float32{maxLevel / 2}, len(gradient))
			optimizer := (&session{recipe: r, pool: pool}).newOptimizer(len(x), Scale{Iterations: 1})
			if _, err := optimizer.Step(t.Context(), x, func(_, g []float32) float64 {
				copy(g, gradient)
				return 1
			}); err != nil {
				t.Fatal(err)
			}
			for i, v := range x {
				if moved := math.Abs(float64(v - maxLevel/2)); math.Abs(moved-r.LearningRate) > 1e-3*r.LearningRate {
					t.Fatalf("%s at %g pixels: a gradient of %g moves a level by %g, expected %g",
						r.Name, side, gradient[i], moved, r.LearningRate)
				}
			}
		}
	}
}
