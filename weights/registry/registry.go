// Package registry stores networks on this machine by name.
//
// A network enters the store by [Store.Pull] or [Store.Import]:
//
//	mirror -> the published file, checked against its SHA-256
//	that file, or a file of the user -> package weights -> convolutions
//	-> a compact safetensors file in float32, named after its SHA-256
//	-> a record, which gives it a name
//
// A program then reads 80 MB for a VGG-19 instead of 550, with exactly the same
// weights.
//
// # On disk
//
//	lock                        locked by a process while it changes the folder
//	names/<name>.json           the record of a name
//	blobs/<sha256>.safetensors  the convolutions
//	incoming/                   downloads that can be resumed
//
// A file appears in names and blobs by renaming, complete and synced, and never
// changes. A killed process leaves at worst a temporary file, a download, or a blob
// without a name. The next process that takes the lock deletes all but downloads.
// Readers take no lock. Every time a blob is read, it is compared with its checksum.
package registry

import (
	"errors"
	"fmt"
	"time"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/weights"
)

// The kinds of errors, for errors.Is.
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
	Name    string `json:"name,omitempty"`
	Family  string `json:"family"`            // which member of the VGG family it is
	License string `json:"license,omitempty"` // empty where it is not known
	// Input is that of Local, or of Source where there is no Local. They differ where
	// Source begins with a 1x1 convolution of the colours, which becomes part of the
	// input.
	Input   weights.Input `json:"input"`
	Origin  string        `json:"origin"`           // the author, or the file that it was imported from
	URLs    []string      `json:"urls,omitempty"`   // where to download Source, best first; empty for an imported network
	Source  File          `json:"source"`           // the file as it was published or imported
	Local   File          `json:"local,omitzero"`   // the stored file; zero where there is none
	BuiltIn bool          `json:"builtin,omitzero"` // part of the program, so always present
	// Damage is why a stored network cannot be used: its record is unreadable, or its
	// file is missing or has the wrong size. It is nil otherwise. Only [Store.Open] and
	// [Store.Verify] compare the bytes of the file.
	Damage error `json:"-"`
}

// override returns the override with which to read the file of a published network.
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

// A ChecksumError reports a file with an unexpected checksum.
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
	// Waiting reports that another process is changing the networks in Dir.
	Waiting struct{ Dir string }
	// Fetching reports that Done of Total bytes have arrived, the latest from From.
	// PerSecond is the mean rate in bytes since this process began to fetch, and Left
	// the time that the rest takes at that rate; both are 0 while they are not known.
	Fetching struct {
		From        string
		Done, Total int64
		PerSecond   float64
		Left        time.Duration
	}
	// Failed reports that From did not deliver. If Final is false, it is tried again
	// after a pause; otherwise the next mirror is tried.
	Failed struct {
		From  string
		Err   error
		Final bool
	}
	// Converting reports that the file at Path is being read.
	Converting struct{ Path string }
)

func (Waiting) event()    {}
func (Fetching) event()   {}
func (Failed) event()     {}
func (Converting) event() {}
