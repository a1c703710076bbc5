package paint

import (
	"context"
	"errors"
	"image"
	"testing"
)

// TestNeeds compares the memory for sizes with that for pictures of these sizes.
func TestNeeds(t *testing.T) {
	content, of := photo(300, 200), strokes(150, 100, 3)
	for _, name := range recipeNames() {
		t.Run(name, func(t *testing.T) {
			recipe, err := RecipeNamed(name)
			if err != nil {
				t.Fatal(err)
			}
			recipe.Size = 128
			opts := Options{Recipe: &recipe, Memory: 1 << 30}
			want, err := Estimate(context.Background(), content, image.Point{}, one(of), opts)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Needs(image.Pt(300, 200), image.Point{}, []image.Point{{X: 150, Y: 100}}, opts)
			if err != nil || got != want.Memory {
				t.Errorf("%d bytes, expected %d: %v", got, want.Memory, err)
			}
		})
	}
}

// TestNeedsRefuses checks that Needs refuses the sizes that Check refuses.
func TestNeedsRefuses(t *testing.T) {
	recipe := Fine()
	recipe.Size = 4096
	styles := []image.Point{{X: 100, Y: 100}}
	if _, err := Needs(image.Pt(300, 200), image.Point{}, styles, Options{Recipe: &recipe, Memory: 512 << 20}); !errors.As(err, new(*MemoryError)) {
		t.Errorf("a large painting: %v", err)
	}
	recipe.Size = 256
	if _, err := Needs(image.Pt(2600, 100), image.Point{}, styles, Options{Recipe: &recipe}); !errors.As(err, new(*SizeError)) {
		t.Errorf("a narrow photo: %v", err)
	}
	if bytes, err := Needs(image.Point{}, image.Pt(300, 200), styles, Options{Recipe: &recipe}); err != nil || bytes == 0 {
		t.Errorf("a texture: %d bytes, %v", bytes, err)
	}
}

func BenchmarkNeeds(b *testing.B) {
	recipe := nnst()
	for b.Loop() {
		if _, err := Needs(image.Pt(2048, 1300), image.Point{}, []image.Point{{X: 1024, Y: 1024}}, Options{Recipe: &recipe, Memory: 2 << 30}); err != nil {
			b.Fatal(err)
		}
	}
}
