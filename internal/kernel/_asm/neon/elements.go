package main

import "fmt"

// eachVector emits a loop over n elements, a multiple of sixteen, of the named
// arguments. body receives the addresses of the current vectors. bytes is the size of
// an element.
func (a *assembler) eachVector(bytes int, names []string, body func(at func(name string) place, i int)) {
	n := a.argument("n")
	a.op("LSR", "$4", n)
	a.along("sixteen", n, steps(lanes*bytes, names...), func(at func(string) place) {
		for i := range lanes * bytes / vectorBytes {
			a.scope(func() { body(func(name string) place { return at(name).plus(i * vectorBytes) }, i) })
		}
	})
}

func (a *assembler) addScaled() {
	a.function("addScaled", "addScaled", func() {
		s := a.broadcast("s")
		a.eachVector(4, []string{"dst", "src"}, func(at func(string) place, _ int) {
			r := a.loaded(at("src"), at("dst"))
			a.fmul(r[0], r[0], s)
			a.fadd(r[0], r[0], r[1])
			a.store(r[0], at("dst"))
		})
	})
}

func (a *assembler) addDifference() {
	a.function("addDifference", "addDifference", func() {
		slope := a.broadcast("slope")
		a.eachVector(4, []string{"dst", "f", "g"}, func(at func(string) place, _ int) {
			r := a.loaded(at("dst"), at("f"), at("g"))
			to, d := r[0], r[1]
			a.fsub(d, d, r[2])
			a.fmul(d, slope, d)
			a.fadd(to, to, d)
			a.store(to, at("dst"))
		})
	})
}

func (a *assembler) updateMoments() {
	a.function("updateMoments", "moments", func() {
		beta1, rest1, beta2, rest2 := a.broadcast("beta1"), a.broadcast("rest1"), a.broadcast("beta2"), a.broadcast("rest2")
		a.eachVector(4, []string{"mean", "square", "gradient"}, func(at func(string) place, _ int) {
			r := a.loaded(at("mean"), at("square"), at("gradient"))
			mean, square, g, part := r[0], r[1], r[2], a.newVec()
			a.fmul(mean, mean, beta1)
			a.fmul(part, g, rest1)
			a.fadd(mean, mean, part)
			a.store(mean, at("mean"))
			a.fmul(square, square, beta2)
			a.fmul(part, g, rest2)
			a.fmul(part, part, g)
			a.fadd(square, square, part)
			a.store(square, at("square"))
		})
	})
}

func (a *assembler) descend() {
	a.function("descend", "descent", func() {
		rate, root, epsilon := a.broadcast("rate"), a.broadcast("root"), a.broadcast("epsilon")
		low, high := a.broadcast("low"), a.broadcast("high")
		a.eachVector(4, []string{"dst", "from", "mean", "square"}, func(at func(string) place, _ int) {
			r := a.loaded(at("from"), at("mean"), at("square"))
			x, step, width := r[0], r[1], r[2]
			a.fsqrt(width, width)
			a.fmul(width, width, root)
			a.fadd(width, width, epsilon)
			a.fmul(step, step, rate)
			a.fdiv(step, step, width)
			a.fsub(x, x, step)
			a.fmax(x, x, low)
			a.fmin(x, x, high)
			a.store(x, at("dst"))
		})
	})
}

// doubles is the number of float64 in a vector.
const doubles = vectorBytes / 8

// zeros returns zeroed registers for sixteen sums in float64.
func (a *assembler) zeros() []vec {
	sums := make([]vec, lanes/doubles)
	for i := range sums {
		sums[i] = a.newVec()
		a.xor(sums[i], sums[i], sums[i])
	}
	return sums
}

// storeDoubles stores sums to an array of the arguments.
func (a *assembler) storeDoubles(sums []vec, name string) {
	for i, r := range sums {
		a.store(r, a.field(name).plus(i*vectorBytes))
	}
}

// widened returns the float64 of the lower and the upper half of a vector.
func (a *assembler) widened(v vec) [2]vec {
	wide := [2]vec{a.newVec(), a.newVec()}
	a.fcvtl(wide[0], v)
	a.fcvtl2(wide[1], v)
	return wide
}

func (a *assembler) dot() {
	a.function("dot", "dot", func() {
		sums := a.zeros()
		a.eachVector(4, []string{"a", "b"}, func(at func(string) place, i int) {
			r := a.loaded(at("a"), at("b"))
			x, y := a.widened(r[0]), a.widened(r[1])
			for half, x := range x {
				a.fmulDouble(x, x, y[half])
				a.faddDouble(sums[2*i+half], sums[2*i+half], x)
			}
		})
		a.storeDoubles(sums, "sums")
	})
}

