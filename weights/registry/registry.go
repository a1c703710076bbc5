// Package registry gives networks names and keeps them on this machine.
//
// A network comes in one of two ways, [Store.Pull] and [Store.Import], and both
// end in the same place:
//
//	a mirror -> the file as it was published, its checksum taken while it is written
//	that file, or one of the user's -> package weights -> the convolutions
//	the convolutions -> a compact safetensors file in float32, named after its SHA-256
//	-> a record that gives it a name
//
// so that the next start reads 80 MB of a VGG-19 instead of 550, bit for bit
// the same weights.
//
// # On disk
//
//	lock                        held by a process while it changes the folder
//	names/<name>.json           the record: what the name stands for
//	blobs/<sha256>.safetensors  the convolutions
//	incoming/                   downloads that can be resumed
//
// A file appears under names and blobs by renaming it, whole and synced, and
// is never changed. A process that is killed therefore leaves at worst a
// temporary file, a download, or a blob without a name. The next one to take the
// lock clears away all but downloads. Reading takes no lock. A blob is compared
// with its checksum each time that it is read.
package registry

import (
	"errors"
	"fmt"
	"time"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/weights"
)

// The kinds of errors that callers decide on, for errors.Is.
var (
	// ErrUnknown: no network has that name.
	ErrUnknown = errors.New("unknown network")
	// ErrAbsent: the network is known, but not on this machine.
	ErrAbsent = errors.New("not on this machine")
	// ErrName: the name cannot be given to the network.
	ErrName = errors.New("unusable name")
	// ErrBuiltIn: the network is part of the program, not of a folder.
	ErrBuiltIn = errors.New("part of the program")
	// ErrMirror: the mirror is neither a URL that can be fetched nor a folder.
	ErrMirror = errors.New("unusable mirror")
	// ErrUndelivered: no mirror delivered the network's file.
	ErrUndelivered = errors.New("no mirror delivered it")
	// ErrWrite: the folder of networks cannot be written.
	ErrWrite = atomicfile.ErrWrite
)

// An Entry describes a network that has a name.
type Entry struct {
	Name    string
	Family  string // which member of the VGG family it is
	License string // empty where it is not known
	// Input is that of what this machine keeps, or of Source where it keeps
	// nothing. They differ where Source begins with a 1x1 convolution of the
	// colours, which becomes a part of the input.
	Input   weights.Input
	Origin  string   // who made it, or the file that it was imported from
	Source  File     // the file as it was published or imported
	URLs    []string // where Source can be fetched, best first; none for an imported network
	Local   File     // what this machine keeps of it; zero where it has nothing
	BuiltIn bool     // part of the program, so always present
	// Damage says why a network that was kept on this machine cannot be used: its
	// record cannot be read, or its file is missing or has another size than it
	// was kept with. It is nil where none of that is so; the bytes of the file are
	// compared by [Store.Open] and [Store.Verify] alone.
	Damage error
}

// override returns what the file of a published network is read with.
func (e Entry) override() weights.Override {
	in := e.Input
	return weights.Override{PartialInput: weights.PartialInput{Channels: in.Channels, Max: in.Max, Mean: &in.Mean, Std: &in.Std}}
}

// File is the size of a file in bytes, and its SHA-256 in lower-case
// hexadecimal.
type File struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Present reports whether the network is on this machine.
func (e Entry) Present() bool { return e.Local != File{} }

// A ChecksumError reports a file whose bytes are not those that were expected.
type ChecksumError struct {
	Place     string // a path or a URL
	Got, Want string // SHA-256 in hexadecimal
}

// Error names the place and both checksums.
func (e *ChecksumError) Error() string {
	return fmt.Sprintf("%s: wrong bytes: its SHA-256 is %s, expected %s", e.Place, e.Got, e.Want)
}

// An Event reports the progress of a [Store]: it is a [Waiting], [Fetching],
// [Failed] or [Converting].
type Event interface{ event() }

type (
	// Waiting says that another process is changing the networks in Dir.
	Waiting struct{ Dir string }
	// Fetching says that Done of Total bytes have arrived, the last from From.
	// PerSecond is the mean rate in bytes since this process began to fetch, and Left
	// the time that the rest takes at that rate; both are 0 where that is not known.
	Fetching struct {
		From        string
		Done, Total int64
		PerSecond   float64
		Left        time.Duration
	}
	// Failed says that From did not deliver. Where that is not Final, it is
	// tried again after a pause, otherwise the next mirror is.
	Failed struct {
		From  string
		Err   error
		Final bool
	}
	// Converting says that the file at Path is read, to keep its convolutions.
	Converting struct{ Path string }
)

func (Waiting) event()    {}
func (Fetching) event()   {}
func (Failed) event()     {}
func (Converting) event() {}
