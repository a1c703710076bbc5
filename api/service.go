package api

// A Session holds the version, the limits and the session token of a server.
type Session struct {
	Version string `json:"version" example:"1.2.0"`
	Keys    bool   `json:"keys" doc:"whether the server expects an API key"`
	Owner   string `json:"owner,omitempty" doc:"name of the API key in use"`
	// Token goes into the header X-Pastiche-Token of requests that change
	// something. It is "" where the server expects an API key.
	Token  string `json:"token,omitempty" doc:"for the header X-Pastiche-Token of requests that change something, on a server without API keys"`
	Limits Limits `json:"limits"`
}

// Limits bound what a client may send.
type Limits struct {
	Bytes         int64 `json:"bytes" doc:"of a request"`
	Pixels        int   `json:"pixels" doc:"of one picture"`
	RequestPixels int   `json:"request_pixels" doc:"of all pictures of a request"`
	Styles        int   `json:"styles" doc:"in a job"`
	Size          int   `json:"size" doc:"of a painting: its long side, in pixels"`
	Queue         int   `json:"queue" doc:"queued jobs of all owners together"`
	OwnerQueue    int   `json:"owner_queue" doc:"queued jobs of one API key"`
	Retention     int64 `json:"retention" doc:"default retention of a finished job, in seconds"`
	MaxRetention  int64 `json:"max_retention" doc:"maximal retention, in seconds; 0 is no bound, and jobs may be kept forever"`
	Looks         int   `json:"looks" doc:"queued quick looks of one API key"`

	Video VideoLimits `json:"video"`
}

// VideoLimits bound videos, in addition to the bytes of a request.
type VideoLimits struct {
	Seconds     float64  `json:"seconds" doc:"length of a video"`
	Frames      int      `json:"frames" doc:"of a video"`
	Pixels      int      `json:"pixels" doc:"of one frame"`
	TotalPixels int      `json:"total_pixels" doc:"of all frames together"`
	FFmpeg      bool     `json:"ffmpeg" doc:"whether FFmpeg is installed; without it only GIF, animated PNG and WebP, YUV4MPEG2 and Motion JPEG in AVI are read"`
	Formats     []string `json:"formats" enum:"avi,webp,y4m,mp4" doc:"formats in which painted videos are sent; mp4 only with FFmpeg"`
}

// A RecipeInfo describes a recipe or a preset of the server.
type RecipeInfo struct {
	Name        string      `json:"name"`
	Title       string      `json:"title" doc:"for people"`
	Description string      `json:"description"`
	Recipe      Recipe      `json:"recipe" doc:"all parameters with their defaults"`
	Parameters  []Parameter `json:"parameters" doc:"the parameters with their types and bounds"`
}

// A Parameter is a field of a recipe.
type Parameter struct {
	Name    string   `json:"name"`
	Type    string   `json:"type" enum:"integer,number,string,boolean,array,object"`
	Default any      `json:"default,omitempty"`
	Minimum *float64 `json:"minimum,omitempty"`
	Maximum *float64 `json:"maximum,omitempty"`
	// Above and Below are bounds that the value may not reach.
	Above   *float64 `json:"exclusive_minimum,omitempty" doc:"the value has to be greater"`
	Below   *float64 `json:"exclusive_maximum,omitempty" doc:"the value has to be smaller"`
	Choices []string `json:"choices,omitempty"`
	Help    string   `json:"description,omitempty"`
}

// A RecipeList holds the recipes of a server, the default first.
type RecipeList struct {
	Recipes []RecipeInfo `json:"recipes"`
}

// An Example is a picture that comes with the server.
type Example struct {
	File      string `json:"file"`
	Title     string `json:"title"`
	By        string `json:"by,omitempty" doc:"who made it"`
	Year      string `json:"year,omitempty" example:"1889"`
	Kind      string `json:"kind,omitempty" doc:"how it is made, such as oil, woodcut or watercolour"`
	Source    string `json:"source,omitempty" doc:"where the file comes from"`
	Licence   string `json:"licence,omitempty"`
	Width     int    `json:"width" doc:"in pixels"`
	Height    int    `json:"height" doc:"in pixels"`
	URL       string `json:"url"`
	Thumbnail string `json:"thumbnail" doc:"URL of a JPEG of at most 192 pixels"`
}

// A Triple is a photo, a painting, and the photo painted like it.
type Triple struct {
	Photo    string `json:"photo" doc:"file of an example"`
	Painting string `json:"painting" doc:"file of an example"`
	URL      string `json:"url" doc:"of a small JPEG of the result"`
}

// An ExampleList holds the pictures that come with the server.
type ExampleList struct {
	Paintings []Example `json:"paintings"`
	Photos    []Example `json:"photos"`
	Triples   []Triple  `json:"triples" doc:"photos and paintings with the result"`
}

// An Event is the data of a server-sent event. Which fields are set depends on its
// name. With [EventPreview], Progress holds only Step and Preview.
type Event struct {
	ID       string    `json:"id" doc:"of the job"`
	Job      *Job      `json:"job,omitempty" doc:"with job: the whole job, whose state has changed"`
	Progress *Progress `json:"progress,omitempty" doc:"with progress and preview"`
}

// The names of events.
const (
	EventReady    = "ready"    // the stream is complete from here on: list the jobs now
	EventJob      = "job"      // a job is new, or its state has changed
	EventProgress = "progress" // a job has been painted further
	EventPreview  = "preview"  // there is a new preview
	EventDeleted  = "deleted"  // the job is gone
)

// A Problem is an error as the server answers it (RFC 9457, application/problem+json).
type Problem struct { //nolint:errname // its name in RFC 9457
	Title  string `json:"title,omitempty"`
	Status int    `json:"status"`
	Code   Code   `json:"code" doc:"for programs"`
	Detail string `json:"detail" doc:"for people: what was found, what was expected and what to do"`
}

func (p *Problem) Error() string { return p.Detail }

// A Code names a kind of problem.
type Code string

// The kinds of problems.
const (
	CodeUnauthorized  Code = "unauthorized"    // 401: no API key, or an unknown one
	CodeForbidden     Code = "forbidden"       // 403: no session token, or another site asks
	CodeNotFound      Code = "not_found"       // 404: no such job, file or path
	CodeMethod        Code = "method"          // 405: the path has no such method
	CodeTooSlow       Code = "too_slow"        // 408: the upload came too slowly
	CodeState         Code = "state"           // 409: the job's state does not allow it
	CodeKeyConflict   Code = "key_conflict"    // 409: the idempotency key belongs to another request
	CodeExpired       Code = "expired"         // 410: the picture is gone
	CodeTooLarge      Code = "too_large"       // 413: too many bytes or pixels
	CodeFormat        Code = "format"          // 415: not a picture, or of an unsupported format
	CodeMisdirected   Code = "misdirected"     // 421: the server does not answer for this host
	CodeInvalid       Code = "invalid"         // 422: options, pictures or parameters that cannot be used
	CodeRateLimited   Code = "rate_limited"    // 429: too many requests
	CodeQueueFull     Code = "queue_full"      // 429: too many jobs wait
	CodeOwnerQueue    Code = "owner_queue"     // 429: too many jobs of this API key wait
	CodeStreams       Code = "too_many_events" // 429: too many event streams
	CodeInternal      Code = "internal"        // 500: a fault of the server
	CodeUnavailable   Code = "unavailable"     // 503: the store or the queue does not answer
	CodeBusy          Code = "busy"            // 503: too many uploads at once
	CodeNoSpace       Code = "no_space"        // 507: the disk is full
	CodeDamagedRecord Code = "damaged"         // 500: the job's record cannot be read
)
