package painter

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/term"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/picture"
)

// Outputs are the files that a command writes: a picture, and those of flags. They are
// never written over an input.
type Outputs struct {
	// Picture is where the picture goes, or is once it is saved.
	Picture string

	inputs []string
	// chosen is the picture's name that the program chose. A number is added where a file
	// has it. It is "" for a name that the user gave, whose file is replaced.
	chosen string
	fixed  []string // pictures whose names have no number: an earlier one is not written over
	folder string   // that the picture goes to, or ""
	// chosenFolder is the folder's name that the program chose, or "".
	chosenFolder string
	others       []output // of other flags
	// checkpoint is --checkpoint, or else --resume, or "".
	checkpoint string
	resume     string // --resume, or ""
	made       bool   // the folder was made by Prepare
}

// output is the file of a flag, or "" where the flag is not given.
type output struct{ flag, path string }

// NewOutputs returns the outputs of a command that reads inputs and writes a picture. The
// name is that of a file, or of a folder: one that exists or that ends in a separator. In
// a folder, and without a name, the picture is called as called says, with a number where
// a file has that name.
func NewOutputs(inputs []string, name, called string) *Outputs {
	o := &Outputs{inputs: inputs}
	switch {
	case name == cli.StandardOutput:
		o.Picture = name
	case name == "":
		o.choose(called + ".png")
	case isFolder(name):
		o.folder = filepath.Clean(name)
		o.choose(filepath.Join(o.folder, called+".png"))
	default:
		o.Picture = name
	}
	return o
}

// newCourseOutputs returns the outputs of a painting of the course, whose name is fixed in
// a folder. A name without an extension is a folder. Without a name the folder is a new
// one.
func newCourseOutputs(inputs []string, name string) *Outputs {
	o := &Outputs{inputs: inputs}
	switch {
	case name == "":
		o.chosenFolder = courseFolder
		o.folder = atomicfile.Unused(courseFolder)
		o.choose(filepath.Join(o.folder, coursePainting))
	case name != cli.StandardOutput && (isFolder(name) || filepath.Ext(name) == ""):
		o.folder = filepath.Clean(name)
		o.Picture = filepath.Join(o.folder, coursePainting)
		o.fixed = []string{o.Picture, courseSnapshot(o.Picture, 1)}
	default:
		o.Picture = name
	}
	return o
}

// isFolder reports whether a name is that of a folder: one that exists or that ends in a
// separator.
func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir() || os.IsPathSeparator(name[len(name)-1])
}

// choose chooses a name for the picture.
func (o *Outputs) choose(name string) { o.chosen, o.Picture = name, atomicfile.Unused(name) }

// Check refuses names that cannot be written. A resumed painting may replace its own
// pictures.
func (o *Outputs) Check() error {
	for _, path := range o.fixed {
		if o.resume == "" && cli.Exists(path) {
			return cli.Misused("%s is there already and is not written over: choose another folder for --output, or --output %s to paint over it", path, o.Picture)
		}
	}
	if _, err := OutputFormat(o.Picture); err != nil {
		return &cli.UsageError{Err: err}
	}
	all := o.all()
	for i, out := range all {
		switch {
		case out.path == "", out.path == cli.StandardOutput && i == 0:
			continue
		case out.path == cli.StandardOutput:
			return cli.Misused("%s -: only --output is written to standard output: choose a file, such as ./-", out.flag)
		}
		if err := o.refuseInput(out.path); err != nil {
			return err
		}
		for _, other := range all[:i] {
			if filepath.Clean(out.path) == filepath.Clean(other.path) {
				return cli.Misused("%s and %s both name %s: choose two names", other.flag, out.flag, out.path)
			}
		}
	}
	return nil
}

// all returns the outputs, the picture first.
func (o *Outputs) all() []output {
	return append([]output{{"--output", o.Picture}}, append(o.others, output{"--checkpoint", o.checkpoint})...)
}

