package video

// HasFFmpeg reports whether FFmpeg is installed, with which more formats are read and
// written.
func HasFFmpeg() bool {
	_, _, err := findFFmpeg("", Limits{})
	return err == nil
}
