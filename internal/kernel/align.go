package kernel

import "unsafe"

// cacheLine is the size of a cache line in bytes. A vector that crosses two
// lines costs twice.
const cacheLine = 64

// aligned returns n zero elements that begin on a cache line.
func aligned[E float32 | bfloat16](n int) []E {
	var (
		element E
		size    = int(unsafe.Sizeof(element))
		b       = make([]E, n+cacheLine/size-1)
		skip    = 0
	)
	if r := int(uintptr(unsafe.Pointer(unsafe.SliceData(b))) % cacheLine); r != 0 {
		skip = (cacheLine - r) / size
	}
	return b[skip : skip+n : skip+n]
}

// alignedFloats returns n zero floats that begin on a cache line.
func alignedFloats(n int) []float32 { return aligned[float32](n) }

// grow returns n elements that begin on a cache line, those of s where they
// suffice, with any contents.
func grow[E float32 | bfloat16](s []E, n int) []E {
	if cap(s) < n {
		return aligned[E](n)
	}
	return s[:n]
}
