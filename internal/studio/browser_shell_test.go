package studio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio"
	"github.com/pastiche-art/pastiche/paint"
)

// named submits a job with labels, such as its title.
func (f *fixture) named(labels map[string]string) string {
	f.t.Helper()
	text, err := json.Marshal(labels)
	if err != nil {
		f.t.Fatal(err)
	}
	var j api.Job
	f.decode(f.submit("", append(quick(), part{"labels", text})...), http.StatusCreated, &j)
	return j.ID
}

// titled submits a job with a title and waits until it is finished.
func (f *fixture) titled(title string) string {
	f.t.Helper()
	id := f.named(map[string]string{"title": title})
	f.finished(id)
	return id
}

// another opens a tab of the same browser.
func (b *browser) another() *browser {
	b.t.Helper()
	window, shut := chromedp.NewContext(b.Context)
	b.t.Cleanup(shut)
	other := tab(window, b.t, b.f)
	other.run(chromedp.Navigate(b.f.URL))
	return other
}

// before runs a script ahead of those of every page that the tab opens from now on.
func (b *browser) before(script string) {
	b.t.Helper()
	if _, err := chromedp.Call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}); err != nil {
		b.t.Fatal(err)
	}
}

// inView sets whether the page believes that somebody sees it.
func (b *browser) inView(seen bool) {
	b.t.Helper()
	b.do(fmt.Sprintf("Object.defineProperty(document, 'hidden', { configurable: true, get: () => %v }); document.dispatchEvent(new Event('visibilitychange'))", !seen))
}

// follow clicks the link that is called so.
func (b *browser) follow(name string) {
	b.t.Helper()
	b.until("link "+name, fmt.Sprintf("[...document.querySelectorAll('a')].find((a) => (a.ariaLabel ?? a.innerText).startsWith(%q))", name))
	b.do(fmt.Sprintf("[...document.querySelectorAll('a')].find((a) => (a.ariaLabel ?? a.innerText).startsWith(%q)).click()", name))
}

// titles is an expression for the titles that the history shows.
const titles = "[...document.querySelectorAll('.all .name')].filter((n) => n.checkVisibility()).map((n) => n.innerText).join()"

// painterOf returns a way to paint that fails for one size, so that tests have failed
// paintings, too.
func painterOf(failing int) paintFunc {
	return func(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error) {
		if in.Content.Bounds().Dx() == failing {
			return nil, fmt.Errorf("a picture %d pixels wide", failing)
		}
		return stubPaint(ctx, in, opts)
	}
}

// TestPageFollowsItsAddress checks links, Back and Forward, titles, and links to
// paintings that do not exist.
func TestPageFollowsItsAddress(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: stubPaint})
	castle, cat := f.titled("Castle"), f.titled("Cat")
	b := browse(t, f, false)
	b.see("Your paintings")
	b.follow("Castle, finished")
	b.until("title", "document.title === 'Castle · pastiche'")
	b.until("focus on what is shown", "document.activeElement.id === 'about'")
	b.follow("Cat, finished")
	b.until("title", "document.title === 'Cat · pastiche'")
	b.follow("All 2")
	b.until("title", "document.title === 'Your paintings · pastiche'")
	b.do("history.back()")
	b.until("address of the cat", fmt.Sprintf("location.hash === '#%s' && document.title === 'Cat · pastiche'", cat))
	b.do("history.back()")
	b.until("title", "document.title === 'Castle · pastiche'")
	b.do("history.back()")
	b.until("page to compose", "document.title === 'pastiche' && document.querySelector('.easel')")
	b.do("history.forward()")
	b.until("title", "document.title === 'Castle · pastiche'")
	b.do("location.hash = '" + castle + "+" + cat + "'")
	b.until("two paintings", "document.title === 'Castle and Cat · pastiche'")
	b.do("location.hash = 'nothing'")
	b.see("This painting no longer exists.")
	b.accessible("gone")
	b.do("location.hash = '" + castle + "'")
	b.until("title", "document.title === 'Castle · pastiche'")
	f.decode(f.do(f.request(http.MethodDelete, "/jobs/"+castle, nil)), http.StatusNoContent, nil)
	b.see("This painting no longer exists.")
	// The link that skips to the content does not lead elsewhere.
	b.do("document.querySelector('.skip').click()")
	b.until("focus on the content", "document.activeElement.id === 'main'")
	if hash := value[string](b, "location.hash"); hash != "#"+castle {
		t.Errorf("the address is %s", hash)
	}
	b.mu.Lock() // the browser notes that nothing was found
	b.errors = nil
	b.mu.Unlock()
}

