// Package buildinfo says what a program was built from.
package buildinfo

import (
	"cmp"
	"regexp"
	"runtime/debug"
	"time"
)

// Source is what the program was built from. Fields that are not known are empty.
type Source struct {
	Version  string `json:"version"`            // a tag, a pseudo-version or "(devel)"
	Commit   string `json:"commit,omitempty"`   // hexadecimal digits
	Date     string `json:"date,omitempty"`     // of the commit, as RFC 3339 has it, in UTC
	Modified bool   `json:"modified,omitempty"` // the checkout differed from the commit
}

// pseudoVersion matches the version that Go gives a commit without a tag, and finds its
// time and the beginning of its hash.
var pseudoVersion = regexp.MustCompile(`[.-](\d{14})-([0-9a-f]{12})(\+|$)`)

// Complete returns s, whose fields the linker may have set, with the empty fields taken
// from the build information that Go stores in the running program.
func (s Source) Complete() Source {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = new(debug.BuildInfo)
	}
	return s.complete(info)
}

func (s Source) complete(info *debug.BuildInfo) Source {
	s.Version = cmp.Or(s.Version, info.Main.Version, "(devel)")
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			s.Commit = cmp.Or(s.Commit, setting.Value)
		case "vcs.time":
			s.Date = cmp.Or(s.Date, setting.Value)
		case "vcs.modified":
			s.Modified = setting.Value == "true"
		}
	}
	// After 'go install MODULE@COMMIT', the build information holds only the version.
	if found := pseudoVersion.FindStringSubmatch(s.Version); found != nil {
		s.Commit = cmp.Or(s.Commit, found[2])
		if at, err := time.Parse("20060102150405", found[1]); err == nil {
			s.Date = cmp.Or(s.Date, at.Format(time.RFC3339))
		}
	}
	return s
}
