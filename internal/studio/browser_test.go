package studio_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/examples"
	"github.com/pastiche-art/pastiche/internal/studio"
)

const (
	// axe checks accessibility; 'npm ci' in web brings it.
	axe = "web/node_modules/axe-core/axe.min.js"
	// patience is how long a page may take for one thing.
	patience = time.Minute
)

// chromium is the program that shows the windows of all tests.
var chromium program

// program is a browser that starts when a test needs it and runs until stop.
type program struct {
	once    sync.Once
	running context.Context
	err     error
	stops   []func()
}

func (p *program) start() (context.Context, error) {
	p.once.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.WSURLReadTimeout(patience))
		for _, flag := range []string{"no-sandbox", "disable-gpu", "disable-quic", "disable-component-update"} {
			options = append(options, chromedp.Flag(flag, true))
		}
		allocated, release := chromedp.NewExecAllocator(context.Background(), options...)
		running, shut := chromedp.NewContext(allocated)
		p.running, p.err = running, chromedp.Do(running)
		p.stops = []func(){func() { _ = chromedp.Cancel(running) }, shut, release}
	})
	return p.running, p.err
}

func (p *program) stop() {
	for _, stop := range p.stops {
		stop()
	}
}

// browser is a window on the page of a server, with cookies and storage of its own.
type browser struct {
	context.Context
	t *testing.T
	f *fixture

	mu       sync.Mutex
	requests []string
	errors   []string
}

// browse opens a window of a phone or a desk.
func browse(t *testing.T, f *fixture, phone bool) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("painting in a browser takes a while")
	}
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("there is no chromium: on Debian, apt-get install chromium")
	}
	if _, err := os.Stat(axe); err != nil {
		t.Skipf("there is no %s: run npm ci in web", axe)
	}
	running, err := chromium.start()
	if err != nil {
		t.Fatal(err)
	}
	window, shut := chromedp.NewContext(running, chromedp.WithNewBrowserContext())
	t.Cleanup(func() {
		if err := chromedp.Cancel(window); err != nil {
			t.Log(err)
		}
		shut()
	})
	b := tab(window, t, f)
	if phone {
		b.run(chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2), chromedp.EmulateMobile, chromedp.EmulateTouch))
	}
	b.run(chromedp.Navigate(f.URL))
	return b
}

// tab opens a tab of a window.
func tab(window context.Context, t *testing.T, f *fixture) *browser {
	t.Helper()
	b := &browser{Context: window, t: t, f: f}
	// The first step opens the tab, which lives as long as the context of that step.
	if err := errors.Join(chromedp.Do(window, chromedp.EmulateViewport(1440, 900)), chromedp.Listen(window, b.hear)); err != nil {
		t.Fatal(err)
	}
	// The windows of other tests do not take the focus away.
	if _, err := chromedp.Call(window, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	return b
}

// hear notes what the page asks for and complains about.
func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.errors = append(b.errors, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// quiet fails where the page asked elsewhere or complained.
func (b *browser) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, url := range b.requests {
		if !strings.HasPrefix(url, b.f.URL) && !strings.HasPrefix(url, "blob:"+b.f.URL) {
			b.t.Errorf("the page asked for %s", url)
		}
	}
	for _, text := range b.errors {
		b.t.Errorf("the page complained: %s", text)
	}
}

func (b *browser) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	patient, cancel := context.WithTimeout(b, patience)
	defer cancel()
	if err := chromedp.Do(patient, steps...); err != nil {
		b.shot("failed")
		b.t.Fatalf("%v; the page says:\n%s", err, value[string](b, "document.body?.innerText"))
	}
}

// value returns what an expression is.
func value[T any](b *browser, expression string, options ...chromedp.EvaluateOption) T {
	b.t.Helper()
	v, err := chromedp.Run(b, chromedp.Evaluate[T](expression, options...))
	if err != nil {
		b.shot("failed")
		b.t.Fatalf("%.200s: %v", expression, err)
	}
	return v
}

