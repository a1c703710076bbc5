//go:build amd64 && !noasm

package kernel

import "golang.org/x/sys/cpu"

// implementations returns what this machine can run, the fastest first.
func implementations() []*implementation {
	var have []*implementation
	x := cpu.X86
	if x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512BW {
		if x.HasAVX512BF16 && x.HasAMXTile && x.HasAMXBF16 && tilesPermitted() {
			have = append(have, &implementation{"amx", &avx512, &amx})
		}
		if x.HasAVX512BF16 {
			have = append(have, &implementation{"avx512bf16", &avx512, &avx512BF16})
		}
		have = append(have, &implementation{"avx512", &avx512, nil})
	}
	if x.HasAVX2 && x.HasFMA {
		have = append(have, &implementation{"avx2", &avx2, nil})
	}
	return append(have, portable)
}

// The primitives of optical flow have no form for AVX-512: a row of a patch fills a
// register of AVX2, and the others wait for memory.
func patchDifferenceOfAVX2(a patchDifference) [4 * PatchSize]float32 {
	patchDifferenceAVX2(&a)
	return a.sums
}

var avx512 = primitives{
	rows: 14, panels: 2, syrkRows: 8,
	gemm:            func(a gemm) { gemmAVX512(&a) },
	syrk:            func(a syrk) { syrkAVX512(&a) },
	sum:             func(a sum) { sumAVX512(&a) },
	firstConv:       func(a firstConv) { firstConvAVX512(&a) },
	winogradWeights: func(a winogradWeights) { winogradWeightsAVX512(&a) },
	winogradInput:   func(a winogradInput) { winogradInputAVX512(&a) },
	winogradOutput:  func(a winogradOutput) { winogradOutputAVX512(&a) },
	reluMask:        func(a reluMask) { reluMaskAVX512(&a) },
	applyMask:       func(a applyMask) { applyMaskAVX512(&a) },
	maxPool:         func(a poolForward) { maxPoolAVX512(&a) },
	maxPoolBack:     func(a poolBackward) { maxPoolBackAVX512(&a) },
	averagePool:     func(a poolForward) { averagePoolAVX512(&a) },
	averagePoolBack: func(a poolBackward) { averagePoolBackAVX512(&a) },
	addScaled:       func(a addScaled) { addScaledAVX512(&a) },
	addDifference:   func(a addDifference) { addDifferenceAVX512(&a) },
	updateMoments:   func(a moments) { updateMomentsAVX512(&a) },
	descend:         func(a descent) { descendAVX512(&a) },
	dot:             func(a dot) [lanes]float64 { dotAVX512(&a); return a.sums },
	dots64:          func(a dots64) { dots64AVX512(&a) },
	variation:       func(a variation) [lanes]float64 { variationAVX512(&a); return a.sums },
	difference: func(a difference) [lanes]float64 {
		differenceAVX512(&a)
		return a.squares
	},
	patchDifference: patchDifferenceOfAVX2,
	linearise:       func(a linearise) { lineariseAVX2(&a) },
	relax:           func(a relax) { relaxAVX2(&a) },
}

var avx2 = primitives{
	rows: 6, panels: 1, syrkRows: 4,
	gemm:            func(a gemm) { gemmAVX2(&a) },
	syrk:            func(a syrk) { syrkAVX2(&a) },
	sum:             func(a sum) { sumAVX2(&a) },
	firstConv:       func(a firstConv) { firstConvAVX2(&a) },
	winogradWeights: func(a winogradWeights) { winogradWeightsAVX2(&a) },
	winogradInput:   func(a winogradInput) { winogradInputAVX2(&a) },
	winogradOutput:  func(a winogradOutput) { winogradOutputAVX2(&a) },
	reluMask:        func(a reluMask) { reluMaskAVX2(&a) },
	applyMask:       func(a applyMask) { applyMaskAVX2(&a) },
	maxPool:         func(a poolForward) { maxPoolAVX2(&a) },
	maxPoolBack:     func(a poolBackward) { maxPoolBackAVX2(&a) },
	averagePool:     func(a poolForward) { averagePoolAVX2(&a) },
	averagePoolBack: func(a poolBackward) { averagePoolBackAVX2(&a) },
	addScaled:       func(a addScaled) { addScaledAVX2(&a) },
	addDifference:   func(a addDifference) { addDifferenceAVX2(&a) },
	updateMoments:   func(a moments) { updateMomentsAVX2(&a) },
	descend:         func(a descent) { descendAVX2(&a) },
	dot:             func(a dot) [lanes]float64 { dotAVX2(&a); return a.sums },
	dots64:          func(a dots64) { dots64AVX2(&a) },
	variation:       func(a variation) [lanes]float64 { variationAVX2(&a); return a.sums },
	difference: func(a difference) [lanes]float64 {
		differenceAVX2(&a)
		return a.squares
	},
	patchDifference: patchDifferenceOfAVX2,
	linearise:       func(a linearise) { lineariseAVX2(&a) },
	relax:           func(a relax) { relaxAVX2(&a) },
}

var avx512BF16 = bfloat16Primitives{
	rows:          14,
	convolve:      func(a convolve) { convolveAVX512BF16(&a) },
	toBF16:        func(a toBF16) { toBF16AVX512BF16(&a) },
	fromBF16:      func(a fromBF16) { fromBF16AVX512BF16(&a) },
	applyMaskBF16: func(a applyMaskBF16) { applyMaskBF16AVX512BF16(&a) },
}

var amx = bfloat16Primitives{
	rows:          32,
	convolve:      func(a convolve) { convolveAMX(&a) },
	toBF16:        func(a toBF16) { toBF16AVX512BF16(&a) },
	fromBF16:      func(a fromBF16) { fromBF16AVX512BF16(&a) },
	applyMaskBF16: func(a applyMaskBF16) { applyMaskBF16AVX512BF16(&a) },
}
