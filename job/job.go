package job

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"time"

	"github.com/pastiche-art/pastiche/paint"
)

// A State is how far a job has come.
type State string

// The states. The last three are final.
const (
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Final says whether a job in this state is finished.
func (s State) Final() bool { return s == Done || s == Failed || s == Cancelled }

// Options are what a client may say of how to paint.
type Options struct {
	Recipe paint.Recipe `json:"recipe"`
	// Strength is what the recipe was strengthened by; nil is paint.Balanced. The
	// recipe's weights are what is painted with.
	Strength *paint.Strength `json:"strength,omitempty"`
	Weights  []float64       `json:"weights,omitempty"` // of the styles; none is all alike
	// StyleScales are the sizes of the styles relative to what the recipe gives
	// them; none is 1 for each.
	StyleScales []float64 `json:"style_scales,omitempty"`
	Seed        uint64    `json:"seed"`
	Shape       []int     `json:"shape,omitempty"` // width and height of a texture
}

// ParseOptions reads options; a recipe's missing fields are those of the
// recipe that it names, with the strength of the options. Its error is a
// [*paint.OptionError].
func ParseOptions(data []byte) (Options, error) {
	var raw struct {
		Options
		Recipe json.RawMessage `json:"recipe"`
	}
	if len(data) == 0 {
		data = []byte("{}")
	}
	if err := json.Unmarshal(data, &raw); errors.As(err, new(*paint.OptionError)) {
		return Options{}, err
	} else if err != nil {
		return Options{}, &paint.OptionError{Option: "options", Reason: err.Error() + ": expected a JSON object"}
	}
	if len(raw.Recipe) == 0 {
		raw.Recipe = json.RawMessage("{}")
	}
	strength := paint.Balanced
	if raw.Strength != nil {
		strength = *raw.Strength
	}
	var err error
	raw.Options.Recipe, err = paint.ParseRecipe(raw.Recipe, strength)
	return raw.Options, err
}

func (o Options) shape() image.Point {
	if len(o.Shape) != 2 {
		return image.Point{}
	}
	return image.Pt(o.Shape[0], o.Shape[1])
}

// Progress is where a painting is.
type Progress struct {
	Scale      int         `json:"scale"`
	Scales     int         `json:"scales"`
	Iteration  int         `json:"iteration"`
	Iterations int         `json:"iterations"`
	Step       int         `json:"step"`
	Steps      int         `json:"steps"`
	Width      int         `json:"width"`
	Height     int         `json:"height"`
	Faces      int         `json:"faces,omitempty"` // of the content, that are kept
	Costs      paint.Costs `json:"costs"`
	// SecondsLeft is how long the painting still takes, where that is known.
	SecondsLeft *float64 `json:"seconds_left,omitempty"`
}

// A Sample is what a painting cost at a step.
type Sample struct {
	Step    int     `json:"step"`
	Content float64 `json:"content"`
	Style   float64 `json:"style"`
	Total   float64 `json:"total"`
}

// maxSamples is how many samples a job keeps.
const maxSamples = 120

// A Job is what a client sees of a painting.
type Job struct {
	ID       string       `json:"id"`
	Owner    string       `json:"owner,omitempty"` // whose it is; "" is everybody's
	State    State        `json:"state"`
	Created  time.Time    `json:"created"`
	Started  *time.Time   `json:"started,omitempty"`
	Finished *time.Time   `json:"finished,omitempty"`
	Expires  *time.Time   `json:"expires,omitempty"`
	Options  Options      `json:"options"`
	Content  bool         `json:"content"`
	Styles   int          `json:"styles"`
	Progress *Progress    `json:"progress"`
	Error    string       `json:"error,omitempty"`
	Width    int          `json:"width,omitempty"`
	Height   int          `json:"height,omitempty"`
	Steps    int          `json:"steps,omitempty"`
	Faces    int          `json:"faces,omitempty"` // of the content, that were kept
	Costs    *paint.Costs `json:"costs,omitempty"`
	Attempts int          `json:"attempts"`
	Network  string       `json:"network"`
	// Preview is the step of the latest preview, 0 for none.
	Preview int `json:"preview,omitempty"`
	// Curve is how the costs went, evenly over the steps so far.
	Curve []Sample `json:"curve,omitempty"`
}

// sample adds what the painting costs now to the curve; one that is too long
// loses every other sample.
func (j *Job) sample(p *Progress) {
	if n := len(j.Curve); p == nil || n > 0 && j.Curve[n-1].Step >= p.Step {
		return
	}
	next := append([]Sample(nil), j.Curve...) // the curve is shared with those who read it
	if len(next) >= maxSamples {
		for i := range maxSamples / 2 {
			next[i] = next[2*i+1]
		}
		next = next[:maxSamples/2]
	}
	next = append(next, Sample{p.Step, p.Costs.Content, p.Costs.Style, p.Costs.Total})
	j.Curve = next
}

// record is a job as it is stored.
type record struct {
	Job
	Request    string  `json:"request"` // digest of what was submitted
	Upload     string  `json:"upload"`  // under which its pictures are stored
	Memory     int64   `json:"memory"`  // which decides the bytes of large paintings
	Masks      int     `json:"masks"`
	StyleMasks int     `json:"style_masks"`
	Keep       bool    `json:"keep"`
	Init       bool    `json:"init"`
	Fence      uint64  `json:"fence"`
	Fruitless  int     `json:"fruitless"`         // attempts since the last checkpoint
	Trouble    string  `json:"trouble,omitempty"` // why the last attempt was put back
	Checkpoint string  `json:"checkpoint,omitempty"`
	Result     string  `json:"result,omitempty"`
	Digest     string  `json:"digest,omitempty"` // of the network
	Inputs     []input `json:"inputs"`

	revision uint64
	written  time.Time
}

// input is a picture of a request.
type input struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // of its file as it is stored
}

// object returns the name of the object that holds an input.
func (r *record) object(input string) string { return r.ID + "/" + r.Upload + "/" + input }

func (r *record) previewObject() string { return r.ID + "/preview" }

// objects returns the names of all objects of a job.
func (r *record) objects() []string {
	var names []string
	for _, in := range r.Inputs {
		names = append(names, r.object(in.Name))
	}
	for _, name := range []string{r.Checkpoint, r.Result} {
		if name != "" {
			names = append(names, name)
		}
	}
	if r.Preview > 0 {
		names = append(names, r.previewObject())
	}
	return names
}

// Errors of a store, besides those of [paint.Check].
var (
	ErrNotFound = errors.New("no such job")
	ErrFull     = errors.New("no space left for pictures: free some or delete jobs")
	ErrDown     = errors.New("the queue does not answer: try again soon")
	ErrBusy     = errors.New("too many jobs wait: try again later")
	ErrState    = errors.New("the job's state does not allow it")
	ErrConflict = errors.New("the idempotency key belongs to another request")
)

func stateError(s State, expected string) error {
	return fmt.Errorf("%w: it is %s, expected %s", ErrState, s, expected)
}
