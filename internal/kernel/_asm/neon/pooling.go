package main

// along emits a loop over n positions. body receives the address of the current
// position in each named argument.
func (a *assembler) along(label string, n gpr, steps []step, body func(at func(name string) place)) {
	pointers := make(map[string]gpr)
	for _, s := range steps {
		pointers[s.name] = a.argument(s.name)
	}
	a.loop(label, n, func() {
		body(func(name string) place { return place{pointers[name], 0} })
		for _, s := range steps {
			a.add(pointers[s.name], s.bytes)
		}
	})
}

// step is an argument and the number of bytes by which its pointer moves at each
// position.
type step struct {
	name  string
	bytes int
}

// steps returns steps of the same size for several arguments.
func steps(bytes int, names ...string) []step {
	var s []step
	for _, n := range names {
		s = append(s, step{n, bytes})
	}
	return s
}

// For reluMask and applyMask, along loops over positions instead of outputs of pooling.

func (a *assembler) reluMask() {
	a.function("reluMask", "reluMask", func() {
		bits := a.bits()
		a.along("position", a.argument("positions"), append(steps(laneBytes, "in"), steps(maskBytes, "mask")...),
			func(at func(string) place) {
				word := a.newVec()
				for part, r := range a.loaded(sixteen(at("in"))...) {
					a.collectSigns(word, r, bits[part], part)
				}
				a.storeWord(word, at("mask"))
			})
	})
}

func (a *assembler) applyMask() {
	a.function("applyMask", "applyMask", func() {
		bits := a.bits()
		a.along("position", a.argument("positions"), append(steps(laneBytes, "in", "out"), steps(maskBytes, "mask")...),
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

// argmaxWords returns the words of the mask of a 2x2 window.
func argmaxWords(at func(string) place) []place {
	return []place{at("argmax0"), at("argmax0").plus(maskBytes), at("argmax1"), at("argmax1").plus(maskBytes)}
}

func (a *assembler) averagePool() {
	a.function("averagePool", "poolForward", func() {
		scale := a.broadcast("scale")
		a.along("output", a.argument("n"), append(steps(laneBytes, "out"), steps(2*laneBytes, "in0", "in1")...),
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
	a.function("averagePoolBack", "poolBackward", func() {
		scale := a.broadcast("scale")
		a.along("output", a.argument("n"), append(steps(laneBytes, "grad"), steps(2*laneBytes, "grad0", "grad1")...),
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

func (a *assembler) maxPool() {
	a.function("maxPool", "poolForward", func() {
		a.either("argmax0",
			func() { a.maxPoolLoop("routedOutput", true) },
			func() { a.maxPoolLoop("plainOutput", false) })
	})
}

func (a *assembler) maxPoolLoop(label string, withArgmax bool) {
	var (
		arguments = append(steps(laneBytes, "out"), steps(2*laneBytes, "in0", "in1")...)
		bits      [parts]vec
		words     [4]vec // of the window
	)
	if withArgmax {
		arguments = append(arguments, steps(2*maskBytes, "argmax0", "argmax1")...)
		bits = a.bits()
		for i := range words {
			words[i] = a.newVec()
		}
	}
	a.along(label, a.argument("n"), arguments, func(at func(string) place) {
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
			if !withArgmax {
				return
			}
			// The maximum is the last input that is greater than all inputs before it.
			left := bits[part]
			for i := len(w) - 1; i > 0; i-- {
				argmax, rest := above[i], a.newVec()
				a.and(argmax, argmax, left)
				a.collect(words[i], argmax, part)
				a.xor(rest, left, argmax)
				left = rest
			}
			a.collect(words[0], left, part)
		})
		if withArgmax {
			for i, to := range argmaxWords(at) {
				a.storeWord(words[i], to)
			}
		}
	})
}

func (a *assembler) maxPoolBack() {
	a.function("maxPoolBack", "poolBackward", func() {
		bits := a.bits()
		arguments := append(steps(laneBytes, "grad"), steps(2*laneBytes, "grad0", "grad1")...)
		arguments = append(arguments, steps(2*maskBytes, "argmax0", "argmax1")...)
		a.along("output", a.argument("n"), arguments, func(at func(string) place) {
			var words []vec
			for _, from := range argmaxWords(at) {
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
