//go:build !linux

package main

import "os"

func keepOutput(*os.File) error { return nil }
