package flow

import (
	"fmt"
	"math"
)

const (
	// cutScore is the score above which a pair of frames is a cut. TestIsCut logs the
	// scores of pairs on both sides.
	cutScore = 0.75

	// A histogram counts levels in bins between -reach and reach standard deviations
	// from the mean. A deviation below leastDeviation is taken for noise.
	bins           = 32
	reach          = 3
	leastDeviation = 4
)

// IsCut reports whether a video cuts between two frames, so that the second one shows
// nothing of the first. reliable holds the weights of the pixels of the second frame (see
// [Reliable]). IsCut panics where the sizes differ.
//
// It adds two numbers from 0 to 1: the share of unreliable pixels, and the distance of the
// histograms of both frames, each shifted to mean 0 and scaled to variance 1. A cut to a
// plain frame shows in the histograms only, a cut within one scene in the flow only.
// Flashes and fades change neither much.
func IsCut(from, to *Gray, reliable []float32) bool {
	return score(from, to, reliable) > cutScore
}

func score(from, to *Gray, reliable []float32) float64 {
	checkPair(from, to)
	if len(reliable) != len(to.Levels) {
		panic(fmt.Sprintf("flow: a frame of %d x %d with %d weights", to.Width, to.Height, len(reliable)))
	}
	var sum float64
	for _, w := range reliable {
		sum += float64(w)
	}
	var distance float64
	a, b := histogram(from.Levels), histogram(to.Levels)
	for i, v := range a {
		distance += math.Abs(v-b[i]) / 2
	}
	return 1 - sum/float64(len(reliable)) + distance
}

// histogram returns the shares of the levels in the bins.
func histogram(levels []float32) (shares [bins]float64) {
	var sum, squares float64
	for _, v := range levels {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	var (
		n    = float64(len(levels))
		mean = sum / n
		unit = max(math.Sqrt(max(0, squares/n-mean*mean)), leastDeviation)
	)
	for _, v := range levels {
		place := clamp(float32(((float64(v)-mean)/unit+reach)/(2*reach)*bins), 0, bins-1)
		shares[int(place)] += 1 / n
	}
	return shares
}
