package main

import (
	"bufio"
	"cmp"
	"debug/elf"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// parsed returns the command that a line runs, with its flags set, and fails where
// the command has not those flags or arguments.
func parsed(t *testing.T, line []string) *cobra.Command {
	t.Helper()
	cmd, rest, err := newRootCommand().Find(line)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil {
		t.Fatalf("pastiche %v: %v", line, err)
	}
	return cmd
}

func flagOf(cmd *cobra.Command, name string) string { return cmd.Flag(name).Value.String() }

// composition is what a compose file says, as far as its services depend on it.
type composition struct {
	Services map[string]service
	Configs  map[string]struct{ Content string }
	Secrets  map[string]struct{ File string }
	Volumes  map[string]any
	Networks map[string]any
}

type service struct {
	Image, Build    string
	Command         []string
	Configs         []struct{ Source, Target string }
	Ports           []string
	Volumes         []string
	Networks        []string
	Secrets         []string
	DependsOn       []string `yaml:"depends_on"`
	StopGracePeriod string   `yaml:"stop_grace_period"`
	ReadOnly        bool     `yaml:"read_only"`
}

func composed(t *testing.T) *composition {
	t.Helper()
	text, err := os.ReadFile("../../deploy/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := &composition{}
	if err := yaml.Unmarshal(text, c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestComposedServices holds the commands of the compose file against the flags
// that this program has, and what they name against what the file has.
func TestComposedServices(t *testing.T) {
	c := composed(t)
	paints := 0
	for name, s := range c.Services {
		for _, network := range s.Networks {
			if _, found := c.Networks[network]; !found {
				t.Errorf("%s: no network %s", name, network)
			}
		}
		for _, other := range s.DependsOn {
			if _, found := c.Services[other]; !found {
				t.Errorf("%s: depends on %s, which is no service", name, other)
			}
		}
		for _, volume := range s.Volumes {
			if volume, _, _ := strings.Cut(volume, ":"); !hasKey(c.Volumes, volume) {
				t.Errorf("%s: no volume %s", name, volume)
			}
		}
		if s.Image != "pastiche" {
			continue
		}
		paints++
		if s.Build != ".." || !s.ReadOnly {
			t.Errorf("%s: %+v", name, s)
		}
		cmd := parsed(t, s.Command)
		for url := range strings.SplitSeq(flagOf(cmd, "nats"), ",") {
			host, port, _ := strings.Cut(strings.TrimPrefix(url, "nats://"), ":")
			if queue := c.Services[host]; port != "4222" || !strings.HasPrefix(queue.Image, "nats:") || !slices.Contains(s.Networks, queue.Networks[0]) {
				t.Errorf("%s: %s is no NATS server that it reaches", name, url)
			}
		}
		if flagOf(cmd, "replicas") != "3" {
			t.Errorf("%s: --replicas %s, expected the number of the servers", name, flagOf(cmd, "replicas"))
		}
		if cmd.Name() != "serve" {
			if patience, err := time.ParseDuration(s.StopGracePeriod); err != nil || patience < 45*time.Second {
				t.Errorf("%s: %s to put a job back, %v: expected 45 s", name, s.StopGracePeriod, err)
			}
			continue
		}
		secret := strings.TrimPrefix(flagOf(cmd, "keys"), "/run/secrets/")
		if _, found := c.Secrets[secret]; !found || !slices.Contains(s.Secrets, secret) {
			t.Errorf("%s: no secret %s", name, secret)
		}
		_, port, _ := strings.Cut(flagOf(cmd, "addr"), ":")
		if len(s.Ports) != 1 || s.Ports[0] != "127.0.0.1:8080:"+port || !strings.Contains(flagOf(cmd, "host"), "localhost:8080") {
			t.Errorf("%s: ports %v, address %s, host %s", name, s.Ports, flagOf(cmd, "addr"), flagOf(cmd, "host"))
		}
	}
	if paints != 2 {
		t.Errorf("%d services of pastiche, expected a studio and a worker", paints)
	}
}

func hasKey(m map[string]any, key string) bool {
	_, found := m[key]
	return found
}

// TestComposedQueue reads the configuration of the NATS servers as they do.
func TestComposedQueue(t *testing.T) {
	c := composed(t)
	queues := 0
	for name, s := range c.Services {
		if !strings.HasPrefix(s.Image, "nats:") {
			continue
		}
		queues++
		if len(s.Configs) != 1 {
			t.Fatalf("%s: configs %v", name, s.Configs)
		}
		path := filepath.Join(t.TempDir(), "nats.conf")
		if err := os.WriteFile(path, []byte(c.Configs[s.Configs[0].Source].Content), 0o600); err != nil {
			t.Fatal(err)
		}
		args := slices.Clone(s.Command)
		i := slices.Index(args, s.Configs[0].Target)
		if i < 0 {
			t.Fatalf("%s: %v does not read %s", name, args, s.Configs[0].Target)
		}
		args[i] = path
		o, err := server.ConfigureOptions(flag.NewFlagSet(name, flag.ContinueOnError), args, nil, nil, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if o.ServerName != name || !o.JetStream || !o.SyncAlways || o.Cluster.Name == "" || o.Cluster.Port != 6222 || cmp.Or(o.Port, 4222) != 4222 {
			t.Errorf("%s: %+v", name, o)
		}
		if want := name + ":" + o.StoreDir; !slices.Contains(s.Volumes, want) {
			t.Errorf("%s: volumes %v, expected %s", name, s.Volumes, want)
		}
		if len(o.Routes) != 3 {
			t.Errorf("%s: routes %v", name, o.Routes)
		}
		for _, route := range o.Routes {
			if _, found := c.Services[route.Hostname()]; !found || route.Port() != "6222" {
				t.Errorf("%s: no service listens at %s", name, route)
			}
		}
	}
	if queues != 3 {
		t.Errorf("%d NATS servers, expected 3", queues)
	}
}

// TestServiceUnit holds the unit against this program's flags and, where that is
// installed, systemd's own check.
func TestServiceUnit(t *testing.T) {
	const installed = "/usr/local/bin/pastiche"
	text, err := os.ReadFile("../../deploy/pastiche.service")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ExecStart=(\S+) (.*)$`).FindStringSubmatch(string(text))
	if line == nil || line[1] != installed {
		t.Fatalf("the unit runs %q", line)
	}
	if cmd := parsed(t, strings.Fields(line[2])); cmd.Name() != "serve" || flagOf(cmd, "data") != "%S/pastiche/jobs" {
		t.Errorf("the unit runs %s", line[0])
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("there is no systemd-analyze")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "pastiche.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), installed, self)), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command("systemd-analyze", "verify", unit).CombinedOutput(); err != nil || len(said) > 0 {
		t.Errorf("systemd-analyze: %v: %s", err, said)
	}
}

// instruction returns what the last instruction of a name in the Dockerfile says.
func instruction(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^`+name+`\b ?(.*)$`).FindAllStringSubmatch(string(text), -1)
	if found == nil {
		t.Fatalf("the Dockerfile has no %s", name)
	}
	return found[len(found)-1][1]
}

// TestImage builds what the Dockerfile builds and, as root, runs it as the image
// does: as nobody, in a root of nothing else.
func TestImage(t *testing.T) {
	if testing.Short() {
		t.Skip("building takes a while")
	}
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(module))
	if from := instruction(t, "FROM golang"); version == nil || from != ":"+version[1]+" AS build" {
		t.Errorf("go.mod has %q, the Dockerfile builds with golang%s", version, from)
	}
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil { //nolint:gosec // whom the image runs as has to come in
		t.Fatal(err)
	}
	build := instruction(t, "RUN")
	for in, out := range map[string]string{"-o /pastiche ": "-o " + root + "/pastiche ", "mkdir /data": "mkdir " + root + "/data"} {
		if !strings.Contains(build, in) {
			t.Fatalf("the Dockerfile runs %s: expected %s", build, in)
		}
		build = strings.Replace(build, in, out, 1)
	}
	shell := exec.Command("sh", "-ec", build)
	shell.Dir = "../.."
	if said, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", build, err, said)
	}
	program, err := elf.Open(root + "/pastiche")
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the program wants an interpreter, which the image has not")
		}
	}
	var args []string
	if err := json.Unmarshal([]byte(instruction(t, "CMD")), &args); err != nil {
		t.Fatal(err)
	}
	cmd := parsed(t, args)
	if os.Geteuid() != 0 {
		t.Skip("only root runs a program in another root")
	}
	const nobody = 65532
	if user := instruction(t, "USER"); user != "65532:65532" {
		t.Fatalf("the image runs as %s", user)
	}
	keys := filepath.Join(root, flagOf(cmd, "keys"))
	err = os.MkdirAll(filepath.Dir(keys), 0o755) //nolint:gosec // as Docker makes it
	if err == nil {
		err = os.WriteFile(keys, []byte("a-key-of-more-than-sixteen\n"), 0o444) //nolint:gosec // as Docker makes it
	}
	if err == nil {
		err = os.Chown(root+"/data", nobody, nobody)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := range args {
		if args[i] == flagOf(cmd, "addr") {
			args[i] = "127.0.0.1:0"
		}
	}
	serve := &exec.Cmd{Path: "/pastiche", Args: append([]string{"/pastiche"}, args...), Dir: "/", Env: []string{"PATH=/bin", "HOME=/"}}
	serve.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	stderr, err := serve.StderrPipe()
	if err == nil {
		err = serve.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer serve.Process.Kill() //nolint:errcheck // it has ended, where all is well
	url, said := "", ""
	for lines := bufio.NewScanner(stderr); url == "" && lines.Scan(); said += lines.Text() + "\n" {
		_, url, _ = strings.Cut(lines.Text(), "open at ")
	}
	if url == "" {
		t.Fatalf("the image does not say where it is: %s", said)
	}
	answer, err := http.Get(url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		t.Errorf("the image answers %s", answer.Status)
	}
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := serve.Wait(); err != nil {
		t.Errorf("the image ended with %v", err)
	}
}
