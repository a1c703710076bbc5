package main

import (
	"math"

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

// eachRow8 emits a loop over n elements, a multiple of eight. body receives the addresses
// of the current vectors. Their slices are too many to keep all addresses in registers.
func (v *isa) eachRow8(body func(at func(name string) Mem)) {
	n, i := count("n"), GP64()
	SHRQ(Imm(3), n)
	XORQ(i, i)
	loop("eight", n, func() {
		body(func(name string) Mem { return Mem{Base: pointer(name), Index: i, Scale: 1} })
		ADDQ(Imm(uint64(v.bytes)), i)
	})
}

// products returns the sum of two products.
func (v *isa) products(a Op, b VecVirtual, c Op, d VecVirtual) VecVirtual {
	r, s := v.vec(), v.vec()
	VMULPS(a, b, r)
	VMULPS(c, d, s)
	VADDPS(s, r, r)
	return r
}

func (v *isa) loaded(from Mem) VecVirtual {
	r := v.vec()
	VMOVUPS(from, r)
	return r
}

func (v *isa) linearise() {
	v.function("linearise", "linearise", func() {
		v.eachRow8(func(at func(string) Mem) {
			var (
				u0, v0 = v.loaded(at("u0")), v.loaded(at("v0"))
				xx, xy = v.loaded(at("xx")), v.loaded(at("xy"))
				yx, yy = v.loaded(at("yx")), v.loaded(at("yy"))
				du, dv = v.loaded(at("u")), v.loaded(at("v"))
			)
			VSUBPS(u0, du, du)
			VSUBPS(v0, dv, dv)
			r1, r2 := v.products(xx, du, xy, dv), v.products(yx, du, yy, dv)
			VADDPS(at("xt"), r1, r1)
			VADDPS(at("yt"), r2, r2)
			length, w := v.products(r1, r1, r2, r2), v.broadcast("weight")
			VADDPS(v.broadcast("epsilon"), length, length)
			VSQRTPS(length, length)
			VDIVPS(length, w, w)
			a11, a12, a22 := v.products(xx, xx, yx, yx), v.products(xx, xy, yx, yy), v.products(xy, xy, yy, yy)
			inertia := v.broadcast("inertia")
			VMULPS(w, a11, a11)
			VMULPS(w, a12, a12)
			VMULPS(w, a22, a22)
			VADDPS(inertia, a11, a11)
			VADDPS(inertia, a22, a22)
			right := func(name string, a, b, x, y VecVirtual) {
				sum, data := v.products(a, u0, b, v0), v.products(at("xt"), x, at("yt"), y)
				VMULPS(w, data, data)
				VSUBPS(data, sum, sum)
				VMOVUPS(sum, at(name))
			}
			right("b1", a11, a12, xx, yx)
			right("b2", a12, a22, xy, yy)
			sides, ends := v.loaded(at("right")), v.loaded(at("up"))
			VADDPS(at("right").Offset(4), sides, sides)
			VADDPS(at("down"), ends, ends)
			VADDPS(ends, sides, sides)
			VADDPS(sides, a11, a11)
			VADDPS(sides, a22, a22)
			scale, square := v.vec(), v.vec()
			VMULPS(a11, a22, scale)
			VMULPS(a12, a12, square)
			VSUBPS(square, scale, scale)
			one := v.loaded(v.constant(1))
			VDIVPS(scale, one, scale)
			VMULPS(scale, a11, a11)
			VMULPS(scale, a12, a12)
			VMULPS(scale, a22, a22)
			VXORPS(v.constant(math.Copysign(0, -1)), a12, a12)
			VMOVUPS(a22, at("inverse11"))
			VMOVUPS(a12, at("inverse12"))
			VMOVUPS(a11, at("inverse22"))
		})
	})
}

func (v *isa) relax() {
	v.function("relax", "relax", func() {
		row, factor, chosen := stride("row"), v.broadcast("factor"), v.loaded(element("chosen", 0))
		v.eachRow8(func(at func(string) Mem) {
			left, right, up, down := v.loaded(at("right")), v.loaded(at("right").Offset(4)), v.loaded(at("up")), v.loaded(at("down"))
			// The address of the pixel itself, and the right side of its equation.
			sum := func(name, b string) (Mem, VecVirtual) {
				first, base := at(name), GP64()
				LEAQ(first, base)
				upper := Mem{Base: base, Disp: 4}
				sides := v.products(upper.Offset(-4).Idx(row, 1), left, upper.Offset(4).Idx(row, 1), right)
				VADDPS(at(b), sides, sides)
				VADDPS(v.products(upper, up, upper.Idx(row, 2), down), sides, sides)
				return upper.Idx(row, 1), sides
			}
			u, su := sum("u", "b1")
			w, sv := sum("v", "b2")
			move := func(to Mem, a, b string) {
				before, target := v.loaded(to), v.products(at(a), su, at(b), sv)
				VSUBPS(before, target, target)
				VMULPS(factor, target, target)
				VADDPS(before, target, target)
				VBLENDVPS(chosen, target, before, before)
				VMOVUPS(before, to)
			}
			move(u, "inverse11", "inverse12")
			move(w, "inverse12", "inverse22")
		})
	})
}