// TestHistoryLoadsPages checks that paintings beyond the first page of the list are
// shown, by their addresses and by scrolling.
func TestHistoryLoadsPages(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: stubPaint})
	const paintings = 105
	var ids []string
	for i := range paintings {
		ids = append(ids, f.named(map[string]string{"title": fmt.Sprintf("Painting %03d", i)}))
	}
	for _, id := range ids {
		f.finished(id)
	}
	b := browse(t, f, false)
	b.see(fmt.Sprintf("All %d", paintings))
	if n := value[int](b, "document.querySelectorAll('nav li .tile').length"); n != 8 {
		t.Errorf("the strip has %d paintings, expected the last 8", n)
	}
	b.run(chromedp.Navigate(f.URL+"/#"+ids[0]), chromedp.Reload())
	b.until("old painting", "document.title === 'Painting 000 · pastiche' && document.querySelector('#about')")
	b.do("location.hash = 'all'")
	b.until("first page", "document.querySelectorAll('.all li').length === 100")
	b.do("scrollTo(0, 1e6)")
	b.until("all paintings", fmt.Sprintf("document.querySelectorAll('.all li').length === %d", paintings))
	// Whoever comes back finds the same place again.
	top := value[int](b, "scrollY")
	b.do("document.querySelector('.all li:last-child .tile').click()")
	b.until("painting", "document.querySelector('.wall')")
	b.do("history.back()")
	b.until("same place", fmt.Sprintf("document.querySelector('.all') && Math.abs(scrollY - %d) < 50", top))
	// A search finds what is on pages that are not loaded yet.
	b.run(chromedp.Reload())
	b.until("first page", "document.querySelectorAll('.all li').length >= 100")
	b.do("(() => { const s = document.querySelector('[type=search]'); s.value = '000'; s.dispatchEvent(new Event('input')) })()")
	b.until("what is searched for", titles+" === 'Painting 000'")
	b.quiet()
}