// do evaluates an expression for what it does.
func (b *browser) do(expression string) {
	b.t.Helper()
	b.run(chromedp.Evaluate[chromedp.Void](expression))
}

// shot keeps a picture of the window where somebody wants to look at it.
func (b *browser) shot(name string) {
	dir := os.Getenv("PASTICHE_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(b.t.Name(), "/", "-")+"-"+name+".png"), png, 0o600)
	}
	if err != nil {
		b.t.Log(err)
	}
}

// until waits for an expression to be true.
func (b *browser) until(what, expression string) {
	b.t.Helper()
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if value[bool](b, "Boolean("+expression+")") {
			return
		}
		if time.Since(begun) > patience {
			b.shot("waiting")
			b.t.Fatalf("no %s; the page says:\n%s", what, value[string](b, "document.body.innerText"))
		}
	}
}

func (b *browser) see(text string) {
	b.t.Helper()
	b.until(text, fmt.Sprintf("document.body?.innerText.includes(%q)", text))
}

// empty waits for the page without a photo, when it has loaded all that it needs.
func (b *browser) empty() {
	b.t.Helper()
	b.until("page without a photo", "document.querySelector('main[aria-busy=false]')?.innerText.includes('Start with a photo')")
}

// drop drops files onto a place, as a file manager does.
func (b *browser) drop(x, y float64, files ...string) {
	b.t.Helper()
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: files, DragOperationsMask: 1}
	for _, kind := range []input.DispatchDragEventType{"dragEnter", "dragOver", "drop"} {
		if _, err := chromedp.Call(b, input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: x, Y: y, Data: data}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// reach presses Tab until what a selector says has the focus.
func (b *browser) reach(selector string) {
	b.t.Helper()
	for range 80 {
		b.run(chromedp.KeyEvent(kb.Tab))
		if value[bool](b, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			return
		}
	}
	b.t.Fatalf("Tab does not reach %s", selector)
}

// choose presses a radio button.
func (b *browser) choose(name, value string) {
	b.t.Helper()
	b.do(fmt.Sprintf("document.querySelector('input[name=%s][value=\"%s\"]').click()", name, value))
}

// painted waits for a painting.
func (b *browser) painted() {
	b.t.Helper()
	b.see("Finished")
	b.until("painting", "document.querySelector('.both img')?.naturalWidth > 0")
}

// press clicks the button that says something.
func (b *browser) press(text string) {
	b.t.Helper()
	b.do(fmt.Sprintf("[...document.querySelectorAll('button')].find((b) => b.innerText === %q).click()", text))
}

// accessible holds the page as it is against axe's rules, in light and dark.
func (b *browser) accessible(state string) {
	b.t.Helper()
	script, err := os.ReadFile(axe)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, scheme := range []string{"light", "dark"} {
		_, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		if err != nil {
			b.t.Fatal(err)
		}
		b.do(string(script))
		b.shot(state + "-" + scheme)
		text := value[string](b, `axe.run().then((r) => JSON.stringify({
			passed: r.passes.length, violations: r.violations.map((v) => [v.id, v.help, v.nodes.map((n) => n.html)]),
		}))`, chromedp.EvalAwaitPromise)
		var found struct {
			Passed     int
			Violations [][]any
		}
		if err := json.Unmarshal([]byte(text), &found); err != nil || found.Passed < 10 {
			b.t.Fatalf("axe passed %d rules, expected more: %v", found.Passed, err)
		}
		for _, v := range found.Violations {
			b.t.Errorf("axe, %s, %s: %v", state, scheme, v)
		}
	}
}

// kept waits until the browser keeps a draft d that is as a condition says.
func (b *browser) kept(condition string) {
	b.t.Helper()
	script := `new Promise((resolve, reject) => {
		const opening = indexedDB.open('pastiche')
		opening.onerror = () => reject(opening.error)
		opening.onsuccess = () => {
			const asking = opening.result.transaction('draft').objectStore('draft').get(sessionStorage.getItem('draft') ?? '')
			asking.onsuccess = () => { const d = asking.result; opening.result.close(); resolve(Boolean(` + condition + `)) }
		}
	})`
	for begun := time.Now(); !value[bool](b, script, chromedp.EvalAwaitPromise); time.Sleep(50 * time.Millisecond) {
		if time.Since(begun) > patience {
			b.t.Fatalf("the draft is not kept: %s", condition)
		}
	}
}

func example(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSomebodyPaints(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true})
	b := browse(t, f, false)
	b.empty()
	b.accessible("empty")
	b.drop(400, 400, example(t, "photos/castle.jpg"), example(t, "paintings/river.jpg"))
	b.until("photo", "document.querySelector('img.hung')?.naturalWidth > 0")
	b.until("painting of one's own", "document.querySelector('.style input[value^=own]')?.checked")
	b.press("Protect areas")
	box := value[[]float64](b, "(() => { const r = document.querySelector('.canvas').getBoundingClientRect(); return [r.x, r.y, r.width, r.height] })()")
	b.run(chromedp.MouseClickXY(box[0]+box[2]/2, box[1]+box[3]/2))
	b.accessible("brush")
	// One that lasts, however fast the machine is, shows previews that change; how
	// often depends on what else the machine does.
	b.choose("size", "1024")
	b.choose("effort", "2")
	b.run(chromedp.Click(".go button"))
	const live = "document.querySelector('img.live')?.src"
	b.until("preview", live+"?.includes('/preview')")
	first := value[string](b, live)
	b.until("another preview", fmt.Sprintf("%s?.includes('/preview') && %s !== %q", live, live, first))
	b.press("Stop")
	b.see("Stopped")
	b.run(chromedp.Click("nav .new"))
	b.choose("size", "256")
	b.choose("effort", "0.5")
	b.run(chromedp.Click(".go button"))
	b.painted()
	b.accessible("finished")
	b.run(chromedp.Reload())
	b.see("Finished")
	b.until("painting after a reload", "document.querySelector('.both img')?.naturalWidth === 256")
	b.until("history of both", "document.querySelectorAll('nav li img').length === 2")
	b.quiet()
}

