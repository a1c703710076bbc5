package main

// along emits a loop along as many positions as the argument counter says: body
// gets the places of the current one in the arguments named. A step is how many
// bytes an argument's pointer moves by.
func (a *assembler) along(label, counter string, steps []step, body func(at func(name string) place)) {
	pointers := make(map[string]gpr)
	for _, s := range steps {
		pointers[s.name] = a.argument(s.name)
	}
	a.loop(label, a.argument(counter), func() {
		body(func(name string) place { return place{pointers[name], 0} })
		for _, s := range steps {
			a.add(pointers[s.name], s.bytes)
		}
	})
}

// step is an argument and how far its pointer moves at once.
type step struct {
	name  string
	bytes int
}

// steps returns the steps of several arguments that move as far.
func steps(bytes int, names ...string) []step {
	var s []step
	for _, n := range names {
		s = append(s, step{n, bytes})
	}
	return s
}

// positive and masked walk along positions rather than outputs of pooling.

func (a *assembler) positive() {
	a.function("positive", "func(mask *uint16, in *float32, positions int)", "positiveGeneric in vectors", func() {
		bits := a.bits()
		a.along("position", "positions", append(steps(laneBytes, "in"), steps(maskBytes, "mask")...),
			func(at func(string) place) {
				word := a.newVec()
				for part, r := range a.loaded(sixteen(at("in"))...) {
					a.collectSigns(word, r, bits[part], part)
				}
				a.storeWord(word, at("mask"))
			})
	})
}

func (a *assembler) masked() {
	a.function("masked", "func(out, in *float32, mask *uint16, positions int)", "maskedGeneric in vectors", func() {
		bits := a.bits()
		a.along("position", "positions", append(steps(laneBytes, "in", "out"), steps(maskBytes, "mask")...),
			func(at func(string) place) {
				word, to := a.maskWord(at("mask")), sixteen(at("out"))
				for part, r := range a.loaded(sixteen(at("in"))...) {
					a.selected(r, r, word, bits[part])
					a.store(r, to[part])
				}
			})
	})
}

// window returns the 2x2 window in two rows.
func window(at func(string) place, row0, row1 string, disp int) []place {
	return []place{
		at(row0).plus(disp), at(row0).plus(laneBytes + disp),
		at(row1).plus(disp), at(row1).plus(laneBytes + disp),
	}
}

// routes returns the words of the mask of a 2x2 window.
func routes(at func(string) place) []place {
	return []place{at("route0"), at("route0").plus(maskBytes), at("route1"), at("route1").plus(maskBytes)}
}

func (a *assembler) averagePool() {
	a.function("averagePool", "func(out, in0, in1 *float32, n int, scale float32)", "averagePool in vectors", func() {
		scale := a.broadcast("scale")
		a.along("output", "n", append(steps(laneBytes, "out"), steps(2*laneBytes, "in0", "in1")...),
			func(at func(string) place) {
				a.eachPart(func(_, disp int) {
					w := a.loaded(window(at, "in0", "in1", disp)...)
					a.fadd(w[0], w[0], w[1])
					a.fadd(w[2], w[2], w[3])
					a.fadd(w[0], w[0], w[2])
					a.fmul(w[0], w[0], scale)
					a.store(w[0], at("out").plus(disp))
				})
			})
	})
}

func (a *assembler) averagePoolBack() {
	a.function("averagePoolBack", "func(grad, grad0, grad1 *float32, n int, scale float32)", "averagePoolBack in vectors", func() {
		scale := a.broadcast("scale")
		a.along("output", "n", append(steps(laneBytes, "grad"), steps(2*laneBytes, "grad0", "grad1")...),
			func(at func(string) place) {
				a.eachPart(func(_, disp int) {
					g := a.loaded(at("grad").plus(disp))[0]
					a.fmul(g, g, scale)
					for _, to := range window(at, "grad0", "grad1", disp) {
						a.store(g, to)
					}
				})
			})
	})
}

func (a *assembler) maximumPool() {
	a.function("maximumPool", "func(out, in0, in1 *float32, route0, route1 *uint16, n int)", "maximumPool in vectors", func() {
		a.either("route0",
			func() { a.maximumPoolLoop("routedOutput", true) },
			func() { a.maximumPoolLoop("plainOutput", false) })
	})
}

