package studio_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

// named is a quick job whose pictures have names.
func named() []part {
	return append(quick(), part{"labels", []byte(`{"photo":"castle.jpg","style":"The Starry Night"}`)})
}

// order submits a job and returns it.
func (f *fixture) order(parts ...part) *api.Job {
	f.t.Helper()
	var j api.Job
	f.decode(f.submit("", parts...), http.StatusCreated, &j)
	return &j
}

// visit opens the page of a painting.
func (b *browser) visit(address string) {
	b.t.Helper()
	b.run(chromedp.Navigate(b.f.URL+"/#"+address), chromedp.Reload())
}

// focused waits until what a selector says has the focus.
func (b *browser) focused(selector string) {
	b.t.Helper()
	b.until("focus on "+selector, fmt.Sprintf("document.activeElement.matches(%q)", selector))
}

// button focuses the button that says something, and presses it by the keyboard.
func (b *browser) button(text string) {
	b.t.Helper()
	b.until("button "+text, fmt.Sprintf("[...document.querySelectorAll('main button')].find((b) => b.innerText === %q && !b.disabled)", text))
	b.do(fmt.Sprintf("[...document.querySelectorAll('main button')].find((b) => b.innerText === %q).focus()", text))
	b.run(chromedp.KeyEvent(kb.Enter))
}

// catchFiles makes the page remember the files that it saves in place of saving them.
func (b *browser) catchFiles() {
	b.t.Helper()
	b.do(`(() => {
		const { createObjectURL } = URL
		URL.createObjectURL = (file) => { window.saved = file; return createObjectURL.call(URL, file) }
		const link = HTMLAnchorElement.prototype
		const { click: follow } = link
		link.click = function () { if (this.download) window.savedName = this.download; else follow.call(this) }
	})()`)
}

// savedPixel returns a pixel of the file that the page saved, and its size.
func (b *browser) savedPixel(x, y int) []int {
	b.t.Helper()
	b.until("file", "window.savedName")
	return value[[]int](b, fmt.Sprintf(`createImageBitmap(window.saved).then((picture) => {
		const canvas = document.createElement('canvas')
		canvas.width = picture.width
		canvas.height = picture.height
		const context = canvas.getContext('2d')
		context.drawImage(picture, 0, 0)
		return [...context.getImageData(%d, %d, 1, 1).data].slice(0, 3).concat(picture.width, picture.height)
	})`, x, y), chromedp.EvalAwaitPromise)
}

// TestFinishedPainting checks what the page says of a finished painting, and the order
// in which it offers things.
func TestFinishedPainting(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: stubPaint})
	j := f.finished(f.order(named()...).ID)
	b := browse(t, f, false)
	b.visit(j.ID)
	b.see("Castle, after The Starry Night")
	b.see("Finished today")
	b.see("48 × 32 pixels")
	b.see("Kept until")
	const order = `[...document.querySelectorAll('.details h2, .details .kept, .details .download, .details .larger, .details .actions, .details .story, .details .facts')].map((e) => e.tagName === 'H2' ? 'title' : e.classList[0]).join()`
	if found := value[string](b, order); found != "title,kept,download,larger,actions,story,facts" {
		t.Errorf("the page offers %s", found)
	}
	if value[bool](b, "document.querySelector('.facts').open || document.querySelector('.facts dl').checkVisibility()") {
		t.Error("the details are open")
	}
	b.do("document.querySelector('.facts summary').click()")
	b.see("Seed")
	b.see("Balanced, 50 %")
	b.do("document.querySelector('.code summary').click()")
	b.see("pastiche paint photo.png style.png \\\n  -o painting.png \\\n  --recipe classic")
	if value[bool](b, "document.querySelector('.details').scrollWidth > document.querySelector('.details').clientWidth") {
		t.Error("the details are wider than their place")
	}
	b.accessible("details")
	b.do("document.querySelector('.facts summary').click()")

	b.do("document.querySelector('.download .more').focus()")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.see("WebP")
	b.accessible("downloads")
	b.run(chromedp.KeyEvent(kb.Escape))
	b.focused(".download .more")
	if value[bool](b, "document.querySelector('#files').checkVisibility()") {
		t.Error("Escape leaves the list of files open")
	}
	links := value[[]string](b, "[...document.querySelectorAll('#files a')].map((a) => a.getAttribute('href'))")
	for i, suffix := range []string{"png", "jpg", "webp"} {
		answer := f.do(f.request(http.MethodGet, strings.TrimPrefix(links[i], "/api/v1"), nil))
		if name := answer.Header.Get("Content-Disposition"); answer.StatusCode != http.StatusOK || !strings.Contains(name, "castle-after-the-starry-night-48."+suffix) {
			t.Errorf("%s: status %d, %s", links[i], answer.StatusCode, name)
		}
	}
	b.quiet()
}

