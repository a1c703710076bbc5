package weights

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// saved writes a file and returns its path.
func saved(t testing.TB, file []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "network")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestParsePartialInput(t *testing.T) {
	for _, c := range []struct {
		channels, levels, mean, std string
		want                        string // of the error; empty: complete
	}{
		{"rgb", "0..1", "0.485,0.456,0.406", "0.229, 0.224 ,0.225", ""},
		{"lab", "", "", "", `"channels" is "lab", expected rgb or bgr`},
		{"", "0..2", "", "", `"range" is "0..2", expected 0..1 or 0..255`},
		{"", "", "1,2", "", `"mean" is "1,2", expected three numbers such as 0.485,0.456,0.406`},
		{"", "", "1,2,3,4", "", `"mean" is`},
		{"", "", "1,2,NaN", "", `"mean" is`},
		{"", "", "", "1,2,1e99", `"std" is`},
		{"", "", "", "1,2,0", `"std" is "1,2,0", expected positive numbers`},
	} {
		p, err := ParsePartialInput(c.channels, c.levels, c.mean, c.std)
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if in, err := p.complete(); err != nil || in != TorchvisionInput {
			t.Errorf("got %v, %v, want %v", in, err, TorchvisionInput)
		}
	}
	if p, err := ParsePartialInput("", "", "", ""); err != nil || p != (PartialInput{}) {
		t.Errorf("of nothing: got %v, %v", p, err)
	}
}

