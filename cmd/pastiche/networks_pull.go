package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/weights/registry"
)

func newNetworksPullCommand() *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use:   "pull NAME...",
		Short: "Fetch networks by name",
		Long: `Fetch networks by name, from where they were published or from a mirror, and
keep their convolutions. A file with another checksum than the published one is
refused. A download that breaks off is resumed, now or by the next pull. None of
these networks is a part of pastiche; the licence of each is shown.`,
		Example: `  pastiche networks pull vgg19
  ` + registry.MirrorVariable + `=/media/usb/networks pastiche networks pull vgg19`,
		Args:              someNetworks,
		ValidArgsFunction: completeNetworks(cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, names []string) error {
			return runNetworksPull(cmd.Context(), registry.FromEnvironment(), quiet, names)
		},
	}
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "report nothing but errors")
	return cmd
}

func runNetworksPull(ctx context.Context, store *registry.Store, quiet bool, names []string) error {
	return onNetworks(names, func(name string) error {
		if e, err := store.Entry(name); err == nil && e.Present() {
			if !quiet {
				cli.Warn("%s is already installed.", name)
			}
			return nil
		}
		report := newTransferReporter(quiet)
		store.Progress = report.event
		e, err := store.Pull(ctx, name)
		if errors.Is(err, context.Canceled) {
			report.say("What has arrived is kept; the next pull goes on from there.")
		}
		report.close()
		switch {
		case err == nil && !quiet:
			cli.Warn("Installed %s: %s, %s; licence: %s.", name, humanize.Bytes(uint64(e.Local.Size)), e.Origin, cmp.Or(e.License, "unknown"))
		case errors.Is(err, registry.ErrUndelivered):
			err = fmt.Errorf("%w; a file that was fetched in another way can be kept with 'pastiche networks import FILE'", err)
		}
		return err
	})
}

// A transferReporter shows the progress of a download.
type transferReporter interface {
	event(registry.Event)
	// say prints a line.
	say(text string)
	close()
}

// newTransferReporter returns the reporter that suits the terminal.
func newTransferReporter(quiet bool) transferReporter {
	switch {
	case quiet:
		return transferSilence{}
	case cli.IsTerminal(os.Stderr):
		return &transferBar{container: mpb.New(mpb.WithOutput(os.Stderr))}
	default:
		return &transferLines{time.Now()}
	}
}

// transferSilence reports nothing.
type transferSilence struct{}

func (transferSilence) event(registry.Event) {}
func (transferSilence) say(string)           {}
func (transferSilence) close()               {}

// transferLines reports by a line every few seconds.
type transferLines struct{ printed time.Time }

func (l *transferLines) event(e registry.Event) {
	if f, ok := e.(registry.Fetching); ok {
		now := time.Now()
		if now.Sub(l.printed) >= linesInterval {
			l.printed = now
			cli.Warn("%s, %s", transferCount(f), transferRate(f))
		}
		return
	}
	printNews(e)
}

func (l *transferLines) say(text string) { cli.Warn("%s", text) }
func (l *transferLines) close()          {}

// transferBar reports by a progress bar.
type transferBar struct {
	container *mpb.Progress
	bar       *mpb.Bar // nil before the first byte
	state     atomic.Pointer[barState]
}

func (b *transferBar) event(e registry.Event) {
	f, ok := e.(registry.Fetching)
	if !ok {
		if text := transferNews(e); text != "" {
			b.say(text)
		}
		return
	}
	b.state.Store(&barState{count: transferCount(f) + " ", pace: " " + transferRate(f)})
	if b.bar == nil {
		b.bar = drawBar(b.container, f.Total, &b.state)
	}
	b.bar.SetCurrent(f.Done)
}

// say puts a line above the bar. A terminal that echoed Ctrl-C has moved the
// cursor off the first column.
func (b *transferBar) say(text string) { fmt.Fprintf(b.container, "\r%s\n", cli.Printable(text)) }

func (b *transferBar) close() {
	if b.bar != nil {
		b.bar.Abort(false) // of no effect on one that is complete
	}
	b.container.Wait()
}

// transferNews returns a sentence about an event, or nothing where progress says
// enough.
func transferNews(e registry.Event) string {
	switch e := e.(type) {
	case registry.Waiting:
		return fmt.Sprintf("Waiting for another process that is changing the networks in %s.", e.Dir)
	case registry.Failed:
		if errors.Is(e.Err, registry.ErrWrite) || e.Final {
			return "" // the command ends with it
		}
		return fmt.Sprintf("%v; retrying", e.Err)
	}
	return ""
}

// printNews prints the sentence of an event that has one.
func printNews(e registry.Event) {
	if text := transferNews(e); text != "" {
		cli.Warn("%s", text)
	}
}

// transferCount says how much has arrived.
func transferCount(f registry.Fetching) string {
	return fmt.Sprintf("%s of %s", humanize.Bytes(uint64(f.Done)), humanize.Bytes(uint64(f.Total)))
}

// transferRate says the rate, once it is known, and the time left, while there is any.
func transferRate(f registry.Fetching) string {
	if f.PerSecond == 0 {
		return "starting"
	}
	text := humanize.Bytes(uint64(f.PerSecond)) + "/s"
	if f.Left > 0 {
		text += fmt.Sprintf(", %s left", f.Left.Round(time.Second))
	}
	return text
}
