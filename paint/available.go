package paint

import (
	"io/fs"
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// assumedMemory is the assumed free memory of a machine that does not report it.
const assumedMemory = 4 << 30

// DefaultMemory returns the memory that a painting may take where [Options.Memory] is
// 0: three quarters of what is free, as Linux, the control groups of the process and its
// resource limits report it, and 3 GiB elsewhere.
func DefaultMemory() int64 { return freeMemory(os.DirFS("/")) / 4 * 3 }

// freeMemory returns the memory in bytes that the process may still take, given the
// root of its file system: the minimum of the free memory of the machine, the rest of
// each of its control groups, and the rest of its resource limits.
func freeMemory(root fs.FS) int64 {
	free := min(groupMemory(root), limitedMemory(root))
	if kib, ok := field(root, "proc/meminfo", "MemAvailable:"); ok {
		free = min(free, kib<<10)
	}
	if free == math.MaxInt64 {
		return assumedMemory
	}
	return free
}

// limitedMemory returns what the resource limits of the process leave of its address
// space (ulimit -v) and of its private memory (ulimit -d). Without limits it returns
// the largest number.
func limitedMemory(root fs.FS) int64 {
	left := int64(math.MaxInt64)
	limits, _ := fs.ReadFile(root, "proc/self/limits")
	for line := range strings.Lines(string(limits)) {
		for name, used := range map[string]string{"Max address space": "VmSize:", "Max data size": "VmData:"} {
			rest, found := strings.CutPrefix(line, name)
			fields := strings.Fields(rest) // the soft limit, the hard one, the unit
			if !found || len(fields) == 0 {
				continue
			}
			limit, err := strconv.ParseInt(fields[0], 10, 64)
			kib, ok := field(root, "proc/self/status", used)
			if err == nil && ok { // otherwise it is unlimited
				left = min(left, max(limit-kib<<10, 0))
			}
		}
	}
	return left
}

// groupMemory returns the smallest rest of any control group of the process. It returns
// the largest number for a process without control groups.
func groupMemory(root fs.FS) int64 {
	left := int64(math.MaxInt64)
	mounts := groupMounts(root)
	own, _ := fs.ReadFile(root, "proc/self/cgroup")
	for line := range strings.Lines(string(own)) {
		// Number, controllers, group: "0::/user.slice" of version 2 and
		// "4:memory:/docker/1f" of version 1.
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for _, m := range mounts {
			if slices.Contains(strings.Split(parts[1], ","), m.controller) {
				left = min(left, m.left(root, parts[2]))
			}
		}
	}
	return left
}

// groupVersion holds the names with which a version of control groups reports memory.
type groupVersion struct {
	controller string   // in /proc/self/cgroup
	fileSystem string   // in /proc/self/mountinfo
	limits     []string // files
	usage      string   // file
	cached     []string // fields of memory.stat
}

var groupVersions = []groupVersion{
	{"", "cgroup2", []string{"memory.max", "memory.high"}, "memory.current", []string{"inactive_file", "active_file"}},
	{"memory", "cgroup", []string{"memory.limit_in_bytes"}, "memory.usage_in_bytes", []string{"total_inactive_file", "total_active_file"}},
}

// groupMount is a mounted tree of control groups.
type groupMount struct {
	groupVersion
	group string // the mounted group: "/", or within a container its own
	at    string // the mount point
}

// groupMounts returns the mounts of control groups that /proc/self/mountinfo lists, or
// the usual ones where it lists none.
func groupMounts(root fs.FS) (mounts []groupMount) {
	list, _ := fs.ReadFile(root, "proc/self/mountinfo")
	for line := range strings.Lines(string(list)) {
		// Number, parent, device, root, mount point, options, optional fields, "-",
		// file system, source, options of the file system.
		mount, system, found := strings.Cut(line, " - ")
		of, by := strings.Fields(mount), strings.Fields(system)
		if !found || len(of) < 5 || len(by) < 3 {
			continue
		}
		for _, v := range groupVersions {
			if by[0] == v.fileSystem && (v.controller == "" || slices.Contains(strings.Split(by[2], ","), v.controller)) {
				mounts = append(mounts, groupMount{v, unescaped(of[3]), unescaped(of[4])})
			}
		}
	}
	if mounts == nil {
		v2, v1 := groupVersions[0], groupVersions[1]
		mounts = []groupMount{{v2, "/", "/sys/fs/cgroup"}, {v2, "/", "/sys/fs/cgroup/unified"}, {v1, "/", "/sys/fs/cgroup/memory"}}
	}
	return mounts
}

// unescaped returns a path of mountinfo without escapes: mountinfo writes spaces as
// \040.
func unescaped(path string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(path)
}

// left returns the smallest rest of a group and its ancestors below their limits. Files
// in the page cache do not count as used, because the kernel drops them when memory is
// short. A group that is not visible, for example outside a container, has no limit.
func (m *groupMount) left(root fs.FS, group string) int64 {
	left := int64(math.MaxInt64)
	group = path.Clean("/" + group)
	if within, ok := strings.CutPrefix(group, m.group); ok && m.group != "/" && (within == "" || within[0] == '/') {
		group = path.Clean("/" + within)
	}
	for ; ; group = path.Dir(group) {
		dir := strings.TrimPrefix(path.Join(m.at, group), "/")
		for _, file := range m.limits {
			if limit, ok := number(root, path.Join(dir, file)); ok {
				left = min(left, max(limit-m.used(root, dir), 0))
			}
		}
		if group == "/" {
			return left
		}
	}
}

// used returns the memory that a group uses, without files in the page cache.
func (m *groupMount) used(root fs.FS, dir string) int64 {
	used, _ := number(root, path.Join(dir, m.usage))
	for _, name := range m.cached {
		cached, _ := field(root, path.Join(dir, "memory.stat"), name)
		used -= cached
	}
	return max(used, 0)
}

// field returns the number after a name in a file with a name and a number on each
// line.
func field(root fs.FS, file, name string) (int64, bool) {
	b, err := fs.ReadFile(root, file)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(b)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			n, err := strconv.ParseInt(fields[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

// number returns the number in a file; "max" is none.
func number(root fs.FS, file string) (int64, bool) {
	b, err := fs.ReadFile(root, file)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n, err == nil
}
