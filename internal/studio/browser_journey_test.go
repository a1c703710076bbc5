package studio_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestJourney is a person who has never seen the page, on a desk and on a phone. They
// paint with two clicks, find the painting again the next day, make it larger, and send
// it to a friend, who has no key.
func TestJourney(t *testing.T) {
	t.Parallel()
	for name, phone := range map[string]bool{"desk": false, "phone": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newServer(t, setup{worker: true, paint: paintBriefly})
			b := browse(t, f, phone)
			b.see("Turns your photo into a painting in the style of another.")
			b.until("an example", "document.querySelector('.triples button img')?.complete")
			b.shot("1-first-visit")
			b.do("document.querySelector('.triples button').click()")
			b.until("photo", "document.querySelector('img.hung')?.naturalWidth > 0")
			b.choose("size", "256")
			b.until("quick look", "document.querySelector('img[alt^=\"Quick look\"]:not(.stale)')?.naturalWidth > 0")
			b.shot("2-quick-look")
			b.run(chromedp.Click(".go .primary"))
			b.painted()
			b.shot("3-finished")

			b.run(chromedp.Navigate("about:blank"), chromedp.Navigate(f.URL))
			b.see("Your paintings")
			b.follow("All")
			b.until("painting of yesterday", "document.querySelector('.all a img')?.naturalWidth > 0")
			b.shot("4-all-paintings")
			b.follow("Neuschwanstein Castle, after The Starry Night")
			b.painted()

			b.until("larger sizes", "document.querySelector('.larger button:not(:disabled)')")
			b.do("document.querySelector('.larger button').click()")
			b.until("larger painting", "document.querySelector('.both img')?.naturalWidth === 512")
			b.shot("5-larger")
			b.press("Share a link")
			b.until("link", "document.querySelector('#link')?.value")
			b.shot("6-shared")
			b.accessible("shared")
			b.quiet()

			b.run(chromedp.Navigate(value[string](b, "document.querySelector('#link').value")))
			b.see("Neuschwanstein Castle, after The Starry Night")
			b.until("painting", "document.querySelector('img')?.naturalWidth > 0")
			b.shot("7-friend")
			if n := len(f.listed().Jobs); n != 2 {
				t.Errorf("%d paintings are listed, expected 2", n)
			}
		})
	}
}
