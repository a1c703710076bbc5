package buildinfo

import (
	"runtime/debug"
	"testing"
)

func TestComplete(t *testing.T) {
	const hash = "3a74355f0c1e5a2b9d8c7e6f5a4b3c2d1e0f9a8b"
	checkout := func(version, modified string) debug.BuildInfo {
		return debug.BuildInfo{
			Main: debug.Module{Version: version},
			Settings: []debug.BuildSetting{
				{Key: "vcs.revision", Value: hash}, {Key: "vcs.time", Value: "2026-12-01T10:41:07Z"}, {Key: "vcs.modified", Value: modified},
			},
		}
	}
	for name, c := range map[string]struct {
		info     debug.BuildInfo
		expected Source
	}{
		"nothing": {debug.BuildInfo{}, Source{Version: "(devel)"}},
		"go install of a tag": {
			debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}},
			Source{Version: "v1.2.3"},
		},
		"go install of a commit": {
			debug.BuildInfo{Main: debug.Module{Version: "v0.0.0-20261201104107-3a74355f0c1e"}},
			Source{Version: "v0.0.0-20261201104107-3a74355f0c1e", Commit: "3a74355f0c1e", Date: "2026-12-01T10:41:07Z"},
		},
		"go install of a commit after a tag": {
			debug.BuildInfo{Main: debug.Module{Version: "v1.2.4-0.20261201104107-3a74355f0c1e"}},
			Source{Version: "v1.2.4-0.20261201104107-3a74355f0c1e", Commit: "3a74355f0c1e", Date: "2026-12-01T10:41:07Z"},
		},
		"a checkout of a tag": {
			checkout("v1.2.3", "false"),
			Source{Version: "v1.2.3", Commit: hash, Date: "2026-12-01T10:41:07Z"},
		},
		"a modified checkout": {
			checkout("v0.0.0-20261201104107-3a74355f0c1e+dirty", "true"),
			Source{Version: "v0.0.0-20261201104107-3a74355f0c1e+dirty", Commit: hash, Date: "2026-12-01T10:41:07Z", Modified: true},
		},
	} {
		if s := (Source{}).complete(&c.info); s != c.expected {
			t.Errorf("%s: %+v, expected %+v", name, s, c.expected)
		}
	}
}