// TestOverrides checks that the override takes precedence, and which parts of the file
// still apply.
func TestOverrides(t *testing.T) {
	network := saved(t, arrays(t, conv("features.0", 2, 3)...)) // torchvision's names
	tell := func(channels, levels, mean, std string) PartialInput {
		p, err := ParsePartialInput(channels, levels, mean, std)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	mean, std := TorchvisionInput.Mean, TorchvisionInput.Std
	back, backStd := TorchvisionInput.flipped().Mean, TorchvisionInput.flipped().Std
	ones := [3]float32{1, 1, 1}
	for _, c := range []struct {
		name  string
		given PartialInput
		want  Input
	}{
		{"nothing", PartialInput{}, TorchvisionInput},
		{"the same again", TorchvisionInput.partial(), TorchvisionInput},
		{"all of it", CaffeInput.partial(), CaffeInput},
		{"the channels", tell("bgr", "", "", ""), Input{"bgr", 1, back, backStd}},
		{"the channels it has", tell("rgb", "", "", ""), TorchvisionInput},
		{"the mean", tell("", "", "0.5,0.5,0.5", ""), Input{"rgb", 1, [3]float32{0.5, 0.5, 0.5}, std}},
		{"the deviation", tell("", "", "", "1,1,1"), Input{"rgb", 1, mean, ones}},
		{"the channels and a mean in their order", tell("bgr", "", "1,2,3", ""), Input{"bgr", 1, [3]float32{1, 2, 3}, backStd}},
		{"the range, with mean and deviation", tell("", "0..255", "1,2,3", "1,1,1"), Input{"rgb", 255, [3]float32{1, 2, 3}, ones}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := Open(network, Override{PartialInput: c.given})
			if err != nil {
				t.Fatal(err)
			}
			if n.Input != c.want {
				t.Errorf("got %v, want %v", n.Input, c.want)
			}
			source := "given by the user"
			if c.given == (PartialInput{}) {
				source = "torchvision's names"
			}
			if n.InputSource != source {
				t.Errorf("known by %q, want %q", n.InputSource, source)
			}
		})
	}
	t.Run("another range alone", func(t *testing.T) {
		_, err := Open(network, Override{PartialInput: tell("", "0..255", "", "")})
		if !errors.Is(err, ErrNoInput) || !strings.Contains(err.Error(), "give --mean, --std") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("before a file's metadata", func(t *testing.T) {
		n, err := Open(saved(t, written(t, small(), Float32)), Override{PartialInput: tell("rgb", "", "", "")})
		if err != nil {
			t.Fatal(err)
		}
		if want := small().Input.flipped(); n.Input != want {
			t.Errorf("got %v, want %v", n.Input, want)
		}
	})
}

// TestFoldedColours checks that the 1x1 convolution of a normalized VGG becomes part of
// the convention, in place of the picture's own.
func TestFoldedColours(t *testing.T) {
	networkWith := func(weight, bias []float32) string {
		return saved(t, arrays(t, append(conv("2", 2, 3),
			array{"0.weight", []int64{3, 3, 1, 1}, weight}, array{"0.bias", []int64{3}, bias})...))
	}
	for _, c := range []struct {
		name         string
		weight, bias []float32
		given        PartialInput
		want         Input
	}{
		{"AdaIN's", []float32{0, 0, 255, 0, 255, 0, 255, 0, 0}, []float32{-103.939, -116.779, -123.68}, PartialInput{}, CaffeInput},
		{"without reversing", []float32{255, 0, 0, 0, 255, 0, 0, 0, 255}, []float32{-1, -2, -3}, PartialInput{},
			Input{"rgb", 255, [3]float32{1, 2, 3}, [3]float32{1, 1, 1}}},
		{"a deviation", []float32{4, 0, 0, 0, 2, 0, 0, 0, 1}, []float32{-2, -1, 0}, PartialInput{},
			Input{"rgb", 255, [3]float32{127.5, 127.5, 0}, [3]float32{63.75, 127.5, 255}}},
		{"of levels", []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}, []float32{-1, -2, -3}, Input{"bgr", 255, [3]float32{4, 5, 6}, [3]float32{1, 2, 1}}.partial(),
			Input{"bgr", 255, [3]float32{5, 9, 9}, [3]float32{1, 2, 1}}},
		{"of levels, reversed", []float32{0, 0, 1, 0, 1, 0, 1, 0, 0}, []float32{0, 0, 0}, Input{"bgr", 255, [3]float32{4, 5, 6}, [3]float32{1, 2, 3}}.partial(),
			Input{"rgb", 255, [3]float32{6, 5, 4}, [3]float32{3, 2, 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := Open(networkWith(c.weight, c.bias), Override{PartialInput: c.given})
			if err != nil {
				t.Fatal(err)
			}
			if n.Input != c.want {
				t.Errorf("got %v, want %v", n.Input, c.want)
			}
		})
	}
}

// TestFingerprints checks that published networks are recognized by their first
// weights, with any names, in either order of the channels and in any precision.
func TestFingerprints(t *testing.T) {
	for _, f := range fingerprints {
		weight := make([]float32, 64*3*9)
		for _, v := range f.values {
			weight[(v.out*3+v.channel)*9+v.place] = float32(v.value)
		}
		reversed := make([]float32, len(weight))
		for i := range weight {
			reversed[(i/27*3+2-i/9%3)*9+i%9] = weight[i]
		}
		half := slices.Clone(weight)
		for i, v := range half {
			half[i] = fromFloat16(toFloat16(v))
		}
		scaled, turned := slices.Clone(reversed), make([]float32, len(weight))
		for i := range scaled {
			scaled[i] *= float32(i/27+2) / 7
			turned[i/9*9+8-i%9] = weight[i]
		}
		for _, c := range []struct {
			name   string
			weight []float32
			want   Input
			source string
		}{
			{"as published", weight, f.input, f.name + ", by its first weights"},
			{"channels reversed", reversed, f.input.flipped(), f.name + " for channels in reverse, by its first weights"},
			{"float16", half, f.input, f.name + ", by its first weights"},
			{"normalised, channels reversed", scaled, f.input.flipped(), f.name + " with normalised filters for channels in reverse, by its first weights"},
			{"turned", turned, f.input, f.name + " with Theano's kernels, by its first weights"},
		} {
			for _, name := range []string{"conv1_1", "features.0"} {
				t.Run(f.name+", "+c.name+", "+name, func(t *testing.T) {
					list := conv(name, 64, 3)
					list[0].values = c.weight
					n, err := readBytes(arrays(t, list...))
					if err != nil {
						t.Fatal(err)
					}
					if n.Input != c.want || n.InputSource != c.source {
						t.Errorf("got %v by %s, want %v by %s", n.Input, n.InputSource, c.want, c.source)
					}
					if c.name == "turned" && !slices.Equal(n.Convs[0].Weight, weight) {
						t.Error("the kernels are not turned back")
					}
				})
			}
		}
	}
	// The colours pass through the 1x1 convolution of a normalized network, whose
	// filters are scaled, before the first filter.
	t.Run("normalised, behind a 1x1 convolution", func(t *testing.T) {
		f := fingerprints[len(fingerprints)-1]
		list := conv("2", 64, 3)
		list[0].values = make([]float32, 64*27)
		for _, v := range f.values {
			list[0].values[(v.out*3+v.channel)*9+v.place] = float32(v.value / 3)
		}
		list = append(list, array{"0.weight", []int64{3, 3, 1, 1}, []float32{0, 0, 255, 0, 255, 0, 255, 0, 0}},
			array{"0.bias", []int64{3}, []float32{-103.939, -116.779, -123.68}})
		n, err := readBytes(arrays(t, list...))
		if err != nil {
			t.Fatal(err)
		}
		if n.Input != CaffeInput || n.InputSource != "a normalised VGG, by its 1x1 convolution" {
			t.Errorf("got %v by %s, want %v", n.Input, n.InputSource, CaffeInput)
		}
	})
	t.Run("filters turned to the negative", func(t *testing.T) {
		f := fingerprints[len(fingerprints)-1]
		list := conv("conv1_1", 64, 3)
		list[0].values = make([]float32, 64*27)
		for _, v := range f.values {
			list[0].values[(v.out*3+v.channel)*9+v.place] = float32(-v.value)
		}
		if _, err := readBytes(arrays(t, list...)); !errors.Is(err, ErrNoInput) {
			t.Errorf("got %v, want %v", err, ErrNoInput)
		}
	})
	// torchvision's own classifier had its layers at 1 and 4 until March 2017.
	t.Run("a classifier at 1 and 4", func(t *testing.T) {
		list := append(conv("features.0", 2, 3), array{name: "classifier.1.weight", shape: []int64{2, 2}}, array{name: "classifier.4.weight", shape: []int64{2, 2}})
		n, err := readBytes(arrays(t, list...))
		if err != nil {
			t.Fatal(err)
		}
		if n.Input != TorchvisionInput {
			t.Errorf("got %v, want %v", n.Input, TorchvisionInput)
		}
	})
}
