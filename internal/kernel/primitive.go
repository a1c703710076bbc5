package kernel

// primitives is one implementation of what is worth writing in assembly. The
// operations of the package are loops over these.
//
// Slices stand for pointers: a primitive works from element 0 on, with strides
// counted in elements. The functions of generic.go define what each computes.
type primitives struct {
	// gemm keeps a block of rows positions times so many panels of sixteen
	// outputs in registers, syrk one of syrkRows channels times as many panels. Both
	// take fewer panels as well, from one on.
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
}

// zeroBias is the bias of a gemm without one.
var zeroBias [maxPanels * lanes]float32

// mostPanels is the largest number of panels of an implementation.
const maxPanels = 2

// winogradScratch is the number of elements that the transforms need for
// intermediate values.
const winogradScratch = 36 * lanes
