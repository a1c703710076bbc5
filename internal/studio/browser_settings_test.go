package studio_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/pastiche-art/pastiche/api"
)

// counter stands before a server. It answers what a test says in place of the server,
// and notes what is submitted.
type counter struct {
	t    *testing.T
	next http.Handler

	mu        sync.Mutex
	paintings []api.Submission
	looks     []api.Submission
	deleted   int
	asked     int // estimates
	// estimate answers for one size; nil leaves it to the server.
	estimate func(r api.EstimateRequest, size int) api.Estimate
	// instead answers in the server's place, where it returns true.
	instead func(w http.ResponseWriter, r *http.Request) bool
}

// newCounter returns a server whose worker paints grey pictures at once, and what
// stands before it.
func newCounter(t *testing.T, paint paintFunc) (*fixture, *counter) {
	t.Helper()
	f, g := newGate(t, setup{worker: true, paint: paint})
	c := &counter{t: t, next: f.handler}
	handle := http.HandlerFunc(c.ServeHTTP)
	g.instead.Store(&handle)
	return f, c
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/api/v1")
	c.mu.Lock()
	instead, estimate := c.instead, c.estimate
	c.mu.Unlock()
	switch {
	case instead != nil && instead(w, r):
	case path == "/session":
		c.session(w, r)
	case path == "/estimate" && estimate != nil:
		c.answerEstimate(w, r, estimate)
	case path == "/jobs" && r.Method == http.MethodPost:
		c.note(r)
		c.next.ServeHTTP(w, r)
	default:
		if r.Method == http.MethodDelete {
			c.mu.Lock()
			c.deleted++
			c.mu.Unlock()
		}
		c.next.ServeHTTP(w, r)
	}
}

// session is the server's, which offers quick looks.
func (c *counter) session(w http.ResponseWriter, r *http.Request) {
	answer := httptest.NewRecorder()
	c.next.ServeHTTP(answer, r)
	var session api.Session
	if err := json.Unmarshal(answer.Body.Bytes(), &session); err != nil {
		c.t.Error(err)
	}
	session.Limits.Looks = 2
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(answer.Code)
	json.NewEncoder(w).Encode(session) //nolint:errcheck // the page has gone
}

func (c *counter) answerEstimate(w http.ResponseWriter, r *http.Request, estimate func(api.EstimateRequest, int) api.Estimate) {
	var request api.EstimateRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	c.asked++
	c.mu.Unlock()
	all := api.Estimates{}
	for _, size := range request.Sizes {
		all.Sizes = append(all.Sizes, estimate(request, size))
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(all) //nolint:errcheck // the page has gone
}

// note keeps what a request submits.
func (c *counter) note(r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(data))
	var s api.Submission
	if err := json.Unmarshal(data, &s); err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.Look {
		c.looks = append(c.looks, s)
	} else {
		c.paintings = append(c.paintings, s)
	}
}

func (c *counter) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

func (c *counter) numbers() (paintings, looks, deleted int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.paintings), len(c.looks), c.deleted
}

func (c *counter) look(i int) api.Submission {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.looks[i]
}

// compose brings a photo and a style.
func (b *browser) compose(photo string) {
	b.t.Helper()
	b.empty()
	b.drop(100, 400, photo, example(b.t, "paintings/river.jpg"))
	b.until("photo", "document.querySelector('img.hung')?.naturalWidth > 0")
	b.until("painting of one's own", "document.querySelector('.style input')?.checked")
}

// set moves a slider.
func (b *browser) set(selector string, value float64) {
	b.t.Helper()
	b.do(fmt.Sprintf("(() => { const s = document.querySelector(%q); s.value = %g; s.dispatchEvent(new Event('input', { bubbles: true })) })()", selector, value))
}

const paintButton = "document.querySelector('.go .primary')"

// minutes is an estimate: a second for each pixel of the size above 392, and at least 20.
func minutes(_ api.EstimateRequest, size int) api.Estimate {
	seconds := float64(max(20, size-392))
	return api.Estimate{Size: size, Seconds: &seconds}
}

