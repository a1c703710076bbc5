package weights

import (
	"fmt"
	"slices"
)

// metadata is a file's description of its network: the supported keys of the
// safetensors __metadata__.
//
//	channels  rgb | bgr                the order of the input channels
//	range     0..1 | 0..255            the input of black and of white
//	mean      three numbers, a,b,c     in that range and order
//	std       three numbers, a,b,c     the same; positive
//	pooling   max | avg                optional
//	name, family, version, license     optional, free text
type metadata map[string]string

var metadataKeys = []string{"channels", "range", "mean", "std", "pooling", "name", "family", "version", "license"}

// maxValue is the largest length of a value, in bytes: enough for the name and address
// of a licence, too little for a payload.
const maxValue = 256

// add stores the value of a supported key and ignores others.
func (m metadata) add(key, value string) error {
	if !slices.Contains(metadataKeys, key) {
		return nil
	}
	if _, twice := m[key]; twice {
		return fmt.Errorf("%w: the metadata has %q twice", ErrMalformed, key)
	}
	if len(value) > maxValue {
		return fmt.Errorf("%w: the metadata's %q has %d bytes, expected at most %d", ErrMalformed, key, len(value), maxValue)
	}
	m[key] = value
	return nil
}

// input returns the input convention in the metadata, which may be incomplete.
func (m metadata) input() (PartialInput, error) {
	p, err := ParsePartialInput(m["channels"], m["range"], m["mean"], m["std"])
	if err != nil {
		return p, fmt.Errorf("%w: the metadata's %w", ErrMalformed, err)
	}
	return p, nil
}

// describe sets the fields of n that the metadata have, except its input.
func (m metadata) describe(n *Network) error {
	n.Name, n.Version, n.License, n.Family = m["name"], m["version"], m["license"], m["family"]
	switch n.Pooling = m["pooling"]; n.Pooling {
	case "", "max", "avg":
		return nil
	default:
		return fmt.Errorf("%w: the metadata's \"pooling\" is %q, expected max or avg", ErrMalformed, n.Pooling)
	}
}

// metadata is the inverse of describe.
func (n *Network) metadata() (metadata, error) {
	triple := func(v [3]float32) string {
		return fmt.Sprintf("%v,%v,%v", v[0], v[1], v[2])
	}
	fields := []struct{ key, value string }{
		{"name", n.Name},
		{"family", n.Family},
		{"version", n.Version},
		{"license", n.License},
		{"pooling", n.Pooling},
		{"channels", n.Input.Channels},
		{"range", fmt.Sprintf("0..%v", n.Input.Max)},
		{"mean", triple(n.Input.Mean)},
		{"std", triple(n.Input.Std)},
	}
	if n.Input == (Input{}) {
		fields = fields[:5]
	}
	m := metadata{}
	for _, field := range fields {
		if field.value == "" {
			continue
		}
		if err := m.add(field.key, field.value); err != nil {
			return nil, err
		}
	}
	// Check that what is written can be read back.
	input, err := m.input()
	if err != nil {
		return nil, err
	}
	if _, err := input.complete(); err != nil {
		return nil, err
	}
	return m, m.describe(new(Network))
}
