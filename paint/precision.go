package paint

import (
	"errors"
	"slices"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// Precision is the number format in which the layers of the network hand on their
// values: [kernel.Float32], which every machine has, or [kernel.BFloat16]. Sums, the
// picture, the costs and the optimiser are float32 in either.
type Precision = kernel.Precision

// checkPrecision fails where there is no such precision or the kernel lacks it.
func (s *session) checkPrecision() error {
	if !slices.Contains(kernel.Precisions(), s.opts.Precision) {
		return invalid("Precision", "%d: expected one of %v", int(s.opts.Precision), kernel.Precisions())
	}
	err := s.pool.Check(s.opts.Precision)
	if missing := (*kernel.PrecisionError)(nil); errors.As(err, &missing) {
		return invalid("Precision", "%v", missing)
	}
	return err
}