func TestDraftSurvivesAReload(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	b.empty()
	b.drop(400, 400, example(t, "photos/castle.jpg"), example(t, "paintings/river.jpg"))
	b.until("painting of one's own", "document.querySelector('.style input[value^=own]')?.checked")
	b.press("Protect areas")
	box := value[[]float64](b, "(() => { const r = document.querySelector('.canvas').getBoundingClientRect(); return [r.x, r.y, r.width, r.height] })()")
	b.run(chromedp.MouseClickXY(box[0]+box[2]/2, box[1]+box[3]/2))
	b.choose("size", "256")
	b.do("document.querySelector('.faces input').click()")
	b.kept("d && d.photo && d.layers.length === 1 && d.own[0].chosen && d.settings.size === 256 && !d.settings.faces")
	b.run(chromedp.Reload())
	b.until("photo after a reload", "document.querySelector('img.hung')?.naturalWidth > 0")
	b.until("painting of one's own after a reload", "document.querySelector('.style input[value^=own]')?.checked")
	if value[bool](b, "!document.querySelector('input[name=size][value=\"256\"]').checked") {
		t.Error("the size is another after a reload")
	}
	if value[bool](b, "document.querySelector('.faces input').checked") {
		t.Error("faces are kept after a reload")
	}
	b.kept("d && d.layers.length === 1")
	b.accessible("composed")
	b.press("Start over")
	b.empty()
	b.kept("d && !d.photo && d.own.length === 0 && d.examples.length === 1")
	b.run(chromedp.Reload())
	b.empty()
	b.until("examples, the first of which is chosen", "document.querySelectorAll('.style').length === "+strconv.Itoa(min(11, len(examples.Paintings())))+
		" && document.querySelectorAll('.style input:checked').length === 1 && document.querySelector('.style input').checked")
	b.quiet()
}