// TestFinishedPaintingIsEdited gives a painting a title and a star, keeps it, and
// shares it.
func TestFinishedPaintingIsEdited(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: stubPaint, job: job.Config{Retention: 2 * time.Hour}})
	j := f.finished(f.order(named()...).ID)
	b := browse(t, f, false)
	b.visit(j.ID)
	b.see("Kept until")
	b.until("warning that it is deleted soon", "document.querySelector('.kept.soon')")
	b.accessible("soon")
	b.do("document.querySelector('[aria-label=Rename]').focus()")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.focused("#title")
	b.accessible("renaming")
	b.run(chromedp.KeyEvent("For Anna"), chromedp.KeyEvent(kb.Enter))
	b.until("title", "document.querySelector('h2#about').innerText === 'For Anna'")
	b.focused("[aria-label=Rename]")
	b.do("document.querySelector('[aria-label=Favourite]').click()")
	b.until("star", "document.querySelector('[aria-label=Favourite]').ariaPressed === 'true'")
	b.until("name of the file", "document.querySelector('a[download]').download === 'for-anna-48.png'")

	b.button("Share a link")
	b.see("the link works on this machine only")
	b.until("link", "document.querySelector('#link')?.value.startsWith(location.origin + '/p/')")
	if answer, err := f.Client().Get(value[string](b, "document.querySelector('#link').value")); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("the shared page: %v %v", answer, err)
	} else {
		answer.Body.Close()
	}
	b.accessible("shared")
	b.button("Stop sharing")
	b.until("end of the link", "!document.querySelector('#link')")
	b.focused("#about")

	b.do("document.querySelector('.kept button').focus()")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.until("painting that is kept", "!document.querySelector('.kept.soon') && !document.querySelector('.kept button')")
	b.focused("#about")
	b.quiet()
}

// TestFocusStaysWhilePaintingGoesOn checks that the heading is the same element in every
// state, and that it gets the focus where the button that was pressed is gone.
func TestFocusStaysWhilePaintingGoesOn(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f := newServer(t, setup{worker: true, paint: paintUntil(release)})
	first := f.order(named()...)
	second := f.order(named()...)
	b := browse(t, f, false)
	b.visit(second.ID)
	b.see("In line: next.")
	b.accessible("queued")
	b.do("document.querySelector('#about').focus(); document.querySelector('#about').first = true")
	b.visit(first.ID)
	b.see("Being painted")
	b.button("Stop")
	b.see("Stopped")
	b.focused("#about")
	b.button("Paint again")
	b.see("In line")
	b.focused("#about")
	b.visit(second.ID)
	b.see("Being painted")
	b.do("document.querySelector('#about').focus(); document.querySelector('#about').first = true")
	close(release)
	b.see("Finished")
	b.focused("#about")
	if !value[bool](b, "document.activeElement.first") {
		t.Error("the heading is another element after the painting was finished")
	}
	b.quiet()
}

