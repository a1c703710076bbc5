package job_test

import (
	"testing"

	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/storetest"
)

func TestLocalBus(t *testing.T) {
	storetest.RunBus(t, func(*testing.T) (a, b job.Bus) {
		bus := &job.LocalBus{}
		return bus, bus
	})
}