// TestOnlyPaintPaints: Enter on a control chooses nothing and paints nothing; Control
// and Enter paint.
func TestOnlyPaintPaints(t *testing.T) {
	t.Parallel()
	f, c := newCounter(t, stubPaint)
	c.estimate = minutes
	b := browse(t, f, false)
	b.empty()
	b.until("steps, and no Paint button", "document.querySelectorAll('.go ol li').length === 2 && !"+paintButton)
	b.accessible("steps")
	b.compose(example(t, "photos/castle.jpg"))
	b.until("time on the button", paintButton+"?.innerText === 'Paint, about 2 minutes'")
	b.do("document.querySelector('details').open = true")
	for _, control := range []string{"#strength", "input[name=size]:checked", "input[name=recipe]:checked", "input[name=colors]:checked", "#brush-size", ".faces input", "input[name=effort]:checked"} {
		b.do(fmt.Sprintf("document.querySelector(%q).focus()", control))
		b.run(chromedp.KeyEvent(kb.Enter))
	}
	b.see("Paint, about 2 minutes")
	if n, _, _ := c.numbers(); n != 0 {
		t.Errorf("Enter on controls made %d paintings", n)
	}
	b.run(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.see("Finished")
	if n, _, _ := c.numbers(); n != 1 {
		t.Errorf("Control and Enter made %d paintings, expected 1", n)
	}
	b.quiet()
}

// TestSizesSayWhatTheyTake: minutes stand under the sizes, and a size that is too large
// is marked, with one that is not.
func TestSizesSayWhatTheyTake(t *testing.T) {
	t.Parallel()
	f, c := newCounter(t, stubPaint)
	c.estimate = func(r api.EstimateRequest, size int) api.Estimate {
		if size > 1533 && r.Options.Recipe.Name() == "nnst" {
			return api.Estimate{Size: size, Problem: "a painting of 2048 pixels needs 3381 MiB of memory, and 2048 MiB are allowed", Most: 1533}
		}
		return minutes(r, size)
	}
	b := browse(t, f, false)
	label := func(size int) string {
		return fmt.Sprintf("document.querySelector('input[name=size][value=\"%d\"]')?.parentElement.innerText.replace(/\\s+/g, ' ').trim()", size)
	}
	b.compose(example(t, "photos/castle.jpg"))
	b.until("minutes", label(1024)+".includes('11 min')")
	b.choose("size", "2048")
	b.until("minutes on the button", paintButton+".innerText === 'Paint, about 28 minutes'")
	b.do("document.querySelector('details').open = true")
	b.choose("recipe", "nnst")
	b.until("mark", label(2048)+".includes('too large')")
	b.see("2048 pixels are too large for this server with Collage.")
	b.until("no way to paint", paintButton+".disabled")
	b.accessible("too large")
	b.do("document.querySelector('.go .wrong button').click()")
	b.until("a size that fits", "document.querySelector('input[name=size][value=\"1533\"]')?.checked")
	b.until("a way to paint", paintButton+".disabled === false")
	b.until("the other one is not to be chosen", "document.querySelector('input[name=size][value=\"2048\"]').disabled")
	b.choose("recipe", "fine")
	b.until("a way to choose it again", "!document.querySelector('input[name=size][value=\"2048\"]').disabled")
	b.quiet()
}

// TestNarrowPhoto: a photo that cannot be painted is said to be one at once, and can be
// cropped.
func TestNarrowPhoto(t *testing.T) {
	t.Parallel()
	f, c := newCounter(t, stubPaint)
	c.estimate = func(r api.EstimateRequest, size int) api.Estimate {
		if r.Width > 5*r.Height {
			return api.Estimate{Size: size, Problem: "the content, 91 pixels long: a picture of 91 x 7 pixels is too small to reach conv5_1"}
		}
		return minutes(r, size)
	}
	b := browse(t, f, true)
	photo := filepath.Join(t.TempDir(), "panorama.png")
	if err := os.WriteFile(photo, pngOf(drawing(1300, 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	b.compose(photo)
	b.see("This photo is too narrow (13:1) to be painted.")
	b.until("no way to paint", paintButton+".disabled")
	b.accessible("narrow")
	b.press("Crop it to 5:1")
	b.until("narrower photo", "document.querySelector('img.hung')?.naturalWidth === 500")
	b.until("a way to paint", paintButton+".disabled === false")
	b.quiet()
}

// TestChosenColoursStay: another method keeps the colours that a person chose, and
// brings its own where nobody chose.
func TestChosenColoursStay(t *testing.T) {
	t.Parallel()
	f, _ := newCounter(t, stubPaint)
	b := browse(t, f, false)
	b.empty()
	chosen := "document.querySelector('input[name=colors]:checked')?.value"
	b.do("document.querySelector('details').open = true")
	b.until("colours of the method", chosen+" === 'match'")
	b.choose("recipe", "gatys")
	b.until("colours of another method", chosen+" === 'style'")
	b.choose("colors", "content")
	b.choose("recipe", "nnst")
	b.see("Collage, the photo’s colours, brush size as in the style")
	if v := value[string](b, chosen); v != "content" {
		t.Errorf("the colours became %q with another method", v)
	}
	b.choose("recipe", "classic")
	b.see("Another beginning")
	b.press("Another beginning")
	b.see("beginning 1")
	b.accessible("more")
	b.quiet()
}

// TestSendingFailsAtTheButton: what is wrong with sending stands at the button, with a
// way to try again; sending can be cancelled.
func TestSendingFailsAtTheButton(t *testing.T) {
	t.Parallel()
	f, c := newCounter(t, stubPaint)
	b := browse(t, f, true)
	b.compose(example(t, "photos/castle.jpg"))
	refuse := func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/api/v1/jobs" || r.Method != http.MethodPost {
			return false
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, `{"status":429,"code":"queue_full","detail":"too many jobs wait: try again later"}`)
		return true
	}
	c.set(func() { c.instead = refuse })
	b.do(paintButton + ".click()")
	b.until("what is wrong", "document.querySelector('.go [role=alert]')?.innerText.includes('The queue is full')")
	b.accessible("refused")
	arrived, release := make(chan struct{}, 16), make(chan struct{})
	c.set(func() {
		c.instead = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/api/v1/jobs" || r.Method != http.MethodPost {
				return false
			}
			arrived <- struct{}{}
			<-release
			return false
		}
	})
	b.do("document.querySelector('.go .wrong button').click()")
	<-arrived
	b.see("Sending")
	b.press("Cancel")
	b.until("a way to paint", paintButton+"?.disabled === false && !document.querySelector('.go [role=alert]')")
	c.set(func() { c.instead = nil })
	close(release)
	b.do(paintButton + ".click()")
	b.see("Finished")
	f.eventually("what was cancelled is gone", func() bool {
		var list api.List
		f.decode(f.do(f.request(http.MethodGet, "/jobs", nil)), http.StatusOK, &list)
		return len(list.Jobs) == 1
	})
}

