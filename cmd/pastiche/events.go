package main

import (
	"encoding/json"
	"io"

	"github.com/pastiche-art/pastiche/paint"
)

// eventsHelp documents the events; the types below are their schema.
const eventsHelp = `Events (--json), one JSON object a line on standard output:
  {"event":"start","recipe":…,"network":…,"content":…,"styles":[…],"output":…,"seed":…}
  {"event":"progress","scale":1,"scales":5,"iteration":1,"iterations":80,
   "step":1,"steps":400,"width":96,"height":64,
   "faces":0,"costs":{"content":…,"style":…,"variation":…,"total":…}}
  {"event":"saved","path":…}
  {"event":"done","output":…,"width":…,"height":…,"steps":…,"seconds":…,
   "faces":…,"costs":{…}}
  {"event":"error","exit":…,"message":…}
The last event is done or error. Where a painting that was interrupted or
diverged could be saved, saved comes before error.`

type startEvent struct {
	Event   string   `json:"event"` // "start"
	Recipe  string   `json:"recipe"`
	Network string   `json:"network"`
	Content string   `json:"content"`
	Styles  []string `json:"styles"`
	Output  string   `json:"output"` // where the painting will be saved
	Seed    uint64   `json:"seed"`
}

type progressEvent struct {
	Event      string      `json:"event"` // "progress"
	Scale      int         `json:"scale"`
	Scales     int         `json:"scales"`
	Iteration  int         `json:"iteration"` // of the scale
	Iterations int         `json:"iterations"`
	Step       int         `json:"step"` // of all scales
	Steps      int         `json:"steps"`
	Width      int         `json:"width"` // of the canvas, in pixels
	Height     int         `json:"height"`
	Faces      int         `json:"faces"` // of the content, that are kept
	Costs      paint.Costs `json:"costs"`
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
	Seconds float64     `json:"seconds"`
	Faces   int         `json:"faces"` // of the content, that were kept
	Costs   paint.Costs `json:"costs"`
}

type errorEvent struct {
	Event   string `json:"event"` // "error"
	Exit    int    `json:"exit"`  // the exit code
	Message string `json:"message"`
}

// events reports to a program.
type events struct {
	to *json.Encoder
	firstError
}

func newEvents(w io.Writer) *events {
	e := &events{to: json.NewEncoder(w)}
	e.to.SetEscapeHTML(false)
	return e
}

func (e *events) send(event any) {
	e.try(func() error { return e.to.Encode(event) })
}

func (e *events) iteration(p paint.Progress) {
	e.send(progressEvent{
		Event: "progress",
		Scale: p.Scale, Scales: p.Scales,
		Iteration: p.Iteration, Iterations: p.Iterations,
		Step: p.Step, Steps: p.Steps,
		Width: p.Width, Height: p.Height,
		Faces: p.Faces, Costs: p.Costs,
	})
}

func (e *events) begin(event startEvent) { e.send(event) }
func (e *events) say(string, ...any)     {}
func (e *events) saved(path string)      { e.send(savedEvent{"saved", path}) }
func (e *events) done(event doneEvent)   { e.send(event) }
func (e *events) output() io.Writer      { return io.Discard }

// close leaves the error to the end, when the last event has been sent.
func (e *events) close() error { return nil }
