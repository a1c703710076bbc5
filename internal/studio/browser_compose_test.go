package studio_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/paint"
)

// written writes a file for a test, and returns its path.
func written(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// turned returns a JPEG that is meant to be seen turned by a quarter.
func turned(m image.Image) []byte {
	tiff := []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00")
	exif := append([]byte("Exif\x00\x00"), tiff...)
	marker := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(2+len(exif))) //nolint:gosec // 34
	return slices.Insert(jpegOf(m), 2, append(marker, exif...)...)
}

// box returns the middle of an element, and its width.
func (b *browser) box(selector string) (x, y, w float64) {
	b.t.Helper()
	r := value[[]float64](b, fmt.Sprintf("(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2, r.width] })()", selector))
	return r[0], r[1], r[2]
}

// hung waits for a photo of a name.
func (b *browser) hung(name string) {
	b.t.Helper()
	b.until("photo "+name, fmt.Sprintf("document.querySelector('img.hung')?.naturalWidth > 0 && document.querySelector('img.hung').alt === %q", "Your photo: "+name))
}

// chosen returns the names of the chosen styles.
func (b *browser) chosen() []string {
	b.t.Helper()
	return value[[]string](b, "[...document.querySelectorAll('.style input:checked')].map((i) => i.nextElementSibling.alt.split(',')[0])")
}

// brush opens the brush, with all its buttons.
func (b *browser) brush() {
	b.t.Helper()
	b.press("Protect areas")
	b.do("document.querySelector('.brush details').open = true")
}

// undo brings back what was removed.
func (b *browser) undo() {
	b.t.Helper()
	b.do("[...document.querySelectorAll('.notice button')].find((b) => b.innerText === 'Undo').click()")
}

// job returns the only job of a server.
func (f *fixture) only() api.Job {
	f.t.Helper()
	var list api.List
	f.decode(f.do(f.request(http.MethodGet, "/jobs", nil)), http.StatusOK, &list)
	if len(list.Jobs) != 1 {
		f.t.Fatalf("%d jobs, expected 1", len(list.Jobs))
	}
	return list.Jobs[0]
}

// TestFilesGoWhereTheyAreDropped drops pictures on the boxes that the page shows.
func TestFilesGoWhereTheyAreDropped(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	b.empty()
	x, y, w := b.box(".empty")
	right := x + w/2 - 20
	b.drop(right, y, example(t, "photos/castle.jpg"))
	b.hung("Castle")

	// Two styles leave the photo, and both are chosen.
	x, y, _ = b.box("[data-drop=style]")
	b.drop(x, y, example(t, "paintings/river.jpg"), example(t, "paintings/poppies.jpg"))
	b.until("two styles", "document.querySelectorAll('.style input[value^=own]:checked').length === 2")
	b.until("no other style", "document.querySelectorAll('.style input:checked').length === 2")
	b.hung("Castle")

	// A style that is there already is chosen, and not added.
	b.drop(x, y, example(t, "paintings/river.jpg"))
	b.until("end of the drop", "!document.querySelector('.veil')")
	b.do("document.querySelector('.several input').click()")
	b.drop(x, y, example(t, "paintings/river.jpg"))
	b.until("the river alone", "document.querySelectorAll('.style input:checked').length === 1 && document.querySelector('.style input:checked + img').alt === 'River, yours'")
	if n := value[int](b, "document.querySelectorAll('.style input[value^=own]').length"); n != 2 {
		t.Errorf("%d styles of one's own, expected 2", n)
	}

	// Bad files are named, and the others are taken.
	bad := written(t, "broken.jpg", []byte("no picture"))
	pdf := written(t, "notes.pdf", []byte("%PDF-1.7"))
	b.drop(x, y, example(t, "paintings/sunset.jpg"), bad, pdf, example(t, "paintings/harvest.jpg"))
	b.see("broken.jpg is damaged: it cannot be read as a picture.")
	b.see("notes.pdf is not a picture.")
	b.until("good files", "document.querySelectorAll('.style input[value^=own]').length === 4")
	b.accessible("dropped")

	// Another photo can be taken back.
	x, y, _ = b.box(".easel")
	b.drop(x, y, example(t, "photos/cat.jpg"))
	b.hung("Cat")
	b.see("The photo was changed.")
	b.undo()
	b.hung("Castle")
}

