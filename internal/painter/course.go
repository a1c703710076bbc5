package painter

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

// The names and numbers in the notebook of the course "Deep Learning & Art: Neural Style
// Transfer".
const (
	courseFolder   = "output"
	coursePainting = "generated_image.jpg"
	// courseInterval is how often the costs are printed and the picture is saved, in
	// iterations. The course's notebook counts them from 0.
	courseInterval = 20
)

// isCourse reports whether a recipe is that of the course.
func isCourse(r paint.Recipe) bool { return r.Name == paint.Classic().Name }

// courseCosts prints the costs as the course's notebook does.
type courseCosts struct {
	to  listener
	say bool // as messages, because the painting goes to standard output
	firstError
}

func (c *courseCosts) Iteration(p paint.Progress) {
	i := p.Step - 1
	if i%courseInterval != 0 {
		return
	}
	text := fmt.Sprintf("Iteration %d :\ntotal cost = %.6g\ncontent cost = %.6g\nstyle cost = %.6g\n",
		i, p.Costs.Total, p.Costs.Content, p.Costs.Style)
	if c.say {
		for line := range strings.Lines(text) {
			c.to.Say("%s", strings.TrimSuffix(line, "\n"))
		}
		return
	}
	c.try(func() error {
		_, err := io.WriteString(c.to.Output(), text)
		return cli.Unwritable("standard output", err)
	})
}

// courseSnapshot names the painting as the course's notebook does: 0.png is the picture
// after the first iteration.
func courseSnapshot(painting string, step int) string {
	return filepath.Join(filepath.Dir(painting), strconv.Itoa(step-1)+".png")
}
