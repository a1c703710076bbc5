package paint_test

import (
	"errors"
	"image"
	"testing"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

func TestParseRecipe(t *testing.T) {
	r, err := paint.ParseRecipe([]byte(`{"name":"classic","size":96}`), paint.Balanced)
	if err != nil {
		t.Fatal(err)
	}
	if classic := paint.Classic(); r.Size != 96 || r.StyleWeight != classic.StyleWeight || r.Name != "classic" {
		t.Errorf("recipe %+v: expected classic's fields at 96 pixels", r)
	}
	// The fields that are given win over the strength, the others follow it.
	r, err = paint.ParseRecipe([]byte(`{"name":"strotss","content_weight":7}`), paint.Bold)
	if err != nil {
		t.Fatal(err)
	}
	if strotss := named(t, "strotss"); r.ContentWeight != 7 || r.FirstContentWeight >= strotss.FirstContentWeight {
		t.Errorf("content weights %g and %g at first: expected 7 and less than %g", r.ContentWeight, r.FirstContentWeight, strotss.FirstContentWeight)
	}
	// One list of layers is not written into the other one's.
	r, err = paint.ParseRecipe([]byte(`{"name":"strotss","content_layers":[{"name":"conv5_1","weight":3}]}`), paint.Balanced)
	if strotss := named(t, "strotss"); err != nil || r.StyleLayers[0] != strotss.StyleLayers[0] {
		t.Errorf("style layers %v, %v: expected those of strotss", r.StyleLayers, err)
	}
	for _, bad := range []string{`[]`, `{"name":"no such"}`, `{"sise":3}`, `{"size":0}`, `{} {}`, ``} {
		if _, err := paint.ParseRecipe([]byte(bad), paint.Balanced); !errors.As(err, new(*paint.OptionError)) {
			t.Errorf("%s: error %v, expected an OptionError", bad, err)
		}
	}
}

func TestCheckSaysWhatPaintSays(t *testing.T) {
	style := picture.New(64, 48)
	for _, c := range []struct {
		content image.Image
		shape   image.Point
	}{{content: picture.New(64, 48)}, {shape: image.Pt(64, 48)}, {shape: image.Pt(0, 9)}, {content: picture.New(3, 3)}} {
		opts := paint.Options{Recipe: &paint.Recipe{}}
		*opts.Recipe = paint.Classic()
		opts.Recipe.Size, opts.Recipe.Iterations = 32, 1
		for _, layer := range []string{"conv4_2", "nowhere"} {
			opts.Recipe.StyleLayers = []paint.Layer{{Name: layer, Weight: 1}}
			err := paint.Check(c.content, c.shape, paint.InMannerOf(style), opts)
			var painted error
			if c.content != nil {
				_, painted = paint.Paint(t.Context(), c.content, paint.InMannerOf(style), opts)
			} else {
				_, painted = paint.Texture(t.Context(), c.shape, paint.InMannerOf(style), opts)
			}
			if (err == nil) != (painted == nil) || err != nil && err.Error() != painted.Error() {
				t.Errorf("check says %v, painting %v", err, painted)
			}
		}
	}
}

// named returns the recipe of a name.
func named(t *testing.T, name string) paint.Recipe {
	t.Helper()
	r, err := paint.RecipeNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
