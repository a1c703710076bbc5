package painter

import (
	"encoding/json"
	"io"
	"os"

	"github.com/pastiche-art/pastiche/batch"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

// EventsHelp documents for users the events; the types below are their schema.
const EventsHelp = `Events (--json), one JSON object a line on standard output:
  {"event":"start","recipe":…,"network":…,"content":…,"styles":[…],"output":…,
   "seed":…,
   "print":{"width":…,"height":…,"width_mm":…,"height_mm":…,"bleed_mm":…,
    "dpi":…,
            "crop":[left,top,right,bottom],"memory":…,"seconds":…}}   (with --print)
  {"event":"progress","scale":1,"scales":3,"iteration":1,"iterations":80,
   "step":1,"steps":160,"width":256,"height":171,
   "faces":0,"costs":{"content":…,"style":…,"variation":…,"total":…}}
  {"event":"saved","path":…}
  {"event":"done","output":…,"width":…,"height":…,"steps":…,"resumed":…,
   "seconds":…,"faces":…,"costs":{…}}   (resumed: the step that --resume went on from)
  {"event":"error","exit":…,"message":…}
The last event is done or error. Where a painting that was interrupted or
diverged could be saved, saved comes before error.`

// BatchEventsHelp documents for users the events of --out-dir.
const BatchEventsHelp = `
With --out-dir each painting has those events, and an error of one names its
output. What is there already, and pictures of a format that cannot be read, have
events of their own, and the last event is that of the whole:
  {"event":"left_out","files":[{"path":…,"format":…},…]}
  {"event":"skipped","content":…,"styles":[…],"output":…}
  {"event":"error","output":…,"exit":…,"message":…}
  {"event":"done","paintings":…,"painted":…,"skipped":…,"failed":…}
  {"event":"error","exit":…,"message":…,"paintings":…,"painted":…,…}`

type startEvent struct {
	Event   string   `json:"event"` // "start"
	Recipe  string   `json:"recipe"`
	Network string   `json:"network"`
	Content string   `json:"content"`
	Styles  []string `json:"styles"`
	Output  string   `json:"output"` // where the painting will be saved, if nothing is there by then
	Seed    uint64   `json:"seed"`

	Print *printEvent `json:"print,omitempty"`
}

type progressEvent struct {
	Event string `json:"event"` // "progress"
	paint.Progress
}

type savedEvent struct {
	Event string `json:"event"` // "saved"
	Path  string `json:"path"`
}

type doneEvent struct {
	Event   string      `json:"event"` // "done"
	Output  string      `json:"output"`
	Width   int         `json:"width"` // of the painting, in pixels
	Height  int         `json:"height"`
	Steps   int         `json:"steps"`
	Resumed int         `json:"resumed,omitempty"` // the step that --resume went on from
	Seconds float64     `json:"seconds"`
	Faces   int         `json:"faces"` // of the content, that were kept
	Costs   paint.Costs `json:"costs"`
}

type errorEvent struct {
	Event   string `json:"event"`            // "error"
	Output  string `json:"output,omitempty"` // of a painting of a batch
	Exit    int    `json:"exit"`             // the exit code
	Message string `json:"message"`

	*batchCounts // of the last event of a batch
}

// leftOutEvent tells which pictures of its folders a batch does not paint.
type leftOutEvent struct {
	Event string             `json:"event"` // "left_out"
	Files []batch.Unreadable `json:"files"`
}

// skippedEvent tells of a painting of a batch that is there already.
type skippedEvent struct {
	Event   string   `json:"event"` // "skipped"
	Content string   `json:"content"`
	Styles  []string `json:"styles"`
	Output  string   `json:"output"`
}

type batchDoneEvent struct {
	Event string `json:"event"` // "done"
	batchCounts
}

// events reports to a program. A nil *events reports to nobody.
type events struct {
	to   *json.Encoder
	code func(error) int
	firstError
}

// newEvents returns the events on standard output, or nil without JSON.
func (p *Painter) newEvents() *events {
	if !p.JSON {
		return nil
	}
	e := &events{to: json.NewEncoder(os.Stdout), code: p.ExitCode}
	e.to.SetEscapeHTML(false)
	return e
}

func (e *events) send(event any) {
	if e == nil {
		return
	}
	e.try(func() error { return e.to.Encode(event) })
}

// fail sends the event of an error: of the painting of a batch that output names, or of
// the command.
func (e *events) fail(output string, err error, counts *batchCounts) {
	if e != nil {
		e.send(errorEvent{"error", output, e.code(err), err.Error(), counts})
	}
}

// end sends the last event of a command that ended with err, and returns err, or why the
// events could not be written. counts are those of a batch, or nil.
func (e *events) end(err error, counts *batchCounts) error {
	switch {
	case e == nil:
		return err
	case err != nil:
		e.fail("", err, counts)
		return err
	case counts != nil:
		e.send(batchDoneEvent{"done", *counts})
	}
	return cli.Unwritable("standard output", e.err)
}

func (e *events) Iteration(p paint.Progress) { e.send(progressEvent{"progress", p}) }
func (e *events) begin(event startEvent)     { e.send(event) }
func (e *events) Say(string, ...any)         {}
func (e *events) saved(path string)          { e.send(savedEvent{"saved", path}) }
func (e *events) done(event doneEvent)       { e.send(event) }
func (e *events) Output() io.Writer          { return io.Discard }

// Close leaves the error to the end, when the last event has been sent.
func (e *events) Close() error { return nil }