// TestPastedAddress pastes addresses of pictures, and a picture.
func TestPastedAddress(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	b.empty()
	paste := func(text string) {
		b.do(fmt.Sprintf("(() => { const d = new DataTransfer(); d.setData('text/plain', %q); document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: d, bubbles: true })) })()", text))
	}
	paste("https://example.com/cat.jpg")
	b.see("This page loads nothing from other sites.")
	paste(f.URL + "/healthz")
	b.see("There is no picture at this address.")
	paste(f.URL + "/examples/photos/cat.jpg")
	b.hung("Cat")
	b.do(`(async () => {
		const file = new File([await (await fetch('/examples/paintings/river.jpg')).blob()], 'river.jpg', { type: 'image/jpeg' })
		const d = new DataTransfer()
		d.items.add(file)
		document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: d, bubbles: true }))
	})()`)
	b.until("pasted style", "document.querySelector('.style input[value^=own]')?.checked")
	b.quiet()
}

// TestFirstVisit paints after one action, by an example and by a photo.
func TestFirstVisit(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	var list api.ExampleList
	f.decode(f.do(f.request(http.MethodGet, "/examples", nil)), http.StatusOK, &list)
	triple := list.Triples[1]
	title := func(file string) string {
		all := slices.Concat(list.Photos, list.Paintings)
		return all[slices.IndexFunc(all, func(e api.Example) bool { return e.File == file })].Title
	}
	b := browse(t, f, false)
	b.see("Turns your photo into a painting in the style of another.")
	b.until("example", "document.querySelector('.triples button')")
	b.see("Runs on this computer; nothing is sent elsewhere.")
	if got := b.chosen(); len(got) != 1 || got[0] != "The Starry Night" {
		t.Errorf("%q is chosen beforehand, expected The Starry Night", got)
	}
	b.accessible("first")
	b.do("document.querySelectorAll('.triples button')[1].click()")
	b.hung(title(triple.Photo))
	if got := b.chosen(); len(got) != 1 || !strings.HasPrefix(title(triple.Painting), got[0]) {
		t.Errorf("%q is chosen, expected the style of the example, %s", got, title(triple.Painting))
	}
	b.until("focus on the photo", "document.activeElement.id === 'easel'")
	b.press("Start over")
	b.until("examples", "document.querySelector('.photos button')")
	b.do("document.querySelector('.photos button').click()")
	b.hung(list.Photos[0].Title)
	b.run(chromedp.Click(".go button"))
	b.see("In line")
	if colors, sent := f.only().Options.Recipe["colors"]; sent && colors != string(paint.Fine().Colors) {
		t.Errorf("colours %q, expected those of fine", colors)
	}
	if j := f.only(); j.Labels["photo"] != list.Photos[0].Title || j.Labels["style"] != "The Starry Night" {
		t.Errorf("labels %v, expected the names of the photo and the style", j.Labels)
	}
	b.quiet()
}

// TestUploadsAreAsSmallAsUseful checks which pictures the server gets.
func TestUploadsAreAsSmallAsUseful(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	b.empty()
	photo := written(t, "turned photo.jpg", turned(drawing(1800, 1200)))
	x, y, _ := b.box(".empty")
	b.drop(x, y, photo, written(t, "small.png", pngOf(drawing(200, 150))))
	b.hung("Turned photo")
	b.until("style", "document.querySelector('.style input[value^=own]')?.checked")
	if got := value[int](b, "Number(document.querySelector('img.hung').getAttribute('height'))"); got != 1800 {
		t.Errorf("the photo is %d pixels high, expected 1800: as it is meant to be seen", got)
	}
	b.choose("size", "256")
	b.run(chromedp.Click(".go button"))
	b.see("In line")
	j := f.only()
	sizes := map[api.Role]image.Point{}
	for _, in := range j.Inputs {
		sizes[in.Role] = image.Pt(in.Width, in.Height)
	}
	if sizes[api.Content] != image.Pt(682, 1024) || sizes[api.Style] != image.Pt(200, 150) {
		t.Errorf("the server got a photo of %v and a style of %v, expected (682,1024) and (200,150)", sizes[api.Content], sizes[api.Style])
	}
	b.quiet()
}

