//go:build amd64 && !noasm

package kernel

import "golang.org/x/sys/cpu"

// implementations returns what this machine can run, the fastest first.
func implementations() []*implementation {
	var have []*implementation
	x := cpu.X86
	if x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512BW {
		if x.HasAVX512BF16 && x.HasAMXTile && x.HasAMXBF16 && tilesPermitted() {
			have = append(have, &implementation{"amx", avx512, amx})
		}
		if x.HasAVX512BF16 {
			have = append(have, &implementation{"avx512bf16", avx512, avx512BF16})
		}
		have = append(have, &implementation{"avx512", avx512, nil})
	}
	if x.HasAVX2 && x.HasFMA {
		have = append(have, &implementation{"avx2", avx2, nil})
	}
	return append(have, portable)
}

var (
	avx512 = assembly{
		[...]productFunction{panelProductAVX512, productAVX512}, [...]gramFunction{panelGramAVX512, gramAVX512}, sumAVX512, pixelsAVX512,
		winogradWeightsAVX512, winogradInputAVX512, winogradOutputAVX512, positiveAVX512, maskedAVX512,
		averagePoolAVX512, averagePoolBackAVX512, maximumPoolAVX512, maximumPoolBackAVX512,
		euclideanPoolAVX512, euclideanPoolBackAVX512,
	}.primitives(14, 2, 8)
	avx512BF16 = bfloat16Assembly{convolveAVX512BF16, narrowAVX512BF16, widenAVX512BF16, siftAVX512BF16}.primitives(14)
	amx        = bfloat16Assembly{convolveAMX, narrowAVX512BF16, widenAVX512BF16, siftAVX512BF16}.primitives(32)
	avx2       = assembly{
		[mostPanels]productFunction{productAVX2}, [mostPanels]gramFunction{gramAVX2}, sumAVX2, pixelsAVX2,
		winogradWeightsAVX2, winogradInputAVX2, winogradOutputAVX2, positiveAVX2, maskedAVX2,
		averagePoolAVX2, averagePoolBackAVX2, maximumPoolAVX2, maximumPoolBackAVX2,
		euclideanPoolAVX2, euclideanPoolBackAVX2,
	}.primitives(6, 1, 4)
)
