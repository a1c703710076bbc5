package main

import "fmt"

// bits returns, for each part of sixteen channels, a vector whose elements are the bits
// of a mask word that belong to the part.
func (a *assembler) bits() [parts]vec {
	var b [parts]vec
	for part := range b {
		b[part] = a.newVec()
	}
	a.scope(func() {
		r := a.newGPR()
		for i := range elements {
			a.op("MOVD", immediate(1<<i), r)
			a.op("VMOV", r, fmt.Sprintf("%v.S[%d]", b[0], i))
		}
	})
	for part := 1; part < parts; part++ {
		a.op("VSHL", immediate(elements), b[part-1].String()+".S4", b[part].String()+".S4")
	}
	return b
}

// maskWord loads a word of a mask into every element of a vector.
func (a *assembler) maskWord(from place) vec {
	v := a.newVec()
	a.scope(func() {
		r := a.newGPR()
		a.op("MOVHU", from, r)
		a.duplicate(v, r)
	})
	return v
}

// selected sets d to the elements of n whose bits are set in word, and to zero
// elsewhere.
func (a *assembler) selected(d, n, word, bits vec) {
	a.scope(func() {
		set := a.newVec()
		a.tst(set, word, bits)
		a.and(d, n, set)
	})
}

// collect adds the mask bits of one part of sixteen channels to those of earlier parts.
func (a *assembler) collect(word, bits vec, part int) {
	if part == 0 {
		a.move(word, bits)
		return
	}
	a.or(word, word, bits)
}

// collectSigns collects the bits of the positive elements of v.
func (a *assembler) collectSigns(word, v, bits vec, part int) {
	a.scope(func() {
		above := a.newVec()
		a.fcmgt0(above, v)
		a.and(above, above, bits)
		a.collect(word, above, part)
	})
}

// storeWord writes the collected bits.
func (a *assembler) storeWord(word vec, to place) {
	a.scope(func() {
		r := a.newGPR()
		a.op("VADDV", word.String()+".S4", word)
		a.op("VMOV", word.String()+".S[0]", r)
		a.op("MOVH", r, to)
	})
}
