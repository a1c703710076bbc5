package registry

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// The environment variables for the folder of networks and for mirrors.
const (
	HomeVariable   = "PASTICHE_HOME"
	MirrorVariable = "PASTICHE_MIRROR"
)

// FromEnvironment returns the user's store. Its folder is networks in PASTICHE_HOME;
// without that variable pastiche/networks in XDG_DATA_HOME or in the system's folder
// for data: ~/.local/share, ~/Library/Application Support on macOS, %LocalAppData% on
// Windows. It can pull the published networks that pastiche
// knows, and its mirror is PASTICHE_MIRROR.
func FromEnvironment() *Store {
	s := &Store{Known: slices.Clone(wellKnown), Mirror: os.Getenv(MirrorVariable)}
	if home := home(); home != "" {
		s.Dir = filepath.Join(home, "networks")
	}
	return s
}

// home returns the folder of all data, or "" where the environment names none.
func home() string {
	if dir := os.Getenv(HomeVariable); dir != "" {
		if absolute, err := filepath.Abs(dir); err == nil {
			return absolute
		}
		return dir
	}
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) { // the XDG specification ignores relative paths
		data = systemData()
	}
	if data == "" {
		return ""
	}
	return filepath.Join(data, "pastiche")
}

// systemData returns the system's folder for data of programs, or "".
func systemData() string {
	if runtime.GOOS == "windows" {
		return os.Getenv("LocalAppData")
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(user, "Library", "Application Support")
	}
	return filepath.Join(user, ".local", "share")
}
