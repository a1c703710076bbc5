package api

import "time"

// Options say how to paint. The zero value paints the default recipe.
type Options struct {
	// Recipe holds the parameters of the recipe that its "name" names, such as
	// {"name": "classic", "size": 256}. Parameters that are absent have the
	// recipe's defaults, which GET /recipes lists.
	Recipe Recipe `json:"recipe,omitempty" doc:"parameters that differ from those of the named recipe"`
	// Strength is nil for 0.5, which is balanced.
	Strength *float64 `json:"strength,omitempty" minimum:"0" maximum:"1" doc:"how far to go from the photo: 0 is subtle, 1 bold"`
	// StyleWeights and StyleScales have one number for each style, or none.
	StyleWeights []float64 `json:"style_weights,omitempty" doc:"share of each style; absent is equal shares"`
	StyleScales  []float64 `json:"style_scales,omitempty" doc:"size of each style relative to the recipe's; absent is 1 for each"`
	Seed         uint64    `json:"seed,omitempty" maximum:"9007199254740991" doc:"of the noise of recipes that begin with noise"`
	Shape        []int     `json:"shape,omitempty" minItems:"2" maxItems:"2" doc:"width and height of a texture, which has no content"`
	// Video is for jobs that paint a video. A recipe without a size paints a video as
	// large as it is, at most [VideoSize] pixels long.
	Video *VideoOptions `json:"video,omitempty" doc:"how frames follow each other, of a job that paints a video"`
}

// VideoSize is the long side of a painted video, in pixels, unless the recipe has a size
// or the video is smaller.
const VideoSize = 640

// VideoOptions say how the frames of a video follow each other.
type VideoOptions struct {
	// Temporal is nil for 40.
	Temporal   *float64 `json:"temporal,omitempty" minimum:"0" maximum:"1000000" doc:"weight of the temporal cost, which holds a frame to those before it; absent is 40, and with 0 each frame is painted by itself"`
	Iterations int      `json:"iterations,omitempty" minimum:"1" maximum:"100000" doc:"of a frame that follows another one; absent is 10"`
	Loop       bool     `json:"loop,omitempty" doc:"whether the last frames lead to the first one, in a video of one shot"`
}

// A Recipe holds parameters of a recipe by their JSON names.
type Recipe map[string]any

// Name returns the parameter "name", or "" for the default recipe.
func (r Recipe) Name() string {
	name, _ := r["name"].(string)
	return name
}

// MaxSeed is the greatest seed, the greatest integer that JavaScript represents
// exactly.
const MaxSeed = 1<<53 - 1

// A Submission is a job submitted as JSON. Its pictures are files that were
// uploaded before, or the pictures of other jobs.
type Submission struct {
	Content    *Source           `json:"content,omitempty" doc:"the photo; absent for a texture or a video"`
	Video      *Source           `json:"video,omitempty" doc:"the video, in the place of content; a job as its source has the role video"`
	Styles     []Source          `json:"styles" minItems:"1" maxItems:"8"`
	Masks      []Source          `json:"masks,omitempty" maxItems:"8" doc:"none, or one for each style: white where that style paints"`
	StyleMasks []Source          `json:"style_masks,omitempty" maxItems:"8" doc:"for the first styles: white where the style counts"`
	Keep       *Source           `json:"keep,omitempty" doc:"white where the content stays as it is"`
	Init       *Source           `json:"init,omitempty" doc:"the picture to begin from, with a recipe whose init is picture"`
	Options    *Options          `json:"options,omitempty"`
	Labels     map[string]string `json:"labels,omitempty" doc:"names and values that you choose: at most 16, of at most 63 characters each"`
	Retention  string            `json:"retention,omitempty" doc:"retention of the finished job, such as 48h, or forever; at most what the server allows" example:"48h"`
	// Look makes the job a quick look, at most [LookSize] pixels long unless the photo
	// is very narrow. A recipe with a larger size is made smaller, with fewer
	// iterations. Looks ignore the retention and the webhook.
	Look    bool     `json:"look,omitempty" doc:"a quick look: a small preview painted ahead of the queue, in no list, and deleted after some minutes; retention and webhook are ignored"`
	Webhook *Webhook `json:"webhook,omitempty"`
}

