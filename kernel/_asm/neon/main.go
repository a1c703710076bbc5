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
	a := generate()
	for name, text := range map[string][]byte{*out: a.text.Bytes(), *stubs: a.stubs.Bytes()} {
		if err := os.WriteFile(name, text, 0o666); err != nil {
			log.Fatal(err)
		}
	}
}

// generate returns all functions.
func generate() *assembler {
	a := newAssembler()
	a.product()
	a.gram()
	a.sum()
	a.pixels()
	a.winogradWeights()
	a.winogradInput()
	a.winogradOutput()
	a.positive()
	a.masked()
	a.averagePool()
	a.averagePoolBack()
	a.maximumPool()
	a.maximumPoolBack()
	a.euclideanPool()
	a.euclideanPoolBack()
	return a
}
