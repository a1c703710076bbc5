package studio_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/pastiche-art/pastiche/api"
)

// moving returns a GIF of a square that moves to the right. Each frame is shown for a
// number of hundredths of a second.
func moving(frames, hundredths int) []byte {
	var g gif.GIF
	for n := range frames {
		m := image.NewPaletted(image.Rect(0, 0, 64, 48), palette.Plan9)
		for i := range m.Pix {
			x, y := i%64, i/64
			m.Pix[i] = uint8(m.Palette.Index(color.RGBA{uint8(60 + 40*(x/8%2)), uint8(4 * y), 120, 255}))
			if in := image.Pt(x, y).In(image.Rect(4+4*n, 12, 20+4*n, 28)); in {
				m.Pix[i] = uint8(m.Palette.Index(color.RGBA{250, 220, 40, 255}))
			}
		}
		g.Image, g.Delay = append(g.Image, m), append(g.Delay, hundredths)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &g); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// tiny is a video of four frames that is painted in no time. iterations is how many each
// frame after the first one takes.
func tiny(iterations int) []part {
	return []part{
		{"video", moving(4, 25)}, {"style", pngOf(drawing(40, 40))}, {"labels", []byte(`{"photo":"waves.gif","style":"River"}`)},
		{"options", fmt.Appendf(nil, `{"recipe":{"name":"classic","size":64,"iterations":2},"seed":3,"video":{"iterations":%d}}`, iterations)},
	}
}

// TestVideoIsComposed brings videos to the page, which refuses some, offers nothing that
// makes no sense for one, and submits it.
func TestVideoIsComposed(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	b.empty()
	b.see("A video of up to 30 seconds becomes a painting that moves.")
	b.drop(400, 400, written(t, "long.gif", moving(2, 2000)))
	b.see("long.gif cannot be used. The video has 40.0 seconds: expected at most 30: make it shorter.")
	b.drop(400, 400, written(t, "broken.y4m", []byte("YUV4MPEG2 W64 H48\n")))
	b.see("broken.y4m cannot be used.")
	b.shot("broken")
	b.drop(1200, 300, written(t, "clip.avi", []byte("RIFF")))
	b.see("clip.avi is a video. A style is a picture.")
	b.mu.Lock() // the browser notes what the server refused
	b.errors = nil
	b.mu.Unlock()
	b.drop(400, 400, written(t, "waves.gif", moving(4, 25)))
	const hung = "document.querySelector('img.hung')?.naturalWidth > 0 && document.querySelector('img.hung').alt === 'The first frame of your video: Waves'"
	b.until("first frame", hung)
	b.see("1 second, 4 frames at 4 a second")
	for _, text := range []string{"Protect areas", "Choose the areas"} {
		if value[bool](b, fmt.Sprintf("document.body.innerText.includes(%q)", text)) {
			t.Errorf("the page offers %q for a video", text)
		}
	}
	b.do("document.querySelector('.panel details summary').click()")
	b.do("[...document.querySelectorAll('.panel label')].find((l) => l.innerText.includes('Endless')).click()")
	b.accessible("composed")
	b.kept("d?.photo?.video?.frames === 4 && d.loop")
	b.run(chromedp.Reload())
	b.until("first frame after a reload", hung)
	b.press("Remove video")
	b.empty()
	b.press("Undo")
	b.until("first frame again", hung)
	b.run(chromedp.Click(".go .primary"))
	b.see("In line")
	b.until("first frame of the job", "document.querySelector('img.live')?.alt === 'The first frame of the video, which waits to be painted'")
	j := f.only()
	if j.Video == nil || j.Video.Frames != 4 || j.Options.Video == nil || !j.Options.Video.Loop {
		t.Errorf("the job has the video %+v and the options %+v, expected 4 frames without an end", j.Video, j.Options.Video)
	}
	b.quiet()
}

// TestVideoPlays checks that a painted video and its original are shown in step, what is
// offered of it, and that a deletion is undone.
func TestVideoPlays(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true})
	j := f.finished(f.order(tiny(2)...).ID)
	if j.State != api.Done {
		t.Fatalf("the job is %s: %s", j.State, j.Error)
	}
	b := browse(t, f, false)
	b.visit(j.ID)
	b.see("Waves, after River")
	b.see("1 second")
	b.until("player that plays by itself", "document.querySelector('.play')?.ariaLabel === 'Pause'")
	b.until("next frame", "document.querySelector('.scrub').value > 0")
	b.do("document.querySelector('.play').focus()")
	b.run(chromedp.KeyEvent(" "))
	b.until("pause", "document.querySelector('.play').ariaLabel === 'Play'")

	b.do("(() => { const s = document.querySelector('.scrub'); s.value = 2; s.dispatchEvent(new Event('input', { bubbles: true })) })()")
	b.drawn(j, 2)
	b.run(chromedp.KeyEvent(kb.ArrowRight))
	b.drawn(j, 3)
	b.do("document.querySelector('.scrub').focus()")
	b.run(chromedp.KeyEvent(kb.Home))
	b.drawn(j, 0)
	if text := value[string](b, "document.querySelector('.scrub').getAttribute('aria-valuetext')"); text != "Frame 1 of 4, 0.0 seconds" {
		t.Errorf("the slider says %q", text)
	}
	b.accessible("beside")
	b.choose("view", "slide")
	b.drawn(j, 0)
	b.accessible("slide")

	if order := value[string](b, "[...document.querySelectorAll('.details .download, .details .share, .details .larger, .details .actions, .details .story')].map((e) => e.classList[0]).join()"); order != "download,actions,story" {
		t.Errorf("the page offers %s", order)
	}
	for _, format := range []string{"webp", "avi", "y4m"} { // and mp4, where there is FFmpeg
		link := value[string](b, fmt.Sprintf("document.querySelector('#files a[href*=\"format=%s\"]').getAttribute('href')", format))
		answer := f.do(f.request(http.MethodGet, strings.TrimPrefix(link, "/api/v1"), nil))
		if name := answer.Header.Get("Content-Disposition"); answer.StatusCode != http.StatusOK || !strings.Contains(name, "waves-after-river-64."+format) {
			t.Errorf("%s: status %d, %s", link, answer.StatusCode, name)
		}
	}

	b.run(chromedp.Reload()) // now with reduced motion
	b.drawn(j, 0)
	if value[string](b, "document.querySelector('.play').ariaLabel") != "Play" {
		t.Error("the video plays by itself in spite of reduced motion")
	}
	b.button("Delete")
	b.empty()
	b.press("Undo")
	b.see("Waves, after River")
	b.drawn(j, 0)
	b.quiet()
}

