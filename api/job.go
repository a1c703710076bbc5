package api

import "time"

// A State is the state of a job.
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

// A Job is a painting that is queued, running or finished.
type Job struct {
	ID       string     `json:"id" doc:"identifier, chosen by the server" example:"01jdz6k3v9q8r7t5"`
	State    State      `json:"state" enum:"queued,running,done,failed,cancelled"`
	Created  time.Time  `json:"created"`
	Started  *time.Time `json:"started,omitempty" doc:"when the first attempt began"`
	Finished *time.Time `json:"finished,omitempty"`
	Expires  *time.Time `json:"expires,omitempty" doc:"when a finished job and its pictures are deleted; absent where it is kept forever"`

	Look     bool              `json:"look,omitempty" doc:"whether it is a quick look, which lists of jobs omit"`
	Share    string            `json:"share,omitempty" doc:"path of the public page; absent unless the job is shared"`
	Options  Options           `json:"options"`
	Labels   map[string]string `json:"labels,omitempty" doc:"names and values that the client chose"`
	Network  string            `json:"network" doc:"name of the network that the job is painted with" example:"builtin"`
	Inputs   []Input           `json:"inputs" doc:"the input pictures; the content of a video is its first frame"`
	Video    *Video            `json:"video,omitempty" doc:"of a job that paints a video"`
	Warnings []string          `json:"warnings,omitempty" doc:"what could not be kept of the pictures when they were decoded; each begins with the role"`

	Waiting  *Waiting  `json:"waiting,omitempty" doc:"of a queued job: its position and what it waits for"`
	Progress *Progress `json:"progress,omitempty" doc:"of a running job"`
	Result   *Result   `json:"result,omitempty" doc:"of a job that is done"`
	Error    string    `json:"error,omitempty" doc:"why the job failed"`
	Attempts int       `json:"attempts" doc:"number of attempts to paint it"`
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

// VideoRole is the role of a video, as the source of another job.
const VideoRole Role = "video"

// A Video describes the video that a job paints, or one that was uploaded.
//
// Frames have numbers from 0. GET /jobs/{id}/frames/{n} answers with the painting of
// frame n, a PNG file, or with 404 before it is painted; GET /jobs/{id}/frames/{n}/original
// answers with the frame itself. Both answer with a JPEG of at most 512 pixels where the
// query has size=small. GET /jobs/{id}/video answers with the painted video in the format
// that the query names, such as format=avi.
type Video struct {
	Width   int     `json:"width" doc:"of a frame as it was sent, in pixels"`
	Height  int     `json:"height" doc:"of a frame as it was sent, in pixels"`
	Frames  int     `json:"frames" doc:"number of frames"`
	Rate    float64 `json:"rate" doc:"frames a second" example:"25"`
	Seconds float64 `json:"seconds" doc:"how long it is"`
	Shots   []int   `json:"shots" doc:"the first frame of each shot, from 0; shots are painted in parallel"`
	Painted int     `json:"painted" doc:"number of frames that are painted, of all shots together"`
	Sound   bool    `json:"sound,omitempty" doc:"whether it has sound, which a download in a format with sound keeps"`
}

// An Input is an input picture of a job.
type Input struct {
	Role      Role   `json:"role" enum:"content,style,mask,style_mask,keep,init"`
	Number    int    `json:"number" minimum:"0" doc:"which picture of its role, from 0"`
	Width     int    `json:"width" doc:"in pixels"`
	Height    int    `json:"height" doc:"in pixels"`
	SHA256    string `json:"sha256" doc:"digest of the stored PNG file"`
	URL       string `json:"url" doc:"the stored PNG file"`
	Thumbnail string `json:"thumbnail" doc:"URL of a JPEG of at most 512 pixels"`
}

// Waiting is the position of a queued job and what it waits for.
type Waiting struct {
	Position int      `json:"position" minimum:"1" doc:"position in the queue; 1 is next"`
	Reason   string   `json:"reason,omitempty" doc:"what the job waits for besides its position, such as a worker with its network"`
	Seconds  *float64 `json:"seconds,omitempty" doc:"estimated seconds until painting begins"`
}

// Progress is the progress of a running job. A step of a video is a frame, of one scale.
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
	// SecondsLeft is nil until there is an estimate.
	SecondsLeft *float64 `json:"seconds_left,omitempty" doc:"estimated seconds until the painting is done"`
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

// A Sample holds the costs of a painting at one step.
type Sample struct {
	Step    int     `json:"step"`
	Content float64 `json:"content"`
	Style   float64 `json:"style"`
	Total   float64 `json:"total"`
}

// A Curve holds the costs of a painting over its steps.
type Curve struct {
	Samples []Sample `json:"samples" doc:"at most 120, evenly over the steps"`
}

// A Result is a finished painting. That of a video is the painting of its first frame.
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

// A Change holds the fields of a job to change. Absent fields stay unchanged.
type Change struct {
	Retention string            `json:"retention,omitempty" doc:"retention of a finished job from now on, such as 720h, or forever where the server allows that" example:"720h"`
	Labels    map[string]string `json:"labels,omitempty" doc:"labels to set; an empty value removes one"`
}

// A List is one page of jobs.
type List struct {
	Jobs  []Job  `json:"jobs" doc:"queued and running jobs first, the newest first; then finished jobs, the last finished or changed first"`
	Next  string `json:"next,omitempty" doc:"cursor: the parameter after of the next page; absent on the last page"`
	Total *int   `json:"total,omitempty" doc:"number of jobs in these states; absent until the server has counted them"`
}
