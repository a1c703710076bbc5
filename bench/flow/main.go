//go:build unix

// Command flow is one side of ../flow.py. It reads pairs of frames, estimates their flow
// several times and prints, for each pair, the least seconds on the clock and the mean
// seconds of processor time:
//
//	flow WIDTH HEIGHT THREADS ROUNDS FOLDER...
//
// A folder holds the frames from.raw and to.raw, WIDTH x HEIGHT bytes each. flow writes
// flow.raw there: for each pixel both components as float32, little-endian.
package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/pastiche-art/pastiche/internal/flow"
	"github.com/pastiche-art/pastiche/internal/kernel"
)

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(arguments []string) error {
	const numbers = 4
	if len(arguments) <= numbers {
		return fmt.Errorf("%d arguments: expected WIDTH HEIGHT THREADS ROUNDS FOLDER", len(arguments))
	}
	var n [numbers]int
	for i := range n {
		var err error
		if n[i], err = strconv.Atoi(arguments[i]); err != nil {
			return err
		}
	}
	width, height, threads, rounds := n[0], n[1], n[2], n[3]
	pool, err := kernel.NewPool(threads)
	if err != nil {
		return err
	}
	defer pool.Close()
	estimator := flow.NewEstimator(pool)
	for _, folder := range arguments[numbers:] {
		from, err := frame(filepath.Join(folder, "from.raw"), width, height)
		if err != nil {
			return err
		}
		to, err := frame(filepath.Join(folder, "to.raw"), width, height)
		if err != nil {
			return err
		}
		field := estimator.Flow(from, to, nil)
		least, before := math.Inf(1), processor()
		for range rounds {
			begin := time.Now()
			estimator.Flow(from, to, nil)
			least = min(least, time.Since(begin).Seconds())
		}
		fmt.Println(least, (processor()-before)/float64(rounds))
		pairs := make([][2]float32, len(field.U))
		for i, u := range field.U {
			pairs[i] = [2]float32{u, field.V[i]}
		}
		out, err := binary.Append(nil, binary.LittleEndian, pairs)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, "flow.raw"), out, 0o666); err != nil {
			return err
		}
	}
	return nil
}

func frame(name string, width, height int) (*flow.Gray, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if len(data) != width*height {
		return nil, fmt.Errorf("%s has %d bytes, expected %d x %d", name, len(data), width, height)
	}
	g := &flow.Gray{Width: width, Height: height, Levels: make([]float32, len(data))}
	for i, v := range data {
		g.Levels[i] = float32(v)
	}
	return g, nil
}

// processor returns the seconds of processor time that the program has used.
func processor() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return math.NaN()
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}
