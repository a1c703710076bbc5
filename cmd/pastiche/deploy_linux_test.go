package main

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"debug/elf"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/pastiche-art/pastiche/internal/studio"
)

// putBackFor is how long a worker may take to put its job back when it is stopped.
const putBackFor = 45 * time.Second

// parsed returns the command that a line runs, with its flags set, and fails where
// the command does not have those flags or arguments.
func parsed(t *testing.T, line []string) *cobra.Command {
	t.Helper()
	cmd, rest, err := newProgram().Root.Find(line)
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

// contents returns a file of the repository.
func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// natsImage returns the image of the NATS server that this module is tested with.
func natsImage(t *testing.T) string {
	t.Helper()
	version := regexp.MustCompile(`(?m)nats-server/v2 v(\S+)`).FindStringSubmatch(contents(t, "go.mod"))
	if version == nil {
		t.Fatal("go.mod requires no nats-server")
	}
	return "nats:" + version[1] + "-alpine"
}

// testNATSPassword is one that a configuration takes for a number where it is not
// quoted.
const testNATSPassword = "123456789012"

// natsOptions reads a configuration of a NATS server as the server does, and checks
// what this program needs and that the servers find one another.
func natsOptions(t *testing.T, name, config string, args []string, hosts []string) *server.Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	args = slices.Clone(args)
	for i := range args {
		args[i] = regexp.MustCompile(`/etc/\S*nats\.conf`).ReplaceAllLiteralString(args[i], path)
	}
	o, err := server.ConfigureOptions(flag.NewFlagSet(name, flag.ContinueOnError), args, nil, nil, nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if o.ServerName != name || !o.JetStream || !o.SyncAlways || o.Cluster.Name == "" || o.Cluster.Port != 6222 || cmp.Or(o.Port, 4222) != 4222 || o.HTTPPort != 8222 {
		t.Errorf("%s: %+v", name, o)
	}
	if o.Username != "pastiche" || o.Password != testNATSPassword {
		t.Errorf("%s: the credentials are %q and %q", name, o.Username, o.Password)
	}
	var routes []string
	for _, route := range o.Routes {
		password, _ := route.User.Password()
		if route.User.Username() != o.Cluster.Username || password != o.Cluster.Password || password != testNATSPassword || route.Port() != "6222" {
			t.Errorf("%s: the route %s does not fit the cluster's credentials", name, route)
		}
		routes = append(routes, route.Hostname())
	}
	if !slices.Equal(routes, hosts) {
		t.Errorf("%s: routes to %v, expected %v", name, routes, hosts)
	}
	return o
}

// checkNATSFlag checks that a command connects to all NATS servers of a cluster.
func checkNATSFlag(t *testing.T, cmd *cobra.Command, hosts []string) {
	t.Helper()
	var urls []string
	for _, host := range hosts {
		urls = append(urls, "nats://pastiche:"+testNATSPassword+"@"+host+":4222")
	}
	if got := flagOf(cmd, "nats"); got != strings.Join(urls, ",") {
		t.Errorf("%s: --nats %s, expected %v", cmd.Name(), got, urls)
	}
	if cmd.Name() == "serve" && flagOf(cmd, "replicas") != strconv.Itoa(len(hosts)) {
		t.Errorf("serve: --replicas %s with %d servers", flagOf(cmd, "replicas"), len(hosts))
	}
}

// checkPatience checks that a process is not killed before it has stopped.
func checkPatience(t *testing.T, cmd *cobra.Command, patience time.Duration) {
	t.Helper()
	needed := studio.DrainTimeout
	if cmd.Name() == "worker" || flagOf(cmd, "workers") != "0" {
		needed = putBackFor
	}
	if patience <= needed {
		t.Errorf("%s: it is killed after %v, expected more than %v", cmd.Name(), patience, needed)
	}
}

// composition is the part of a compose file that its services depend on.
type composition struct {
	Services map[string]composed
	Configs  map[string]struct{ Content string }
	Secrets  map[string]struct{ File string }
	Volumes  map[string]any
	Networks map[string]any
}

type composed struct {
	Image, Build string
	Command      []string
	Configs      []struct{ Source, Target string }
	Ports        []string
	Volumes      []string
	Networks     []string
	Secrets      []string
	DependsOn    map[string]struct{ Condition string } `yaml:"depends_on"`
	HealthCheck  *struct{ Test []string }
	Patience     time.Duration `yaml:"stop_grace_period"`
	ReadOnly     bool          `yaml:"read_only"`
	Deploy       struct {
		Resources struct{ Limits struct{ Memory string } }
	}
}

// TestComposedServices checks the compose file: the flags of its commands, what
// services refer to, and the configuration of NATS.
func TestComposedServices(t *testing.T) {
	text := regexp.MustCompile(`\$\{NATS_PASSWORD[^}]*\}`).ReplaceAllString(contents(t, "deploy/compose.yaml"), testNATSPassword)
	var c composition
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	var hosts, paints []string
	for name, s := range c.Services {
		switch s.Image {
		case natsImage(t):
			hosts = append(hosts, name)
		case "pastiche":
			paints = append(paints, name)
		default:
			t.Errorf("%s: image %s, expected pastiche or %s", name, s.Image, natsImage(t))
		}
	}
	slices.Sort(hosts)
	if len(hosts) != 3 || len(paints) != 2 {
		t.Fatalf("servers of NATS %v, services %v: expected 3 and 2", hosts, paints)
	}
	for name, s := range c.Services {
		for _, network := range s.Networks {
			if !hasKey(c.Networks, network) {
				t.Errorf("%s: no network %s", name, network)
			}
		}
		for other, on := range s.DependsOn {
			if !hasKey(c.Services, other) || on.Condition != "service_healthy" {
				t.Errorf("%s: depends on %s, %s", name, other, on.Condition)
			}
		}
		for _, volume := range s.Volumes {
			if volume, _, _ := strings.Cut(volume, ":"); !hasKey(c.Volumes, volume) {
				t.Errorf("%s: no volume %s", name, volume)
			}
		}
		for _, secret := range s.Secrets {
			if !hasKey(c.Secrets, secret) {
				t.Errorf("%s: no secret %s", name, secret)
			}
		}
		if !s.ReadOnly || s.Deploy.Resources.Limits.Memory == "" {
			t.Errorf("%s: expected a root file system that is read only, and a limit of memory", name)
		}
		if slices.Contains(hosts, name) {
			o := natsOptions(t, name, c.Configs[s.Configs[0].Source].Content, s.Command, hosts)
			if !slices.Contains(s.Volumes, name+":"+o.StoreDir) || s.HealthCheck == nil {
				t.Errorf("%s: %+v", name, s)
			}
			continue
		}
		cmd := parsed(t, s.Command)
		checkNATSFlag(t, cmd, hosts)
		checkPatience(t, cmd, s.Patience)
		if cmd.Name() == "worker" {
			if at := flagOf(cmd, "metrics-addr"); at != "127.0.0.1:8080" {
				t.Errorf("the health check of the image does not find the worker at %q", at)
			}
			continue
		}
		if keys := flagOf(cmd, "keys"); !slices.Contains(s.Secrets, strings.TrimPrefix(keys, "/run/secrets/")) {
			t.Errorf("%s: --keys %s is not one of the secrets %v", name, keys, s.Secrets)
		}
		if _, port, _ := strings.Cut(flagOf(cmd, "addr"), ":"); !slices.Equal(s.Ports, []string{"127.0.0.1:8080:" + port}) {
			t.Errorf("%s: ports %v, address %s", name, s.Ports, flagOf(cmd, "addr"))
		}
	}
}

func hasKey[V any](m map[string]V, key string) bool {
	_, found := m[key]
	return found
}

// object is the part of an object of Kubernetes that others depend on.
type object struct {
	Kind     string
	Metadata struct{ Name string }
	Data     map[string]string
	Spec     struct {
		Replicas       int
		ServiceName    string                      `yaml:"serviceName"`
		ScaleTargetRef struct{ Kind, Name string } `yaml:"scaleTargetRef"`
		Metrics        []struct {
			External struct{ Metric struct{ Name string } }
		}
		Template struct {
			Metadata struct{ Annotations map[string]string }
			Spec     pod
		}
	}
}

type pod struct {
	Patience   int `yaml:"terminationGracePeriodSeconds"`
	Containers []container
}

type container struct {
	Image string
	Args  []string
	Env   []struct{ Name, Value string }
	Ports []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	LivenessProbe  probe   `yaml:"livenessProbe"`
	ReadinessProbe probe   `yaml:"readinessProbe"`
	VolumeMounts   []mount `yaml:"volumeMounts"`
}

type mount struct {
	MountPath string `yaml:"mountPath"`
}

type probe struct {
	HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
}

// port returns the number of a named port, or 0.
func (c *container) port(name string) int {
	for _, p := range c.Ports {
		if p.Name == name {
			return p.ContainerPort
		}
	}
	return 0
}

// expanded returns a text with the values of the variables that it names, as
// Kubernetes does it.
func (c *container) expanded(text string, pod string) string {
	values := map[string]string{"NATS_PASSWORD": testNATSPassword, "POD": pod}
	reference := regexp.MustCompile(`\$\((\w+)\)`)
	expand := func(text string) string {
		return reference.ReplaceAllStringFunc(text, func(name string) string { return values[name[2:len(name)-1]] })
	}
	for _, e := range c.Env {
		if e.Value != "" {
			values[e.Name] = expand(e.Value)
		}
	}
	return expand(text)
}

// TestKubernetesObjects checks the objects for Kubernetes in the way of
// TestComposedServices. deploy/_check compares them with Kubernetes' own types.
func TestKubernetesObjects(t *testing.T) {
	objects := make(map[string]object)
	for documents := yaml.NewDecoder(strings.NewReader(contents(t, "deploy/kubernetes.yaml"))); ; {
		var o object
		err := documents.Decode(&o)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		objects[o.Kind+" "+o.Metadata.Name] = o
	}
	queue := objects["StatefulSet nats"]
	if queue.Spec.Replicas != 3 || !hasKey(objects, "Service "+queue.Spec.ServiceName) {
		t.Fatalf("the servers of NATS are %+v", queue)
	}
	var hosts []string
	for i := range queue.Spec.Replicas {
		hosts = append(hosts, fmt.Sprintf("nats-%d.%s", i, queue.Spec.ServiceName))
	}
	nats := queue.Spec.Template.Spec.Containers[0]
	if nats.Image != natsImage(t) {
		t.Errorf("image %s, expected %s", nats.Image, natsImage(t))
	}
	for _, e := range nats.Env {
		t.Setenv(e.Name, nats.expanded(e.Value, "nats-0"))
	}
	args := slices.Clone(nats.Args)
	for i := range args {
		args[i] = nats.expanded(args[i], "nats-0")
	}
	o := natsOptions(t, "nats-0", objects["ConfigMap nats"].Data["nats.conf"], args, hosts)
	if !slices.Contains(nats.VolumeMounts, mount{o.StoreDir}) {
		t.Errorf("nothing is mounted at %s", o.StoreDir)
	}

	for _, name := range []string{"studio", "worker"} {
		pod := objects["Deployment "+name].Spec.Template
		c := pod.Spec.Containers[0]
		args := slices.Clone(c.Args)
		for i := range args {
			args[i] = c.expanded(args[i], "")
		}
		cmd := parsed(t, args)
		checkNATSFlag(t, cmd, hosts)
		checkPatience(t, cmd, time.Duration(pod.Spec.Patience)*time.Second)
		metrics := "0.0.0.0:" + pod.Metadata.Annotations["prometheus.io/port"]
		if flagOf(cmd, "metrics-addr") != metrics || metrics != fmt.Sprintf("0.0.0.0:%d", c.port("metrics")) {
			t.Errorf("%s: --metrics-addr %s, ports %v", name, flagOf(cmd, "metrics-addr"), c.Ports)
		}
		for path, p := range map[string]probe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
			if p.HTTPGet.Path != path || c.port(p.HTTPGet.Port) == 0 {
				t.Errorf("%s: the probe %+v, expected %s", name, p, path)
			}
		}
		if cmd.Name() == "serve" && flagOf(cmd, "addr") != fmt.Sprintf("0.0.0.0:%d", c.port("http")) {
			t.Errorf("--addr %s, ports %v", flagOf(cmd, "addr"), c.Ports)
		}
	}
	scaler := objects["HorizontalPodAutoscaler worker"].Spec
	if target := scaler.ScaleTargetRef; target.Kind != "Deployment" || target.Name != "worker" {
		t.Errorf("the autoscaler scales %v", target)
	}
	if metric := scaler.Metrics[0].External.Metric.Name; !strings.Contains(contents(t, "internal/studio/metrics.go"), `"`+metric+`"`) {
		t.Errorf("the autoscaler follows %s, which is no metric", metric)
	}
}

