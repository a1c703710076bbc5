//go:build !race

package vgg

const underRaceDetector = false
