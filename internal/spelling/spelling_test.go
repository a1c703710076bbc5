package spelling_test

import (
	"testing"

	"github.com/pastiche-art/pastiche/internal/spelling"
)

func TestNearest(t *testing.T) {
	words := []string{"content-weight", "style_weight", "size", "seed", "set"}
	for misspelt, expected := range map[string]string{
		"contentweight":  "content-weight",
		"content_weight": "content-weight",
		"Style-Weight":   "style_weight",
		"siez":           "size",
		"sied":           "seed",
		"sizes":          "size",
		"xyz":            "",
		"":               "",
		"brightness":     "",
	} {
		if got := spelling.Nearest(misspelt, words); got != expected {
			t.Errorf("%q: nearest is %q, expected %q", misspelt, got, expected)
		}
	}
}
