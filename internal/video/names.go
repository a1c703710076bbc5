package video

// IsPattern reports whether a path is a pattern for numbered pictures, such as
// frames/%04d.png.
func IsPattern(path string) bool {
	_, ok := parsePattern(path)
	return ok
}

// PatternFile returns the path of a number of a pattern. A path that is no pattern is
// returned as it is.
func PatternFile(path string, number int) string {
	p, ok := parsePattern(path)
	if !ok {
		return path
	}
	return p.path(number)
}

// HoldsSound reports whether videos of the format of a path have room for sound.
func HoldsSound(path string) bool {
	return path != "-" && !IsPattern(path) && holdsSound(path)
}
