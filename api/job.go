package api

import "time"

// A State says how far a job has come.
type State string

// The states of a job. The last three are final.
const (
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// States returns all states, in the order in which a job passes through them.
func States() []State { return []State{Queued, Running, Done, Failed, Cancelled} }

// Final reports whether a job in this state is finished.
func (s State) Final() bool { return s == Done || s == Failed || s == Cancelled }

// A Job is a painting that waits, is being painted, or is finished.
type Job struct {
	ID       string     `json:"id" doc:"identifier, made by the server" example:"01jdz6k3v9q8r7t5"`
	State    State      `json:"state" enum:"queued,running,done,failed,cancelled"`
	Created  time.Time  `json:"created"`
	Started  *time.Time `json:"started,omitempty" doc:"when a worker first began to paint it"`
	Finished *time.Time `json:"finished,omitempty"`
	Expires  *time.Time `json:"expires,omitempty" doc:"when a finished job and its pictures are deleted; absent where it is kept forever"`

	Look     bool              `json:"look,omitempty" doc:"a quick look, which lists of jobs leave out"`
	Share    string            `json:"share,omitempty" doc:"path of a page that shows the painting to everybody who has its address; absent unless the job is shared"`
	Options  Options           `json:"options"`
	Labels   map[string]string `json:"labels,omitempty" doc:"the client's own names for this job"`
	Network  string            `json:"network" doc:"name of the network that the job is painted with" example:"builtin"`
	Inputs   []Input           `json:"inputs" doc:"the pictures that the job was given"`
	Warnings []string          `json:"warnings,omitempty" doc:"what the pictures lost when they were read; each begins with the picture's role"`

	Waiting  *Waiting  `json:"waiting,omitempty" doc:"of a queued job: its place and what it waits for"`
	Progress *Progress `json:"progress,omitempty" doc:"of a running job"`
	Result   *Result   `json:"result,omitempty" doc:"of a job that is done"`
	Error    string    `json:"error,omitempty" doc:"why the job failed"`
	Attempts int       `json:"attempts" doc:"how often a worker began to paint it"`
}

// A Role says what an input picture is for.
type Role string

// The roles of input pictures.
const (
	Content   Role = "content"    // the photo
	Style     Role = "style"      // a painting whose style is used
	Mask      Role = "mask"       // where on the content the style of the same number paints
	StyleMask Role = "style_mask" // which part of the style of the same number counts
	Keep      Role = "keep"       // where the content stays as it is
	Init      Role = "init"       // the picture that painting begins from
)

// Roles returns all roles.
func Roles() []Role { return []Role{Content, Style, Mask, StyleMask, Keep, Init} }

// An Input is a picture that a job was given.
type Input struct {
	Role      Role   `json:"role" enum:"content,style,mask,style_mask,keep,init"`
	Number    int    `json:"number" minimum:"0" doc:"which picture of its role, from 0"`
	Width     int    `json:"width" doc:"in pixels"`
	Height    int    `json:"height" doc:"in pixels"`
	SHA256    string `json:"sha256" doc:"digest of the stored PNG file"`
	URL       string `json:"url" doc:"the stored PNG file"`
	Thumbnail string `json:"thumbnail" doc:"URL of a JPEG of at most 512 pixels"`
}

// Waiting says why a queued job is not being painted yet.
type Waiting struct {
	Position int      `json:"position" minimum:"1" doc:"place in the queue; 1 is next"`
	Reason   string   `json:"reason,omitempty" doc:"what the job waits for besides its turn, such as a worker with its network"`
	Seconds  *float64 `json:"seconds,omitempty" doc:"estimated time until painting begins"`
}

// Progress says how far a painting is.
type Progress struct {
	Scale      int    `json:"scale" doc:"the current scale, from 1"`
	Scales     int    `json:"scales"`
	Iteration  int    `json:"iteration" doc:"within the scale"`
	Iterations int    `json:"iterations" doc:"of the scale"`
	Step       int    `json:"step" doc:"over all scales"`
	Steps      int    `json:"steps"`
	Width      int    `json:"width" doc:"of the current scale, in pixels"`
	Height     int    `json:"height" doc:"of the current scale, in pixels"`
	Faces      int    `json:"faces,omitempty" doc:"faces in the content that are kept"`
	Costs      Costs  `json:"costs"`
	Preview    string `json:"preview,omitempty" doc:"URL of the latest preview, a JPEG of at most 512 pixels"`
	// SecondsLeft is nil while too little has been painted to tell.
	SecondsLeft *float64 `json:"seconds_left,omitempty" doc:"estimated time until the painting is done"`
}

// Costs are the terms that a painting minimises. Content, Style, Variation and
// Faces are before their weights.
type Costs struct {
	Content   float64 `json:"content"`
	Style     float64 `json:"style"`
	Variation float64 `json:"variation"`
	Faces     float64 `json:"faces,omitempty"`
	Total     float64 `json:"total" doc:"the weighted sum"`
}

// A Sample is the costs of a painting at one step.
type Sample struct {
	Step    int     `json:"step"`
	Content float64 `json:"content"`
	Style   float64 `json:"style"`
	Total   float64 `json:"total"`
}

// A Curve is the costs of a painting over its steps.
type Curve struct {
	Samples []Sample `json:"samples" doc:"at most 120, evenly over the steps"`
}

// A Result is a finished painting.
type Result struct {
	Width  int    `json:"width" doc:"in pixels"`
	Height int    `json:"height" doc:"in pixels"`
	Bytes  int64  `json:"bytes" doc:"length of the PNG file"`
	SHA256 string `json:"sha256" doc:"digest of the PNG file"`
	URL    string `json:"url" doc:"the PNG file; it never changes"`
	// Thumbnail and Curve are "" where they could not be stored.
	Thumbnail string `json:"thumbnail,omitempty" doc:"URL of a JPEG of at most 512 pixels"`
	Curve     string `json:"curve,omitempty" doc:"URL of the costs over the steps"`
	Steps     int    `json:"steps" doc:"iterations in all"`
	Faces     int    `json:"faces,omitempty" doc:"faces in the content that were kept"`
	Costs     Costs  `json:"costs" doc:"at the end"`
}

// Forever is the retention of jobs that never expire.
const Forever = "forever"

// A Change is what a client changes of a job. What is absent stays.
type Change struct {
	Retention string            `json:"retention,omitempty" doc:"how long a finished job is kept from now on, such as 720h, or forever where the server allows that" example:"720h"`
	Labels    map[string]string `json:"labels,omitempty" doc:"labels to set; an empty value removes one"`
}

// A List is one page of jobs.
type List struct {
	Jobs  []Job  `json:"jobs" doc:"queued and running jobs first, the newest first; then finished jobs, the last finished or changed first"`
	Next  string `json:"next,omitempty" doc:"pass it as after to get the next page; absent on the last page"`
	Total *int   `json:"total,omitempty" doc:"how many jobs of these states there are; absent until the server has counted them"`
}