// TestDeletionCanBeUndone deletes a painting, takes that back, and deletes it again by
// leaving the page.
func TestDeletionCanBeUndone(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: stubPaint})
	j := f.finished(f.order(named()...).ID)
	b := browse(t, f, false)
	b.visit(j.ID)
	b.see("Finished")
	b.button("Delete")
	b.empty()
	b.focused("#main")
	b.until("empty history", "!document.querySelector('nav li img')")
	b.press("Undo")
	b.see("Finished")
	b.until("painting in the history", "document.querySelector('nav li img')")
	b.button("Delete")
	b.empty()
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID, nil)), http.StatusOK, nil)
	b.run(chromedp.Navigate("about:blank"))
	f.eventually("the painting is deleted", func() bool {
		answer := f.do(f.request(http.MethodGet, "/jobs/"+j.ID, nil))
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusNotFound
	})
}

// TestOnlyItsOwnPictureIsShown looks at a painting whose file takes long to load: its
// small copy is shown, and nothing of the painting that was looked at before.
func TestOnlyItsOwnPictureIsShown(t *testing.T) {
	t.Parallel()
	f, g := newGate(t, setup{worker: true, paint: stubPaint})
	first := f.finished(f.order(named()...).ID)
	second := f.finished(f.order(named()...).ID)
	b := browse(t, f, false)
	b.visit(first.ID)
	b.until("first painting", "document.querySelector('.both img.loaded')")
	b.do("(() => { const s = document.querySelector('.both input'); s.value = 40; s.dispatchEvent(new Event('input')) })()")
	release := make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/jobs/"+second.ID+"/result" {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
		g.handler.ServeHTTP(w, r)
	})
	g.instead.Store(&slow)
	b.do(fmt.Sprintf("location.hash = %q", second.ID))
	b.until("small copy", fmt.Sprintf("document.querySelector('.both img.small')?.src.includes(%q)", second.ID))
	if value[bool](b, fmt.Sprintf("[...document.querySelectorAll('main .stage img, main .details img')].some((i) => i.src.includes(%q))", first.ID)) {
		t.Error("something of the first painting is shown with the second one")
	}
	if share := value[string](b, "document.querySelector('.both input').value"); share != "0" {
		t.Errorf("the slider of the first painting is carried over: %s", share)
	}
	close(release)
	b.until("second painting", "document.querySelector('.both img.loaded') && !document.querySelector('.both img.small')")
	b.quiet()
}

// flat is a picture of one colour.
func flat(w, h int, c color.Color) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, c)
		}
	}
	return m
}

