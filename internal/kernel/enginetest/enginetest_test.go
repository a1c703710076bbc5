package enginetest_test

import (
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/kernel/enginetest"
)

// TestPool runs the contract tests on the CPU engine, with every implementation of this
// machine.
func TestPool(t *testing.T) {
	for _, name := range kernel.Implementations() {
		t.Run(name, func(t *testing.T) {
			t.Setenv(kernel.Variable, name)
			pool, err := kernel.NewPool(2)
			if err != nil {
				t.Fatal(err)
			}
			defer pool.Close()
			enginetest.RunAll(t, pool)
		})
	}
}
