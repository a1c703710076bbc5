package registry

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/pastiche-art/pastiche/weights"
)

func TestStore(t *testing.T) {
	s := newStore(t, "https://origin.invalid")
	list := func(want ...string) {
		t.Helper()
		got, err := s.List()
		if err != nil {
			t.Error(err)
		}
		if got := present(got); !slices.Equal(got, want) {
			t.Errorf("list %q, want %q", got, want)
		}
	}
	list("builtin*", "sample")
	if _, err := os.Stat(s.Dir); err == nil {
		t.Error("looking made the folder")
	}

	path := networkFile(t, "Mine and Yours.safetensors", network("", 2))
	e, err := s.Import(t.Context(), path, "", weights.Override{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Name != "mine-and-yours" || e.Origin != "Mine and Yours.safetensors" || e.License != "MIT" || e.Input != weights.TorchvisionInput {
		t.Errorf("imported %+v", e)
	}
	if _, err := s.Import(t.Context(), path, "other", weights.Override{}); err != nil {
		t.Fatal(err)
	}
	list("builtin*", "sample", "mine-and-yours*", "other*")
	checkHolds(t, s, "mine-and-yours", 2)
	checkHolds(t, s, "other", 2)
	checkFiles(t, s, 2)
	if got, err := s.Entry("mine-and-yours"); err != nil || !equal(got, e) {
		t.Errorf("entry %+v, %v, want %+v", got, err, e)
	}
	kept, err := s.Path("other")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := weights.Open(kept, weights.Override{}); err != nil || n.Name != "other" || n.License != "MIT" || n.Pooling != "max" {
		t.Errorf("%s is not a network file of its own: %+v, %v", kept, n, err)
	}

	if err := s.Remove(t.Context(), "mine-and-yours"); err != nil {
		t.Fatal(err)
	}
	list("builtin*", "sample", "other*")
	checkHolds(t, s, "other", 2)
	checkFiles(t, s, 1)
}

// present marks the names of present networks with a star.
func present(list []Entry) []string {
	var all []string
	for _, e := range list {
		if e.Present() {
			e.Name += "*"
		}
		all = append(all, e.Name)
	}
	return all
}

func equal(a, b Entry) bool {
	return a.Name == b.Name && a.Family == b.Family && a.License == b.License && a.Input == b.Input &&
		a.Origin == b.Origin && a.Source == b.Source && a.Local == b.Local && slices.Equal(a.URLs, b.URLs)
}

func TestImportNames(t *testing.T) {
	const caffe = "bgr"
	type call struct {
		network  *weights.Network
		as       string
		override weights.PartialInput
		want     string // the name, or
		err      string // part of the error
	}
	sample := network("as-published", 1)
	for _, test := range []struct {
		name  string
		calls []call
	}{
		{"what it calls itself", []call{{network: network("Café No. 5", 2), want: "caf-no.-5"}}},
		{"without a name of letters", []call{{network: network("???", 2), want: "network"}}},
		{"long", []call{{network: network(strings.Repeat("x", 200), 2), want: strings.Repeat("x", 64)}}},
		{"published", []call{{network: sample, want: "sample"}}},
		{"published, by its name", []call{{network: sample, as: "sample", want: "sample"}}},
		{"published, by another name", []call{{network: sample, as: "mine", want: "mine"}}},
		{"published, with another input", []call{
			{network: sample, override: weights.PartialInput{Channels: caffe}, want: "as-published"},
			{network: sample, override: weights.PartialInput{Channels: caffe}, as: "sample", err: "it stands for that file with the input RGB 0..255"},
		}},
		{"the name of another", []call{
			{network: network("sample", 2), err: "it stands for the file with the SHA-256 " + fileOf(published(1)).SHA256},
			{network: network("", 2), as: "builtin", err: "choose another name"},
		}},
		{"twice", []call{
			{network: network("a", 2), want: "a"},
			{network: network("a", 2), want: "a"},
			{network: network("a", 3), err: "a network imported from file.safetensors has it: remove that one first"},
			{network: network("a", 2), override: weights.PartialInput{Channels: caffe}, err: "remove that one first"},
		}},
		{"no name", []call{
			{network: sample, as: "../sample", err: "expected at most 64 lower-case letters"},
			{network: sample, as: "A", err: "expected at most 64 lower-case letters"},
			{network: sample, as: ".hidden", err: "expected at most 64 lower-case letters"},
			{network: sample, as: strings.Repeat("a", 65), err: "expected at most 64 lower-case letters"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStore(t, "https://origin.invalid")
			networks := 0
			for _, c := range test.calls {
				e, err := s.Import(t.Context(), networkFile(t, "file.safetensors", c.network), c.as, weights.Override{PartialInput: c.override})
				if c.err != "" {
					if !errors.Is(err, ErrName) || !strings.Contains(err.Error(), c.err) {
						t.Errorf("error %v, want %q", err, c.err)
					}
					continue
				}
				if err != nil || e.Name != c.want {
					t.Errorf("imported as %q, error %v, want %q", e.Name, err, c.want)
				}
				networks = 1
			}
			if networks == 1 {
				checkFiles(t, s, 1)
			}
		})
	}
}

// TestImportInput imports with input conventions from three sources: the file, the
// published entry, and the user.
func TestImportInput(t *testing.T) {
	mean := [3]float32{1, 2, 3}
	for _, test := range []struct {
		name     string
		seed     uint64
		as       string
		override weights.PartialInput
		want     weights.Input
	}{
		{"the file's", 2, "mine", weights.PartialInput{}, weights.TorchvisionInput},
		{"the published", 1, "sample", weights.PartialInput{}, weights.MatConvNetInput},
		{"the published, by another name", 1, "mine", weights.PartialInput{}, weights.MatConvNetInput},
		{"the user's", 1, "mine", weights.PartialInput{Mean: &mean}, weights.Input{Channels: "rgb", Max: 1, Mean: mean, Std: weights.TorchvisionInput.Std}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStore(t, "https://origin.invalid")
			path := networkFile(t, "file.safetensors", network("as-published", test.seed))
			e, err := s.Import(t.Context(), path, test.as, weights.Override{PartialInput: test.override})
			if err != nil {
				t.Fatal(err)
			}
			n, err := s.Open(test.as)
			if err != nil {
				t.Fatal(err)
			}
			if e.Input != test.want || n.Input != test.want {
				t.Errorf("the entry has the input %v, the network %v, want %v", e.Input, n.Input, test.want)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	s := newStore(t, "https://origin.invalid")
	for _, test := range []struct {
		name string
		want error
	}{
		{"none", ErrUnknown}, {"../../etc/passwd", ErrUnknown}, {"", ErrUnknown}, {"sample", ErrAbsent},
	} {
		_, openErr := s.Open(test.name)
		_, pathErr := s.Path(test.name)
		for verb, err := range map[string]error{
			"open": openErr, "path": pathErr,
			"verify": s.Verify(t.Context(), test.name), "remove": s.Remove(t.Context(), test.name),
		} {
			if !errors.Is(err, test.want) {
				t.Errorf("%s %q: error %v, want %v", verb, test.name, err, test.want)
			}
		}
	}
	if _, err := s.Pull(t.Context(), "none"); !errors.Is(err, ErrUnknown) {
		t.Errorf("pull: error %v", err)
	}
	if _, err := s.Path("builtin"); !errors.Is(err, ErrBuiltIn) {
		t.Errorf("path of the built-in network: error %v", err)
	}
	if err := s.Remove(t.Context(), "builtin"); !errors.Is(err, ErrBuiltIn) {
		t.Errorf("remove the built-in network: error %v", err)
	}
	copied := filepath.Join(t.TempDir(), "copy.safetensors")
	if err := os.WriteFile(copied, []byte(weights.BuiltinFile()), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(t.Context(), copied, "", weights.Override{}); !errors.Is(err, ErrBuiltIn) {
		t.Errorf("import the built-in network: error %v", err)
	}
	if e, err := s.Import(t.Context(), copied, "copy", weights.Override{}); err != nil || e.BuiltIn || len(e.URLs) > 0 {
		t.Errorf("import a copy of the built-in network: %+v, %v", e, err)
	}
	if err := s.Verify(t.Context(), "builtin"); err != nil {
		t.Error(err)
	}
	if e, err := s.Pull(t.Context(), "builtin"); err != nil || !e.Present() {
		t.Errorf("pull the built-in network: %v", err)
	}
	if n, err := s.Open("builtin"); err != nil || n.Name != "builtin" {
		t.Errorf("open the built-in network: %v", err)
	}
}

func TestVerifyFindsDamage(t *testing.T) {
	s := newStore(t, "https://origin.invalid")
	if _, err := s.Import(t.Context(), networkFile(t, "a.safetensors", network("a", 2)), "", weights.Override{}); err != nil {
		t.Fatal(err)
	}
	path, err := s.Path("a")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-100] ^= 1
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	var wrong *ChecksumError
	if err := s.Verify(t.Context(), "a"); !errors.As(err, &wrong) || wrong.Place != path || wrong.Got != fileOf(b).SHA256 {
		t.Errorf("error %v for a file with a bit that flipped", err)
	}
	if _, err := s.Open("a"); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "remove a, and import it again") {
		t.Errorf("error %v for opening it", err)
	}
	// Importing again repairs it.
	if _, err := s.Import(t.Context(), networkFile(t, "a.safetensors", network("a", 2)), "", weights.Override{}); err != nil {
		t.Fatal(err)
	}
	checkHolds(t, s, "a", 2)
	// A truncated network is absent, but known to be damaged.
	if err := os.Truncate(path, 1000); err != nil {
		t.Fatal(err)
	}
	if e, err := s.Entry("a"); err != nil || e.Present() || e.Damage == nil {
		t.Errorf("entry %+v, %v", e, err)
	}
	if err := s.Verify(t.Context(), "a"); !errors.Is(err, ErrAbsent) || !strings.Contains(err.Error(), "has 1000 bytes, expected ") {
		t.Errorf("error %v for a file that was cut short", err)
	}
	if _, err := s.Open("a"); !errors.Is(err, ErrAbsent) {
		t.Errorf("error %v for a file that was cut short", err)
	}
	if _, err := s.Pull(t.Context(), "a"); !errors.Is(err, ErrAbsent) || !strings.Contains(err.Error(), "import it again") {
		t.Errorf("error %v for what cannot be pulled", err)
	}
}

func TestBrokenRecords(t *testing.T) {
	const sum = `"sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"`
	for name, text := range map[string]string{
		"empty":       "",
		"no JSON":     "vgg19 = pictures/vgg19.mat",
		"other types": `{"local": 7}`,
		"no checksum": `{"family": "VGG-19"}`,
		"a path":      `{"local": {"sha256": "../../../../../../etc/passwd"}}`,
		"capitals":    strings.ToUpper(`{"local": {` + sum + `}}`),
		"endless":     strings.Repeat(" ", 1<<20) + `{"local": {` + sum + `}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, "https://origin.invalid")
			if _, err := s.Import(t.Context(), networkFile(t, "a.safetensors", network("a", 2)), "", weights.Override{}); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(s.record("broken"), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			list, err := s.List()
			if err != nil {
				t.Errorf("error %v", err)
			}
			if got, want := present(list), []string{"builtin*", "sample", "a*", "broken"}; !slices.Equal(got, want) {
				t.Errorf("list %q, want %q", got, want)
			}
			damage := list[len(list)-1].Damage
			if damage == nil || !strings.HasPrefix(damage.Error(), s.record("broken")+": not the record of a network: ") {
				t.Errorf("damage %v", damage)
			}
			_, openErr := s.Open("broken")
			for verb, err := range map[string]error{"open": openErr, "verify": s.Verify(t.Context(), "broken")} {
				if !errors.Is(err, ErrAbsent) || !strings.Contains(err.Error(), damage.Error()) {
					t.Errorf("%s: error %v", verb, err)
				}
			}
			if err := s.Remove(t.Context(), "broken"); err != nil {
				t.Error(err)
			}
			checkHolds(t, s, "a", 2)
			checkFiles(t, s, 1)
		})
	}
}

// TestBrokenRecordIsReplaced pulls a network again whose record is damaged.
func TestBrokenRecordIsReplaced(t *testing.T) {
	s := newStore(t, newMirror(t, well(sample)).URL)
	if _, err := s.Pull(t.Context(), "sample"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.record("sample"), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open("sample"); !errors.Is(err, ErrAbsent) || !strings.Contains(err.Error(), "pull it again") {
		t.Errorf("error %v", err)
	}
	if e, err := s.Pull(t.Context(), "sample"); err != nil || !e.Present() {
		t.Errorf("pulled %+v, %v", e, err)
	}
	checkHolds(t, s, "sample", 1)
	checkFiles(t, s, 1)
}

// TestSweep checks that leftovers of killed processes are deleted.
func TestSweep(t *testing.T) {
	s := newStore(t, "https://origin.invalid")
	path := networkFile(t, "a.safetensors", network("a", 2))
	if _, err := s.Import(t.Context(), path, "", weights.Override{}); err != nil {
		t.Fatal(err)
	}
	orphan := s.blob(fileOf([]byte("orphan")))
	const temporary = ".pastiche-0123abcd.tmp"
	for _, file := range []string{s.incoming(temporary), filepath.Join(s.Dir, "blobs", temporary), filepath.Join(s.Dir, "names", temporary), orphan} {
		if err := os.WriteFile(file, []byte("half a network"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	begun := s.incoming(testEntries()[1].Source.SHA256)
	if err := os.WriteFile(begun, []byte("half a download"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(t.Context(), path, "", weights.Override{}); err != nil {
		t.Fatal(err)
	}
	checkFiles(t, s, 1, "incoming/"+filepath.Base(begun))
	if err := s.Remove(t.Context(), "sample"); err != nil {
		t.Error(err)
	}
	checkFiles(t, s, 1)
	checkHolds(t, s, "a", 2)
}

// TestPlanted checks that nothing is written through links that others have put into
// the folder.
func TestPlanted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege")
	}
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o666); err != nil {
		t.Fatal(err)
	}
	s := newStore(t, newMirror(t, well(sample)).URL)
	partial := s.incoming(fileOf(sample).SHA256)
	if err := os.MkdirAll(filepath.Dir(partial), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{partial, partial + ".json"} {
		if err := os.Symlink(victim, path); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Pull(t.Context(), "sample"); err != nil {
		t.Fatal(err)
	}
	checkHolds(t, s, "sample", 1)
	checkFiles(t, s, 1)
	if text, err := os.ReadFile(victim); err != nil || string(text) != "precious" {
		t.Errorf("what a link led to is %q, %v", text, err)
	}
}

// TestPlantedLater checks the same for a link that appears beside a download while it
// runs.
func TestPlantedLater(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege")
	}
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o666); err != nil {
		t.Fatal(err)
	}
	s := newStore(t)
	m := newMirror(t, func(w http.ResponseWriter, r *http.Request) {
		if err := os.Symlink(victim, s.incoming(fileOf(sample).SHA256+".json")); err != nil {
			t.Error(err)
		}
		well(sample)(w, r)
	})
	s.Known = testEntries(m.URL)
	if _, err := s.Pull(t.Context(), "sample"); err != nil {
		t.Fatal(err)
	}
	checkFiles(t, s, 1)
	if text, err := os.ReadFile(victim); err != nil || string(text) != "precious" {
		t.Errorf("what a link led to is %q, %v", text, err)
	}
}

// TestSwapped replaces a file after its checksum was computed: the store keeps the
// checked file, or nothing.
func TestSwapped(t *testing.T) {
	for name, exchange := range map[string]func(t *testing.T, path string) error{
		"renamed over": func(t *testing.T, path string) error {
			return os.Rename(networkFile(t, "other", network("other", 7)), path)
		},
		"written over": func(_ *testing.T, path string) error { return os.WriteFile(path, published(7), 0o666) },
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" {
				t.Skip("an open file cannot be exchanged")
			}
			folder := t.TempDir()
			path := filepath.Join(folder, "sample.safetensors")
			if err := os.WriteFile(path, sample, 0o666); err != nil {
				t.Fatal(err)
			}
			old := time.Now().Add(-time.Hour)
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
			s := newStore(t, "https://origin.invalid")
			s.Mirror = folder
			s.Progress = func(e Event) {
				if _, ok := e.(Converting); ok {
					if err := exchange(t, path); err != nil {
						t.Error(err)
					}
				}
			}
			_, err := s.Pull(t.Context(), "sample")
			if name == "renamed over" {
				if err != nil {
					t.Fatal(err)
				}
				checkHolds(t, s, "sample", 1)
				return
			}
			if !errors.Is(err, weights.ErrMalformed) || !strings.Contains(err.Error(), "written to while it was being read") {
				t.Errorf("error %v", err)
			}
			checkFiles(t, s, 0)
		})
	}
}

func TestUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	readOnly := filepath.Join(t.TempDir(), "read-only")
	if err := os.Mkdir(readOnly, 0o555); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{
		"a file": file, "read-only": filepath.Join(readOnly, "networks"), "no home": "",
	} {
		t.Run(name, func(t *testing.T) {
			if name == "read-only" && (os.Geteuid() == 0 || runtime.GOOS == "windows") {
				t.Skip("this user may write it")
			}
			s := newStore(t, "https://origin.invalid")
			s.Dir = dir
			path := networkFile(t, "a.safetensors", network("a", 2))
			_, importErr := s.Import(t.Context(), path, "", weights.Override{})
			_, pullErr := s.Pull(t.Context(), "sample")
			for verb, err := range map[string]error{"import": importErr, "pull": pullErr, "remove": s.Remove(t.Context(), "sample")} {
				if !errors.Is(err, ErrWrite) || !strings.Contains(err.Error(), dir) {
					t.Errorf("%s: error %v", verb, err)
				}
			}
			if list, err := s.List(); err != nil || len(list) != len(s.Known) {
				t.Errorf("list %v, %v", list, err)
			}
			if n, err := s.Open("builtin"); err != nil || n.Name != "builtin" {
				t.Errorf("the built-in network: %v", err)
			}
		})
	}
}

// TestWaiting holds the lock like another process.
func TestWaiting(t *testing.T) {
	s := newStore(t, "https://origin.invalid")
	if err := os.MkdirAll(s.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	other := flock.New(filepath.Join(s.Dir, "lock"))
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	path := networkFile(t, "a.safetensors", network("a", 2))

	ctx, cancel := context.WithCancel(t.Context())
	s.Progress = func(e Event) {
		if e == (Waiting{s.Dir}) {
			cancel()
		}
	}
	if _, err := s.Import(ctx, path, "", weights.Override{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v while another process holds the lock", err)
	}

	s.Progress = func(e Event) {
		if e == (Waiting{s.Dir}) {
			if err := other.Unlock(); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := s.Import(t.Context(), path, "", weights.Override{}); err != nil {
		t.Error(err)
	}
	checkHolds(t, s, "a", 2)
}

func TestFromEnvironment(t *testing.T) {
	user, folder := t.TempDir(), t.TempDir()
	system := map[string]string{
		"windows": filepath.Join(user, "AppData", "Local"),
		"darwin":  filepath.Join(user, "Library", "Application Support"),
	}[runtime.GOOS]
	if system == "" {
		system = filepath.Join(user, ".local", "share")
	}
	for _, test := range []struct{ name, home, xdg, want string }{
		{"the system's", "", "", filepath.Join(system, "pastiche", "networks")},
		{"XDG", "", folder, filepath.Join(folder, "pastiche", "networks")},
		{"XDG, relative", "", "data", filepath.Join(system, "pastiche", "networks")},
		{"PASTICHE_HOME", folder, user, filepath.Join(folder, "networks")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("HOME", user)
			t.Setenv("LocalAppData", filepath.Join(user, "AppData", "Local"))
			t.Setenv(HomeVariable, test.home)
			t.Setenv("XDG_DATA_HOME", test.xdg)
			if got := FromEnvironment().Dir; got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		for _, variable := range []string{"HOME", "LocalAppData", "XDG_DATA_HOME", HomeVariable} {
			t.Setenv(variable, "")
		}
		s := FromEnvironment()
		if s.Dir != "" {
			t.Errorf("%s", s.Dir)
		}
		if list, err := s.List(); err != nil || len(list) != len(wellKnown) {
			t.Errorf("list %v, %v", list, err)
		}
	})
}

// BenchmarkOpen measures reading an imported VGG-19.
func BenchmarkOpen(b *testing.B) {
	s := &Store{Dir: filepath.Join(b.TempDir(), "networks")}
	path := networkFile(b, "vgg19.safetensors", networkOf("vgg19", 1,
		[]int{64, 64}, []int{128, 128}, []int{256, 256, 256, 256}, []int{512, 512, 512, 512}, []int{512, 512, 512, 512}))
	if _, err := s.Import(b.Context(), path, "", weights.Override{}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Open("vgg19"); err != nil {
			b.Fatal(err)
		}
	}
}