// TestPhotoIsMixedIn compares a painting with its photo, and saves both beside each
// other and a mix, whose pixels were computed by hand.
func TestPhotoIsMixedIn(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: stubPaint}) // which paints 128, 128, 128
	j := f.finished(f.order(
		part{"content", pngOf(flat(300, 200, color.RGBA{200, 100, 0, 255}))}, part{"style", jpegOf(drawing(40, 40))},
		part{"options", []byte(`{"recipe":{"name":"classic","size":300,"iterations":4}}`)},
		part{"labels", []byte(`{"photo":"castle","style":"River"}`)}).ID)
	b := browse(t, f, false)
	b.visit(j.ID)
	b.until("painting", "document.querySelector('.both img.loaded')")
	box := value[[]float64](b, "(() => { const r = document.querySelector('.both').getBoundingClientRect(); return [r.x, r.y, r.width, r.height] })()")
	if box[2] > 600 {
		t.Errorf("a painting of 300 pixels is shown %g pixels wide, expected at most 600", box[2])
	}
	b.see("shown 2×")
	handle := value[[]float64](b, "(() => { const r = document.querySelector('.handle').getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()")
	for _, e := range []struct {
		kind input.DispatchMouseEventType
		x    float64
	}{{"mousePressed", handle[0]}, {"mouseMoved", box[0] + box[2]/2}, {"mouseReleased", box[0] + box[2]/2}} {
		if _, err := chromedp.Call(b, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: e.kind, X: e.x, Y: handle[1], Button: "left", Buttons: 1, ClickCount: 1}); err != nil {
			t.Fatal(err)
		}
	}
	b.until("slider in the middle", "document.querySelector('.both input').value === '50'")
	b.accessible("compared")

	b.catchFiles()
	b.do("document.querySelector('.download .more').click()")
	b.do("document.querySelector('#files button').click()")
	if p := b.savedPixel(150, 100); p[3] != 606 || p[4] != 200 {
		t.Errorf("before and after: %v, expected 606 x 200 pixels", p)
	}
	if name := value[string](b, "window.savedName"); name != "castle-after-river-before-and-after-300.jpg" {
		t.Errorf("the file is called %s", name)
	}

	b.choose("view", "mix")
	b.see("How much of the photo")
	b.do("(() => { const s = document.querySelector('#share'); s.value = 50; s.dispatchEvent(new Event('input')) })()")
	b.accessible("mixed")
	for mode, want := range map[string][]int{
		"normal": {164, 114, 64},
		// The photo's luminosity is 0.3 * 200 + 0.59 * 100 = 119: 9 is added to each of
		// its levels, and half of the way there from 128.
		"colour": {169, 119, 69},
		"light":  {124, 124, 124},
	} {
		b.choose("mode", mode)
		b.do("window.savedName = ''")
		b.press("Download this mix")
		got := b.savedPixel(10, 10)
		for i, level := range want {
			if d := got[i] - level; d < -1 || d > 1 {
				t.Errorf("%s: %v, expected %v", mode, got, want)
				break
			}
		}
		b.until("end of saving", "![...document.querySelectorAll('button')].some((b) => b.disabled && b.innerText.includes('file'))")
	}
	b.choose("view", "beside")
	b.until("both", "document.querySelectorAll('.beside img.loaded').length === 2")
	b.accessible("beside")
	b.choose("view", "slide")
	b.do("document.querySelector('.hold').focus()")
	b.until("photo while a key is held", `(document.querySelector('.hold').dispatchEvent(new KeyboardEvent('keydown', { key: ' ', bubbles: true })), document.querySelector('.over'))`)
	b.do("document.querySelector('.hold').dispatchEvent(new KeyboardEvent('keyup', { key: ' ', bubbles: true }))")
	b.until("painting again", "!document.querySelector('.over')")
	b.quiet()
}

// TestFingersOnAPainting checks on a phone that a swipe over the picture scrolls the page
// and that a long press is about the painting.
func TestFingersOnAPainting(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: stubPaint})
	j := f.finished(f.order(
		part{"content", pngOf(drawing(400, 300))}, part{"style", jpegOf(drawing(40, 40))},
		part{"options", []byte(`{"recipe":{"name":"classic","size":400,"iterations":4}}`)}).ID)
	b := browse(t, f, true)
	b.visit(j.ID)
	b.until("painting", "document.querySelector('.both img.loaded')")
	middle := value[[]float64](b, "(() => { const r = document.querySelector('.both').getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()")
	if !value[bool](b, fmt.Sprintf("document.elementFromPoint(%g, %g).matches('img[src$=\"/result\"]')", middle[0], middle[1])) {
		t.Error("something lies over the painting")
	}
	touch := func(kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
		if _, err := chromedp.Call(b, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: append([]*input.TouchPoint{}, points...)}); err != nil {
			t.Fatal(err)
		}
	}
	touch("touchStart", &input.TouchPoint{X: middle[0], Y: middle[1]})
	for moved := 10.0; moved <= 120; moved += 10 {
		touch("touchMove", &input.TouchPoint{X: middle[0], Y: middle[1] - moved})
	}
	touch("touchEnd")
	b.until("scrolled page", "scrollY > 20")
	if share := value[string](b, "document.querySelector('.both input').value"); share != "0" {
		t.Errorf("the swipe moved the slider to %s", share)
	}
	if value[bool](b, "document.documentElement.scrollWidth > innerWidth") {
		t.Error("the page is wider than the phone")
	}
	b.accessible("phone")
	b.quiet()
}