// TestPageSaysWhatIsWrong brings what is no picture, stops a painting, and lets the
// server go.
func TestPageSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, true)
	b.empty()
	folder := t.TempDir()
	for name, data := range map[string][]byte{"text.jpg": []byte("no picture"), "drawing.svg": []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), "dot.png": pngOf(drawing(1, 1))} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		b.run(chromedp.SetUploadFiles(".empty input[multiple]", []string{path}))
		b.until("complaint about "+name, fmt.Sprintf("document.querySelector('[role=alert]')?.innerText.startsWith(%q)", name))
	}
	b.accessible("refused")
	b.drop(100, 400, example(t, "photos/castle.jpg"), example(t, "paintings/river.jpg"))
	b.until("painting of one's own", "document.querySelector('.style input[value^=own]')?.checked")
	b.until("end of the complaint", "!document.querySelector('[role=alert]')")
	b.run(chromedp.Click(".go button"))
	b.see("In line")
	b.until("focus on what is said", "document.activeElement.id === 'about'")
	b.until("photo", "document.querySelector('img.live')?.naturalWidth > 0")
	b.press("Stop")
	b.see("Stopped")
	b.until("photo", "document.querySelector('img.live')?.naturalWidth > 0")
	b.accessible("stopped")
	b.quiet()
	f.CloseClientConnections()
	f.Close()
	b.see("Connection lost")
	b.until("announcement", "document.querySelector('[role=status]').innerText.startsWith('Connection lost')")
	b.accessible("away")
}

// TestPageSaysWhatAPictureLost: what a job's pictures lost stands beside it.
func TestPageSaysWhatAPictureLost(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, true)
	b.empty()
	const headerEnd = 8 + 25
	codes := []byte("cICP\x0a\x11\x00\x01") // of a cinema's film, which is not understood
	chunk := binary.BigEndian.AppendUint32(append([]byte{0, 0, 0, 4}, codes...), crc32.ChecksumIEEE(codes))
	photo := filepath.Join(t.TempDir(), "film.png")
	if err := os.WriteFile(photo, slices.Insert(pngOf(drawing(64, 48)), headerEnd, chunk...), 0o600); err != nil {
		t.Fatal(err)
	}
	b.drop(100, 400, photo, example(t, "paintings/river.jpg"))
	b.until("painting of one's own", "document.querySelector('.style input[value^=own]')?.checked")
	b.run(chromedp.Click(".go button"))
	b.see("The photo: its colours are described by code points that are not understood (CICP 10/17/0): its colours are taken for sRGB")
	b.accessible("warned")
	b.press("Stop")
	b.see("Stopped")
	b.quiet()
}

func TestSomebodyPaintsOnAPhone(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true})
	b := browse(t, f, true)
	b.empty()
	b.run(chromedp.SetUploadFiles("input[capture]", []string{example(t, "photos/cat.jpg")}))
	b.until("photo", "document.querySelector('img.hung')?.naturalWidth > 0")
	b.do("document.querySelector('.style input').click()")
	b.choose("size", "256")
	b.choose("effort", "0.5")
	b.see("Balanced: the style’s shapes")
	b.do("(() => { const s = document.querySelector('#strength'); s.value = 1; s.dispatchEvent(new Event('input')); s.scrollIntoView({ block: 'center' }) })()")
	b.see("Bold: the style comes first")
	b.accessible("composed")
	if value[bool](b, "document.documentElement.scrollWidth > innerWidth") {
		t.Error("the page is wider than the phone")
	}
	b.run(chromedp.Click(".go button"))
	b.see("Being painted")
	b.accessible("running")
	b.painted()
	b.do("document.querySelector('.facts summary').click()")
	b.see("Bold, 100 %")
	b.quiet()
}

