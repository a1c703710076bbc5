package loss_test

import (
	"fmt"

	"github.com/pastiche-art/pastiche/loss"
)

// Activations of 2 channels with 1 row of 3 positions. Those of a picture come from
// paint.Features.
var (
	content   = &loss.Activation{Channels: 2, Height: 1, Width: 3, Values: []float32{1, 0, 2, 0, 3, 0}}
	style     = &loss.Activation{Channels: 2, Height: 1, Width: 3, Values: []float32{2, 2, 0, 0, 1, 1}}
	generated = &loss.Activation{Channels: 2, Height: 1, Width: 3, Values: []float32{1, 1, 1, 0, 3, 2}}
)

func ExampleActivation() {
	a := &loss.Activation{
		Channels: 2, Height: 2, Width: 2,
		Values: []float32{
			1, 2, // channel 0, row 0
			3, 4, // channel 0, row 1
			5, 6, // channel 1, row 0
			7, 8, // channel 1, row 1
		},
	}
	c, y, x := 1, 0, 1
	fmt.Println(a.Values[(c*a.Height+y)*a.Width+x])
	fmt.Println(a.Positions(), "positions")
	fmt.Println(a.FeatureMap(1))
	// Output:
	// 6
	// 4 positions
	// [5 6 7 8]
}

func ExampleContentCost() {
	// The differences are 0, -1, 1, 0, 0 and -2. The sum of their squares is 6, of
	// 2 channels and 3 positions.
	fmt.Println(loss.ContentCost(content, generated), "= 6/(4*3*2)")
	// Output: 0.25 = 6/(4*3*2)
}

func ExampleGramMatrix() {
	for _, row := range loss.GramMatrix(style) {
		fmt.Println(row)
	}
	// Output:
	// [8 2]
	// [2 2]
}

func ExampleLayerStyleCost() {
	fmt.Println(loss.GramMatrix(style))
	fmt.Println(loss.GramMatrix(generated))
	// The differences are 5, -3, -3 and -11.
	fmt.Printf("%.4f = 164/(4*2²*3²)\n", loss.LayerStyleCost(style, generated))
	// Output:
	// [[8 2] [2 2]]
	// [[3 5] [5 13]]
	// 1.1389 = 164/(4*2²*3²)
}

func ExampleStyleCost() {
	// Two layers, of which the second, the content's activation, is the same in both.
	styles := []*loss.Activation{style, content}
	layers := []*loss.Activation{generated, content}
	fmt.Printf("%.4f\n", loss.StyleCost(styles, layers, []float64{0.8, 0.2}))
	// Output: 0.9111
}

func ExampleTotalCost() {
	j := loss.TotalCost(1.7886284734303186, 0.43650985051198943, 10, 40)
	fmt.Printf("%.6f\n", j)
	// Output: 35.346679
}