// TestHistory finds, selects, compares and deletes paintings.
func TestHistory(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f, g := newGate(t, setup{worker: true, paint: func(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error) {
		if opts.Recipe != nil && opts.Recipe.Iterations == 5 {
			return paintUntil(release)(ctx, in, opts)
		}
		return painterOf(47)(ctx, in, opts)
	}})
	defer close(release)
	var failed api.Job
	f.decode(f.submit("", part{"content", pngOf(drawing(47, 32))}, part{"style", pngOf(drawing(40, 40))}, part{"labels", []byte(`{"title":"Bad luck"}`)}), http.StatusCreated, &failed)
	f.finished(failed.ID)
	boat, castle, cat := f.titled("Boat"), f.titled("Castle"), f.titled("Cat")
	f.finished(f.named(map[string]string{"title": "Dog", "favourite": "yes"}))
	var running api.Job
	f.decode(f.submit("", part{"content", pngOf(drawing(48, 32))}, part{"style", pngOf(drawing(40, 40))},
		part{"options", []byte(`{"recipe":{"name":"classic","size":48,"iterations":5}}`)}, part{"labels", []byte(`{"title":"Eagle"}`)}), http.StatusCreated, &running)

	b := browse(t, f, false)
	b.follow("All 6")
	b.until("all but the failed one", titles+" === 'Eagle,Dog,Cat,Castle,Boat'")
	b.see("Today")
	b.see("1 stopped or failed")
	b.accessible("history")
	b.choose("filter", "favourites")
	b.until("favourites", titles+" === 'Dog'")
	b.choose("filter", "progress")
	b.until("what is being painted", titles+" === 'Eagle'")
	b.choose("filter", "all")

	var starred atomic.Value
	change := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPatch {
			g.handler.ServeHTTP(w, r)
			return
		}
		var c api.Change
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			t.Error(err)
		}
		starred.Store(r.URL.Path + " " + c.Labels["favourite"])
		j := f.finished(cat)
		j.Labels["favourite"] = "yes"
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(j) //nolint:errcheck // the page says so
	})
	g.instead.Store(&change)
	b.do("document.querySelector('[aria-label=\"Favourite: Cat\"]').click()")
	b.until("star", "document.querySelector('[aria-label=\"Favourite: Cat\"]').ariaPressed === 'true'")
	if got, want := starred.Load(), "/api/v1/jobs/"+cat+" yes"; got != want {
		t.Errorf("changed %v, expected %s", got, want)
	}
	g.instead.Store(nil)

	// Two are compared, a range is selected with Shift.
	b.press("Select")
	b.run(chromedp.Click("[aria-label='Select Cat']"), chromedp.Click("[aria-label='Select Castle']"))
	b.accessible("selecting")
	b.press("Compare")
	b.until("comparison", fmt.Sprintf("location.hash === '#%s+%s'", cat, castle))
	b.do("history.back()")
	b.until("history", titles+" === 'Eagle,Dog,Cat,Castle,Boat'")
	b.press("Select")
	b.run(chromedp.Click("[aria-label='Select Cat']"))
	b.do("document.querySelector('[aria-label=\"Select Boat\"]').dispatchEvent(new MouseEvent('click', { shiftKey: true, bubbles: true }))")
	b.see("3 selected")

	// What is deleted comes back by Undo. Without that, it is gone when the notice is.
	b.press("Delete")
	b.until("what is left", titles+" === 'Eagle,Dog'")
	b.see("3 paintings are deleted.")
	b.press("Undo")
	b.until("what came back", titles+" === 'Eagle,Dog,Cat,Castle,Boat'")
	b.press("Select")
	b.run(chromedp.Click("[aria-label='Select Cat']"))
	b.press("Delete")
	b.see("“Cat” is deleted.")
	b.press("Close")
	f.eventually("the cat is deleted", func() bool { return f.status("/jobs/"+cat) == http.StatusNotFound })
	// One that is deleted as the page is left is gone, too.
	b.press("Select")
	b.run(chromedp.Click("[aria-label='Select Boat']"))
	b.press("Delete")
	b.see("“Boat” is deleted.")
	if f.status("/jobs/"+boat) != http.StatusOK {
		t.Error("the boat is deleted while it could come back")
	}
	b.run(chromedp.Navigate("about:blank"))
	f.eventually("the boat is deleted", func() bool { return f.status("/jobs/"+boat) == http.StatusNotFound })
}

// status returns the status of a path.
func (f *fixture) status(path string) int {
	f.t.Helper()
	answer := f.do(f.request(http.MethodGet, path, nil))
	answer.Body.Close()
	return answer.StatusCode
}

// TestHistoryFitsAPhone checks the history and the strip on a phone, and where a page is
// enlarged to 200 %.
func TestHistoryFitsAPhone(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: stubPaint})
	for i := range 9 {
		f.titled(fmt.Sprintf("Averyveryveryverylongnamewithoutanyspace%d", i))
	}
	b := browse(t, f, true)
	b.until("strip", "document.querySelectorAll('nav li').length === 10")
	b.shot("strip")
	if value[bool](b, "document.querySelector('nav ul').scrollWidth > document.querySelector('nav ul').clientWidth") {
		t.Error("the strip has to be scrolled sideways")
	}
	b.do("location.hash = 'all'")
	b.until("history", "document.querySelectorAll('.all li').length === 9")
	b.press("Select")
	b.accessible("phone")
	for _, width := range []int64{390, 320, 195} {
		b.run(chromedp.EmulateViewport(width, 256))
		if is := value[int64](b, "document.documentElement.scrollWidth"); is > width {
			t.Errorf("the history is %d pixels wide in a window of %d", is, width)
		}
		b.shot(fmt.Sprint(width))
	}
	b.quiet()
}