func TestSomebodyPaintsWithTheKeyboardAlone(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: paintBriefly})
	b := browse(t, f, false)
	b.empty()
	b.reach(".empty li button")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.until("photo", "document.querySelector('img.hung')?.naturalWidth > 0")
	b.reach(".style input")
	b.run(chromedp.KeyEvent(" "))
	b.until("painting", "document.querySelector('.style input').checked")
	b.reach("input[name=size]")
	b.run(chromedp.KeyEvent(kb.ArrowLeft))
	b.until("size", "document.querySelector('input[name=size][value=\"256\"]').checked")
	b.reach("summary")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.reach("input[name=effort]")
	b.run(chromedp.KeyEvent(kb.ArrowLeft))
	b.reach(".go button")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.painted()
	b.reach("input[type=range]")
	for range 3 {
		b.run(chromedp.KeyEvent(kb.ArrowRight))
	}
	b.until("comparison", "document.querySelector('.both input').value === '3'")
	b.reach("a[download]")
	b.quiet()
}

func TestSomebodyComesInWithAKey(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{Config: studio.Config{Keys: keysOf(t, "alice")}})
	f.key = aliceKey
	var j api.Job
	f.decode(f.submit("", quick()...), http.StatusCreated, &j)
	b := browse(t, f, false)
	b.see("Enter your access key.")
	b.accessible("locked")
	b.signIn()
	b.empty()
	b.until("job of the key", "document.querySelector('nav li img')?.naturalWidth > 0")
	b.run(chromedp.Reload())
	b.see("Your paintings")
	if value[bool](b, "document.cookie !== '' || Object.values(localStorage).some((v) => v.includes('alice'))") {
		t.Error("a script can read the key")
	}
	b.drop(400, 400, example(t, "photos/castle.jpg"), example(t, "paintings/river.jpg"))
	b.until("painting of one's own", "document.querySelector('.style input[value^=own]')?.checked")
	if _, err := chromedp.Call(b, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Click(".go button"))
	b.see("You were signed out")
	b.accessible("ended")
	b.signIn()
	b.until("photo of the draft", "document.querySelector('img.hung')?.naturalWidth > 0")
	b.run(chromedp.Click(".go button"))
	b.see("In line")
}

// signIn enters the key of alice.
func (b *browser) signIn() {
	b.t.Helper()
	b.reach("#key")
	b.run(chromedp.KeyEvent(aliceKey), chromedp.KeyEvent(kb.Enter))
}

// gate stands before a server, as a proxy does. It may answer in the server's place.
type gate struct {
	*httptest.Server
	handler http.Handler
	instead atomic.Pointer[http.HandlerFunc]
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := g.instead.Load(); h != nil && strings.HasPrefix(r.URL.Path, "/api/") {
		(*h)(w, r)
		return
	}
	g.handler.ServeHTTP(w, r)
}

// newGate returns a server, and a gate at its URL.
func newGate(t *testing.T, s setup) (*fixture, *gate) {
	t.Helper()
	g := &gate{}
	g.Server = httptest.NewUnstartedServer(g)
	s.Hosts = append(s.Hosts, g.Listener.Addr().String())
	f := newServer(t, s)
	g.handler = f.handler
	g.Start()
	t.Cleanup(func() {
		g.CloseClientConnections()
		g.Close()
	})
	f.URL = g.URL
	return f, g
}

// TestPageComesBack checks that the events come back after answers of a proxy and
// of a server that is busy.
func TestPageComesBack(t *testing.T) {
	t.Parallel()
	f, g := newGate(t, setup{})
	f.decode(f.submit("", quick()...), http.StatusCreated, nil)
	b := browse(t, f, false)
	b.until("job", "document.querySelectorAll('nav li img').length === 1")
	for i, status := range []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusForbidden} {
		refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
		})
		g.instead.Store(&refuse)
		g.CloseClientConnections()
		b.until(fmt.Sprintf("word of the status %d", status), "document.querySelector('.offline')")
		g.instead.Store(nil)
		f.decode(f.submit("", quick()...), http.StatusCreated, nil)
		b.until(fmt.Sprintf("job that is submitted after the status %d", status), fmt.Sprintf("document.querySelectorAll('nav li img').length === %d", i+2))
		b.until("end of the trouble", "!document.querySelector('.offline')")
	}
}

