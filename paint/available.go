package paint

import (
	"bufio"
	"math"
	"os"
	"strconv"
	"strings"
)

// assumedMemory is what a machine is taken to have free where it does not say.
const assumedMemory = 4 << 30

// DefaultMemory returns the memory that a painting may take unless
// [Options.Memory] says otherwise: three quarters of what is free, as Linux and
// its control groups report it, and 3 GiB elsewhere.
func DefaultMemory() int64 {
	free := int64(math.MaxInt64)
	if v, ok := meminfo("/proc/meminfo"); ok {
		free = v
	}
	if limit, ok := number("/sys/fs/cgroup/memory.max"); ok {
		used, _ := number("/sys/fs/cgroup/memory.current")
		free = min(free, max(limit-used, 0))
	}
	if free == math.MaxInt64 {
		free = assumedMemory
	}
	return free / 4 * 3
}

// meminfo returns the bytes available, of a file like /proc/meminfo.
func meminfo(path string) (int64, bool) {
	f, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) == 3 && fields[0] == "MemAvailable:" && fields[2] == "kB" {
			kb, err := strconv.ParseInt(fields[1], 10, 64)
			return kb << 10, err == nil
		}
	}
	return 0, false
}

// number returns the number that a file holds; "max" is none.
func number(path string) (int64, bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n, err == nil
}