// lasting is a job that is painted until it is stopped.
func lasting() []part {
	return []part{
		{"content", pngOf(drawing(64, 48))}, {"style", jpegOf(drawing(40, 40))},
		{"options", []byte(`{"recipe":{"name":"classic","size":64,"iterations":100000},"seed":3}`)},
		{"labels", []byte(`{"photo":"castle.jpg","style":"River"}`)},
	}
}

// TestStoppedPaintingGoesOn stops a painting and goes on from what was painted. While
// the server is away, nothing looks alive.
func TestStoppedPaintingGoesOn(t *testing.T) {
	t.Parallel()
	f, g := newGate(t, setup{worker: true})
	j := f.order(lasting()...)
	b := browse(t, f, false)
	b.visit(j.ID)
	b.see("64 × 48 pixels")
	b.until("preview", "document.querySelector('img.live')?.src.includes('/preview')")
	b.accessible("running")
	away := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	g.instead.Store(&away)
	g.CloseClientConnections()
	b.see("Was being painted when the connection was lost")
	b.until("bar that is not alive", "document.querySelector('.progress.lost')")
	b.accessible("lost")
	g.instead.Store(nil)
	b.see("Being painted")
	b.button("Stop")
	b.see("Stopped at step")
	b.focused("#about")
	b.accessible("stopped")
	b.button("Go on from here")
	b.until("another painting", fmt.Sprintf("location.hash.length > 1 && location.hash !== '#%s'", j.ID))
	b.see("Being painted")
	b.focused("#about")
	var next api.Job
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+strings.TrimPrefix(value[string](b, "location.hash"), "#"), nil)), http.StatusOK, &next)
	if next.Options.Recipe["init"] != "picture" || next.Labels["photo"] != "castle.jpg" || !hasRole(&next, api.Init) {
		t.Errorf("%v, %v", next.Options.Recipe["init"], next.Labels)
	}
	b.button("Stop")
	b.see("Stopped")
}

func hasRole(j *api.Job, role api.Role) bool {
	for _, in := range j.Inputs {
		if in.Role == role {
			return true
		}
	}
	return false
}

// TestMakeItLarger paints really: a larger painting is one of the same pictures that
// begins with the smaller one and resembles it.
func TestMakeItLarger(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true})
	mask := flat(96, 64, color.Gray{255})
	j := f.finished(f.order(
		part{"content", pngOf(drawing(96, 64))}, part{"style", jpegOf(drawing(64, 64))}, part{"mask", pngOf(mask)},
		part{"options", []byte(`{"recipe":{"name":"fine","size":96,"iterations":6,"first_iterations":6,"first_size":64},"strength":0.7,"seed":3}`)},
		part{"labels", []byte(`{"photo":"castle.jpg","style":"River","favourite":"yes"}`)}).ID)
	b := browse(t, f, false)
	b.visit(j.ID)
	b.see("Make it larger")
	b.until("size", "[...document.querySelectorAll('.larger button')].some((b) => b.innerText.startsWith('192 px'))")
	b.accessible("larger")
	b.do("[...document.querySelectorAll('.larger button')].find((b) => b.innerText.startsWith('192 px')).click()")
	b.see("192 × 128 pixels")
	b.see("Castle, after River")
	b.focused("#about")
	next := f.finished(strings.TrimPrefix(value[string](b, "location.hash"), "#"))
	for _, role := range []api.Role{api.Content, api.Style, api.Mask, api.Init} {
		if !hasRole(next, role) {
			t.Errorf("the larger painting has no %s", role)
		}
	}
	if next.Labels["favourite"] != "" || next.Options.Strength == nil || *next.Options.Strength != 0.7 || next.Options.Seed != 3 {
		t.Errorf("labels %v, options %+v", next.Labels, next.Options)
	}
	small, large := f.painting(j), f.painting(next)
	if d := difference(small, large); d > 40 {
		t.Errorf("the larger painting differs by %.0f levels from the smaller one, expected the same composition", d)
	}
	b.quiet()
}

