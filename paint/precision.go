package paint

import (
	"errors"

	"github.com/pastiche-art/pastiche/kernel"
)

// Precision says what numbers the layers of the network hand on. Sums, the
// picture, the costs and the optimiser are float32 in either.
type Precision string

// The precisions. AutoPrecision is Float32 with every kernel, so that whether a machine
// has tiles of AMX, where BFloat16 is faster, decides neither what is painted nor who
// can go on from a checkpoint.
const (
	AutoPrecision Precision = "auto"
	Float32       Precision = "float32"
	BFloat16      Precision = "bfloat16"
)

// Precisions returns all precisions.
func Precisions() []Precision { return []Precision{AutoPrecision, Float32, BFloat16} }

// choosePrecision takes the precision that was asked for.
func (s *session) choosePrecision() error {
	asked := s.opts.Precision
	if s.opts.Resume != nil && asked.auto() {
		asked = s.opts.Resume.header.Precision
	}
	switch asked {
	case "", AutoPrecision, Float32:
		s.precision = kernel.Float32
	case BFloat16:
		s.precision = kernel.BFloat16
	default:
		return invalid("Precision", "%s: expected one of %s, %s, %s", asked, AutoPrecision, Float32, BFloat16)
	}
	err := s.pool.Check(s.precision)
	if missing := (*kernel.PrecisionError)(nil); errors.As(err, &missing) {
		return invalid("Precision", "%v", missing)
	}
	return err
}

// toMeasure returns the precision of what is measured rather than painted.
func (p Precision) toMeasure() Precision {
	if p.auto() {
		return Float32
	}
	return p
}

func (p Precision) auto() bool { return p == "" || p == AutoPrecision }
