package vgg

import (
	"fmt"
	"strings"

	"github.com/pastiche-art/pastiche/kernel"
)

// Pooling is how feature maps are halved between blocks. The zero value is
// maximum pooling.
type Pooling struct {
	Kind kernel.Pooling
	// Rescale multiplies average pooling by 2 and L2 pooling by 0.78, which
	// keeps the activations behind it about as large as maximum pooling, with
	// which VGGs are trained, would (Crowson's style-transfer-pytorch).
	Rescale bool
}

const (
	averageRescale = 2
	l2Rescale      = 0.78
)

func (p Pooling) scale() float32 {
	switch {
	case p.Rescale && p.Kind == kernel.Average:
		return averageRescale
	case p.Rescale && p.Kind == kernel.L2:
		return l2Rescale
	}
	return 1
}

// rescaled marks the names of poolings with Rescale.
const rescaled = "-rescaled"

// ParsePooling returns the pooling of a name: max, avg or l2, or avg-rescaled
// or l2-rescaled with [Pooling.Rescale].
func ParsePooling(name string) (Pooling, error) {
	kind, rescale := strings.CutSuffix(name, rescaled)
	for _, k := range []kernel.Pooling{kernel.Max, kernel.Average, kernel.L2} {
		if k.String() == kind && !(rescale && k == kernel.Max) {
			return Pooling{Kind: k, Rescale: rescale}, nil
		}
	}
	return Pooling{}, fmt.Errorf("pooling %q: expected one of max, avg, avg%s, l2, l2%s", name, rescaled, rescaled)
}

// String returns the name that [ParsePooling] takes.
func (p Pooling) String() string {
	if p.Rescale {
		return p.Kind.String() + rescaled
	}
	return p.Kind.String()
}

// MarshalText returns the name.
func (p Pooling) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (p *Pooling) UnmarshalText(name []byte) (err error) {
	*p, err = ParsePooling(string(name))
	return err
}
