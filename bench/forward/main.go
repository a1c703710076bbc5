// The command forward times the forward pass of a network in pastiche's engine,
// for bench/forward.py.
//
//	forward MODEL PICTURE ACTIVATIONS SIZE THREADS WARM_UP PASSES LAYER...
//
// MODEL is a network file; its input is the picture's values, unchanged. PICTURE holds
// 3 x SIZE x SIZE float32 values. A pass hands out the activation of each LAYER,
// in the engine's layout, as it does to the costs of a painting. One more pass,
// which is not timed, writes them to the file ACTIVATIONS, one after the other
// and each in C x H x W order. The last line printed is a JSON object.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/weights"
)

// named is the number of arguments before the layers.
const named = 7

func main() {
	if len(os.Args)-1 <= named {
		fmt.Fprintln(os.Stderr, "usage: forward MODEL PICTURE ACTIVATIONS SIZE THREADS WARM_UP PASSES LAYER...")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1:named+1], os.Args[named+1:]); err != nil {
		fmt.Fprintln(os.Stderr, "forward:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args, layers []string) error {
	model, picturePath, activations := args[0], args[1], args[2]
	var size, threads, warmUp, passes int
	for i, n := range []*int{&size, &threads, &warmUp, &passes} {
		var err error
		if *n, err = strconv.Atoi(args[3+i]); err != nil {
			return err
		}
	}
	picture, err := readFloats(picturePath, 3*size*size)
	if err != nil {
		return err
	}
	network, err := openNetwork(model)
	if err != nil {
		return err
	}
	pool, err := kernel.NewPool(threads)
	if err != nil {
		return err
	}
	defer pool.Close()
	plan, err := network.Plan(pool, size, size, vgg.PlanOptions{
		Taps: layers, Pooling: kernel.AveragePooling, ForwardOnly: true,
	})
	if err != nil {
		return err
	}

	var seconds []float64
	for i := range warmUp + passes {
		begin := time.Now()
		if err := plan.Forward(ctx, picture, func(string, *kernel.Tensor, int, int) {}); err != nil {
			return err
		}
		if i >= warmUp {
			seconds = append(seconds, time.Since(begin).Seconds())
		}
	}

	if err := writeActivations(ctx, activations, plan, picture, layers); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"name": "pastiche " + pool.Implementation(), "seconds": seconds,
	})
}

// openNetwork returns the network in a file, with an input that leaves the
// picture's values as they are.
func openNetwork(path string) (*vgg.Network, error) {
	input, err := weights.ParsePartialInput("rgb", "0..255", "0,0,0", "1,1,1")
	if err != nil {
		return nil, err
	}
	w, err := weights.Open(path, weights.Override{PartialInput: input})
	if err != nil {
		return nil, err
	}
	network, err := paint.NewNetwork(w)
	if err != nil {
		return nil, err
	}
	return network.VGG(), nil
}

// readFloats returns the n float32 values, little-endian, of a file.
func readFloats(path string, n int) ([]float32, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := make([]float32, n)
	if 4*n != len(data) {
		return nil, fmt.Errorf("%s: %d bytes: expected %d", path, len(data), 4*n)
	}
	_, err = binary.Decode(data, binary.LittleEndian, values)
	return values, err
}

func writeActivations(ctx context.Context, path string, plan *vgg.Plan, picture []float32, layers []string) error {
	whole, err := plan.Activations(ctx, picture)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for _, name := range layers {
		if err := binary.Write(&out, binary.LittleEndian, whole[name].CHW()); err != nil {
			return err
		}
	}
	return os.WriteFile(path, out.Bytes(), 0o600)
}
