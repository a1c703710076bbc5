package kernel

import (
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestForcedImplementation(t *testing.T) {
	for _, name := range Implementations() {
		t.Setenv(Variable, name)
		p, err := NewPool(1)
		if err != nil {
			t.Fatal(err)
		}
		if p.Implementation() != name {
			t.Errorf("%s=%s runs %s", Variable, name, p.Implementation())
		}
		p.Close()
	}
	if last := Implementations()[len(Implementations())-1]; last != portable.name {
		t.Errorf("the last implementation is %s, want %s", last, portable.name)
	}
}

func TestAbsentImplementation(t *testing.T) {
	t.Setenv(Variable, "abacus")
	_, err := NewPool(1)
	var unavailable *UnavailableError
	if !errors.As(err, &unavailable) || unavailable.Name != "abacus" {
		t.Fatalf("got %v, want an UnavailableError for abacus", err)
	}
	for _, name := range Implementations() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name %s", err, name)
		}
	}
}