// TestServiceUnits checks the units: the flags of their commands, how long they may
// take to stop, and where systemd is installed, systemd's own verdicts.
func TestServiceUnits(t *testing.T) {
	// systemd finds it in /usr/local/bin, or in /usr/bin, where a package puts it.
	const installed = "pastiche"
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for unit, command := range map[string]string{"pastiche.service": "serve", "pastiche-worker@.service": "worker"} {
		t.Run(unit, func(t *testing.T) {
			text := contents(t, "deploy/"+unit)
			setting := func(name string) string {
				value := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindStringSubmatch(text)
				if value == nil {
					t.Fatalf("the unit has no %s", name)
				}
				return value[1]
			}
			line := strings.Fields(setting("ExecStart"))
			if line[0] != installed || line[len(line)-1] != "$FLAGS" {
				t.Fatalf("the unit runs %q", line)
			}
			cmd := parsed(t, line[1:len(line)-1])
			if cmd.Name() != command {
				t.Errorf("the unit runs %q", line)
			}
			seconds, err := strconv.Atoi(setting("TimeoutStopSec"))
			if err != nil {
				t.Fatal(err)
			}
			checkPatience(t, cmd, time.Duration(seconds)*time.Second)
			if keys := cmd.Flag("keys"); keys != nil && "%d/"+strings.Split(setting("LoadCredential"), ":")[0] != keys.Value.String() {
				t.Errorf("--keys %s is not the credential %s", keys.Value, setting("LoadCredential"))
			}
			if strings.Contains(text, "\nMemoryDenyWriteExecute=yes") {
				t.Error("the decoder of HEIC needs memory that can be written and executed")
			}
			if _, err := exec.LookPath("systemd-analyze"); err != nil {
				t.Skip("there is no systemd-analyze")
			}
			instance := strings.Replace(unit, "@.", "@9090.", 1)
			path := filepath.Join(t.TempDir(), instance)
			if err := os.WriteFile(path, []byte(strings.Replace(text, "\nExecStart="+installed+" ", "\nExecStart="+self+" ", 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			if said, err := exec.Command("systemd-analyze", "verify", path).CombinedOutput(); err != nil || len(said) > 0 {
				t.Errorf("systemd-analyze verify: %v: %s", err, said)
			}
			// An exposure of 2.0 is called "OK"; the scale ends at 10.
			if said, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", path).CombinedOutput(); err != nil {
				t.Errorf("systemd-analyze security: %v: %s", err, said)
			}
		})
	}
}

// TestProxies has nginx and Caddy check their configurations, where they are
// installed.
func TestProxies(t *testing.T) {
	t.Run("nginx", func(t *testing.T) {
		if _, err := exec.LookPath("nginx"); err != nil {
			t.Skip("there is no nginx")
		}
		dir := t.TempDir()
		writeCertificate(t, dir)
		site := strings.ReplaceAll(contents(t, "deploy/nginx.conf"), "/etc/letsencrypt/live/paint.example", dir)
		config := "pid " + dir + "/pid;\nevents {}\nhttp {\n" + site + "}\n"
		if err := os.WriteFile(dir+"/nginx.conf", []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		if said, err := exec.Command("nginx", "-t", "-q", "-e", dir+"/log", "-p", dir, "-c", dir+"/nginx.conf").CombinedOutput(); err != nil || len(said) > 0 {
			t.Errorf("nginx: %v: %s", err, said)
		}
	})
	t.Run("caddy", func(t *testing.T) {
		if _, err := exec.LookPath("caddy"); err != nil {
			t.Skip("there is no caddy")
		}
		cmd := exec.Command("caddy", "validate", "--adapter", "caddyfile", "--config", "../../deploy/Caddyfile")
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		if said, err := cmd.CombinedOutput(); err != nil || bytes.Contains(said, []byte(`"level":"warn"`)) {
			t.Errorf("caddy: %v: %s", err, said)
		}
	})
}

// instruction returns what the last instruction of a name in the Dockerfile says.
func instruction(t *testing.T, name string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^`+name+`\b ?(.*)$`).FindAllStringSubmatch(contents(t, "Dockerfile"), -1)
	if found == nil {
		t.Fatalf("the Dockerfile has no %s", name)
	}
	return found[len(found)-1][1]
}

// TestImage builds what the Dockerfile builds and, as root, runs it as the image does:
// as a user without rights, in a file system with nothing else. The default command
// answers clients of a port that was published on this machine.
func TestImage(t *testing.T) {
	if testing.Short() {
		t.Skip("building takes a while")
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(contents(t, "go.mod"))
	if from := instruction(t, `FROM --platform=\$BUILDPLATFORM golang`); version == nil || !regexp.MustCompile(`^:`+regexp.QuoteMeta(version[1])+`\.\d+-\w+ AS base$`).MatchString(from) {
		t.Errorf("go.mod has %q, the Dockerfile builds with golang%s: expected one of its releases", version, from)
	}
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil { //nolint:gosec // the image's user has to come in
		t.Fatal(err)
	}
	for _, command := range []string{"mkdir -p /root-fs/", "CGO_ENABLED=0 "} {
		line := regexp.MustCompile(`(?m)^RUN (` + command + `.*)$`).FindStringSubmatch(contents(t, "Dockerfile"))
		if line == nil {
			t.Fatalf("the Dockerfile does not run %s", command)
		}
		shell := exec.Command("sh", "-ec", strings.NewReplacer("/root-fs/", root+"/", " /pastiche ", " "+root+"/pastiche ").Replace(line[1]))
		shell.Dir = "../.."
		shell.Env = append(os.Environ(), "VERSION=v9.8.7", "COMMIT=3a74355", "DATE=2026-12-01T10:41:07Z")
		if said, err := shell.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", line[1], err, said)
		}
	}
	program, err := elf.Open(root + "/pastiche")
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the program wants an interpreter, which the image does not have")
		}
	}
	args, check := words(t, instruction(t, "CMD")), words(t, regexp.MustCompile(`\[.*`).FindString(instruction(t, "HEALTHCHECK")))
	cmd := parsed(t, args)
	if parsed(t, check[1:]); flagOf(cmd, "addr") != "0.0.0.0:8080" || check[0] != "/pastiche" {
		t.Errorf("the command is %v, the health check %v", args, check)
	}
	if os.Geteuid() != 0 {
		t.Skip("only root runs a program in another root")
	}
	const nobody = 65532
	if user := instruction(t, "USER"); user != "65532:65532" {
		t.Fatalf("the image runs as %s", user)
	}
	if err := errors.Join(os.Chown(root+"/data", nobody, nobody), os.Chown(root+"/tmp", nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	// run returns a process of the image.
	run := func(args ...string) *exec.Cmd {
		return &exec.Cmd{
			Path: "/pastiche", Args: append([]string{"/pastiche"}, args...), Dir: "/", Env: []string{"HOME=/", instruction(t, "ENV")},
			SysProcAttr: &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}},
		}
	}
	if said, err := run("version").Output(); err != nil || !strings.HasPrefix(string(said), "pastiche v9.8.7\ncommit 3a74355 of 2026-12-01T10:41:07Z") {
		t.Errorf("version: %v: %s", err, said)
	}
	for i := range args {
		if args[i] == flagOf(cmd, "addr") {
			args[i] = "0.0.0.0:0"
		}
	}
	serve := run(args...)
	server, err := startServer(serve)
	if err != nil {
		t.Fatal(err)
	}
	defer serve.Process.Kill() //nolint:errcheck // it has ended, where all is well
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	server = "http://127.0.0.1:" + port
	eventually(t, "the health check succeeds", func() bool {
		return run(append(check[1:], "--server", server)...).Run() == nil
	})
	for host, expected := range map[string]int{
		"localhost:" + port: http.StatusOK, "127.0.0.1:" + port: http.StatusOK, "192.0.2.1:" + port: http.StatusMisdirectedRequest,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server+"/api/v1/session", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != expected {
			t.Errorf("a client of %s is answered %s, expected %d", host, answer.Status, expected)
		}
	}
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := serve.Wait(); err != nil {
		t.Errorf("the image ended with %v", err)
	}
}

// words returns the words of an instruction's list.
func words(t *testing.T, list string) (all []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(list), &all); err != nil || len(all) == 0 {
		t.Fatalf("%s: %v", list, err)
	}
	return all
}

// writeCertificate writes a certificate that nobody trusts, with its key.
func writeCertificate(t *testing.T, dir string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"fullchain.pem": {Type: "CERTIFICATE", Bytes: certificate}, "privkey.pem": {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
