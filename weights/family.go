package weights

import "slices"

// families are the published configurations, as the number of convolutions of each
// block. The blocks have 64, 128, 256, 512 and 512 channels.
var families = []struct {
	name   string
	blocks [maxBlocks]int
}{
	{"VGG-11", [maxBlocks]int{1, 1, 2, 2, 2}},
	{"VGG-13", [maxBlocks]int{2, 2, 2, 2, 2}},
	{"VGG-16", [maxBlocks]int{2, 2, 3, 3, 3}},
	{"VGG-19", [maxBlocks]int{2, 2, 4, 4, 4}},
}

// family returns the name of the configuration of the layers, or "vgg" where it is not
// a published one.
func family(layers []layer) string {
	for _, f := range families {
		if !slices.EqualFunc(layers, blockWidths(f.blocks), func(l layer, w int) bool { return l.out == w }) {
			continue
		}
		if layers[0].norm != nil {
			return f.name + " with batch norm"
		}
		return f.name
	}
	return "vgg"
}

// blockWidths returns the width of each convolution, for blocks of the given lengths.
func blockWidths(blocks [maxBlocks]int) []int {
	var widths []int
	for b, count := range blocks {
		widths = append(widths, slices.Repeat([]int{min(64<<b, 512)}, count)...)
	}
	return widths
}
