package networks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/report"
	"github.com/pastiche-art/pastiche/weights/registry"
)

// Pull downloads networks and shows the progress. With quiet it reports only errors.
func Pull(ctx context.Context, store *registry.Store, names []string, quiet bool) error {
	return each(names, func(name string) error {
		to := report.New(quiet)
		if e, err := store.Entry(name); err == nil && e.Present() {
			to.Close()
			to.Say("%s is already installed.", name)
			return nil
		}
		store.Progress = func(e registry.Event) {
			if f, ok := e.(registry.Fetching); ok {
				to.Show(stateOf(f))
			} else if text := message(e); text != "" {
				to.Say("%s", text)
			}
		}
		e, err := store.Pull(ctx, name)
		if errors.Is(err, context.Canceled) {
			to.Say("The downloaded part is kept; the next pull continues it.")
		}
		to.Close()
		if err == nil {
			to.Say("Installed %s: %s, %s; licence: %s.", name, bytesOf(e.Local.Size), e.Origin, cmp.Or(e.License, "unknown"))
		}
		return err
	})
}

// stateOf returns how far a download is: the rate and the time left once they are known.
func stateOf(f registry.Fetching) report.State {
	count, pace := bytesOf(f.Done)+" of "+bytesOf(f.Total), "starting"
	if f.PerSecond > 0 {
		pace = bytesOf(int64(f.PerSecond)) + "/s"
	}
	if f.Left > 0 {
		pace += fmt.Sprintf(", %s left", f.Left.Round(time.Second))
	}
	return report.State{Done: f.Done, Total: f.Total, Count: count, Line: count, Pace: pace}
}

// message returns a sentence about an event of a store, or "" where none is needed.
func message(e registry.Event) string {
	switch e := e.(type) {
	case registry.Waiting:
		return fmt.Sprintf("Waiting for another process that is changing the networks in %s.", e.Dir)
	case registry.Failed:
		if !errors.Is(e.Err, registry.ErrWrite) && !e.Final { // otherwise Pull returns it
			return fmt.Sprintf("%v; retrying", e.Err)
		}
	}
	return ""
}

// say prints the message of an event that has one.
func say(e registry.Event) {
	if text := message(e); text != "" {
		cli.Warn("%s", text)
	}
}
