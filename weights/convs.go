package weights

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// The default epsilon of a batch norm where the file has none: that of PyTorch and
// ONNX, and that of Keras.
const (
	normEpsilon  = 1e-5
	kerasEpsilon = 1e-3
)

// readConvs reads the values of the chain. epsilon is that of the batch norms; 0 stands
// for the default of the file's library.
func (a *arrangement) readConvs(d *decoder, epsilon float64) ([]Conv, error) {
	standard := normEpsilon
	if a.scheme == keras || a.scheme == kerasNumbered {
		standard = kerasEpsilon
	}
	epsilon = cmp.Or(epsilon, standard)
	convs := make([]Conv, len(a.chain))
	for i, l := range a.chain {
		c := Conv{Name: l.name, Out: l.out, In: l.in}
		var err error
		if c.Weight, err = d.finite(l.weight, "the weight of "+l.name); err != nil {
			return nil, err
		}
		if l.bias != nil {
			c.Bias, err = d.finite(l.bias, "the bias of "+l.name)
		} else {
			c.Bias = make([]float32, l.out)
		}
		if err != nil {
			return nil, err
		}
		if l.norm != nil {
			if err := c.fold(d, l.norm, epsilon); err != nil {
				return nil, err
			}
		}
		convs[i] = c
	}
	return convs, nil
}

// rotate turns every kernel by 180 degrees.
func (c *Conv) rotate() {
	for kernel := range slices.Chunk(c.Weight, kernelSize*kernelSize) {
		slices.Reverse(kernel)
	}
}

// fold merges the batch norm after the convolution into it:
//
//	(w*x + b - mean) * factor/sqrt(variance+epsilon) + bias
//
// It computes in float64 and rounds once.
func (c *Conv) fold(d *decoder, norm *module, epsilon float64) error {
	var v [roles][]float32
	for r, t := range norm {
		var err error
		if v[r], err = d.finite(t, "the batch norm of "+c.Name); err != nil {
			return err
		}
	}
	size := c.In * kernelSize * kernelSize
	for k := range c.Out {
		variance := float64(v[varianceRole][k]) + epsilon
		if variance <= 0 {
			return fmt.Errorf("%w: value %d of the batch norm's variance of %s is %v, expected none below 0",
				ErrMalformed, k, c.Name, v[varianceRole][k])
		}
		factor := float64(v[weightRole][k]) / math.Sqrt(variance)
		for i := range size {
			w := &c.Weight[k*size+i]
			*w = float32(float64(*w) * factor)
		}
		c.Bias[k] = float32((float64(c.Bias[k])-float64(v[meanRole][k]))*factor + float64(v[biasRole][k]))
	}
	if indexNonFinite(c.Weight) >= 0 || indexNonFinite(c.Bias) >= 0 {
		return fmt.Errorf("%w: with its batch norm, %s has values too large for float32", ErrMalformed, c.Name)
	}
	return nil
}

// finite reads a tensor of finite values. what is its name in errors.
func (d *decoder) finite(t *tensor, what string) ([]float32, error) {
	v, err := d.read(t)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	if i := indexNonFinite(v); i >= 0 {
		return nil, fmt.Errorf("%w: value %d of %s is %v, expected a finite float32", ErrMalformed, i, what, v[i])
	}
	return v, nil
}

// indexNonFinite returns the index of the first NaN or infinity, or -1.
func indexNonFinite(v []float32) int {
	const exponent = 0xff << 23 // all ones in NaN and infinity only
	for i, x := range v {
		if math.Float32bits(x)&exponent == exponent {
			return i
		}
	}
	return -1
}
