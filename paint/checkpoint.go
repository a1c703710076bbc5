package paint

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/internal/optim"
	"github.com/pastiche-art/pastiche/picture"
)

// A Checkpoint is a painting in progress, as [Progress.WriteCheckpoint] writes it and
// [ReadCheckpoint] reads it. With [Options.Resume] and the same inputs, the painting
// continues to the same bytes as one that was never interrupted, if the kernel
// implementation is the same. A painting takes over the memory of its checkpoint, so a
// checkpoint can be used once.
type Checkpoint struct {
	header checkpointHeader
	// The initial canvas of the scale and the average over iterations, where the
	// painting has them; the variables; the vectors of the optimizer.
	vectors [][]float32
}

// checkpointHeader is everything in a checkpoint except vectors.
type checkpointHeader struct {
	Inputs    string    `json:"inputs"` // the result of [session.inputs]
	Memory    int64     `json:"memory"`
	Scale     int       `json:"scale"`     // the current scale, from 0
	Iteration int       `json:"iteration"` // completed iterations of the scale
	Step      int       `json:"step"`      // completed iterations of all scales
	Made      int       `json:"made"`      // those that changed the canvas
	Costs     Costs     `json:"costs"`
	MeanSteps int       `json:"mean_steps"`
	Optimizer []float64 `json:"optimizer"`
	Vectors   int       `json:"vectors"`
	Canvases  int       `json:"canvases"`  // number of vectors of the length of the canvas, which come first
	Length    int       `json:"length"`    // their length
	Variables int       `json:"variables"` // the length of the other vectors
}

// Step returns how many iterations, over all scales, the painting has had.
func (c *Checkpoint) Step() int { return c.header.Step }

// The format: a line that identifies it, the length of the header in four bytes, the
// header in JSON, the vectors as little-endian float32, and the SHA-256 of all this.
const (
	checkpointMagic   = "pastiche checkpoint 3\n"
	maxCheckpointJSON = 1 << 20
	// maxCheckpointVectors is more than any optimizer has.
	maxCheckpointVectors = 256
	// maxCanvases counts the initial canvas and the average.
	maxCanvases = 2
)

// anyCheckpoint is the beginning of the files of all versions of the format.
const anyCheckpoint = "pastiche checkpoint "

// IsCheckpoint reports whether r begins like a checkpoint of any version of the format.
// It consumes the first bytes of r, so seek to the beginning before you call
// [ReadCheckpoint], which checks the whole file.
func IsCheckpoint(r io.Reader) bool {
	begin := make([]byte, len(anyCheckpoint))
	_, err := io.ReadFull(r, begin)
	return err == nil && string(begin) == anyCheckpoint
}

// ErrCheckpoint is wrapped by every error of a checkpoint that cannot be read or
// belongs to another painting.
var ErrCheckpoint = errors.New("unusable checkpoint")

func unusable(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrCheckpoint, fmt.Errorf(format, args...))
}

// progress is the state of a painting between two iterations.
type progress struct {
	scale, iteration int
	initial          *picture.Picture // the canvas at the start of a scale of NearestCost
	canvas           *picture.Picture
	pyramid          *pyramid  // nil where the optimizer moves pixels
	variables        []float32 // the variables of the optimizer: the canvas, or the levels of the pyramid
	optimizer        optim.Optimizer
	mean             *optim.Average // nil where the recipe has no averaging
}

// canvases returns the vectors of the length of the canvas for a checkpoint.
func (at *progress) canvases() (of [][]float32) {
	if at.initial != nil {
		of = append(of, at.initial.RGB)
	}
	if at.mean != nil {
		of = append(of, at.mean.Sum)
	}
	return of
}

// meanSteps returns the number of canvases in the average.
func (at *progress) meanSteps() int {
	if at.mean == nil {
		return 0
	}
	return at.mean.Steps
}

// writeCheckpoint writes a checkpoint of the current state.
func (s *session) writeCheckpoint(w io.Writer, at *progress) error {
	state := at.optimizer.State()
	canvases := at.canvases()
	vectors := slices.Concat(canvases, [][]float32{at.variables}, state.Vectors)
	header, err := json.Marshal(checkpointHeader{
		Inputs: s.inputs(), Memory: s.memory,
		Scale: at.scale, Iteration: at.iteration, Step: s.step, Made: s.painting.Steps, Costs: s.painting.Costs,
		MeanSteps: at.meanSteps(), Optimizer: state.Numbers,
		Vectors: len(vectors), Canvases: len(canvases), Length: len(at.canvas.RGB), Variables: len(at.variables),
	})
	if err != nil {
		return err
	}
	sum := sha256.New()
	b := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)
	b.WriteString(checkpointMagic)
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(header))))
	b.Write(header)
	for _, v := range vectors {
		writeFloats(b, v)
	}
	if err := b.Flush(); err != nil { // reports the first error of all writes
		return err
	}
	_, err = w.Write(sum.Sum(nil))
	return err
}