// TestManyTabs checks that one tab holds the stream of events for all, so that more tabs
// than a browser has connections show what happens, and that another holds it later.
func TestManyTabs(t *testing.T) {
	t.Parallel()
	f, g := newGate(t, setup{})
	var open, most atomic.Int32
	count := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			most.Store(max(most.Load(), open.Add(1)))
			defer open.Add(-1)
		}
		g.handler.ServeHTTP(w, r)
	})
	g.instead.Store(&count)
	b := browse(t, f, false)
	b.empty()
	var tabs []*browser
	for range 7 {
		tabs = append(tabs, b.another())
	}
	for _, tab := range tabs {
		tab.empty()
	}
	f.named(map[string]string{"title": "Castle"})
	for _, tab := range append(tabs, b) {
		tab.until("painting", "document.querySelector('[aria-label=\"Castle, waiting\"]')")
	}
	if most.Load() != 1 {
		t.Errorf("up to %d streams of events were open, expected 1", most.Load())
	}
	b.run(chromedp.Navigate("about:blank")) // the tab with the stream
	f.eventually("another tab holds the stream", func() bool { return open.Load() == 1 })
	f.named(map[string]string{"title": "Cat"})
	for _, tab := range tabs {
		tab.until("painting", "document.querySelector('[aria-label=\"Cat, waiting\"]')")
	}
}

// TestPageLoadsWhatItCan checks that what the server fails to answer once is asked for
// again, and keeps nothing else from working.
func TestPageLoadsWhatItCan(t *testing.T) {
	t.Parallel()
	f, g := newGate(t, setup{})
	f.named(map[string]string{"title": "Castle"})
	var failed atomic.Int32
	var release atomic.Bool
	fail := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Base(r.URL.Path)
		first := (name == "session" || name == "jobs") && failed.Add(1) <= 2
		if first || name == "examples" && !release.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		g.handler.ServeHTTP(w, r)
	})
	g.instead.Store(&fail)
	b := browse(t, f, false)
	b.until("painting", "document.querySelector('[aria-label=\"Castle, waiting\"]')")
	b.until("methods", "document.querySelectorAll('input[name=recipe]').length > 1")
	b.until("trouble", "document.querySelector('.offline')")
	b.drop(400, 400, example(t, "photos/castle.jpg"), example(t, "paintings/river.jpg"))
	b.until("painting of one's own", "document.querySelector('.style input[value^=own]')?.checked")
	b.kept("d && d.own.length === 1")
	release.Store(true)
	b.until("examples", "document.querySelectorAll('.style').length > 2 && !document.querySelector('.offline')")
	b.until("painting of one's own", "document.querySelector('.style input[value^=own]')?.checked")
	b.run(chromedp.Click(".go button"))
	b.until("painting", "document.querySelectorAll('nav li .tile').length === 2")
}

// TestPageLoadsAtOnce checks that the parts of the page do not wait for one another.
func TestPageLoadsAtOnce(t *testing.T) {
	t.Parallel()
	f, g := newGate(t, setup{})
	var asked sync.WaitGroup
	asked.Add(3)
	var counted sync.Map
	all := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Base(r.URL.Path)
		if name == "session" || name == "recipes" || name == "examples" {
			if _, again := counted.LoadOrStore(name, true); !again {
				asked.Done()
			}
			asked.Wait()
		}
		g.handler.ServeHTTP(w, r)
	})
	g.instead.Store(&all)
	b := browse(t, f, false)
	b.until("page", "document.querySelectorAll('input[name=recipe]').length > 1 && document.querySelectorAll('.style').length > 1")
	b.until("fonts that are asked for early", "document.querySelectorAll('link[rel=preload][as=font]').length === 2")
	b.quiet()
}

// TestPageWithoutStorage checks the page where the browser stores nothing.
func TestPageWithoutStorage(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	b.before("for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError') } })")
	b.run(chromedp.Reload())
	b.empty()
	b.choose("theme", "dark")
	b.until("dark page", "document.documentElement.dataset.theme === 'dark'")
	b.quiet()
}

