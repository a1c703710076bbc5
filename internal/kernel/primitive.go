package kernel

// primitives is one implementation of the inner loops that are worth writing in
// assembly. The operations of the package call them.
//
// Slices stand for pointers: a primitive begins at element 0, and strides count
// elements. The functions of generic.go define what each primitive computes.
type primitives struct {
	// gemm keeps a block of sums in registers: for rows positions and the sixteen
	// outputs of each of several panels. syrk keeps sums for syrkRows channels and as
	// many panels. Both also accept fewer panels, at least one.
	rows, panels, syrkRows int

	gemm            func(gemm)
	syrk            func(syrk)
	sum             func(sum)
	firstConv       func(firstConv)
	winogradWeights func(winogradWeights)
	winogradInput   func(winogradInput)
	winogradOutput  func(winogradOutput)
	reluMask        func(reluMask)
	applyMask       func(applyMask)
	maxPool         func(poolForward)
	maxPoolBack     func(poolBackward)
	averagePool     func(poolForward)
	averagePoolBack func(poolBackward)
	addScaled       func(addScaled)
	addDifference   func(addDifference)
	updateMoments   func(moments)
	descend         func(descent)
	dot             func(dot) [lanes]float64
	dots64          func(dots64)
	variation       func(variation) [lanes]float64
	difference      func(difference) (squares [lanes]float64)
	patchDifference func(patchDifference) (sums [4 * PatchSize]float32)
	linearise       func(linearise)
	relax           func(relax)
}

// zeroBias is the bias of a gemm without one.
var zeroBias [maxPanels * lanes]float32

// maxPanels is the largest number of panels of any implementation.
const maxPanels = 2

// winogradScratch is the number of elements that the transforms need for intermediate
// values.
const winogradScratch = 36 * lanes
