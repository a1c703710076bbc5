// Package npy writes arrays as NumPy files (numpy.lib.format).
package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// alignment is the multiple of bytes at which the values of a NumPy file begin.
const alignment = 64

// Write writes an array of float32 values in C order, of two or more dimensions, as a NumPy
// file of version 1.0.
// The error is that of w.
func Write(w io.Writer, values []float32, shape ...int) error {
	sides := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(shape)), ", "), "[]")
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", sides)
	const prefix = "\x93NUMPY\x01\x00"
	length := len(prefix) + 2 + len(header) + 1 // two bytes of length, a newline
	header += strings.Repeat(" ", (alignment-length%alignment)%alignment) + "\n"
	if _, err := io.WriteString(w, prefix); err != nil {
		return err
	}
	if err := binary.Write(w, binary.LittleEndian, uint16(len(header))); err != nil {
		return err
	}
	if _, err := io.WriteString(w, header); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, values)
}
