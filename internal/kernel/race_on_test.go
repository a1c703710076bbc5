//go:build race

package kernel

const underRaceDetector = true
