package paint

import "testing"

func TestDividedTerms(t *testing.T) {
	for _, test := range []struct {
		name    string
		work    []float64
		threads int
		want    int
	}{
		{"none", nil, 2, 0},
		{"one", []float64{5}, 2, 1},
		{"one thread", []float64{5, 1, 1}, 1, 0},
		{"two alike", []float64{5, 5}, 2, 0},
		{"three alike", []float64{5, 5, 5}, 2, 1},
		{"one dominates", []float64{100, 5, 5, 5, 5}, 2, 1},
		{"one has its share", []float64{20, 5, 5, 5, 5}, 2, 0},
		{"few for many threads", []float64{8, 8, 8}, 16, 3},
		{"as many as threads", []float64{8, 8, 8, 8, 7, 7, 7, 7}, 8, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := dividedTerms(test.work, test.threads); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
