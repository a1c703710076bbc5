//go:build arm64 && !noasm

package kernel

// implementations returns what this machine can run, the fastest first. Every
// ARM64 processor that Go runs on has NEON.
func implementations() []*implementation {
	return []*implementation{{"neon", neon, nil}, portable}
}

var neon = assembly{
	[mostPanels]productFunction{productNEON}, [mostPanels]gramFunction{gramNEON}, sumNEON, pixelsNEON,
	winogradWeightsNEON, winogradInputNEON, winogradOutputNEON, positiveNEON, maskedNEON,
	averagePoolNEON, averagePoolBackNEON, maximumPoolNEON, maximumPoolBackNEON,
	euclideanPoolNEON, euclideanPoolBackNEON,
}.primitives(6, 1, 4)
