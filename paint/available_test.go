package paint

import (
	"testing"
	"testing/fstest"
)

func TestFreeMemory(t *testing.T) {
	const (
		meminfo = "MemTotal: 2000 kB\nMemFree:   100 kB\nMemAvailable:   1000 kB\n"
		free    = 1000 << 10
	)
	for _, test := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"nothing is reported", nil, assumedMemory},
		{"an old kernel", map[string]string{"proc/meminfo": "MemTotal: 2000 kB\n"}, assumedMemory},
		{"no number", map[string]string{"proc/meminfo": "MemAvailable: many kB\n"}, assumedMemory},
		{"the machine alone", map[string]string{"proc/meminfo": meminfo}, free},
		{"a group without a limit", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/memory.current": "5000\n",
		}, free},
		{"a container", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "9000\n", "sys/fs/cgroup/memory.current": "4000\n",
		}, 5000},
		{"files in the page cache are not used", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "9000\n", "sys/fs/cgroup/memory.current": "8900\n",
			"sys/fs/cgroup/memory.stat": "anon 900\nfile 8000\ninactive_anon 40\nactive_file 3000\ninactive_file 5000\n",
		}, 8100},
		{"beyond its limit", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "9000\n", "sys/fs/cgroup/memory.current": "9500\n",
		}, 0},
		{"the unit of a service", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/system.slice/pastiche.service\n",
			"sys/fs/cgroup/system.slice/memory.max":                      "max\n",
			"sys/fs/cgroup/system.slice/pastiche.service/memory.max":     "7000\n",
			"sys/fs/cgroup/system.slice/pastiche.service/memory.current": "1000\n",
		}, 6000},
		{"the group around it has less left", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/system.slice/pastiche.service\n",
			"sys/fs/cgroup/system.slice/memory.max":                      "8000\n",
			"sys/fs/cgroup/system.slice/memory.current":                  "7500\n",
			"sys/fs/cgroup/system.slice/pastiche.service/memory.max":     "7000\n",
			"sys/fs/cgroup/system.slice/pastiche.service/memory.current": "1000\n",
		}, 500},
		{"the machine has less left", map[string]string{
			"proc/meminfo": "MemAvailable: 2 kB\n", "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "9000\n", "sys/fs/cgroup/memory.current": "0\n",
		}, 2048},
		{"version 1", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "5:cpu:/\n4:memory:/jobs/1\n0::/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":        "9223372036854771712\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes":        "123456\n",
			"sys/fs/cgroup/memory/jobs/1/memory.limit_in_bytes": "9000\n",
			"sys/fs/cgroup/memory/jobs/1/memory.usage_in_bytes": "8000\n",
			"sys/fs/cgroup/memory/jobs/1/memory.stat":           "cache 7000\ninactive_file 1\ntotal_inactive_file 4000\ntotal_active_file 2000\n",
		}, 7000},
		{"version 1 in a container, which does not see its own group", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "4:memory:/docker/1f\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9000\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes": "2000\n",
		}, 7000},
		{"both versions", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "4:cpuset:/\n0::/a\n",
			"sys/fs/cgroup/unified/a/memory.max": "9000\n", "sys/fs/cgroup/unified/a/memory.current": "1000\n",
		}, 8000},
		{"the group is slowed down before its limit", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a\n",
			"sys/fs/cgroup/a/memory.max": "9000\n", "sys/fs/cgroup/a/memory.high": "7000\n", "sys/fs/cgroup/a/memory.current": "4000\n",
		}, 3000},
		{"a group that is slowed down and has no limit", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a/b\n",
			"sys/fs/cgroup/a/memory.max": "max\n", "sys/fs/cgroup/a/memory.high": "7000\n", "sys/fs/cgroup/a/memory.current": "4000\n",
		}, 3000},
		{"groups mounted elsewhere", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/job 1/step\n",
			"proc/self/mountinfo":                      "23 28 0:21 / /proc rw,relatime shared:14 - proc none rw\n31 24 0:27 / /run/control\\040groups rw shared:9 - cgroup2 none rw,nsdelegate\n",
			"sys/fs/cgroup/memory.max":                 "1\n", // of another tree
			"run/control groups/job 1/step/memory.max": "max\n",
			"run/control groups/job 1/memory.max":      "9000\n", "run/control groups/job 1/memory.current": "5000\n",
		}, 4000},
		{"version 1 mounted elsewhere, with other controllers", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "7:cpu,memory:/slurm/job_1\n3:cpuset:/\n",
			"proc/self/mountinfo":                          "30 24 0:26 / /cgroup/cpuset rw - cgroup none rw,cpuset\n31 24 0:27 / /cgroup/all rw - cgroup none rw,cpu,memory\n",
			"cgroup/all/slurm/job_1/memory.limit_in_bytes": "9000\n", "cgroup/all/slurm/job_1/memory.usage_in_bytes": "2000\n",
		}, 7000},
		{"a container that sees its own group as the root", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "4:memory:/docker/1f/worker\n",
			"proc/self/mountinfo":                        "31 24 0:27 /docker/1f /sys/fs/cgroup/memory ro - cgroup none rw,memory\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9000\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "2000\n",
			"sys/fs/cgroup/memory/worker/memory.limit_in_bytes": "6000\n", "sys/fs/cgroup/memory/worker/memory.usage_in_bytes": "1000\n",
		}, 5000},
		{"a group whose name begins like that of the mount", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/ab\n",
			"proc/self/mountinfo": "31 24 0:27 /a /groups rw - cgroup2 none rw\n",
			"groups/memory.max":   "9000\n", "groups/b/memory.max": "1\n",
		}, 9000},
		{"mounts that are cut short", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n", "proc/self/mountinfo": "31 24\n - \n31 24 0:27 / /x rw - cgroup2\n",
			"sys/fs/cgroup/memory.max": "9000\n",
		}, 9000},
		{"a limited address space", map[string]string{
			"proc/meminfo":     meminfo,
			"proc/self/limits": "Limit                     Soft Limit           Hard Limit           Units     \nMax data size             unlimited            8192000000000000     bytes     \nMax address space         204800               unlimited            bytes     \n",
			"proc/self/status": "Name:\tpastiche\nVmPeak:\t 190 kB\nVmSize:\t 150 kB\nVmData:\t 20 kB\n",
		}, 50 << 10},
		{"an address space that is full", map[string]string{
			"proc/meminfo": meminfo, "proc/self/limits": "Max address space         1024 2048 bytes\n", "proc/self/status": "VmSize: 150 kB\n",
		}, 0},
		{"limited data", map[string]string{
			"proc/meminfo": meminfo, "proc/self/limits": "Max data size 102400 unlimited bytes\nMax address space 1048576 unlimited bytes\n",
			"proc/self/status": "VmSize: 150 kB\nVmData: 20 kB\n",
		}, 80 << 10},
		{"limits without what is used", map[string]string{"proc/meminfo": meminfo, "proc/self/limits": "Max address space 1024 2048 bytes\n"}, free},
		{"no limits", map[string]string{
			"proc/meminfo": meminfo, "proc/self/limits": "Max address space         unlimited            8192000000000000     bytes\n", "proc/self/status": "VmSize: 150 kB\n",
		}, free},
		{"a line without groups", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "nonsense\n"}, free},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := make(fstest.MapFS)
			for name, text := range test.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := freeMemory(root); got != test.want {
				t.Errorf("%d bytes, want %d", got, test.want)
			}
		})
	}
	if DefaultMemory() <= 0 {
		t.Errorf("this machine has %d bytes free", DefaultMemory())
	}
}