// TestTheme checks that light and dark are chosen by the keyboard, and stay.
func TestTheme(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	b.empty()
	b.reach("input[name=theme]")
	b.run(chromedp.KeyEvent(kb.ArrowRight))
	b.until("light page", "document.documentElement.dataset.theme === 'light'")
	b.run(chromedp.KeyEvent(kb.ArrowRight))
	b.until("dark page", "document.documentElement.dataset.theme === 'dark'")
	b.run(chromedp.Reload())
	b.until("dark page after a reload", "document.documentElement.dataset.theme === 'dark' && document.querySelector('[name=theme][value=dark]').checked")
	b.quiet()
}

// TestForcedColours checks that what is chosen is marked where the system sets all
// colours.
func TestForcedColours(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: stubPaint})
	f.titled("Castle")
	b := browse(t, f, false)
	b.follow("Castle")
	b.until("painting", "document.querySelector('.tile[aria-current=page]')")
	_, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}}})
	if err != nil {
		t.Fatal(err)
	}
	marked := func(selector string) {
		t.Helper()
		b.until("outline of "+selector, fmt.Sprintf("(() => { const s = getComputedStyle(document.querySelector(%q)); return s.outlineStyle === 'solid' && parseFloat(s.outlineWidth) >= 3 })()", selector))
	}
	marked(".tile[aria-current=page]")
	if style := value[string](b, "getComputedStyle(document.querySelector('label:has([name=theme]:not(:checked))')).outlineStyle"); style != "none" {
		t.Errorf("what is not chosen has an outline, too: %s", style)
	}
	marked("label:has([name=theme]:checked)")
	b.shot("painting")
	b.do("location.hash = ''")
	marked("label:has([name=size]:checked)")
	b.shot("compose")
	b.do("location.hash = 'all'")
	marked("label:has([name=filter]:checked)")
	b.shot("history")
}

// TestPageHasNoDeadEnd checks that there is nothing below the end of the page.
func TestPageHasNoDeadEnd(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	b.empty()
	b.run(chromedp.EmulateViewport(1280, 720))
	b.until("page that ends with its content", `(() => {
		const ends = [...document.querySelectorAll('footer, .panel')].map((e) => e.getBoundingClientRect().bottom + scrollY)
		return document.documentElement.scrollHeight <= Math.ceil(Math.max(innerHeight, ...ends)) + 1
	})()`)
	b.until("page of one window", "document.documentElement.scrollHeight <= innerHeight + 8")
	b.shot("empty")
}