// writeFloats writes many numbers at a time: the digest of a network, which covers
// millions, is computed whenever one is opened.
func writeFloats(b *bufio.Writer, v []float32) {
	const size = 4
	for len(v) > 0 {
		room := b.AvailableBuffer()
		n := min(len(v), max(1, cap(room)/size))
		for _, f := range v[:n] {
			room = binary.LittleEndian.AppendUint32(room, math.Float32bits(f))
		}
		b.Write(room)
		v = v[n:]
	}
}

// ReadCheckpoint reads a checkpoint. It allocates no more memory than the file has
// bytes. Its errors are [ErrCheckpoint] or those of r.
func ReadCheckpoint(r io.Reader) (*Checkpoint, error) {
	sum := sha256.New()
	in := io.TeeReader(bufio.NewReaderSize(r, 1<<16), sum)
	begin := make([]byte, len(checkpointMagic)+4)
	err := readFull(in, begin)
	switch {
	case err != nil && (!errors.Is(err, ErrCheckpoint) || bytes.HasPrefix(begin, []byte(anyCheckpoint))):
		return nil, err
	case bytes.HasPrefix(begin, []byte(checkpointMagic)):
	case bytes.HasPrefix(begin, []byte(anyCheckpoint)):
		return nil, unusable("another version of pastiche wrote it: expected a file of %q", strings.TrimSpace(checkpointMagic))
	default:
		return nil, unusable("it begins otherwise: expected a file that --checkpoint wrote")
	}
	length := binary.LittleEndian.Uint32(begin[len(checkpointMagic):])
	if length > maxCheckpointJSON {
		return nil, unusable("a header of %d bytes: expected at most %d", length, maxCheckpointJSON)
	}
	text := make([]byte, length)
	if err := readFull(in, text); err != nil {
		return nil, err
	}
	c := new(Checkpoint)
	if err := json.Unmarshal(text, &c.header); err != nil {
		return nil, unusable("its header: %w", err)
	}
	h := &c.header
	if h.Canvases < 0 || h.Canvases > maxCanvases || h.Vectors <= h.Canvases || h.Vectors > maxCheckpointVectors ||
		h.Length < 1 || h.Length > colors*MaxSize*MaxSize || h.Variables < h.Length || h.Variables > 2*h.Length {
		return nil, unusable("%d vectors of %d and %d elements", h.Vectors, h.Length, h.Variables)
	}
	for i := range h.Vectors {
		n := h.Length
		if i >= h.Canvases {
			n = h.Variables
		}
		v, err := readFloats(in, n)
		if err != nil {
			return nil, err
		}
		c.vectors = append(c.vectors, v)
	}
	want, got := sum.Sum(nil), make([]byte, sha256.Size)
	if err := readFull(in, got); err != nil {
		return nil, err
	}
	if !bytes.Equal(got, want) {
		return nil, unusable("its checksum does not agree: the file is damaged")
	}
	return c, nil
}

// readFull fills p.
func readFull(r io.Reader, p []byte) error {
	_, err := io.ReadFull(r, p)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return unusable("it is cut short")
	}
	return err
}

// readFloats reads n numbers. While it reads, it allocates at most twice the memory of
// the numbers it has read, so that a wrong n does no harm.
func readFloats(r io.Reader, n int) ([]float32, error) {
	const chunk = 1 << 16
	var (
		v     []float32
		bytes [4 * chunk]byte
	)
	for len(v) < n {
		b := bytes[:4*min(chunk, n-len(v))]
		if err := readFull(r, b); err != nil {
			return nil, err
		}
		if cap(v)-len(v) < len(b)/4 {
			longer := make([]float32, len(v), min(n, max(chunk, 2*cap(v))))
			copy(longer, v)
			v = longer
		}
		for i := 0; i < len(b); i += 4 {
			v = append(v, math.Float32frombits(binary.LittleEndian.Uint32(b[i:])))
		}
	}
	return v, nil
}

