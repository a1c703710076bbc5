package studio_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestDocumentedCommands runs what docs/API.md prints.
func TestDocumentedCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("it paints")
	}
	for _, program := range []string{"bash", "curl", "sed"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s", program)
		}
	}
	text, err := os.ReadFile("../../docs/API.md")
	if err != nil {
		t.Fatal(err)
	}
	f := newServer(t, setup{worker: true})
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	script.WriteString("set -eu\n")
	blocks := strings.Split(string(text), "```sh\n")[1:]
	for _, block := range blocks {
		commands, _, _ := strings.Cut(block, "```")
		commands = strings.ReplaceAll(commands, "http://127.0.0.1:8080", f.URL)
		commands = strings.ReplaceAll(commands, "@examples/", "@"+root+"/../../examples/")
		script.WriteString(strings.ReplaceAll(commands, "@README", "@"+root+"/../../README"))
	}
	if len(blocks) < 6 {
		t.Fatalf("%d blocks of commands, expected more", len(blocks))
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script.String())
	cmd.Dir = t.TempDir()
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, said)
	}
	for _, expected := range []string{"201\n200\n", `"state":"done"`, `"status":415`, "pastiche_jobs_accepted_total 5"} {
		if !strings.Contains(string(said), expected) {
			t.Errorf("the commands do not print %q:\n%s", expected, said)
		}
	}
	for file, beginning := range map[string]string{"painting.png": "\x89PNG", "beginning.bin": "\x89PNG", "small.jpg": "\xff\xd8", "events.txt": "id: ", "painting.jpg": "\xff\xd8", "costs.json": `{"samples"`, "of-batch.json": `{"jobs":[{`, "waited.json": `{"id"`} {
		data, err := os.ReadFile(cmd.Dir + "/" + file)
		if err != nil || !strings.HasPrefix(string(data), beginning) {
			t.Errorf("%s begins with %.10q, %v", file, data, err)
		}
	}
}
