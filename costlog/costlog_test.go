package costlog_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/costlog"
	"github.com/pastiche-art/pastiche/paint"
)

// recipe paints at three scales of 10 iterations, the content weighing less at each.
func recipe() paint.Recipe {
	r := paint.Fine()
	r.Scales = []paint.Scale{{Size: 30, Iterations: 10, ContentWeight: 4}, {Size: 40, Iterations: 10, ContentWeight: 2}, {Size: 60, Iterations: 10, ContentWeight: 1}}
	r.StyleWeight = 40
	return r
}

// progress returns an iteration of the painting, at the last scales of the recipe.
func progress(step, scales int) paint.Progress {
	return paint.Progress{
		Scale: 1 + (step-1)/10, Scales: scales, Iteration: 1 + (step-1)%10, Iterations: 10, Step: step, Steps: 10 * scales,
		Width: 60, Height: 40,
		Costs: paint.Costs{Total: 12345.678, Content: 1, Style: 0.25},
	}
}

func rows(t *testing.T, b *bytes.Buffer) [][]string {
	t.Helper()
	all, err := csv.NewReader(b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCSV(t *testing.T) {
	l := costlog.New(recipe())
	var growing bytes.Buffer
	for step := 1; step <= 30; step++ {
		l.Add(progress(step, 3))
		if err := l.WriteCSV(&growing); err != nil {
			t.Fatal(err)
		}
	}
	all := rows(t, &growing)
	if len(all) != 31 || strings.Join(all[0], " ") != "step seconds scale iteration width height total content style variation faces" {
		t.Fatalf("%d rows below %v", len(all)-1, all[0])
	}
	if got := slices.Delete(all[25], 1, 2); strings.Join(got, " ") != "25 3 5 60 40 12345.678 1 0.25 0 0" {
		t.Errorf("row 25 is %v", got)
	}
	if err := l.WriteCSV(&growing); err != nil || growing.Len() > 0 {
		t.Errorf("%v, wrote %q, expected nothing new", err, growing.String())
	}
}

// texts returns the texts of the chart.
func texts(t *testing.T, l *costlog.Log) []string {
	t.Helper()
	var b bytes.Buffer
	if err := l.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	var svg struct {
		Texts []string `xml:"text"`
	}
	if err := xml.Unmarshal(b.Bytes(), &svg); err != nil {
		t.Fatal(err)
	}
	return svg.Texts
}

func TestChartNamesWeights(t *testing.T) {
	for scales, content := range map[int]string{3: "content × 4 to 1", 2: "content × 2 to 1", 1: "content × 1"} {
		l := costlog.New(recipe())
		for step := 1; step <= 10*scales; step++ {
			l.Add(progress(step, scales))
		}
		got := texts(t, l)
		for _, want := range []string{"total", content, "style × 40", "60 × 40", "10,000"} {
			if !slices.Contains(got, want) {
				t.Errorf("%d scales: no %q in %q", scales, want, got)
			}
		}
		if slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "faces") }) {
			t.Errorf("%d scales: a curve of faces, of which there are none", scales)
		}
	}
}

func TestEmptyLog(t *testing.T) {
	var b bytes.Buffer
	l := costlog.New(recipe())
	if err := l.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(&b); err != nil {
		t.Error(err)
	}
}

func TestWriteErrors(t *testing.T) {
	full := errors.New("full")
	w := failing{full}
	l := costlog.New(recipe())
	l.Add(progress(1, 3))
	for name, write := range map[string]func(io.Writer) error{"CSV": l.WriteCSV, "PNG": l.WritePNG, "SVG": l.WriteSVG} {
		if err := write(w); !errors.Is(err, full) {
			t.Errorf("%s: %v, expected that of the writer", name, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// A table grows with the painting, and a chart is drawn of the whole.
func ExampleLog() {
	r := recipe()
	log := costlog.New(r)
	var table, chart bytes.Buffer
	observe := func(p paint.Progress) { // is paint.Options.Progress
		log.Add(p)
		if err := log.WriteCSV(&table); err != nil {
			fmt.Println(err)
		}
	}
	for step := 1; step <= 30; step++ { // paint.Paint does this
		observe(progress(step, 3))
	}
	if err := log.WriteSVG(&chart); err != nil {
		fmt.Println(err)
	}
	fmt.Println(strings.Count(table.String(), "\n"), "lines")
	fmt.Println(chart.String()[:4])
	// Output:
	// 31 lines
	// <svg
}