// TestNoticeIsInReach checks notices of long names, and that the keyboard reaches them.
func TestNoticeIsInReach(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	b.empty()
	file := filepath.Join(t.TempDir(), strings.Repeat("x", 180)+".png")
	if err := os.WriteFile(file, []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	inside := "(() => { const r = document.querySelector('.notice button').getBoundingClientRect(); return r.left >= 0 && r.right <= innerWidth && r.bottom <= innerHeight && r.top >= 0 })()"
	for _, width := range []int64{1440, 390, 195} {
		b.run(chromedp.EmulateViewport(width, 844), chromedp.Reload())
		b.empty()
		b.run(chromedp.SetUploadFiles(".empty input[type=file]", []string{file}))
		b.until("complaint", "document.querySelector('[role=alert].notice')")
		if !value[bool](b, inside) {
			t.Errorf("the button of the notice is out of a window of %d", width)
		}
		b.shot(fmt.Sprint(width))
	}
	b.run(chromedp.EmulateViewport(1440, 900))
	b.do("document.querySelector('.ways input').focus()")
	b.run(chromedp.KeyEvent(kb.F6))
	b.until("focus on the notice", "document.activeElement.innerText === 'Close'")
	b.accessible("notice")
	b.run(chromedp.KeyEvent(kb.Escape))
	b.until("end of the notice", "!document.querySelector('.notice')")
	b.until("focus where it was", "document.activeElement.matches('.ways input')")
	b.quiet()
}

// TestSignIn checks the form for the key, and that other tabs follow who signs in and
// out.
func TestSignIn(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{Config: studio.Config{Keys: keysOf(t, "alice")}})
	b := browse(t, f, false)
	b.see("Enter your access key.")
	other := b.another()
	other.see("Enter your access key.")
	b.reach("#key")
	b.run(chromedp.KeyEvent("wrong-0123456789abcdef"), chromedp.KeyEvent(kb.Enter))
	b.until("word at the field", `(() => {
		const key = document.querySelector('#key')
		return key.getAttribute('aria-invalid') === 'true' && document.getElementById(key.getAttribute('aria-describedby')).innerText === 'That key is not right.' && document.activeElement === key
	})()`)
	b.accessible("wrong")
	b.do("document.querySelector('#key').value = ''")
	b.run(chromedp.KeyEvent(aliceKey), chromedp.KeyEvent(kb.Enter))
	b.empty()
	other.see("Start with a photo")
	b.drop(400, 400, example(t, "photos/castle.jpg"), example(t, "paintings/river.jpg"))
	b.until("painting of one's own", "document.querySelector('.style input[value^=own]')?.checked")
	b.choose("colors", "content")
	if _, err := chromedp.Call(b, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	b.do("document.querySelector('.go .primary')?.click()") // the page may have found out already
	b.see("You were signed out")
	b.signIn()
	b.until("photo of the draft", "document.querySelector('img.hung')?.naturalWidth > 0")
	b.run(chromedp.Click(".go button"))
	b.until("painting", "document.querySelector('.tile[aria-current=page]')")
	f.key = aliceKey
	if colors := f.only().Options.Recipe["colors"]; colors != "content" {
		t.Errorf("colours %v after signing in again, expected those that were chosen", colors)
	}
	b.press("Sign out")
	b.see("Enter your access key.")
	other.see("Enter your access key.")
}

// TestSendingLeavesThePageAlone checks that a painting that is sent while somebody looks
// at another one does not come in between.
func TestSendingLeavesThePageAlone(t *testing.T) {
	t.Parallel()
	f, g := newGate(t, setup{})
	f.named(map[string]string{"title": "Castle"})
	b := browse(t, f, false)
	b.empty()
	b.drop(400, 400, example(t, "photos/castle.jpg"), example(t, "paintings/river.jpg"))
	b.until("painting of one's own", "document.querySelector('.style input[value^=own]')?.checked")
	sending, release := make(chan struct{}, 9), make(chan struct{})
	hold := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/jobs") {
			sending <- struct{}{}
			<-release
		}
		g.handler.ServeHTTP(w, r)
	})
	g.instead.Store(&hold)
	b.run(chromedp.Click(".go button"))
	<-sending
	b.follow("Castle")
	b.until("other painting", "document.title === 'Castle · pastiche'")
	close(release)
	b.see("is in line.")
	if title := value[string](b, "document.title"); title != "Castle · pastiche" {
		t.Errorf("the page shows %s", title)
	}
	b.press("Show")
	b.until("painting that was sent", "document.title !== 'Castle · pastiche'")
	b.quiet()
}

// TestPageTellsWhatIsFinished checks the title and the icon of a tab that nobody looks
// at.
func TestPageTellsWhatIsFinished(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f := newServer(t, setup{worker: true, paint: paintUntil(release)})
	b := browse(t, f, false)
	b.before(`window.shown = []
	window.Notification = class {
		static permission = 'default'
		static async requestPermission() { return this.permission = 'granted' }
		constructor(title, options) { shown.push(title + ' ' + options.body) }
	}`)
	b.run(chromedp.Reload())
	b.empty()
	id := f.named(map[string]string{"title": "castle"})
	b.until("painting", "document.querySelector('.tile')")
	b.do("location.hash = '" + id + "'")
	b.see("Tell me when it is finished")
	b.accessible("running")
	b.run(chromedp.Click(".tell input"))
	b.until("leave to notify", "document.querySelector('.tell input').checked")
	b.inView(false)
	close(release)
	b.until("title", "document.title === 'Finished: castle'")
	b.until("notification", "shown.join() === 'Finished castle'")
	b.until("icon", "document.querySelector('link[rel=icon]').href.endsWith('/icon-finished.svg')")
	b.inView(true)
	b.until("title of the painting", "document.title === 'castle · pastiche'")
	b.until("icon", "document.querySelector('link[rel=icon]').href.endsWith('/icon.svg')")
	b.quiet()
}