// TestQuickLook: a change of the draft is shown over the photo, painted small, and
// nothing is left of it on the server.
func TestQuickLook(t *testing.T) {
	t.Parallel()
	f, c := newCounter(t, stubPaint)
	b := browse(t, f, false)
	b.compose(example(t, "photos/castle.jpg"))
	const shown = "document.querySelector('img[alt^=Quick]')"
	b.until("look", shown+"?.naturalWidth > 0")
	b.see("Quick look, 160 pixels; the painting will be finer")
	b.accessible("look")
	first := c.look(0)
	if size := first.Options.Recipe["size"]; size != 160.0 || len(first.Labels) != 0 {
		t.Errorf("a look of %v pixels, with the labels %v", size, first.Labels)
	}
	before := value[string](b, shown+".src")
	b.set("#strength", 1)
	b.until("another look", fmt.Sprintf("%s?.src !== %q && !%s.matches('.stale')", shown, before, shown))
	if _, looks, _ := c.numbers(); *c.look(looks - 1).Options.Strength != 1 {
		t.Errorf("the last of %d looks has the strength %v, expected 1", looks, *c.look(looks - 1).Options.Strength)
	}
	_, looks, _ := c.numbers()
	b.do("document.querySelector('.chip input').click()")
	b.until("photo", "!"+shown)
	b.set("#strength", 0)
	b.run(chromedp.Reload())
	b.until("switch that is off", "document.querySelector('.chip input')?.checked === false")
	if _, now, _ := c.numbers(); now != looks {
		t.Errorf("%d looks, expected %d: no more once they are off", now, looks)
	}
	b.do("document.querySelector('.chip input').click()")
	b.until("look", shown+"?.naturalWidth > 0")
	f.eventually("nothing is left of the looks", func() bool {
		_, looks, deleted := c.numbers()
		return looks == deleted
	})
	b.quiet()
}

// TestOldLooksAreCancelled: a change while a look is painted cancels that one.
func TestOldLooksAreCancelled(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f, c := newCounter(t, paintUntil(release))
	b := browse(t, f, false)
	b.compose(example(t, "photos/castle.jpg"))
	f.eventually("a look is painted", func() bool { _, looks, _ := c.numbers(); return looks == 1 })
	b.set("#strength", 1)
	f.eventually("it is cancelled, and another one is painted", func() bool {
		_, looks, deleted := c.numbers()
		return looks == 2 && deleted == 1
	})
	b.do("document.querySelector('.chip input').click()")
	f.eventually("that is cancelled, too", func() bool { _, _, deleted := c.numbers(); return deleted == 2 })
	close(release)
	b.quiet()
}