// drawn waits until the player shows a frame of a video and of its original.
func (b *browser) drawn(j *api.Job, frame int) {
	b.t.Helper()
	b.do(fmt.Sprintf(`window.same = async () => {
		const canvases = [...document.querySelectorAll('.screens canvas')]
		const pixels = (drawn) => {
			const pen = Object.assign(document.createElement('canvas'), { width: drawn.width, height: drawn.height }).getContext('2d')
			pen.drawImage(drawn, 0, 0)
			return pen.getImageData(0, 0, drawn.width, drawn.height).data.join()
		}
		const is = await Promise.all(['original', 'painted'].map(async (which) => {
			const canvas = canvases.find((c) => c.parentElement.ariaLabel.includes(which === 'original' ? 'painted from' : 'The painted video'))
			const file = await fetch('/api/v1/jobs/%s/frames/%d' + (which === 'original' ? '/original' : '') + '?size=small')
			return canvas && pixels(canvas) === pixels(await createImageBitmap(await file.blob()))
		}))
		return canvases.length === 2 && is.every(Boolean)
	}`, j.ID, frame))
	b.until(fmt.Sprintf("frame %d", frame), fmt.Sprintf("document.querySelector('.scrub')?.value === '%d'", frame))
	b.do("window.shown = false; void (async () => { while (!(await same())) await new Promise((done) => setTimeout(done, 20)); window.shown = true })()")
	b.until(fmt.Sprintf("both pictures of frame %d", frame), "window.shown")
}

// TestVideoComes looks at a video whose second frame takes long, and stops it.
func TestVideoComes(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true})
	j := f.order(tiny(100000)...)
	b := browse(t, f, true)
	b.visit(j.ID)
	b.see("Frame 2 of 4")
	b.until("painting of the first frame", "document.querySelector('img.live')?.alt === 'The newest painted frame' && document.querySelector('img.live').naturalWidth === 64")
	b.accessible("running")
	b.run(chromedp.Reload())
	b.until("painting of the first frame after a reload", "document.querySelector('img.live')?.alt === 'The newest painted frame' && document.querySelector('img.live').naturalWidth === 64")
	b.button("Stop")
	b.see("Stopped at frame 1 of 4.")
	for _, text := range []string{"Go on from here", "Save what is there"} {
		if value[bool](b, fmt.Sprintf("document.body.innerText.includes(%q)", text)) {
			t.Errorf("the page offers %q for a video", text)
		}
	}
	b.shot("stopped")
	b.quiet()
}
