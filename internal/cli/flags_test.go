package cli

import (
	"strings"
	"testing"
)

func TestBytes(t *testing.T) {
	for text, want := range map[string]int64{"2GiB": 2 << 30, "500MB": 500e6, "1 MiB": 1 << 20, "512KiB": 512 << 10} {
		if size, err := parseBytes(text); err != nil || size != want {
			t.Errorf("%q: %d bytes, error %v", text, size, err)
		}
	}
	for text, want := range map[string]string{
		"0": "expected a size", "many": "expected a size", "-1": "expected a size", "1e30": "expected a size", "99999999999GiB": "expected a size",
		"1": "with its unit", "2000": "with its unit",
	} {
		if size, err := parseBytes(text); err == nil || !strings.Contains(err.Error(), want) || size != 0 {
			t.Errorf("%q: %d bytes, error %v", text, size, err)
		}
	}
}
