package painter

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/pastiche-art/pastiche/costlog"
	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

// costLog writes a table of costs, a line as soon as its iteration is made, and a
// chart of them when the painting ends. A path that is empty is not written.
type costLog struct {
	table, chart string
	log          *costlog.Log
	file         *os.File // of the table; nil before the first iteration: until then an older table stays
	begun        bool
	saved        func(path string)
	firstError
}

func newCostLog(table, chart string, r paint.Recipe, saved func(path string)) *costLog {
	return &costLog{table: table, chart: chart, log: costlog.New(r), saved: saved}
}

func (l *costLog) Iteration(p paint.Progress) {
	l.log.Add(p)
	l.begun = true
	if l.table == "" {
		return
	}
	l.try(func() (err error) {
		if l.file == nil {
			if l.file, err = os.Create(l.table); err != nil {
				return cli.Unwritable(l.table, err)
			}
		}
		return cli.Unwritable(l.table, l.log.WriteCSV(l.file))
	})
}

func (l *costLog) Close() error {
	if l.file != nil {
		err := l.file.Close()
		l.try(func() error { return cli.Unwritable(l.table, err) })
	}
	if l.chart == "" || !l.begun {
		return l.err
	}
	write := l.log.WritePNG
	if chartFormat(l.chart) == ".svg" {
		write = l.log.WriteSVG
	}
	err := atomicfile.Write(l.chart, write)
	if err == nil {
		l.saved(l.chart)
	}
	l.try(func() error { return err })
	return l.err
}

// chartFormat returns the extension of a chart's file in lower case.
func chartFormat(path string) string { return strings.ToLower(filepath.Ext(path)) }