// painting returns the picture of a finished job.
func (f *fixture) painting(j *api.Job) image.Image {
	f.t.Helper()
	answer := f.do(f.request(http.MethodGet, "/jobs/"+j.ID+"/result", nil))
	var data bytes.Buffer
	if _, err := data.ReadFrom(answer.Body); err != nil {
		f.t.Fatal(err)
	}
	m, _, err := image.Decode(&data)
	if err != nil {
		f.t.Fatal(err)
	}
	return m
}

// difference returns the mean difference of green between a picture and one of twice its
// size, over blocks of 8 pixels of the first, in levels.
func difference(small, large image.Image) float64 {
	const block = 8
	mean := func(m image.Image, x, y, side int) float64 {
		sum := 0.0
		for dy := range side {
			for dx := range side {
				_, g, _, _ := m.At(x+dx, y+dy).RGBA()
				sum += float64(g >> 8)
			}
		}
		return sum / float64(side*side)
	}
	sum, n := 0.0, 0
	for y := 0; y+block <= small.Bounds().Dy(); y += block {
		for x := 0; x+block <= small.Bounds().Dx(); x += block {
			d := mean(small, x, y, block) - mean(large, 2*x, 2*y, 2*block)
			sum += max(d, -d)
			n++
		}
	}
	return sum / float64(n)
}

// TestTwoPaintingsAreCompared shows two paintings beside each other and under a slider.
func TestTwoPaintingsAreCompared(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: stubPaint})
	drawn := func(w, h int, strength float64) string {
		return f.finished(f.order(
			part{"content", pngOf(drawing(w, h))}, part{"style", jpegOf(drawing(40, 40))},
			part{"options", fmt.Appendf(nil, `{"recipe":{"name":"classic","size":%d,"iterations":4},"strength":%g}`, w, strength)},
			part{"labels", fmt.Appendf(nil, `{"title":"Painting of %d"}`, w)}).ID).ID
	}
	first, second := drawn(900, 600, 0.2), drawn(1200, 800, 1)
	b := browse(t, f, false)
	b.visit(first + "+" + second)
	b.until("both", "document.querySelectorAll('.pair img.loaded').length === 2")
	b.see("What differs")
	b.see("Subtle, 20 %")
	b.see("Bold, 100 %")
	b.accessible("side by side")
	b.do("[...document.querySelectorAll('input[name=zoom]')][1].click()")
	b.do("document.querySelectorAll('.pane')[0].scrollTo(120, 60)")
	b.until("same place in both", "document.querySelectorAll('.pane')[1].scrollLeft === 120 && document.querySelectorAll('.pane')[1].scrollTop === 60")
	b.accessible("whole")
	b.do("[...document.querySelectorAll('input[name=zoom]')][0].click()")
	b.do("[...document.querySelectorAll('input[name=how]')][1].click()")
	b.until("slider", "document.querySelector('.pair .both input')")
	b.accessible("one slider")
	b.visit(first + "+nothing")
	b.see("This painting no longer exists.")
}

// TestPicturesAreUsedAgain takes the photo and the style of a painting into the draft.
func TestPicturesAreUsedAgain(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: stubPaint})
	j := f.finished(f.order(named()...).ID)
	b := browse(t, f, false)
	b.visit(j.ID)
	b.see("Painted from")
	b.do("document.querySelectorAll('.story button')[0].click()")
	b.until("photo", "document.querySelector('img.hung')?.naturalWidth === 48")
	b.focused("#main")
	b.visit(j.ID)
	b.see("Painted from")
	b.do("document.querySelectorAll('.story button')[1].click()")
	b.until("style", "document.querySelector('.style input')?.checked")
	b.quiet()
}