// TestLostAnswerMakesOnePainting checks that a job is submitted once where the answer
// to its submission is lost.
func TestLostAnswerMakesOnePainting(t *testing.T) {
	t.Parallel()
	f, g := newGate(t, setup{})
	b := browse(t, f, false)
	b.empty()
	b.drop(400, 400, example(t, "photos/castle.jpg"), example(t, "paintings/river.jpg"))
	b.until("painting of one's own", "document.querySelector('.style input[value^=own]')?.checked")
	var submissions atomic.Int32
	lose := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/jobs") && submissions.Add(1) <= 2 {
			g.handler.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		g.handler.ServeHTTP(w, r)
	})
	g.instead.Store(&lose)
	b.run(chromedp.Click(".go button"))
	b.see("In line")
	b.see("In line: next.")
	b.see("No worker is connected.")
	var list api.List
	f.decode(f.do(f.request(http.MethodGet, "/jobs", nil)), http.StatusOK, &list)
	if len(list.Jobs) != 1 || submissions.Load() != 3 {
		t.Errorf("%d submissions made %d jobs, expected 3 to make 1", submissions.Load(), len(list.Jobs))
	}
	b.run(chromedp.Click("nav .new"))
	b.run(chromedp.Click(".go button"))
	b.until("another painting", "document.querySelectorAll('nav li img').length === 2")
}

// TestPaintLikeThisAgain checks that a job that is painted again from the page has
// the pictures and options of the first, also those that the page does not show.
func TestPaintLikeThisAgain(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: stubPaint})
	ramp := image.NewGray(image.Rect(0, 0, 48, 32)) // softer than the brush
	rest := image.NewGray(ramp.Rect)
	for i := range ramp.Pix {
		ramp.Pix[i] = uint8(i % 48 * 5)
		rest.Pix[i] = 255 - ramp.Pix[i]
	}
	var first api.Job
	f.decode(f.submit("",
		part{"content", pngOf(drawing(48, 32))}, part{"style", pngOf(drawing(40, 40))}, part{"style", pngOf(drawing(50, 40))},
		part{"mask", pngOf(rest)}, part{"mask", pngOf(ramp)}, part{"style_mask", pngOf(drawing(40, 40))}, part{"keep", pngOf(ramp)}, part{"init", pngOf(drawing(48, 32))},
		part{"options", []byte(`{"recipe":{"name":"classic","size":48,"iterations":7,"init":"picture","content_weight":3},"strength":0.3,"seed":9,"style_scales":[1,0.5]}`)},
	), http.StatusCreated, &first)
	f.finished(first.ID)
	b := browse(t, f, false)
	b.see("Your paintings")
	b.run(chromedp.Click("nav li:nth-child(2) a"))
	b.see("Finished")
	b.accessible("stub")
	b.press("Edit and repaint")
	b.until("photo", "document.querySelector('img.hung')?.naturalWidth === 48")
	b.accessible("again")
	b.kept("d?.photo?.source && d.lent && d.taken")
	b.run(chromedp.Reload())
	b.until("photo after a reload", "document.querySelector('img.hung')?.naturalWidth === 48")
	b.run(chromedp.Click(".go button"))
	b.until("another painting", "document.querySelectorAll('nav li img').length === 2")
	var list api.List
	f.decode(f.do(f.request(http.MethodGet, "/jobs", nil)), http.StatusOK, &list)
	if len(list.Jobs) != 2 {
		t.Fatalf("%d jobs, expected 2", len(list.Jobs))
	}
	for _, j := range list.Jobs {
		if diff := cmp.Diff(first.Options, j.Options); diff != "" {
			t.Errorf("options (-first +again):\n%s", diff)
		}
		if len(j.Inputs) != len(first.Inputs) {
			t.Fatalf("inputs %v, expected %v", j.Inputs, first.Inputs)
		}
		for i, in := range j.Inputs {
			if before := first.Inputs[slices.IndexFunc(first.Inputs, func(other api.Input) bool { return other.Role == in.Role && other.Number == in.Number })]; in.SHA256 != before.SHA256 {
				t.Errorf("input %d, %s %d, is another picture", i, in.Role, in.Number)
			}
		}
	}
	b.quiet()
}