// A Source says where a picture comes from: exactly one of its fields is set.
type Source struct {
	File string     `json:"file,omitempty" doc:"id of an uploaded file"`
	Data []byte     `json:"data,omitempty" doc:"the bytes of a picture or video file, in base64"`
	Job  *JobSource `json:"job,omitempty" doc:"a picture of another job"`
}

// A JobSource is a picture of a job that exists.
type JobSource struct {
	ID     string `json:"id"`
	Role   Role   `json:"role" enum:"content,style,mask,style_mask,keep,init,result,video"`
	Number int    `json:"number,omitempty" minimum:"0"`
}

// Painting is the role of a job's result, as the source of another job.
const Painting Role = "result"

// A Webhook is called when a job changes its state.
type Webhook struct {
	URL    string  `json:"url" format:"uri" doc:"https URL of a host that the server allows"`
	Events []State `json:"events,omitempty" doc:"the states that call the webhook; absent is the final ones"`
}

// A Batch submits one job for each pair of a content and a group of styles.
type Batch struct {
	Contents []Source          `json:"contents" minItems:"1" maxItems:"100"`
	Styles   [][]Source        `json:"styles" minItems:"1" maxItems:"100" doc:"groups of styles that are blended"`
	Options  *Options          `json:"options,omitempty"`
	Labels   map[string]string `json:"labels,omitempty" doc:"of every job; the label batch is added"`
	Webhook  *Webhook          `json:"webhook,omitempty" doc:"of every job"`
}

// BatchLabel is the label that holds the id of the batch that a job belongs to.
const BatchLabel = "batch"

// A BatchAnswer lists the jobs of a batch.
type BatchAnswer struct {
	ID   string `json:"id" doc:"the label batch of its jobs"`
	Jobs []Job  `json:"jobs" doc:"for each content in turn, all groups of styles"`
}

// A File is a picture or a video that was uploaded to be used by several jobs. As the
// content of a job, a video is its first frame.
type File struct {
	ID       string    `json:"id"`
	Width    int       `json:"width"`
	Height   int       `json:"height"`
	SHA256   string    `json:"sha256" doc:"digest of the stored PNG file"`
	Expires  time.Time `json:"expires" doc:"when it is deleted, a day after the upload; jobs keep their own copies"`
	Warnings []string  `json:"warnings,omitempty" doc:"what could not be kept of the picture when it was decoded"`
	// Thumbnail is a JPEG, which every browser shows; many do not show HEIC, for example.
	Thumbnail string `json:"thumbnail" doc:"URL of a JPEG of at most 512 pixels"`
	Video     *Video `json:"video,omitempty" doc:"where the file is a video"`
}

// LookSize is the longest side of a quick look, in pixels.
const LookSize = 160

// An EstimateRequest asks for the time and the memory of paintings of several sizes.
type EstimateRequest struct {
	Options *Options `json:"options,omitempty" doc:"options of the painting; its size is ignored"`
	Width   int      `json:"width" minimum:"1" doc:"of the content, in pixels"`
	Height  int      `json:"height" minimum:"1" doc:"of the content, in pixels"`
	Styles  int      `json:"styles" minimum:"1" maximum:"8" doc:"how many styles"`
	Sizes   []int    `json:"sizes" minItems:"1" maxItems:"16" doc:"long sides of the paintings, in pixels"`
	// Frames and Shots are those of a video, and 0 for a picture.
	Frames int `json:"frames,omitempty" minimum:"0" maximum:"900" doc:"of a video: the number of its frames"`
	Shots  int `json:"shots,omitempty" minimum:"0" maximum:"900" doc:"of a video: the number of its shots; absent is 1"`
}

// Estimates answers an [EstimateRequest].
type Estimates struct {
	Sizes []Estimate `json:"sizes" doc:"in the order of the request"`
}

// An Estimate holds the time and the memory of a painting of one size.
type Estimate struct {
	Size    int      `json:"size"`
	Seconds *float64 `json:"seconds,omitempty" doc:"time that painting takes; absent until the server has measured its workers"`
	Memory  int64    `json:"memory,omitempty" doc:"bytes that painting takes"`
	Problem string   `json:"problem,omitempty" doc:"why the server rejects this size; absent where it accepts it"`
	// Most is set where a smaller painting is possible.
	Most int `json:"most,omitempty" doc:"with a problem: the greatest size that the server accepts"`
}
