package job

import (
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/pastiche-art/pastiche/api"
)

// Stats count jobs.
type Stats struct {
	Queued, Running int
	Oldest          time.Time // when the oldest queued job was created; zero where there is none
	Workers         int       // that are connected
	Damaged         int       // active records that cannot be read
	// Finished counts the jobs that finished since this process began to watch.
	Finished map[api.State]uint64
	// Looks count quick looks, which the numbers above leave out.
	Looks struct {
		Queued, Running int
		Finished        map[api.State]uint64
	}
}

// counts are the jobs that have finished while this process watched.
type counts struct {
	mu          sync.Mutex
	jobs, looks map[api.State]uint64
}

func (s *Service) count(r *Record) {
	s.paces.observe(r)
	if r.Part != nil {
		return
	}
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	if r.Look {
		s.counts.looks[r.State]++
	} else {
		s.counts.jobs[r.State]++
	}
}

// Stats counts the jobs of all owners.
func (s *Service) Stats() Stats {
	stats := Stats{Workers: s.dispatcher.workers()}
	s.counts.mu.Lock()
	stats.Finished, stats.Looks.Finished = maps.Clone(s.counts.jobs), maps.Clone(s.counts.looks)
	s.counts.mu.Unlock()
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	stats.Damaged = len(s.index.damaged)
	for _, e := range s.index.entries {
		queued, running := &stats.Queued, &stats.Running
		if e.record.Look {
			queued, running = &stats.Looks.Queued, &stats.Looks.Running
		}
		switch {
		case e.record.Part != nil: // the video counts
		case e.record.State == api.Running:
			*running++
		case e.record.State == api.Queued:
			*queued++
			if created := e.record.Created; !e.record.Look && (stats.Oldest.IsZero() || created.Before(stats.Oldest)) {
				stats.Oldest = created
			}
		}
	}
	return stats
}

// logJob logs an event of a job.
func (s *Service) logJob(event string, r *Record, more ...any) {
	logJob(s.cfg.Log, event, r, more...)
}

func logJob(log *slog.Logger, event string, r *Record, more ...any) {
	fields := []any{"job", r.ID, "owner", r.Owner, "recipe", r.Options.Recipe.Name, "size", r.Options.Recipe.Size}
	if r.Look {
		fields = append(fields, "look", true)
	}
	log.Info(event, append(fields, more...)...)
}
