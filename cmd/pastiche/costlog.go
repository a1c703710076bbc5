package main

import (
	"encoding/csv"
	"os"
	"strconv"
	"time"

	"github.com/pastiche-art/pastiche/paint"
)

// costLog writes a table of costs, a line as soon as its iteration is made.
type costLog struct {
	path    string
	started time.Time
	file    *os.File // nil before the first iteration: until then an older log stays
	table   *csv.Writer
	firstError
}

func newCostLog(path string) *costLog { return &costLog{path: path, started: time.Now()} }

var costColumns = []string{"step", "seconds", "scale", "iteration", "width", "height", "total", "content", "style", "variation", "faces"}

func (l *costLog) iteration(p paint.Progress) {
	l.try(func() error {
		var rows [][]string
		if l.file == nil {
			f, err := os.Create(l.path)
			if err != nil {
				return unwritable(l.path, err)
			}
			l.file, l.table = f, csv.NewWriter(f)
			rows = append(rows, costColumns)
		}
		number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
		rows = append(rows, []string{
			strconv.Itoa(p.Step), strconv.FormatFloat(time.Since(l.started).Seconds(), 'f', 3, 64),
			strconv.Itoa(p.Scale), strconv.Itoa(p.Iteration), strconv.Itoa(p.Width), strconv.Itoa(p.Height),
			number(p.Costs.Total), number(p.Costs.Content), number(p.Costs.Style), number(p.Costs.Variation), number(p.Costs.Faces),
		})
		return unwritable(l.path, l.table.WriteAll(rows)) // which flushes
	})
}

func (l *costLog) close() error {
	if l.file == nil {
		return l.err
	}
	if err := l.file.Close(); l.err == nil {
		l.err = unwritable(l.path, err)
	}
	return l.err
}