// dots64 multiplies by four rows of b at once.
func (a *assembler) dots64() {
	a.function("dots64", "dots64", func() {
		const (
			rows     = 4
			elements = 8
			vectors  = elements / doubles
		)
		out, b, count, stride := a.argument("out"), a.argument("b"), a.argument("count"), a.argument("stride")
		a.op("LSR", "$2", count)
		a.op("LSL", "$3", stride)
		a.loop("rows", count, func() {
			left, n := place{a.argument("a"), 0}, a.argument("n")
			a.op("LSR", "$3", n)
			var (
				from [rows]place
				acc  [rows][vectors]vec
			)
			for j := range acc {
				from[j] = place{a.newGPR(), 0}
				a.op("MOVD", b, from[j].base)
				a.add(b, stride)
				for i := range acc[j] {
					acc[j][i] = a.newVec()
					a.xor(acc[j][i], acc[j][i], acc[j][i])
				}
			}
			a.loop("eight", n, func() {
				for i := range vectors {
					a.scope(func() {
						x := a.loaded(left.plus(i * vectorBytes))[0]
						for j := range acc {
							r := a.loaded(from[j].plus(i * vectorBytes))[0]
							a.fmulDouble(r, x, r)
							a.faddDouble(acc[j][i], acc[j][i], r)
						}
					})
				}
				a.add(left.base, elements*8)
				for j := range from {
					a.add(from[j].base, elements*8)
				}
			})
			for j, sums := range acc {
				for n := vectors / 2; n > 0; n /= 2 {
					for i := range n {
						a.faddDouble(sums[i], sums[i], sums[n+i])
					}
				}
				a.faddpDouble(sums[0], sums[0])
				a.op("FMOVD", fmt.Sprintf("F%d", int(sums[0])), place{out, j * 8})
			}
			a.add(out, rows*8)
		})
	})
}

func (a *assembler) difference() {
	a.function("difference", "difference", func() {
		squares := a.zeros()
		a.eachVector(4, []string{"a", "b"}, func(at func(string) place, i int) {
			r := a.loaded(at("a"), at("b"))
			a.fsub(r[0], r[0], r[1])
			for half, d := range a.widened(r[0]) {
				square := r[1]
				a.fmulDouble(square, d, d)
				a.faddDouble(squares[2*i+half], squares[2*i+half], square)
			}
		})
		a.storeDoubles(squares, "squares")
	})
}

func (a *assembler) variation() {
	a.function("variation", "variation", func() {
		straight, diagonal, four, sums := a.broadcast("straight"), a.broadcast("diagonal"), a.constant(4), a.zeros()
		// The difference of two places, and the sum of the products of two vectors
		// with others.
		minus := func(x, y place) vec {
			r := a.loaded(x, y)
			a.fsub(r[0], r[0], r[1])
			return r[0]
		}
		products := func(x, by, y, times vec) vec {
			r, s := a.newVec(), a.newVec()
			a.fmul(r, x, by)
			a.fmul(s, y, times)
			a.fadd(r, r, s)
			return r
		}
		a.eachVector(4, []string{"upper", "lower", "upperGrad", "lowerGrad"}, func(at func(string) place, i int) {
			row := func(name string, x int) place { return at(name).plus(4 * x) }
			dx, dy := minus(row("upper", 2), row("upper", 1)), minus(row("lower", 1), row("upper", 1))
			falling, rising := minus(row("lower", 2), row("upper", 1)), minus(row("lower", 1), row("upper", 2))
			a.scope(func() {
				squares := products(dx, dx, dy, dy)
				a.fmul(squares, squares, four)
				a.fadd(squares, squares, products(falling, falling, rising, rising))
				for half, wide := range a.widened(squares) {
					a.faddDouble(sums[2*i+half], sums[2*i+half], wide)
				}
			})
			a.scope(func() {
				own := products(dx, straight, dy, straight)
				a.fmul(falling, falling, diagonal)
				a.fadd(own, own, falling)
				left, other := minus(row("upper", 1), row("upper", 0)), minus(row("lower", 0), row("upper", 1))
				a.fmul(left, left, straight)
				a.fmul(other, other, diagonal)
				a.fsub(left, left, other)
				before := a.loaded(row("upperGrad", 0))[0]
				a.fadd(left, before, left)
				a.fsub(left, left, own)
				a.store(left, row("upperGrad", 0))
			})
			own, left := products(dy, straight, rising, diagonal), minus(row("lower", 1), row("upper", 0))
			a.fmul(left, left, diagonal)
			before := a.loaded(row("lowerGrad", 0))[0]
			a.fadd(left, before, left)
			a.fadd(left, left, own)
			a.store(left, row("lowerGrad", 0))
		})
		a.storeDoubles(sums, "sums")
	})
}
