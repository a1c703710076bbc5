// Command asm generates the AMD64 assembly of package kernel:
//
//	go run . -isa avx512 -out ../avx512_amd64.s -stubs ../avx512_amd64.go -pkg kernel
//
// The Go code in ../generic.go and ../generic_bfloat16.go defines what each
// function computes. Every
// function flushes denormal numbers to zero while it runs.
package main

import (
	"flag"
	"log"
	"maps"
	"slices"
	"strings"

	. "github.com/mmcloughlin/avo/build"
)

// generators write the functions of an instruction set.
var generators = map[string]func(){
	// 12 accumulators of 16 registers.
	"avx2": (&isa{suffix: "AVX2", bytes: 32, rows: 6, gramRows: 4}).float32Functions,
	// 28 accumulators of 32 registers.
	"avx512":     (&isa{suffix: "AVX512", bytes: 64, rows: 14, gramRows: 8}).float32Functions,
	"avx512bf16": (&isa{suffix: "AVX512BF16", bytes: 64, rows: 14}).bfloat16Functions,
	// Two tiles of sixteen rows; the other functions are those of avx512bf16.
	"amx": (&isa{suffix: "AMX", bytes: 64, rows: 32}).convolveTiles,
}

func main() {
	names := strings.Join(slices.Sorted(maps.Keys(generators)), ", ")
	name := flag.String("isa", "", "instruction set: "+names)
	log.SetFlags(0)
	flag.Parse() // avo's own flags among them
	generate, ok := generators[*name]
	if !ok {
		log.Fatalf("-isa %q: expected one of %s", *name, names)
	}
	ConstraintExpr("amd64,!noasm")
	generate()
	Generate()
}

func (v *isa) float32Functions() {
	v.product("product", "for blocks of this instruction set's size", vectors)
	v.gram("gram", "for blocks of this instruction set's size", vectors)
	if v.wide() {
		v.product("panelProduct", "for half as many outputs", 1)
		v.gram("panelGram", "for half as many outputs", 1)
	}
	v.sum()
	v.pixels()
	v.winogradWeights()
	v.winogradInput()
	v.winogradOutput()
	v.positive()
	v.masked()
	v.averagePool()
	v.averagePoolBack()
	v.maximumPool()
	v.maximumPoolBack()
	v.euclideanPool()
	v.euclideanPoolBack()
}

func (v *isa) bfloat16Functions() {
	v.convolve()
	v.narrow()
	v.widen()
	v.sift()
}