func (a *assembler) maximumPoolLoop(label string, routed bool) {
	var (
		arguments = append(steps(laneBytes, "out"), steps(2*laneBytes, "in0", "in1")...)
		bits      [parts]vec
		words     [4]vec // of the window
	)
	if routed {
		arguments = append(arguments, steps(2*maskBytes, "route0", "route1")...)
		bits = a.bits()
		for i := range words {
			words[i] = a.newVec()
		}
	}
	a.along(label, "n", arguments, func(at func(string) place) {
		a.eachPart(func(part, disp int) {
			w := a.loaded(window(at, "in0", "in1", disp)...)
			highest := w[0]
			var above [4]vec
			for i := 1; i < len(w); i++ {
				above[i] = a.newVec()
				a.fcmgt(above[i], w[i], highest)
				a.bit(highest, w[i], above[i])
			}
			a.store(highest, at("out").plus(disp))
			if !routed {
				return
			}
			// The last that was above all before it is the highest.
			left := bits[part]
			for i := len(w) - 1; i > 0; i-- {
				route, rest := above[i], a.newVec()
				a.and(route, route, left)
				a.collect(words[i], route, part)
				a.xor(rest, left, route)
				left = rest
			}
			a.collect(words[0], left, part)
		})
		if routed {
			for i, to := range routes(at) {
				a.storeWord(words[i], to)
			}
		}
	})
}

func (a *assembler) maximumPoolBack() {
	a.function("maximumPoolBack", "func(grad, grad0, grad1 *float32, route0, route1 *uint16, n int)", "maximumPoolBack in vectors", func() {
		bits := a.bits()
		arguments := append(steps(laneBytes, "grad"), steps(2*laneBytes, "grad0", "grad1")...)
		arguments = append(arguments, steps(2*maskBytes, "route0", "route1")...)
		a.along("output", "n", arguments, func(at func(string) place) {
			var words []vec
			for _, from := range routes(at) {
				words = append(words, a.maskWord(from))
			}
			a.eachPart(func(part, disp int) {
				g, r := a.loaded(at("grad").plus(disp))[0], a.newVec()
				for i, to := range window(at, "grad0", "grad1", disp) {
					a.selected(r, g, words[i], bits[part])
					a.store(r, to)
				}
			})
		})
	})
}

// root returns the root of the sum of the squares of w.
func (a *assembler) root(w []vec) vec {
	upper, lower := a.newVec(), a.newVec()
	a.fmul(upper, w[0], w[0])
	a.fmla(upper, w[1], w[1])
	a.fmul(lower, w[2], w[2])
	a.fmla(lower, w[3], w[3])
	a.fadd(upper, upper, lower)
	a.fsqrt(upper, upper)
	return upper
}

func (a *assembler) euclideanPool() {
	a.function("euclideanPool", "func(out, in0, in1 *float32, n int, scale float32)", "euclideanPool in vectors", func() {
		scale := a.broadcast("scale")
		a.along("output", "n", append(steps(laneBytes, "out"), steps(2*laneBytes, "in0", "in1")...),
			func(at func(string) place) {
				a.eachPart(func(_, disp int) {
					root := a.root(a.loaded(window(at, "in0", "in1", disp)...))
					a.fmul(root, root, scale)
					a.store(root, at("out").plus(disp))
				})
			})
	})
}

func (a *assembler) euclideanPoolBack() {
	a.function("euclideanPoolBack", "func(grad, in0, in1, grad0, grad1 *float32, n int, scale float32)", "euclideanPoolBack in vectors", func() {
		scale := a.broadcast("scale")
		a.along("output", "n", append(steps(laneBytes, "grad"), steps(2*laneBytes, "in0", "in1", "grad0", "grad1")...),
			func(at func(string) place) {
				a.eachPart(func(_, disp int) {
					w := a.loaded(window(at, "in0", "in1", disp)...)
					root, slope := a.root(w), a.loaded(at("grad").plus(disp))[0]
					a.fmul(slope, slope, scale)
					a.fdiv(slope, slope, root)
					// Where the root is not positive, no gradient passes.
					a.fcmgt0(root, root)
					a.and(slope, slope, root)
					for i, to := range window(at, "grad0", "grad1", disp) {
						a.fmul(w[i], w[i], slope)
						a.store(w[i], to)
					}
				})
			})
	})
}
