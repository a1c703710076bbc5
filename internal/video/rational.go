package video

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// A Rational is a positive fraction, such as 30000/1001 frames a second. The zero value
// is no fraction.
type Rational struct{ Num, Den int64 }

// maxTerm bounds the terms of a fraction that is read: those of all formats fit.
const maxTerm = math.MaxUint32

// ratio returns a reduced fraction; the zero value unless both terms are positive.
func ratio(num, den int64) Rational {
	if num <= 0 || den <= 0 {
		return Rational{}
	}
	d := gcd(num, den)
	return Rational{num / d, den / d}
}

// ParseRational reads a fraction such as "25", "30000/1001", "30000:1001" or "29.97".
// The last is the fraction over 1001 that it abbreviates, if there is one.
func ParseRational(s string) (Rational, error) {
	numerator, denominator, isFraction := strings.Cut(strings.Replace(s, ":", "/", 1), "/")
	if !isFraction {
		for _, r := range standardRates {
			if r.Den == ntsc && (s == fmt.Sprintf("%.2f", r.Float()) || s == fmt.Sprintf("%.3f", r.Float())) {
				return r, nil
			}
		}
	}
	r, ok := new(big.Rat).SetString(numerator)
	if ok && isFraction {
		var den int64
		if n, err := strconv.ParseInt(denominator, 10, 64); err == nil && n > 0 {
			den = n
		}
		ok = den > 0
		if ok {
			r.Quo(r, new(big.Rat).SetInt64(den))
		}
	}
	if len(s) > 40 || !ok || r.Sign() <= 0 || !r.Num().IsInt64() || !r.Denom().IsInt64() || r.Num().Int64() > maxTerm || r.Denom().Int64() > maxTerm {
		return Rational{}, fmt.Errorf("%q is no positive fraction; expected one such as 25 or 30000/1001", s)
	}
	return ratio(r.Num().Int64(), r.Denom().Int64()), nil
}

func (r Rational) valid() bool { return r.Num > 0 && r.Den > 0 }

// Float returns the fraction as a number.
func (r Rational) Float() float64 { return float64(r.Num) / float64(r.Den) }

// String returns the fraction, such as 25 or 30000/1001.
func (r Rational) String() string {
	if r.Den == 1 {
		return strconv.FormatInt(r.Num, 10)
	}
	return fmt.Sprintf("%d/%d", r.Num, r.Den)
}

// inverse returns 1/r.
func (r Rational) inverse() Rational { return Rational{r.Den, r.Num} }

// square reports whether an aspect ratio is that of square pixels, or unknown.
func (r Rational) square() bool { return !r.valid() || r.Num == r.Den }

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
