package weights

import "slices"

// families are the published configurations: how many convolutions each block
// has. Their widths are 64, 128, 256, 512 and 512.
var families = []struct {
	name   string
	blocks [maxBlocks]int
}{
	{"VGG-11", [maxBlocks]int{1, 1, 2, 2, 2}},
	{"VGG-13", [maxBlocks]int{2, 2, 2, 2, 2}},
	{"VGG-16", [maxBlocks]int{2, 2, 3, 3, 3}},
	{"VGG-19", [maxBlocks]int{2, 2, 4, 4, 4}},
}

// family names the configuration of the layers, which are a VGG: "vgg" where
// it is not a published one.
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

// blockWidths returns the width of each convolution in blocks of so many.
func blockWidths(blocks [maxBlocks]int) []int {
	var widths []int
	for b, count := range blocks {
		widths = append(widths, slices.Repeat([]int{min(64<<b, 512)}, count)...)
	}
	return widths
}