// layouts returns how often the page was laid out.
func (b *browser) layouts() float64 {
	b.t.Helper()
	if _, err := chromedp.Call(b, performance.Enable, performance.EnableParams{}); err != nil {
		b.t.Fatal(err)
	}
	all, err := chromedp.Call(b, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, m := range all.Metrics {
		if m.Name == "LayoutCount" {
			return m.Value
		}
	}
	b.t.Fatal("the browser does not count layouts")
	return 0
}

// TestPaintingTabIsCalm checks the bar of a painting: it grows without moving anything
// else, downloads no previews out of view, and stops when the connection is lost.
func TestPaintingTabIsCalm(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f, g := newGate(t, setup{worker: true, paint: paintUntil(release)})
	defer close(release)
	id := f.named(map[string]string{"title": "Castle"})
	steps := make(chan int)
	var lost atomic.Bool
	var previews atomic.Int32
	stream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/preview"):
			previews.Add(1)
			w.WriteHeader(http.StatusNotFound)
		case !strings.HasSuffix(r.URL.Path, "/events"):
			g.handler.ServeHTTP(w, r)
		case lost.Load():
			w.WriteHeader(http.StatusBadGateway)
		default:
			fmt.Fprint(w, "event: ready\ndata: {}\n\n")
			for {
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
				select {
				case step := <-steps:
					p := api.Progress{Step: step, Steps: 100, Scale: 1, Scales: 1, Iteration: 1, Iterations: 1, Width: 8, Height: 8}
					if step%30 == 0 {
						p.Preview = fmt.Sprintf("/api/v1/jobs/%s/preview?step=%d", id, step)
					}
					data, err := json.Marshal(studio.ProgressEvent{ID: id, Progress: &p})
					if err != nil {
						t.Error(err)
					}
					fmt.Fprintf(w, "event: progress\ndata: %s\n\n", data)
				case <-r.Context().Done():
					return
				}
			}
		}
	})
	g.instead.Store(&stream)
	b := browse(t, f, false)
	f.eventually("the painting is begun", func() bool {
		var j api.Job
		f.decode(f.do(f.request(http.MethodGet, "/jobs/"+id, nil)), http.StatusOK, &j)
		return j.State == api.Running
	})
	b.until("bar", "document.querySelector('.tile .bar')")
	steps <- 30
	b.until("title", "document.title === '30 % · pastiche'")
	b.until("bar that is scaled", "document.querySelector('.tile .bar span').style.transform === 'scaleX(0.3)'")
	if value[bool](b, "document.querySelector('.tile .bar span').getAnimations().length > 0") {
		t.Error("the bar moves by itself")
	}
	before := b.layouts()
	for step := 31; step < 40; step++ {
		steps <- step
		b.until("bar", fmt.Sprintf("document.querySelector('.tile .bar span').style.transform === 'scaleX(0.%d)'", step))
	}
	if n := b.layouts() - before; n > 2 {
		t.Errorf("nine steps of a painting laid the page out %v times", n)
	}
	b.until("word of the quarter", "document.querySelector('[role=status]').innerText === 'Castle: 25 % painted.'")
	b.inView(false)
	f.eventually("a preview is loaded", func() bool { return previews.Load() > 0 })
	loaded := previews.Load()
	steps <- 60
	b.until("title", "document.title === '60 % · pastiche'")
	if n := previews.Load(); n != loaded {
		t.Errorf("%d previews were loaded out of view", n-loaded)
	}
	b.inView(true)
	f.eventually("the preview is loaded when somebody looks", func() bool { return previews.Load() > loaded })
	lost.Store(true)
	g.CloseClientConnections()
	b.until("word of the connection", "document.querySelector('.offline')?.innerText.startsWith('Connection lost')")
	b.until("bar that stands", "document.querySelector('.tile .bar.lost')")
	// A notice and the word of the connection do not cover each other.
	b.run(chromedp.SetUploadFiles(".empty input[multiple]", []string{"/dev/null"}))
	b.until("notice", "document.querySelector('.notice')")
	if value[bool](b, "document.querySelector('.notice').getBoundingClientRect().top < document.querySelector('.offline').getBoundingClientRect().bottom") {
		t.Error("the notice covers the word of the connection")
	}
	b.shot("lost")
}
