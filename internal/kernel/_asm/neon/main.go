// Command neon generates the ARM64 assembly of package kernel:
//
//	go run ./neon -out ../neon_arm64.s -stubs ../neon_arm64.go
//
// The Go code in ../../generic.go defines what each function computes. Every
// function flushes denormal numbers to zero while it runs.
package main

import (
	"flag"
	"log"
	"os"
)

func main() {
	out := flag.String("out", "", "file for the assembly")
	stubs := flag.String("stubs", "", "file for its declarations in Go")
	log.SetFlags(0)
	flag.Parse()
	a := generate("../arguments.go")
	for name, text := range map[string][]byte{*out: a.text.Bytes(), *stubs: a.stubs.Bytes()} {
		if err := os.WriteFile(name, text, 0o666); err != nil {
			log.Fatal(err)
		}
	}
}

// generate returns the code of all functions. arguments is the file that declares their
// argument structs.
func generate(arguments string) *assembler {
	a := newAssembler(arguments)
	a.gemm()
	a.syrk()
	a.sum()
	a.firstConv()
	a.winogradWeights()
	a.winogradInput()
	a.winogradOutput()
	a.reluMask()
	a.applyMask()
	a.averagePool()
	a.averagePoolBack()
	a.addScaled()
	a.addDifference()
	a.updateMoments()
	a.descend()
	a.dot()
	a.dots64()
	a.difference()
	a.variation()
	a.maxPool()
	a.maxPoolBack()
	a.patchDifference()
	a.linearise()
	a.relax()
	return a
}