// TestPhotoThatTheBrowserCannotRead: the server shows what the browser cannot.
func TestPhotoThatTheBrowserCannotRead(t *testing.T) {
	t.Parallel()
	f, g := newGate(t, setup{})
	const thumbnail = "/examples/photos/cat.jpg"
	with := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		r.Header.Del("Accept-Encoding")
		g.handler.ServeHTTP(answer, r)
		body := answer.Body.Bytes()
		if strings.HasSuffix(r.URL.Path, "/files") {
			body = bytes.Replace(body, []byte(`"thumbnail":""`), []byte(`"thumbnail":"`+thumbnail+`"`), 1)
			answer.Header().Del("Content-Length")
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		w.Write(body)
	})
	tiff := written(t, "scan.tif", tiffOf(drawing(120, 80)))
	g.instead.Store(&with)
	b := browse(t, f, false)
	b.until("page", "document.querySelector('.empty')")
	b.run(chromedp.SetUploadFiles(".empty input[multiple]", []string{tiff}))
	b.until("photo", "document.querySelector('img.hung')?.naturalWidth > 0")
	if got := value[[]int](b, "[document.querySelector('img.hung').getAttribute('width'), document.querySelector('img.hung').getAttribute('height')].map(Number)"); !slices.Equal(got, []int{120, 80}) {
		t.Errorf("the photo has %v pixels, expected 120 and 80", got)
	}
	b.brush()
	b.press("Top third")
	b.run(chromedp.Click(".go button"))
	b.see("In line")
	for _, in := range f.only().Inputs {
		if in.Role == api.Keep && (in.Width != 120 || in.Height != 80) {
			t.Errorf("the mask has %d x %d pixels, expected 120 x 80", in.Width, in.Height)
		}
	}
}

// tiffOf returns an uncompressed TIFF file.
func tiffOf(m image.Image) []byte {
	r := m.Bounds()
	var pixels []byte
	for y := range r.Dy() {
		for x := range r.Dx() {
			cr, cg, cb, _ := m.At(x, y).RGBA()
			pixels = append(pixels, byte(cr>>8), byte(cg>>8), byte(cb>>8))
		}
	}
	type field struct {
		tag, kind uint16
		n, value  uint32
	}
	const header, directory = 8, 2 + 9*12 + 4
	bits := uint32(header + directory)
	start := bits + 6
	size := uint32(len(pixels)) //nolint:gosec // of a test
	fields := []field{
		{256, 3, 1, uint32(r.Dx())}, {257, 3, 1, uint32(r.Dy())}, {258, 3, 3, bits}, {259, 3, 1, 1}, {262, 3, 1, 2}, //nolint:gosec // of a test
		{273, 4, 1, start}, {277, 3, 1, 3}, {278, 3, 1, uint32(r.Dy())}, {279, 4, 1, size}, //nolint:gosec // of a test
	}
	b := binary.LittleEndian.AppendUint32([]byte("II\x2a\x00"), header)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(fields))) //nolint:gosec // 9
	for _, f := range fields {
		b = binary.LittleEndian.AppendUint16(b, f.tag)
		b = binary.LittleEndian.AppendUint16(b, f.kind)
		b = binary.LittleEndian.AppendUint32(b, f.n)
		b = binary.LittleEndian.AppendUint32(b, f.value)
	}
	b = append(b, 0, 0, 0, 0)
	b = append(b, 8, 0, 8, 0, 8, 0)
	return append(b, pixels...)
}

