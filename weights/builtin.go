package weights

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed builtin/builtin.safetensors
var builtinFile string

var readBuiltin = sync.OnceValues(func() (*Network, error) {
	n, err := Read(strings.NewReader(builtinFile), int64(len(builtinFile)), "builtin", Override{})
	if err != nil {
		return nil, err
	}
	n.License = "MIT"
	return n, nil
})

// Builtin returns the network that is embedded in the program; builtin/README.md
// describes it. It is decoded on the first call and shared by all callers, who must not
// change it.
func Builtin() (*Network, error) {
	return readBuiltin()
}

// BuiltinFile returns the file of the built-in network, in the safetensors
// format.
func BuiltinFile() string { return builtinFile }
