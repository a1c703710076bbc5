//go:build race

package vgg

const underRaceDetector = true
