package costlog_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"log"
	"strings"

	"github.com/pastiche-art/pastiche/costlog"
	"github.com/pastiche-art/pastiche/paint"
)

// A log records a painting while it is made, and writes a table and a chart.
func Example() {
	photo, style := image.NewGray(image.Rect(0, 0, 48, 32)), image.NewGray(image.Rect(0, 0, 40, 40))
	for i := range style.Pix {
		style.Pix[i] = uint8(37 * i)
	}
	recipe := paint.Classic()
	recipe.Size, recipe.Iterations = 48, 3
	costs := costlog.New(recipe)
	_, err := paint.Paint(context.Background(), photo, paint.InMannerOf(style), paint.Options{Recipe: &recipe, Progress: costs.Add})
	if err != nil {
		log.Fatal(err)
	}
	var table, chart bytes.Buffer
	if err := costs.WriteCSV(&table); err != nil {
		log.Fatal(err)
	}
	if err := costs.WriteSVG(&chart); err != nil {
		log.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(table.String()), "\n")
	fmt.Println(lines[0])
	fmt.Println(len(lines)-1, "iterations, and a chart:", strings.Contains(chart.String(), "<svg"))
	// Output:
	// step,seconds,scale,iteration,width,height,total,content,style,variation,faces
	// 3 iterations, and a chart: true
}