// TestVariations: a sheet of looks, of which one gives its settings to the draft.
func TestVariations(t *testing.T) {
	t.Parallel()
	f, c := newCounter(t, stubPaint)
	b := browse(t, f, false)
	b.compose(example(t, "photos/castle.jpg"))
	b.press("Variations")
	b.see("All 9 painted")
	b.accessible("variations")
	b.press("Bolder")
	b.until("no dialog", "!document.querySelector('dialog')")
	b.until("strength of the variation", "document.querySelector('#strength').value === '0.85'")
	b.until("its look", "document.querySelector('img[alt^=Quick]:not(.stale)')")
	arrived, release := make(chan struct{}, 16), make(chan struct{})
	c.set(func() {
		c.instead = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodGet && r.URL.Query().Has("wait") {
				select {
				case arrived <- struct{}{}:
				default:
				}
				select {
				case <-release:
				case <-r.Context().Done():
				}
			}
			return false
		}
	})
	b.press("Variations")
	<-arrived
	b.run(chromedp.KeyEvent(kb.Escape))
	b.until("no dialog", "!document.querySelector('dialog')")
	close(release)
	f.eventually("nothing is left of the looks", func() bool {
		_, looks, deleted := c.numbers()
		return looks == deleted
	})
	if _, looks, _ := c.numbers(); looks > 12 {
		t.Errorf("%d looks, expected that Escape ends them", looks)
	}
	if n, _, _ := c.numbers(); n != 0 {
		t.Errorf("variations made %d paintings", n)
	}
	b.quiet()
}

// TestPresets: settings are kept under a name, and come back after a reload.
func TestPresets(t *testing.T) {
	t.Parallel()
	f, _ := newCounter(t, stubPaint)
	b := browse(t, f, false)
	b.empty()
	b.set("#strength", 0.9)
	b.choose("recipe", "nnst")
	b.do("document.querySelector('details').open = true")
	b.run(chromedp.SendKeys("details form input", "Soft watercolour"+kb.Enter))
	b.until("preset", "document.querySelector('details li .use')?.innerText === 'Soft watercolour'")
	b.set("#strength", 0.1)
	b.choose("recipe", "fine")
	b.run(chromedp.Reload())
	b.until("page", "document.querySelector('#strength')")
	b.do("document.querySelector('details').open = true")
	b.until("preset after a reload", "document.querySelector('details li .use:enabled')")
	b.press("Soft watercolour")
	b.until("its settings", "document.querySelector('#strength').value === '0.9' && document.querySelector('input[name=recipe][value=nnst]').checked")
	b.do("document.querySelector('details li .quiet').click()")
	b.until("no preset", "!document.querySelector('details li')")
	b.quiet()
}

// TestPanelFits: nothing of the panel is out of reach, and the bar leaves room in low
// windows.
func TestPanelFits(t *testing.T) {
	t.Parallel()
	f, c := newCounter(t, stubPaint)
	c.estimate = minutes
	b := browse(t, f, false)
	b.run(chromedp.EmulateViewport(1280, 720))
	b.empty()
	const dead = "Math.max(0, document.documentElement.scrollHeight - Math.max(innerHeight, ...[...document.querySelectorAll('main *, footer')].filter((e) => !e.closest('.compose')).map((e) => e.getBoundingClientRect().bottom + scrollY)))"
	if d := value[float64](b, dead); d > 20 {
		t.Errorf("%v px of the page show nothing", d)
	}
	b.compose(example(t, "photos/castle.jpg"))
	const inSight = "(() => { const r = document.querySelector('.go').getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight })()"
	b.until("button in sight", inSight)
	b.until("panel that scrolls to its end", "(() => { const c = document.querySelector('.compose'); c.scrollTo(0, 1e6); return c.scrollTop + c.clientHeight >= c.scrollHeight - 1 })()")
	b.shot("desk")
	b.do("document.querySelector('details').open = true")
	b.do("document.querySelector('details').scrollIntoView()")
	b.shot("desk-more")
	b.run(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	b.until("button in sight on a phone", "getComputedStyle(document.querySelector('.go')).position === 'fixed' && "+inSight)
	b.until("page as wide as the phone", "document.documentElement.scrollWidth <= innerWidth")
	b.shot("phone")
	b.do("document.querySelector('#strength').scrollIntoView()")
	b.shot("phone-more")
	b.run(chromedp.EmulateViewport(844, 390, chromedp.EmulateMobile, chromedp.EmulateTouch))
	b.until("bar that covers nothing", "getComputedStyle(document.querySelector('.go')).position === 'static'")
	b.run(chromedp.EmulateViewport(195, 422))
	b.until("panel as wide as a phone at 200 %", "document.querySelector('.compose').scrollWidth <= innerWidth")
	b.quiet()
}
