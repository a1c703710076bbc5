package job

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pastiche-art/pastiche/api"
)

// A Store keeps records. Its methods may be called by several goroutines. Package
// storetest holds the contract that all stores keep.
//
// When a method that changes something returns without error, the change survives
// a crash. A store resolves ambiguous writes itself, such as one whose
// acknowledgement was lost, by reading back what is stored. It finishes a write
// that has begun even where ctx ends. Where it cannot tell whether a write
// happened, the error is [ErrDown].
type Store interface {
	// Create adds a record and sets its Revision. Where r.Key is not "" and the
	// owner has a record with that key, the error is a [*KeyError]. The key of a
	// record that is gone or [Deleted] is free again.
	Create(ctx context.Context, r *Record) error
	// Load returns a record as it was last changed by any process. The error is
	// [ErrNotFound] or a [*DamagedError].
	Load(ctx context.Context, owner, id string) (*Record, error)
	// Replace stores r in the place of the record with its Revision, and sets
	// the new Revision. The error is [ErrStale] where the record is gone or has
	// another Revision.
	Replace(ctx context.Context, r *Record) error
	// Delete removes the record with r's Revision and frees its key. The error
	// is [ErrStale].
	Delete(ctx context.Context, r *Record) error
	// List returns a page of the records of an owner that are not active. It
	// reads no more records than the page needs, however many there are.
	List(ctx context.Context, q Query) (*Page, error)
	// Watch reports all active records, then one change with Synced, and then every
	// change of an active record, including the one after which it is no longer
	// active. It returns the cause of ctx when that ends, and an error when it may
	// have missed a change. Calls of report never overlap.
	Watch(ctx context.Context, report func(Change)) error
	// Lead takes or renews the lease of the leader, and reports whether this process
	// holds it. A leader calls it at least every [LeadEvery].
	Lead(ctx context.Context) (bool, error)
	// Sweep calls forget for every record that has expired at a time. Where that
	// returns nil, the store removes the record from its schedule.
	Sweep(ctx context.Context, now time.Time, forget func(owner, id string) error) error
	// Ready returns an error where records cannot be changed now.
	Ready(ctx context.Context) error
	// Close closes the store and gives up the lease.
	Close() error
}

// LeadEvery is how often a leader renews its lease.
const LeadEvery = 3 * time.Second

// LeadFor is how long the lease lasts.
const LeadFor = 10 * time.Second

// A Query asks for a page of records.
type Query struct {
	Owner string
	// States are those that are listed, as [Record.List] names them: api.Done,
	// api.Failed and api.Cancelled where there are none. Finished looks are listed
	// as [Looks] only.
	States []api.State
	Limit  int    // at most so many records; positive
	After  string // the Next of the page before, or ""
}

// A Page is what [Store.List] returns: the last changed record first.
type Page struct {
	Records []*Record
	Next    string // "" on the last page
	// Total is how many records of these states the owner has, or -1 where that
	// is not known yet.
	Total int
	// Damaged holds an error for each record of the page that cannot be read.
	Damaged []*DamagedError
	// Revision is that of the last change of an active record before the page
	// was read. A watch that has reported it has reported every active record.
	Revision uint64
}

// A Change is a record as it is now.
type Change struct {
	*Record
	// Damaged is not nil where an active record cannot be read. Only its ID and
	// Owner are known.
	Damaged *DamagedError
	// Deleted says that the record is gone. Only its ID and Owner are known.
	Deleted bool
	// Synced says that all active records have been reported. There is no record.
	Synced bool
	// Revision is that of the store after the change.
	Revision uint64
}

// Encode returns a record as JSON.
func (r *Record) Encode() ([]byte, error) {
	r.Version = r.version()
	return json.Marshal(r)
}

// Decode reads what [Record.Encode] returned. The error is a [*DamagedError] of the
// record with that id.
func Decode(id string, data []byte) (*Record, error) {
	r := &Record{}
	err := json.Unmarshal(data, r)
	switch {
	case err == nil && r.Version > RecordVersion:
		err = fmt.Errorf("version %d of its format, this process reads up to %d: upgrade pastiche here", r.Version, RecordVersion)
	case err == nil && r.ID != id:
		err = fmt.Errorf("it holds job %q", r.ID)
	}
	if err != nil {
		return nil, &DamagedError{id, err}
	}
	return r, nil
}
