package studio_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// firefox is a window of Firefox. Commands reach it by the Marionette protocol over TCP:
// each message is the length of a JSON array, a colon, and the array.
type firefox struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	last int // the number of the last command
}

// openFirefox starts Firefox on a page of a server, as a window of a desk.
func openFirefox(t *testing.T, url string) *firefox {
	t.Helper()
	if testing.Short() {
		t.Skip("painting in a browser takes a while")
	}
	program, err := exec.LookPath("firefox-esr")
	if err != nil {
		t.Skip("there is no firefox-esr: on Debian, apt-get install firefox-esr")
	}
	profile := t.TempDir()
	// Port 0 is a free one, which Firefox writes into the profile.
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(`user_pref("marionette.port", 0);`), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--headless", "--marionette", "--no-remote", "--profile", profile)
	cmd.Env = append(os.Environ(), "HOME="+profile, "MOZ_DISABLE_AUTO_SAFE_MODE=1")
	cmd.WaitDelay = patience
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f := &firefox{t: t}
	t.Cleanup(func() {
		if f.conn != nil {
			_ = f.conn.Close()
		}
		stop()
		_ = cmd.Wait() // it was killed
	})
	port := f.port(profile)
	if f.conn, err = net.Dial("tcp", net.JoinHostPort("127.0.0.1", port)); err != nil {
		t.Fatal(err)
	}
	f.in = bufio.NewReader(f.conn)
	f.receive() // who it is
	f.call("WebDriver:NewSession", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{}}})
	f.call("WebDriver:SetWindowRect", map[string]any{"width": 1440, "height": 900})
	f.call("WebDriver:Navigate", map[string]any{"url": url})
	return f
}

// port waits until Firefox has written which port it listens on.
func (f *firefox) port(profile string) string {
	f.t.Helper()
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(50 * time.Millisecond) {
		port, err := os.ReadFile(filepath.Join(profile, "MarionetteActivePort"))
		if err == nil && len(port) > 0 {
			return strings.TrimSpace(string(port))
		}
	}
	f.t.Fatal("Firefox does not listen")
	return ""
}

// receive returns the next message.
func (f *firefox) receive() json.RawMessage {
	f.t.Helper()
	_ = f.conn.SetDeadline(time.Now().Add(patience))
	var size int
	if _, err := fmt.Fscanf(f.in, "%d:", &size); err != nil {
		f.t.Fatal(err)
	}
	message := make([]byte, size)
	if _, err := io.ReadFull(f.in, message); err != nil {
		f.t.Fatal(err)
	}
	return message
}

// call sends a command and returns the value of its answer.
func (f *firefox) call(command string, parameters map[string]any) json.RawMessage {
	f.t.Helper()
	f.last++
	message, err := json.Marshal([]any{0, f.last, command, parameters})
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(f.conn, "%d:%s", len(message), message); err != nil {
		f.t.Fatal(err)
	}
	var answer [4]json.RawMessage // its type, the number, an error, a value
	if err := json.Unmarshal(f.receive(), &answer); err != nil {
		f.t.Fatal(err)
	}
	if string(answer[2]) != "null" {
		f.t.Fatalf("%s: %s", command, answer[2])
	}
	var result struct {
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(answer[3], &result) != nil || result.Value == nil {
		return answer[3]
	}
	return result.Value
}

// true reports whether an expression is.
func (f *firefox) true(expression string) bool {
	f.t.Helper()
	value := f.call("WebDriver:ExecuteScript", map[string]any{"script": "return Boolean(" + expression + ")", "args": []any{}})
	return string(value) == "true"
}

// until waits for an expression to be true.
func (f *firefox) until(what, expression string) {
	f.t.Helper()
	for begun := time.Now(); !f.true(expression); time.Sleep(50 * time.Millisecond) {
		if time.Since(begun) > patience {
			f.shot("waiting")
			text := f.call("WebDriver:ExecuteScript", map[string]any{"script": "return document.body.innerText", "args": []any{}})
			f.t.Fatalf("no %s; the page says:\n%s", what, text)
		}
	}
}

// element returns the first element that a selector says.
func (f *firefox) element(selector string) string {
	f.t.Helper()
	var found map[string]string
	if err := json.Unmarshal(f.call("WebDriver:FindElement", map[string]any{"using": "css selector", "value": selector}), &found); err != nil {
		f.t.Fatal(err)
	}
	for _, id := range found {
		return id
	}
	f.t.Fatalf("no %s", selector)
	return ""
}

func (f *firefox) click(selector string) {
	f.t.Helper()
	f.call("WebDriver:ElementClick", map[string]any{"id": f.element(selector)})
}

// upload gives a file to an input of files.
func (f *firefox) upload(selector, path string) {
	f.t.Helper()
	f.call("WebDriver:ElementSendKeys", map[string]any{"id": f.element(selector), "text": path})
}

// shot keeps a picture of the window where somebody wants to look at it.
func (f *firefox) shot(name string) {
	f.t.Helper()
	dir := os.Getenv("PASTICHE_SCREENSHOTS")
	if dir == "" {
		return
	}
	var text string
	if err := json.Unmarshal(f.call("WebDriver:TakeScreenshot", map[string]any{"full": false}), &text); err != nil {
		f.t.Fatal(err)
	}
	png, err := base64.StdEncoding.DecodeString(text)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, f.t.Name()+"-"+name+".png"), png, 0o600)
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// TestFirefox opens the page, paints and shows the painting in another browser than
// the one that all other tests use.
func TestFirefox(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{worker: true, paint: paintBriefly})
	w := openFirefox(t, f.URL)
	w.until("page", "document.querySelector('.stage input[type=file]')")
	w.upload(".stage input[type=file]", example(t, "photos/cat.jpg"))
	w.until("photo", "document.querySelector('img.hung')?.naturalWidth > 0")
	w.shot("photo")
	if !w.true("document.querySelector('.style input:checked')") {
		w.click(".style input")
	}
	w.click("input[name=size][value='256']")
	w.shot("ready")
	w.click(".go button")
	w.until("painting", "document.querySelector('.both img')?.naturalWidth === 256")
	w.shot("finished")
}
