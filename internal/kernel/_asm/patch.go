package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// patchSize is the number of rows and of columns of a patch. A row fills one vector of
// AVX2.
const patchSize = 8

func (v *isa) patchDifference() {
	v.function("patchDifference", "patchDifference", func() {
		pointers := make(map[string]GPVirtual)
		names := []string{"from", "gradX", "gradY", "to"}
		for _, name := range names {
			pointers[name] = pointer(name)
		}
		row := stride("row")
		var weights, sums [4]VecVirtual
		for i := range weights {
			weights[i], sums[i] = v.vec(), v.vec()
			VBROADCASTSS(element("weights", i), weights[i])
			v.zero(sums[i])
		}
		y := GP64()
		MOVQ(U32(patchSize), y)
		loop("row", y, func() {
			to := Mem{Base: pointers["to"]}
			// The weighted sum of two adjacent pixels.
			pair := func(at Mem, weights []VecVirtual) VecVirtual {
				left, right := v.vec(), v.vec()
				VMULPS(at, weights[0], left)
				VMULPS(at.Offset(4), weights[1], right)
				VADDPS(right, left, left)
				return left
			}
			d, lower, product := pair(to, weights[:2]), pair(to.Idx(row, 1), weights[2:]), v.vec()
			VADDPS(lower, d, d)
			VSUBPS(Mem{Base: pointers["from"]}, d, d)
			VADDPS(d, sums[0], sums[0])
			VMULPS(d, d, product)
			VADDPS(product, sums[1], sums[1])
			for i, name := range []string{"gradX", "gradY"} {
				VMULPS(Mem{Base: pointers[name]}, d, product)
				VADDPS(product, sums[2+i], sums[2+i])
			}
			for _, name := range names {
				ADDQ(row, pointers[name])
			}
		})
		for i, r := range sums {
			VMOVUPS(r, element("sums", i*patchSize))
		}
	})
}

// element returns the address of an element of an array among the arguments.
func element(name string, i int) Mem {
	place, err := arguments.Field(name).Index(i).Resolve()
	if err != nil {
		panic(err)
	}
	return place.Addr
}