// TestUndoBringsBack: what is removed from the draft comes back.
func TestUndoBringsBack(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	b.empty()
	long := strings.Repeat("Avery", 30) + "longname.jpg"
	data, err := os.ReadFile(example(t, "paintings/river.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	b.drop(400, 400, example(t, "photos/castle.jpg"), written(t, long, data))
	b.until("style", "document.querySelector('.style input[value^=own]')?.checked")
	b.brush()
	b.press("Top third")
	b.press("Done")
	b.until("focus on the button", "document.activeElement.innerText === 'Protect areas'")
	const complete = "document.querySelector('img.hung')?.naturalWidth > 0 && document.querySelector('.style input[value^=own]')?.checked"
	for button, gone := range map[string]string{
		"Remove photo":      "!document.querySelector('img.hung')",
		"Start over":        "!document.querySelector('img.hung') && !document.querySelector('.style input[value^=own]')",
		"Remove this style": "!document.querySelector('.style input[value^=own]')",
	} {
		b.press(button)
		b.until("effect of "+button, gone)
		b.undo()
		b.until("what was before "+button, complete)
		b.kept("d?.photo && d.layers.length === 1 && d.own.length === 1")
	}
	b.do("document.querySelector('.several input').click()")
	b.do("document.querySelector('.style input:not(:checked)').click()")
	b.run(chromedp.EmulateViewport(390, 844))
	b.do("document.querySelectorAll('input[name=places]')[1].click()")
	b.see("Everything else gets")
	if value[bool](b, "document.documentElement.scrollWidth > innerWidth") {
		t.Error("a long name makes the page wider than the phone")
	}
	b.accessible("long")
	b.quiet()
}

// TestStylesByArea mixes styles: their numbers, how many there may be, and what is sent
// where nothing is brushed.
func TestStylesByArea(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	b.empty()
	files := []string{example(t, "photos/castle.jpg")}
	for i := range 9 {
		files = append(files, written(t, fmt.Sprintf("style %d.png", i), pngOf(drawing(40+i, 40))))
	}
	b.drop(400, 400, files...)
	b.see("At most 8 styles can be mixed. Added, but not chosen: Style 8.")
	const checked = "document.querySelectorAll('.style input:checked').length"
	if n := value[int](b, checked); n != 8 {
		t.Errorf("%d styles are chosen, expected 8", n)
	}
	b.see("8 styles at most.")
	b.do("document.querySelector('.style input:not(:checked)').click()")
	if value[bool](b, checked+" !== 8 || !document.querySelector('.style input:not(:checked)').disabled") {
		t.Error("a ninth style can be chosen")
	}

	// Three styles. The number of the third stays when the first is not chosen any more.
	b.do("document.querySelector('.several input').click()")
	b.do("document.querySelector('.several input').click()")
	pick := func(name string) {
		b.do(fmt.Sprintf("document.querySelector('.style img[alt^=%q]').previousElementSibling.click()", name))
	}
	number := func(name string) string {
		return value[string](b, fmt.Sprintf("document.querySelector('.style img[alt^=%q]').nextElementSibling?.innerText ?? ''", name))
	}
	first := b.chosen()[0]
	pick("Style 5")
	pick("Style 6")
	b.do("document.querySelectorAll('input[name=places]')[1].click()")
	b.see("Nothing is brushed yet: all of the photo gets")
	b.do("document.querySelector('.brush details').open = true")
	b.do("document.querySelectorAll('input[name=layer]')[2].click()")
	b.press("Top third")
	tint := value[string](b, "document.querySelectorAll('.layers circle')[2].getAttribute('fill')")
	pick(first)
	b.until("one layer less", "document.querySelectorAll('.layers circle').length === 2")
	if got := value[string](b, "document.querySelectorAll('.layers circle')[1].getAttribute('fill')"); got != tint || number("Style 6") != "3" {
		t.Errorf("style 6 has the number %s and the colour %s, expected 3 and %s", number("Style 6"), got, tint)
	}
	b.accessible("areas")
	b.press("Clear")
	b.see("Nothing is brushed yet: all of the photo gets “Style 5”.")
	b.run(chromedp.Click(".go button"))
	b.see("In line")
	j := f.only()
	for _, in := range j.Inputs {
		if in.Role == api.Mask || in.Role == api.Style && (in.Number > 0 || in.Width != 45) {
			t.Errorf("input %s %d of %d pixels, expected the first style alone", in.Role, in.Number, in.Width)
		}
	}
	b.quiet()
}

// TestSharesInPercent mixes two styles.
func TestSharesInPercent(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, true)
	b.empty()
	b.run(chromedp.SetUploadFiles(".empty input[multiple]", []string{example(t, "photos/castle.jpg")}))
	b.hung("Castle")
	b.until("styles", "document.querySelector('.mix')")
	b.do("document.querySelector('.mix').click()")
	b.see("50 %")
	b.do("(() => { const s = document.querySelector('#mix'); s.value = 40; s.dispatchEvent(new Event('input', { bubbles: true })) })()")
	b.see("60 %")
	if got := value[string](b, "document.querySelector('#mix').ariaValueText ?? document.querySelector('#mix').getAttribute('aria-valuetext')"); !strings.HasPrefix(got, "60 percent The Starry Night, 40 percent ") {
		t.Errorf("the slider says %q", got)
	}
	b.accessible("mixed")
	b.run(chromedp.Click(".go button"))
	b.see("In line")
	if w := f.only().Options.StyleWeights; len(w) != 2 || w[0] != 1.2 || w[1] != 0.8 {
		t.Errorf("weights %v, expected 1.2 and 0.8", w)
	}
	b.quiet()
}

// TestGalleryOfStyles chooses among all styles by the keyboard.
func TestGalleryOfStyles(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	b.empty()
	b.do("[...document.querySelectorAll('button')].find((b) => /^All \\d+ styles/.test(b.innerText)).click()")
	b.until("dialog", "document.querySelector('dialog[open]') && document.activeElement.type === 'search'")
	b.accessible("gallery")
	b.run(chromedp.KeyEvent("great wave"))
	b.until("one style", "document.querySelectorAll('dialog li').length === 1")
	b.run(chromedp.KeyEvent(kb.Enter)) // which neither paints nor closes
	b.do("(() => { const s = document.querySelector('dialog input'); s.value = ''; s.dispatchEvent(new Event('input')) })()")
	b.until("all styles", "document.querySelectorAll('dialog li').length > 5")
	b.reach("dialog li button")
	b.run(chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	name := value[string](b, "document.activeElement.querySelector('span').innerText")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.until("end of the dialog", "!document.querySelector('dialog')")
	if got := b.chosen(); len(got) != 1 || !strings.HasPrefix(name, got[0]) {
		t.Errorf("%q is chosen, expected %q", got, name)
	}
	b.until("focus on the button", "document.activeElement.innerText.startsWith('All ')")
	b.press("Surprise me")
	if got := b.chosen(); len(got) != 1 || strings.HasPrefix(name, got[0]) {
		t.Errorf("%q is chosen by chance, expected another style", got)
	}
	b.quiet()
}

// TestBrush brushes a small photo, by the mouse and by keys.
func TestBrush(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	b.empty()
	b.drop(400, 400, written(t, "small.png", pngOf(drawing(64, 48))))
	b.hung("Small")
	if _, _, w := b.box("img.hung"); w < 300 {
		t.Errorf("a photo of 64 pixels is shown %v pixels wide, expected more than 300", w)
	}
	b.brush()
	x, y, w := b.box(".canvas")
	b.run(chromedp.MouseClickXY(x, y))
	b.see("% brushed")
	brushed := func() int {
		return value[int](b, "Number(document.querySelector('.brush .tools p').innerText.match(/(\\d+) %/)?.[1] ?? 0)")
	}
	if got := brushed(); got == 0 || got > 15 {
		t.Errorf("one touch covers %d %% of a small photo, expected a part of it", got)
	}
	before := brushed()
	b.shot("brushed")

	// Undo and redo work wherever the focus is.
	b.do("document.querySelector('#strength').focus()")
	b.run(chromedp.KeyEvent("z", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.until("undone stroke", "!document.querySelector('.brush .tools p').innerText.includes('%')")
	b.run(chromedp.KeyEvent("y", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.see(fmt.Sprintf("%d %% brushed", before))
	b.run(chromedp.KeyEvent("z", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.run(chromedp.KeyEvent("Z", chromedp.KeyModifiers(chromedp.ModifierCtrl, chromedp.ModifierShift)))
	b.see(fmt.Sprintf("%d %% brushed", before))

	// The brush has a size in the window, whatever is magnified.
	ring := func() float64 {
		_, _, w := b.box(".canvas .edge")
		return w
	}
	b.do("document.querySelector('.canvas').focus()")
	size := ring()
	b.run(chromedp.KeyEvent("+"))
	b.until("larger photo", fmt.Sprintf("document.querySelector('.canvas').getBoundingClientRect().width > %v", 1.4*w))
	if got := ring(); got < 0.95*size || got > 1.05*size {
		t.Errorf("the brush is %v pixels wide when the photo is magnified, and was %v", got, size)
	}
	b.run(chromedp.KeyEvent("]"))
	if got := ring(); got < 1.2*size {
		t.Errorf("the brush is %v pixels wide after ], and was %v", got, size)
	}
	b.run(chromedp.KeyEvent(kb.ArrowRight))
	b.until("what is said", "[...document.querySelectorAll('.brush [role=status]')].some((e) => /percent from the left.*Here: Stays photo/.test(e.textContent))")
	b.press("Invert")
	b.see(fmt.Sprintf("%d %% brushed", 100-before))
	b.accessible("brush")
	b.quiet()
}

// TestDraftsOfTwoTabs: each tab has a draft, and a new one begins with a copy.
func TestDraftsOfTwoTabs(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	b.until("examples", "document.querySelector('.photos button')")
	b.do("document.querySelector('.photos button').click()")
	b.hung("Neuschwanstein Castle")
	b.kept("d?.photo")
	key := value[string](b, "sessionStorage.getItem('draft')")

	other := b.another()
	other.hung("Neuschwanstein Castle")
	other.press("Start over")
	other.see("Start with a photo")
	other.kept("d && !d.photo")
	b.run(chromedp.Reload())
	b.hung("Neuschwanstein Castle")

	// A tab that is duplicated has the session storage of the first.
	other.do(fmt.Sprintf("sessionStorage.setItem('draft', %q)", key))
	other.run(chromedp.Reload())
	other.hung("Neuschwanstein Castle")
	if got := value[string](other, "sessionStorage.getItem('draft')"); got == key {
		t.Error("a duplicated tab has the draft of the first")
	}
}

// TestDroppedPaintingBringsItsSettings: a PNG of pastiche says how it was painted.
func TestDroppedPaintingBringsItsSettings(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: stubPaint})
	b := browse(t, f, false)
	b.until("examples", "document.querySelector('.photos button')")
	b.do("document.querySelector('.photos button').click()")
	b.hung("Neuschwanstein Castle")
	b.choose("size", "768")
	b.run(chromedp.Click(".go button"))
	b.see("Finished")
	answer := f.do(f.request(http.MethodGet, "/jobs/"+f.only().ID+"/result", nil))
	png, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Navigate(f.URL + "/#"))
	b.hung("Neuschwanstein Castle")
	b.press("Start over")
	b.empty()
	b.drop(400, 400, written(t, "painting.png", png))
	b.see("painting.png says how it was painted.")
	b.hung("Neuschwanstein Castle")
	b.until("size of the painting", "document.querySelector('input[name=size][value=\"768\"]').checked")
	b.do("[...document.querySelectorAll('.notice button')][0].click()")
	b.hung("Painting")
	b.quiet()
}

// TestAgainAddsNoStyle: a painting that is edited has the style it was painted with.
func TestAgainAddsNoStyle(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: stubPaint})
	b := browse(t, f, false)
	b.until("examples", "document.querySelector('.photos button')")
	b.do("document.querySelector('.photos button').click()")
	b.hung("Neuschwanstein Castle")
	b.run(chromedp.Click(".go button"))
	b.see("Finished")
	again := func() {
		b.press("Edit and repaint")
		b.hung("Neuschwanstein Castle")
	}
	again()
	if got := b.chosen(); len(got) != 1 || got[0] != "The Starry Night" || value[bool](b, "Boolean(document.querySelector('.style input[value^=own]'))") {
		t.Errorf("%q is chosen, expected The Starry Night, and no style of one's own", got)
	}
	b.see("What you composed before was replaced.")

	// A browser that never saw the pictures knows the example by its name and shape.
	b.do("indexedDB.deleteDatabase('pastiche')")
	b.run(chromedp.Navigate(f.URL + "/#" + f.only().ID))
	b.run(chromedp.Reload())
	b.see("Finished")
	again()
	if got := b.chosen(); len(got) != 1 {
		t.Errorf("%q is chosen, expected one style", got)
	}
	b.quiet()
}
