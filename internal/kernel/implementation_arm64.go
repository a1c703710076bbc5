//go:build arm64 && !noasm

package kernel

// implementations returns what this machine can run, the fastest first. Every
// ARM64 processor that Go runs on has NEON.
func implementations() []*implementation {
	return []*implementation{{"neon", &neon, nil}, portable}
}

var neon = primitives{
	rows: 6, panels: 1, syrkRows: 4,
	gemm:            func(a gemm) { gemmNEON(&a) },
	syrk:            func(a syrk) { syrkNEON(&a) },
	sum:             func(a sum) { sumNEON(&a) },
	firstConv:       func(a firstConv) { firstConvNEON(&a) },
	winogradWeights: func(a winogradWeights) { winogradWeightsNEON(&a) },
	winogradInput:   func(a winogradInput) { winogradInputNEON(&a) },
	winogradOutput:  func(a winogradOutput) { winogradOutputNEON(&a) },
	reluMask:        func(a reluMask) { reluMaskNEON(&a) },
	applyMask:       func(a applyMask) { applyMaskNEON(&a) },
	maxPool:         func(a poolForward) { maxPoolNEON(&a) },
	maxPoolBack:     func(a poolBackward) { maxPoolBackNEON(&a) },
	averagePool:     func(a poolForward) { averagePoolNEON(&a) },
	averagePoolBack: func(a poolBackward) { averagePoolBackNEON(&a) },
	addScaled:       func(a addScaled) { addScaledNEON(&a) },
	addDifference:   func(a addDifference) { addDifferenceNEON(&a) },
	updateMoments:   func(a moments) { updateMomentsNEON(&a) },
	descend:         func(a descent) { descendNEON(&a) },
	dot:             func(a dot) [lanes]float64 { dotNEON(&a); return a.sums },
	dots64:          func(a dots64) { dots64NEON(&a) },
	variation:       func(a variation) [lanes]float64 { variationNEON(&a); return a.sums },
	difference: func(a difference) [lanes]float64 {
		differenceNEON(&a)
		return a.squares
	},
	patchDifference: func(a patchDifference) [4 * PatchSize]float32 {
		patchDifferenceNEON(&a)
		return a.sums
	},
	linearise: func(a linearise) { lineariseNEON(&a) },
	relax:     func(a relax) { relaxNEON(&a) },
}
