package weights

import (
	"encoding/binary"
	"math/bits"
)

// lookup3 returns the checksum of HDF5's structures: Bob Jenkins' hash function
// hashlittle with the initial value 0 (burtleburtle.net/bob/c/lookup3.c).
func lookup3(data []byte) uint32 {
	a := 0xdeadbeef + uint32(len(data))
	b, c := a, a
	add := func(data []byte) {
		a += binary.LittleEndian.Uint32(data)
		b += binary.LittleEndian.Uint32(data[4:])
		c += binary.LittleEndian.Uint32(data[8:])
	}
	for ; len(data) > 12; data = data[12:] {
		add(data)
		a, c = a-c^bits.RotateLeft32(c, 4), c+b
		b, a = b-a^bits.RotateLeft32(a, 6), a+c
		c, b = c-b^bits.RotateLeft32(b, 8), b+a
		a, c = a-c^bits.RotateLeft32(c, 16), c+b
		b, a = b-a^bits.RotateLeft32(a, 19), a+c
		c, b = c-b^bits.RotateLeft32(b, 4), b+a
	}
	if len(data) == 0 {
		return c
	}
	var last [12]byte
	copy(last[:], data)
	add(last[:])
	c = c ^ b - bits.RotateLeft32(b, 14)
	a = a ^ c - bits.RotateLeft32(c, 11)
	b = b ^ a - bits.RotateLeft32(a, 25)
	c = c ^ b - bits.RotateLeft32(b, 16)
	a = a ^ c - bits.RotateLeft32(c, 4)
	b = b ^ a - bits.RotateLeft32(a, 14)
	return c ^ b - bits.RotateLeft32(b, 24)
}
