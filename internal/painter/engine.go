package painter

import (
	"cmp"
	"runtime/debug"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/networks"
	"github.com/pastiche-art/pastiche/paint"
)

// BuiltinNetwork is the network that needs no file.
const BuiltinNetwork = "builtin"

// Engine says which network looks at the pictures, and on how much of the machine.
type Engine struct {
	Network   string // its name or file; "" is not given
	Threads   int    // 0 is one for each processor
	Precision paint.Precision
	Memory    int64 // in bytes; 0 is no limit
}

// Validate checks what the library does not check.
func (e *Engine) Validate() error {
	if e.Threads < 0 || e.Threads > kernel.MaxThreads {
		return cli.Misused("--threads %d: expected 1 to %d, or 0 for one on each processor", e.Threads, kernel.MaxThreads)
	}
	return nil
}

// OpenNetwork returns the network.
func (e *Engine) OpenNetwork() (*paint.Network, error) {
	name := cmp.Or(e.Network, BuiltinNetwork)
	n, err := paint.OpenNetwork(name)
	if err != nil {
		return nil, networks.FileError(name, err)
	}
	return n, nil
}

// OpenRecipeNetwork returns the network if it is given, or else the one that the recipe is
// meant for; where that is not on this machine, substitute says so.
func (e *Engine) OpenRecipeNetwork(r *paint.Recipe) (n *paint.Network, substitute string, err error) {
	if e.Network != "" {
		n, err = e.OpenNetwork()
		return n, "", err
	}
	if n, err = paint.DefaultNetwork(r); err != nil {
		return nil, "", networks.Error(err)
	}
	if isCourse(*r) && n.Name == BuiltinNetwork {
		substitute = "The built-in network stands in for the course's VGG-19, which 'pastiche networks pull vgg19' fetches."
	}
	return n, substitute, nil
}

// LimitMemory returns Memory, and has the garbage collector work towards it, or towards
// the memory free.
func (e *Engine) LimitMemory() int64 {
	debug.SetMemoryLimit(cmp.Or(e.Memory, paint.DefaultMemory()))
	return e.Memory
}

// Options returns the options of package paint for a recipe and a network. It limits the
// memory.
func (e *Engine) Options(r *paint.Recipe, n *paint.Network) paint.Options {
	return paint.Options{Recipe: r, Network: n, Threads: e.Threads, Precision: e.Precision, Memory: e.LimitMemory()}
}
