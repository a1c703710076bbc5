package kernel

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Precision is the number format of the values of a tensor and of the weights of a
// convolution. Sums are float32 in either.
type Precision int

// The precisions.
const (
	Float32  Precision = iota
	BFloat16           // the upper half of a float32: its range with 8 bits of precision
	precisions
)

var precisionNames = [precisions]string{"float32", "bfloat16"}

// String returns "float32" or "bfloat16".
func (p Precision) String() string { return precisionNames[p] }

// Precisions returns all precisions.
func Precisions() []Precision { return []Precision{Float32, BFloat16} }

// MarshalText returns the same name as String.
func (p Precision) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText sets p to the precision with the given name. It fails unless String
// returns that name.
func (p *Precision) UnmarshalText(name []byte) error {
	i := slices.Index(precisionNames[:], string(name))
	if i < 0 {
		return fmt.Errorf("expected %s", strings.Join(precisionNames[:], " or "))
	}
	*p = Precision(i)
	return nil
}

// Bytes returns the size of a value.
func (p Precision) Bytes() int64 { return [precisions]int64{4, 2}[p] }

// A PrecisionError reports that an implementation does not support a precision.
type PrecisionError struct {
	Precision      Precision
	Implementation string
}

func (e *PrecisionError) Error() string {
	have := slices.DeleteFunc(implementations(), func(impl *implementation) bool { return impl.check(e.Precision) != nil })
	return fmt.Sprintf("the kernel %s has no %s: expected %s, or %s=%s",
		e.Implementation, e.Precision, Float32, Variable, strings.Join(names(have), " or "))
}

// check returns a [*PrecisionError] where the implementation does not support a
// precision.
func (impl *implementation) check(p Precision) error {
	if p == BFloat16 && impl.bfloat16 == nil {
		return &PrecisionError{Precision: p, Implementation: impl.name}
	}
	return nil
}

// round returns the bfloat16 nearest to x, or the even one of the two nearest, as the
// instruction VCVTNEPS2BF16 does: denormal numbers become zero, and NaN stays NaN.
func round(x float32) bfloat16 {
	const exponent, quiet = 0x7f80_0000, 0x0040
	bits := math.Float32bits(x)
	switch {
	case bits&exponent == 0:
		return bfloat16(bits >> 16 & 0x8000)
	case x != x:
		return bfloat16(bits>>16) | quiet
	}
	return bfloat16((bits + 0x7fff + bits>>16&1) >> 16)
}

// widen returns x as a float32.
func widen(x bfloat16) float32 { return math.Float32frombits(uint32(x) << 16) }
