// Command flow is one side of ../flow.py. It reads pairs of frames, estimates their flow
// several times and prints the least seconds of each pair:
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
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pastiche-art/pastiche/internal/flow"
	"github.com/pastiche-art/pastiche/internal/kernel"
)

func main() {
	log.SetFlags(0)
	var numbers [4]int
	for i := range numbers {
		n, err := strconv.Atoi(os.Args[1+i])
		if err != nil {
			log.Fatal(err)
		}
		numbers[i] = n
	}
	width, height, threads, rounds := numbers[0], numbers[1], numbers[2], numbers[3]
	pool, err := kernel.NewPool(threads)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	estimator := flow.NewEstimator(pool)
	for _, folder := range os.Args[5:] {
		from, to := frame(folder, "from.raw", width, height), frame(folder, "to.raw", width, height)
		field := estimator.Flow(from, to, nil)
		least := time.Duration(1<<63 - 1)
		for range rounds {
			begin := time.Now()
			estimator.Flow(from, to, nil)
			least = min(least, time.Since(begin))
		}
		fmt.Println(least.Seconds())
		var out []byte
		for i, u := range field.U {
			out, _ = binary.Append(out, binary.LittleEndian, [2]float32{u, field.V[i]})
		}
		if err := os.WriteFile(filepath.Join(folder, "flow.raw"), out, 0o666); err != nil {
			log.Fatal(err)
		}
	}
}

func frame(folder, name string, width, height int) *flow.Gray {
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		log.Fatal(err)
	}
	g := &flow.Gray{Width: width, Height: height, Levels: make([]float32, len(data))}
	for i, v := range data {
		g.Levels[i] = float32(v)
	}
	return g
}