// refuseInput refuses to write over an input.
func (o *Outputs) refuseInput(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // there is nothing to write over
	}
	for _, input := range o.inputs {
		if of, err := os.Stat(input); err == nil && os.SameFile(info, of) {
			return cli.Misused("%s is an input, which is never written over: choose another name", path)
		}
	}
	if of, err := os.Stat(o.resume); err == nil && os.SameFile(info, of) && path != o.checkpoint {
		return cli.Misused("%s is the checkpoint to resume, which is never written over: choose another name", path)
	}
	return nil
}

// Prepare makes the folder, and fails before hours of work where a file cannot be written.
func (o *Outputs) Prepare() error {
	if o.chosenFolder != "" {
		if err := o.makeFolder(); err != nil {
			return err
		}
	} else if o.folder != "" && !cli.Exists(o.folder) {
		if err := os.MkdirAll(o.folder, 0o777); err != nil {
			return cli.Unwritable(o.folder, err)
		}
		o.made = true
	}
	for _, out := range o.all() {
		if out.path == "" {
			continue
		}
		if err := CheckOutput(out.path); err != nil {
			return err
		}
	}
	return nil
}

// makeFolder makes the folder that the program has chosen, which nothing else has made.
func (o *Outputs) makeFolder() error {
	for {
		o.folder = atomicfile.Unused(o.chosenFolder)
		err := os.Mkdir(o.folder, 0o777)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return cli.Unwritable(o.folder, err)
		}
		o.made = true
		o.choose(filepath.Join(o.folder, filepath.Base(o.chosen)))
		return nil
	}
}

// Tidy removes a folder that was made and stayed empty.
func (o *Outputs) Tidy() {
	if o.made {
		os.Remove(o.folder) // which fails where it holds anything
	}
}

// save saves a picture and returns the name of its file. Where the program chose the
// picture's name, no file is replaced, and the name may have a number.
func (o *Outputs) save(path string, of *picture.Picture, opts picture.SaveOptions) (string, error) {
	format, err := OutputFormat(path)
	if err != nil {
		return path, err
	}
	encode := func(w io.Writer) error { return picture.Encode(w, of, format, opts) }
	if o.chosen != "" {
		return atomicfile.WriteUnused(path, encode)
	}
	if err := o.refuseInput(path); err != nil {
		return path, err
	}
	return path, WriteOutput(path, encode)
}

// SavePicture saves the picture and sets o.Picture to the name of its file. Where that
// cannot be written, say because the disk is full, it saves the picture in the system's
// folder for temporary files, and the error names the file.
func (o *Outputs) SavePicture(of *picture.Picture, opts picture.SaveOptions) error {
	name, err := o.save(cmp.Or(o.chosen, o.Picture), of, opts)
	if !errors.Is(err, picture.ErrWrite) && !errors.As(err, new(*cli.OutputError)) {
		o.Picture = name
		return err
	}
	f, tempErr := os.CreateTemp("", "pastiche-*"+cmp.Or(filepath.Ext(o.Picture), ".png"))
	if tempErr != nil {
		return err
	}
	defer f.Close()
	if picture.Save(f.Name(), of, opts) != nil {
		os.Remove(f.Name())
		return err
	}
	return fmt.Errorf("%w; the painting is in %s instead", err, f.Name())
}

// CheckOutput fails, before hours of work, where a file or standard output cannot be
// written.
func CheckOutput(path string) error {
	if path != cli.StandardOutput {
		return atomicfile.CheckWritable(path)
	}
	if term.IsTerminal(int(os.Stdout.Fd())) {
		return cli.Misused("--output -: standard output is a terminal: expected a file or a pipe, as in -o - > file")
	}
	return nil
}

// WriteOutput writes a file, or all at once to standard output.
func WriteOutput(path string, write func(io.Writer) error) error {
	if path != cli.StandardOutput {
		return atomicfile.Write(path, write)
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	_, err := os.Stdout.Write(b.Bytes())
	return cli.Unwritable("standard output", err)
}

// OutputFormat returns the format of a picture of that name.
func OutputFormat(path string) (picture.Format, error) {
	if path == cli.StandardOutput {
		return picture.PNG, nil
	}
	return picture.FormatOf(path)
}
