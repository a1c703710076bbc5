// Command asm generates the AMD64 assembly of package kernel:
//
//	go run . -isa avx512 -out ../avx512_amd64.s -stubs ../avx512_amd64.go -pkg kernel
//
// The Go code in ../generic.go and ../generic_bfloat16.go defines what each function
// computes. Every function flushes denormal numbers to zero.
package main

import (
	"flag"
	"log"
	"maps"
	"slices"
	"strings"

	. "github.com/mmcloughlin/avo/build"
)

// argumentsFile declares the structs that the functions take.
const argumentsFile = "../arguments.go"

// generators maps an instruction set to the function that emits its code.
var generators = map[string]func(){
	// 12 accumulators of 16 registers.
	"avx2": (&isa{suffix: "AVX2", bytes: 32, rows: 6, syrkRows: 4}).avx2Functions,
	// 28 accumulators of 32 registers.
	"avx512":     (&isa{suffix: "AVX512", bytes: 64, rows: 14, syrkRows: 8}).float32Functions,
	"avx512bf16": (&isa{suffix: "AVX512BF16", bytes: 64, rows: 14}).bfloat16Functions,
	// Two tiles of sixteen rows. AMX shares the other functions of avx512bf16.
	"amx": (&isa{suffix: "AMX", bytes: 64, rows: 32}).convolveTiles,
}

func main() {
	names := strings.Join(slices.Sorted(maps.Keys(generators)), ", ")
	name := flag.String("isa", "", "instruction set: "+names)
	log.SetFlags(0)
	flag.Parse() // including avo's own flags
	generate, ok := generators[*name]
	if !ok {
		log.Fatalf("-isa %q: expected one of %s", *name, names)
	}
	ConstraintExpr("amd64,!noasm")
	Package(argumentsFile)
	generate()
	Generate()
}

// avx2Functions emits the functions of AVX2. AVX-512 shares those of optical flow.
func (v *isa) avx2Functions() {
	v.float32Functions()
	v.patchDifference()
	v.linearise()
	v.relax()
}

func (v *isa) float32Functions() {
	v.gemm()
	v.syrk()
	v.sum()
	v.firstConv()
	v.winogradWeights()
	v.winogradInput()
	v.winogradOutput()
	v.reluMask()
	v.applyMask()
	v.averagePool()
	v.averagePoolBack()
	v.addScaled()
	v.addDifference()
	v.updateMoments()
	v.descend()
	v.dot()
	v.dots64()
	v.difference()
	v.variation()
	v.maxPool()
	v.maxPoolBack()
}

func (v *isa) bfloat16Functions() {
	v.convolve()
	v.toBF16()
	v.fromBF16()
	v.applyMaskBF16()
}