// resume returns the progress of a checkpoint and takes over its vectors.
func (s *session) resume(c *Checkpoint) (*progress, error) {
	h := c.header
	if h.Inputs != s.inputs() {
		return nil, unusable("it is of another painting: expected the same pictures, masks, recipe, network, precision and seed")
	}
	if h.Scale < 0 || h.Scale >= len(s.scales) || h.Iteration < 0 || h.Iteration > s.scales[h.Scale].Iterations ||
		h.Step < 0 || h.Step > s.steps {
		return nil, unusable("iteration %d of scale %d", h.Iteration, h.Scale+1)
	}
	if c.vectors == nil {
		return nil, unusable("a painting has gone on from it: read it again")
	}
	scale := s.scales[h.Scale]
	width, height := s.canvasSize(scale.Size)
	at := &progress{scale: h.Scale, iteration: h.Iteration, canvas: &picture.Picture{W: width, H: height}}
	if scale.StyleCost == NearestCost {
		at.initial = &picture.Picture{W: width, H: height}
	}
	if s.recipe.Averaging > 0 {
		at.mean = &optim.Average{Decay: s.recipe.Averaging, Steps: h.MeanSteps}
	}
	length := colors * width * height
	variables := length
	if s.recipe.Pyramid > 1 {
		at.pyramid = newPyramid(s.pool, height, width, s.recipe.Pyramid)
		variables = at.pyramid.length()
	}
	if canvases := len(at.canvases()); h.Length != length || h.Variables != variables || h.Canvases != canvases {
		return nil, unusable("%d vectors of %d elements and others of %d: expected %d of %d and others of %d",
			h.Canvases, h.Length, h.Variables, canvases, length, variables)
	}
	at.optimizer = s.newOptimizer(variables, s.scales[h.Scale])
	if err := at.adopt(c); err != nil {
		return nil, unusable("%w", err)
	}
	s.step, s.painting.Steps, s.painting.Costs = h.Step, h.Made, h.Costs
	return at, nil
}

// adopt takes over the vectors of a checkpoint.
func (at *progress) adopt(c *Checkpoint) error {
	vectors := c.vectors
	c.vectors = nil
	if at.initial != nil {
		at.initial.RGB, vectors = vectors[0], vectors[1:]
	}
	if at.mean != nil {
		at.mean.Sum, vectors = vectors[0], vectors[1:]
	}
	at.variables, at.canvas.RGB = vectors[0], vectors[0]
	if at.pyramid != nil {
		at.canvas.RGB = make([]float32, c.header.Length) // composed from the variables later
	}
	return at.optimizer.Restore(optim.State{Numbers: c.header.Optimizer, Vectors: vectors[1:]})
}

// inputs returns a digest of everything that determines the painting.
func (s *session) inputs() string {
	if s.digest != "" {
		return s.digest
	}
	h := sha256.New()
	recipe, err := json.Marshal(s.recipe)
	if err != nil {
		panic(err) // only if the recipe is invalid
	}
	fmt.Fprintf(h, "%s\n%s\n%s\n%d\n", recipe, s.network.Digest, s.opts.Precision, s.opts.Seed)
	fmt.Fprintf(h, "shape %v\n", s.shape)
	hashPicture(h, s.content)
	hashMask(h, s.opacity)
	if s.chroma != nil {
		hashPicture(h, s.chroma)
	}
	if len(s.faces) > 0 {
		fmt.Fprintf(h, "faces %v\n", s.faces)
	}
	if s.recipe.Init == InitPicture {
		hashPicture(h, s.init)
	}
	for _, r := range s.opts.References {
		fmt.Fprintf(h, "reference %g\n", r.Weight)
		hashPicture(h, r.Picture)
		hashMask(h, r.mask())
	}
	for _, r := range s.regions {
		hashMask(h, r.mask)
		for i, of := range r.styles {
			fmt.Fprintf(h, "style %g %g\n", r.shares[i], of.relativeSize)
			hashPicture(h, of.picture)
			hashMask(h, of.opacity)
			hashMask(h, of.shown)
		}
	}
	s.digest = hex.EncodeToString(h.Sum(nil))
	return s.digest
}

func hashPicture(h hash.Hash, p *picture.Picture) {
	fmt.Fprintf(h, "picture %d %d\n", p.W, p.H)
	hashFloats(h, p.RGB)
}

func hashMask(h hash.Hash, m *masking.Mask) {
	if m == nil {
		return
	}
	fmt.Fprintf(h, "mask %d %d\n", m.W, m.H)
	hashFloats(h, m.Weight)
}

func hashFloats(h hash.Hash, v []float32) {
	b := bufio.NewWriterSize(h, 1<<16)
	writeFloats(b, v)
	if err := b.Flush(); err != nil {
		panic(err) // a hash returns no error
	}
}
